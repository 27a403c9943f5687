/* SPDX-License-Identifier: MIT */
/* critic_stall.c - a run that is idle or goes in circles is extended, nudged and in the end killed.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <executus/helper.h>
#include <executus/port/critic.h>

#include "loops.h"

#define ID_MAX	   64
#define DEPTH_MAX  64 /* ancestors that a child keeps awake */
#define STEPS_MAX  16 /* words of on_idle and on_loop */
#define TICK_MS	   1000
#define IDLE_TAG   "idle"
#define SLACK_MS   50 /* the host's idle clock is coarse */
#define CEILING_MS (INT64_C(24) * 60 * 60 * 1000)

struct exs_self {
	const exs_host *host;
	pthread_mutex_t lock; /* watches, and each watch's child_ms */
	exs_watch *watches;
	int64_t idle_ms, extend_ms, extends, raise, backstop, limit[LOOPS];
	int32_t on_idle[STEPS_MAX], on_loop[STEPS_MAX];
	int64_t idle_n, loop_n;
	char words[160], loop_words[120];
};

struct exs_watch {
	exs_self *self;
	exs_watch *next;
	char run[ID_MAX], parent[ID_MAX];
	int32_t attempt;
	int64_t soft_ms, granted_ms, active_ms, own_ms, child_ms;
	int64_t escalations, extended, level[LOOPS];
	bool spent, killed; /* spent: this idle period had its escalation */
	char last_words[240];
	struct loops loops;
};

static int64_t now_ms(const exs_self *self)
{
	return self->host->mono_ms(self->host);
}

static exs_watch *find(exs_self *self, const char *run)
{
	exs_watch *w;

	for (w = self->watches; w && strcmp(w->run, run) != 0; w = w->next)
		;
	return w;
}

/* The bound ends a circle of parents. */
static void wake_ancestors(exs_watch *w, int64_t at)
{
	exs_watch *up = w;
	int i;

	pthread_mutex_lock(&w->self->lock);
	for (i = 0; i < DEPTH_MAX && up->parent[0] && (up = find(w->self, up->parent)); i++)
		if (at > up->child_ms)
			up->child_ms = at;
	pthread_mutex_unlock(&w->self->lock);
}

static void active(exs_watch *w, int64_t at)
{
	if (at <= w->active_ms)
		return;
	w->active_ms = at;
	w->spent = false;
	wake_ancestors(w, at);
}

static exs_status watch(exs_self *self, const exs_run_info *run, int64_t soft_ms, exs_watch **out,
			exs_err *err)
{
	exs_watch *w;

	if (soft_ms <= 0)
		return EXS_OK;
	w = calloc(1, sizeof *w);
	if (!w)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for a watch");
	w->self = self;
	snprintf(w->run, sizeof w->run, "%s", run->run_id);
	snprintf(w->parent, sizeof w->parent, "%s", run->parent_id);
	w->attempt = run->attempt;
	w->soft_ms = soft_ms;
	w->active_ms = now_ms(self);
	w->loops.limit = self->limit;
	pthread_mutex_lock(&self->lock);
	w->next = self->watches;
	self->watches = w;
	pthread_mutex_unlock(&self->lock);
	*out = w;
	return EXS_OK;
}

static void unwatch(exs_watch *w)
{
	exs_watch **at;

	pthread_mutex_lock(&w->self->lock);
	for (at = &w->self->watches; *at != w; at = &(*at)->next)
		;
	*at = w->next;
	pthread_mutex_unlock(&w->self->lock);
	free(w);
}

static void grant(exs_watch *w, int64_t ms)
{
	w->extended++;
	w->granted_ms = ms > INT64_MAX - w->granted_ms ? INT64_MAX : w->granted_ms + ms;
}

/* A decision of an earlier attempt: levels and extensions go on where they were. */
static void remember(exs_watch *w, const exs_fact *fact)
{
	cJSON *body = cJSON_ParseWithLength(fact->body.p, fact->body.n);
	const char *tag = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "tag"));
	const cJSON *ms = cJSON_GetObjectItemCaseSensitive(body, "extend_ms");
	int i;

	for (i = 0; tag && i < LOOPS && strcmp(tag, loop_keys[i]) != 0; i++)
		;
	if (tag && i < LOOPS) {
		w->level[i]++;
		w->loops.fired[i] = false;
	} else if (tag && strcmp(tag, IDLE_TAG) == 0) {
		w->escalations++;
		if (cJSON_IsNumber(ms) && ms->valuedouble > 0 && ms->valuedouble < 9e15)
			grant(w, (int64_t)ms->valuedouble);
	}
	cJSON_Delete(body);
}

static bool by_critic(const exs_fact *fact)
{
	cJSON *body;
	const char *from;
	bool is;

	if (fact->kind == EXS_FACT_CRITIC_DECIDED || fact->kind == EXS_FACT_LIMIT_RAISED)
		return true;
	if (fact->kind != EXS_FACT_STEERED)
		return false;
	body = cJSON_ParseWithLength(fact->body.p, fact->body.n);
	from = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "from"));
	is = from && strcmp(from, "critic") == 0;
	cJSON_Delete(body);
	return is;
}

static void observe(exs_watch *w, const exs_fact *fact)
{
	int64_t now = now_ms(w->self);

	if (fact->attempt < w->attempt) {
		if (fact->kind == EXS_FACT_CRITIC_DECIDED)
			remember(w, fact);
	} else if (by_critic(fact)) {
		w->own_ms = now;
	} else {
		active(w, now);
	}
	loops_observe(&w->loops, fact);
}

static void kill_run(exs_watch *w, exs_verdict *out)
{
	out->what = EXS_VERDICT_KILL;
	w->killed = true;
	snprintf(w->last_words, sizeof w->last_words, "%s", out->words);
}

static bool loop_verdict(exs_watch *w, exs_verdict *out)
{
	exs_self *self = w->self;
	int64_t level;
	int i;

	for (i = 0; i < LOOPS && !w->loops.fired[i]; i++)
		;
	if (i == LOOPS)
		return false;
	w->loops.fired[i] = false;
	level = w->level[i]++;
	out->what = self->on_loop[level < self->loop_n ? level : self->loop_n - 1];
	snprintf(out->tag, sizeof out->tag, "%s", loop_keys[i]);
	snprintf(out->words, sizeof out->words, "%s, last of '%.48s' (%lld%s): %s", loop_words[i],
		 w->loops.tool, (long long)self->limit[i],
		 i == ERROR_RATE ? " percent" : " in a row", self->loop_words);
	if (out->what == EXS_VERDICT_KILL)
		kill_run(w, out);
	return true;
}

/* The word that is due; one that is used up passes on to the next. */
static int32_t idle_word(exs_watch *w)
{
	exs_self *self = w->self;
	int64_t n = w->escalations++;

	for (;; n++) {
		int32_t word = self->on_idle[n < self->idle_n ? n : self->idle_n - 1];

		if (word != EXS_VERDICT_EXTEND || w->extended < self->extends)
			return word;
		if (n >= self->idle_n - 1)
			return EXS_VERDICT_WAIT;
		w->escalations++;
	}
}

static void idle_verdict(exs_watch *w, int64_t idle, exs_verdict *out)
{
	exs_self *self = w->self;

	w->spent = true;
	out->what = idle_word(w);
	snprintf(out->tag, sizeof out->tag, IDLE_TAG);
	snprintf(out->words, sizeof out->words, "idle for %lld ms: %s", (long long)idle,
		 self->words);
	if (out->what == EXS_VERDICT_EXTEND) {
		out->extend_ms = self->extend_ms ? self->extend_ms : w->soft_ms;
		grant(w, out->extend_ms);
	} else if (out->what == EXS_VERDICT_RAISE) {
		out->raise_steps = self->raise;
	} else if (out->what == EXS_VERDICT_KILL) {
		kill_run(w, out);
	}
}

static void tick(exs_watch *w, int64_t idle_ms, exs_verdict *out)
{
	int64_t now = now_ms(w->self), at = now - idle_ms, idle, limit, child;

	out->next_tick_ms = TICK_MS;
	if (w->killed) {
		out->what = EXS_VERDICT_KILL;
		snprintf(out->words, sizeof out->words, "%s", w->last_words);
		return;
	}
	/* What the decision itself stirred is no life of the run. */
	if (at > w->active_ms + SLACK_MS && at > w->own_ms + SLACK_MS)
		active(w, at);
	pthread_mutex_lock(&w->self->lock);
	child = w->child_ms;
	pthread_mutex_unlock(&w->self->lock);
	if (child > w->active_ms) {
		w->active_ms = child;
		w->spent = false;
	}
	idle = now - w->active_ms;
	limit = w->self->idle_ms ? w->self->idle_ms : w->soft_ms;
	if (loop_verdict(w, out))
		return;
	if (!w->spent && idle >= limit)
		idle_verdict(w, idle, out);
	else if (!w->spent && limit - idle < TICK_MS)
		out->next_tick_ms = limit - idle;
}

static int64_t deadline_ms(exs_watch *w)
{
	int64_t most = w->soft_ms > CEILING_MS ? w->soft_ms : CEILING_MS, at = most;

	if (w->soft_ms <= most / w->self->backstop)
		at = w->soft_ms * w->self->backstop;
	return w->granted_ms > most - at ? most : at + w->granted_ms;
}

static exs_status read_words(const exs_conf *conf, const char *key, int32_t allowed, int32_t *words,
			     int64_t *out, exs_err *err)
{
	static const char *const known[] = { "wait", "nudge", "extend", "raise", "kill" };
	int64_t i, n = conf->count(conf, key);

	if (n == 0) { /* extend where it is allowed, then nudge, then kill */
		if (allowed & (1 << EXS_VERDICT_EXTEND))
			words[n++] = EXS_VERDICT_EXTEND;
		words[n++] = EXS_VERDICT_NUDGE;
		words[n++] = EXS_VERDICT_KILL;
		*out = n;
		return EXS_OK;
	}
	if (n > STEPS_MAX)
		return exs_fail(err, EXS_INVALID, 0, "%s: '%s' takes at most %d words",
				conf->where(conf, key).p, key, STEPS_MAX);
	for (i = 0; i < n; i++) {
		const char *word = conf->item(conf, key, i).p;
		int32_t k = 0;

		while (k < 5 && (!(allowed & (1 << k)) || strcmp(word, known[k]) != 0))
			k++;
		if (k == 5)
			return exs_fail(err, EXS_INVALID, 0,
					"%s: '%s' does not know the word '%.32s'",
					conf->where(conf, key).p, key, word);
		words[i] = k;
	}
	*out = n;
	return EXS_OK;
}

/* A nudge has little room, and half a character is none. */
static exs_status read_text(const exs_conf *conf, const char *key, char *out, size_t size,
			    exs_err *err)
{
	exs_str text = conf->text(conf, key);

	if (text.n >= size)
		return exs_fail(err, EXS_INVALID, 0, "%s: '%s' has %zu bytes; %zu are possible",
				conf->where(conf, key).p, key, text.n, size - 1);
	snprintf(out, size, "%.*s", (int)text.n, text.n ? text.p : "");
	return EXS_OK;
}

static exs_status read_numbers(exs_self *self, const exs_conf *conf, exs_err *err)
{
	int i;

	for (i = 0; i < LOOPS; i++) {
		self->limit[i] = conf->number(conf, loop_keys[i]);
		if (self->limit[i] < 0 || (i == ERROR_RATE && self->limit[i] > 100))
			return exs_fail(err, EXS_INVALID, 0, "%s: '%s' is out of range (0: off)",
					conf->where(conf, loop_keys[i]).p, loop_keys[i]);
	}
	self->idle_ms = conf->number(conf, "idle");
	self->extend_ms = conf->number(conf, "extend");
	self->extends = conf->number(conf, "extends");
	self->raise = conf->number(conf, "raise");
	self->backstop = conf->number(conf, "backstop");
	if (self->backstop < 2)
		return exs_fail(err, EXS_INVALID, 0, "%s: 'backstop' is at least 2",
				conf->where(conf, "backstop").p);
	if (self->raise < 1 || self->extends < 0)
		return exs_fail(err, EXS_INVALID, 0, "%s: 'raise' is at least 1 and 'extends' 0",
				conf->where(conf, self->raise < 1 ? "raise" : "extends").p);
	if (read_text(conf, "words", self->words, sizeof self->words, err))
		return err->status;
	return read_text(conf, "loop_words", self->loop_words, sizeof self->loop_words, err);
}

static exs_status self_open(const exs_host *host, const exs_conf *conf, exs_self **out,
			    exs_err *err)
{
	exs_self *self = calloc(1, sizeof *self);
	exs_status status;

	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for an instance");
	self->host = host;
	status = read_numbers(self, conf, err);
	if (!status)
		status = read_words(conf, "on_idle", 31, self->on_idle, &self->idle_n, err);
	if (!status)
		status = read_words(conf, "on_loop", 18, self->on_loop, &self->loop_n, err);
	if (!status && pthread_mutex_init(&self->lock, NULL))
		status = exs_fail(err, EXS_NOMEM, 0, "no memory for a lock");
	if (status) {
		free(self);
		return status;
	}
	*out = self;
	return EXS_OK;
}

static void self_close(exs_self *self)
{
	pthread_mutex_destroy(&self->lock);
	free(self);
}

static const exs_critic table = { .size = sizeof table,
				  .watch = watch,
				  .observe = observe,
				  .tick = tick,
				  .deadline_ms = deadline_ms,
				  .unwatch = unwatch };

static const void *port(exs_self *self, const char *port_id)
{
	(void)self;
	return strcmp(port_id, EXS_PORT_CRITIC) == 0 ? &table : NULL;
}

static const exs_option options[] = {
	{ "idle", EXS_OPT_DURATION, 0, "0", "idle time that escalates; 0: max_runtime", NULL },
	{ "on_idle", EXS_OPT_LIST, 0, NULL,
	  "wait, extend, nudge, raise, kill; empty: extend, nudge, kill", NULL },
	{ "extend", EXS_OPT_DURATION, 0, "0", "time that extend gives; 0: max_runtime", NULL },
	{ "extends", EXS_OPT_INT, 0, "1", "how often it extends at most", NULL },
	{ "raise", EXS_OPT_INT, 0, "5", "steps that raise gives", NULL },
	{ "words", EXS_OPT_TEXT, 0, "nothing moves; go on or finish", "said when idle", NULL },
	{ "backstop", EXS_OPT_INT, 0, "4", "the run is over at this many max_runtime", NULL },
	{ "same_call", EXS_OPT_INT, 0, "3", "same call in a row; 0: off", NULL },
	{ "same_error", EXS_OPT_INT, 0, "3", "same error in a row; 0: off", NULL },
	{ "ping_pong", EXS_OPT_INT, 0, "3", "pairs of two calls in turn; 0: off", NULL },
	{ "nothing_new", EXS_OPT_INT, 0, "4", "known results in a row; 0: off", NULL },
	{ "error_rate", EXS_OPT_INT, 0, "80", "percent of the last 10 calls; 0: off", NULL },
	{ "on_loop", EXS_OPT_LIST, 0, NULL, "nudge, kill; empty: both in turn", NULL },
	{ "loop_words", EXS_OPT_TEXT, 0, "try another way or finish", "said in a loop", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL }
};
static const char *const ports[] = { EXS_PORT_CRITIC, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "executus.critic_stall", EXECUTUS_VERSION,
		  "ends runs that are idle or go in circles", "MIT", options, ports, self_open,
		  self_close, port)
