/* SPDX-License-Identifier: MIT */
/*
 * delivery.c - a delivery that arrives, fails or hangs as its options say, and writes every try.
 *
 * Lines: "deliver ID ATTEMPT KIND TARGET STATUS OUTPUT|ERROR". `how`: "ok", "again" (the first
 * `times` tries of this process are AGAIN), "refuse" (for good), "wait" (until its token fires),
 * "deaf" (never ends), "die" (the process is killed behind the line, once).
 */
#include <pthread.h>

#include <executus/port/delivery.h>

#include "note.h"

#define DEAF_MAX 8

struct exs_self {
	const exs_host *host;
	char log[512], how[16];
	int64_t times, tries;
	int local;
	pthread_mutex_t lock;
	exs_done deaf[DEAF_MAX];
	int deaf_n;
};

static int is(const exs_self *self, const char *how)
{
	return strcmp(self->how, how) == 0;
}

static void deliver(exs_self *self, const exs_parcel *p, exs_cancel *cancel, exs_done receipt)
{
	int64_t n;

	pthread_mutex_lock(&self->lock);
	n = ++self->tries;
	if (is(self, "deaf"))
		self->deaf[self->deaf_n++ % DEAF_MAX] = receipt;
	pthread_mutex_unlock(&self->lock);
	note(self->log, "deliver %s %d %s %s %s %.*s%.*s", p->id, (int)p->attempt, p->kind,
	     p->target, p->status, (int)p->output.n, p->output.n ? p->output.p : "",
	     (int)p->error.n, p->error.n ? p->error.p : "");
	if (is(self, "deaf"))
		return;
	if (is(self, "die"))
		note_die_once(self->log);
	while (is(self, "wait") && cancel->cause(cancel) == EXS_CAUSE_NONE)
		usleep(1000);
	if (is(self, "wait"))
		exs_end(receipt, EXS_CANCELLED);
	else if (is(self, "again") && n <= self->times)
		exs_end_fail(receipt, EXS_AGAIN, "nobody is at home");
	else if (is(self, "refuse"))
		exs_end_fail(receipt, EXS_DENIED, "they do not want it");
	else
		exs_end(receipt, EXS_OK);
}

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	exs_self *self = (exs_self *)calloc(1, sizeof *self);

	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory");
	self->host = host;
	pthread_mutex_init(&self->lock, NULL);
	snprintf(self->log, sizeof self->log, "%s", conf->text(conf, "log").p);
	snprintf(self->how, sizeof self->how, "%s", conf->text(conf, "how").p);
	self->times = conf->number(conf, "times");
	self->local = conf->number(conf, "local") != 0;
	*out = self;
	return EXS_OK;
}

static void close_(exs_self *self)
{
	int i;

	for (i = 0; i < self->deaf_n && i < DEAF_MAX; i++)
		exs_end(self->deaf[i], EXS_LOST);
	pthread_mutex_destroy(&self->lock);
	free(self);
}

static const exs_delivery away = { sizeof away, 0, deliver };
static const exs_delivery local = { sizeof local, EXS_DELIVERY_LOCAL, deliver };

static const void *port(exs_self *self, const char *id)
{
	if (strcmp(id, EXS_PORT_DELIVERY) != 0)
		return NULL;
	return self->local ? &local : &away;
}

static const exs_option options[] = {
	{ "log", EXS_OPT_PATH, EXS_REQUIRED, NULL, "every try", NULL },
	{ "how", EXS_OPT_TEXT, 0, "ok", "what happens", NULL },
	{ "times", EXS_OPT_INT, 0, "1", "tries that are AGAIN", NULL },
	{ "local", EXS_OPT_BOOL, 0, "false", "a delivery to the terminal", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL }
};
static const char *const ports[] = { EXS_PORT_DELIVERY, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "org.executus.test.delivery", "1",
		  "a delivery that does as it is told", "MIT", options, ports, open_, close_, port)
