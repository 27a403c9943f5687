/* SPDX-License-Identifier: MIT */
/*
 * critic.c - a critic that says what its script says, tick by tick, and writes what it saw.
 *
 * script: "wait [WORDS]; nudge WORDS; extend MS; raise N; kill WORDS; say NUMBER", the last one for ever;
 * extend moves its own deadline too, say is a verdict that does not exist. Lines: "watch RUN SOFT",
 * "observe RUN SEQ KIND", "tick RUN N", "unwatch RUN".
 */
#include <pthread.h>

#include <executus/port/critic.h>

#include "note.h"

#define VERDICTS 32

struct exs_self {
	const exs_host *host;
	char log[512], script[1024], spoil[512];
	char *verdicts[VERDICTS];
	int verdict_n;
	int64_t every_ms, deadline_ms, fail_from;
	int blind; /* hands out no watch */
	pthread_mutex_t lock;
	int64_t watches;
};

struct exs_watch {
	exs_self *self;
	char run[64];
	int64_t deadline_ms;
	int ticks;
};

static exs_status watch(exs_self *self, const exs_run_info *run, int64_t soft_ms, exs_watch **out,
			exs_err *err)
{
	exs_watch *w;
	int64_t n;

	pthread_mutex_lock(&self->lock);
	n = ++self->watches;
	pthread_mutex_unlock(&self->lock);
	note(self->log, "watch %s %lld", run->run_id, (long long)soft_ms);
	if (self->fail_from && n >= self->fail_from)
		return exs_fail(err, EXS_IO, 0, "the critic has lost its glasses");
	if (self->blind)
		return EXS_OK;
	if (self->spoil[0] && run->attempt > 1)
		note(self->spoil, "get io 1 1");
	w = (exs_watch *)calloc(1, sizeof *w);
	if (!w)
		return exs_fail(err, EXS_NOMEM, 0, "no memory");
	w->self = self;
	w->deadline_ms = self->deadline_ms;
	snprintf(w->run, sizeof w->run, "%s", run->run_id);
	*out = w;
	return EXS_OK;
}

static void observe(exs_watch *w, const exs_fact *fact)
{
	note(w->self->log, "observe %s %lld %d", w->run, (long long)fact->seq, (int)fact->kind);
}

static int says(const char *verdict, const char *word, const char **rest)
{
	size_t n = strlen(word);

	if (strncmp(verdict, word, n) != 0 || (verdict[n] != ' ' && verdict[n] != '\0'))
		return 0;
	*rest = verdict + n + (verdict[n] == ' ');
	return 1;
}

static void tick(exs_watch *w, int64_t idle_ms, exs_verdict *out)
{
	exs_self *self = w->self;
	int n = w->ticks++;
	const char *v, *rest = "";

	note(self->log, "tick %s %d", w->run, n);
	(void)idle_ms;
	out->next_tick_ms = self->every_ms;
	if (self->verdict_n == 0)
		return;
	v = self->verdicts[n < self->verdict_n ? n : self->verdict_n - 1];
	if (says(v, "wait", &rest))
		out->what = EXS_VERDICT_WAIT;
	else if (says(v, "nudge", &rest))
		out->what = EXS_VERDICT_NUDGE;
	else if (says(v, "extend", &rest))
		out->what = EXS_VERDICT_EXTEND;
	else if (says(v, "raise", &rest))
		out->what = EXS_VERDICT_RAISE;
	else if (says(v, "kill", &rest))
		out->what = EXS_VERDICT_KILL;
	else if (says(v, "say", &rest))
		out->what = (int32_t)atoi(rest);
	snprintf(out->words, sizeof out->words, "%s", rest);
	snprintf(out->tag, sizeof out->tag, "tick-%d", n);
	if (out->what == EXS_VERDICT_EXTEND) {
		out->extend_ms = atoll(rest);
		if (w->deadline_ms && out->extend_ms > 0 &&
		    out->extend_ms < INT64_MAX - w->deadline_ms)
			w->deadline_ms += out->extend_ms;
	}
	out->raise_steps = out->what == EXS_VERDICT_RAISE ? atoll(rest) : 0;
}

static int64_t deadline(exs_watch *w)
{
	return w->deadline_ms;
}

static void unwatch(exs_watch *w)
{
	note(w->self->log, "unwatch %s", w->run);
	free(w);
}

/* Cuts the script at its semicolons. */
static void cut(exs_self *self)
{
	char *save = NULL, *p;

	for (p = strtok_r(self->script, ";", &save); p && self->verdict_n < VERDICTS;
	     p = strtok_r(NULL, ";", &save)) {
		while (*p == ' ')
			p++;
		self->verdicts[self->verdict_n++] = p;
	}
}

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	exs_self *self = (exs_self *)calloc(1, sizeof *self);

	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory");
	self->host = host;
	pthread_mutex_init(&self->lock, NULL);
	snprintf(self->log, sizeof self->log, "%s", conf->text(conf, "log").p);
	snprintf(self->script, sizeof self->script, "%s", conf->text(conf, "script").p);
	snprintf(self->spoil, sizeof self->spoil, "%s", conf->text(conf, "spoil").p);
	cut(self);
	self->every_ms = conf->number(conf, "every");
	self->deadline_ms = conf->number(conf, "deadline");
	self->fail_from = conf->number(conf, "fail_from");
	self->blind = conf->number(conf, "blind") != 0;
	*out = self;
	return EXS_OK;
}

static void close_(exs_self *self)
{
	pthread_mutex_destroy(&self->lock);
	free(self);
}

static const exs_critic critic = { sizeof critic, 0, watch, observe, tick, deadline, unwatch };

static const void *port(exs_self *self, const char *id)
{
	(void)self;
	return strcmp(id, EXS_PORT_CRITIC) == 0 ? &critic : NULL;
}

static const exs_option options[] = {
	{ "log", EXS_OPT_PATH, EXS_REQUIRED, NULL, "what it saw", NULL },
	{ "script", EXS_OPT_TEXT, 0, "wait", "what it says at each tick", NULL },
	{ "spoil", EXS_OPT_PATH, 0, NULL, "the flaky store's control: a resumed run cannot be read", NULL },
	{ "every", EXS_OPT_DURATION, 0, "20ms", "between two ticks", NULL },
	{ "deadline", EXS_OPT_DURATION, 0, "0", "its deadline; 0: none", NULL },
	{ "fail_from", EXS_OPT_INT, 0, "0", "this watch and later ones fail, 1 first", NULL },
	{ "blind", EXS_OPT_BOOL, 0, "false", "hand out no watch", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL }
};
static const char *const ports[] = { EXS_PORT_CRITIC, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "org.executus.test.critic", "1",
		  "a critic that reads from a script", "MIT", options, ports, open_, close_, port)
