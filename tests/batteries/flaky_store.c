/* SPDX-License-Identifier: MIT */
/*
 * flaky_store.c - a store that fails as it is told, and writes down every batch that it was given.
 *
 * Rows are a sorted array, and a file of what was applied, so that they survive a restart. The
 * option `control` names a file that is read at each submit, "WHAT MODE FROM COUNT MS": of the
 * batches WHAT (facts, beat, other, all) since the file changed, those from number FROM on, COUNT
 *of them, get MODE:
 *
 *	io, conflict, full	refused: IO, CONFLICT, TOOBIG (the disk is full)
 *	ends			what begins something is refused as by "full", the other taken
 *	in			applied, but the answer is IO
 *	in_conflict		applied, but the answer is CONFLICT
 *	delay			answered MS later by another thread
 *	hold			answered when the file says something else
 *	never			not applied and never answered
 *	twice			answered twice
 *
 * WHAT "get" refuses reads with IO. Batches behind one that waits wait too. The option `log` names
 *a file of lines: "submit N WHAT OPS HASH BEFORE AFTER" (OPS: P, D, C, A; the last two: the head's
 * row that is checked and put) and "answer N STATUS".
 */
#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <executus/helper.h>
#include <executus/port/store.h>

#include "flaky_rows.h"

#define WAITING_MAX 1024u
#define CONTROL_MAX 128u
#define OPS_SHOWN   64u
#define HEAD_SHOWN  160u

struct order {
	char what[16], mode[16];
	long from, count, ms;
};

struct waiting {
	const exs_op *const *ops;
	uint64_t n;
	exs_done done;
	long number;
	int64_t due_ms;
	char mode[16];
};

struct exs_self {
	char path[256], control[256], log[256];
	pthread_mutex_t lock; /* all below */
	pthread_t thread;
	struct rows rows;
	char said[CONTROL_MAX]; /* the control file as it was last */
	struct order order;
	long seen;   /* batches that the order speaks of */
	long number; /* batches */
	struct waiting waiting[WAITING_MAX];
	size_t waiting_n;
	int stopping;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the log ---- */

static void say(exs_self *self, const char *line)
{
	int fd = open(self->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		abort();
	close(fd);
}

static int begins(exs_str key, const char *with)
{
	return key.n >= strlen(with) && memcmp(key.p, with, strlen(with)) == 0;
}

static const char *what_is(const exs_op *const *ops, uint64_t n)
{
	if (ops[0]->kind == EXS_OP_CHECK && begins(ops[0]->key, "k/head/"))
		return "facts";
	if (begins(ops[0]->key, "k/owner/") && ops[n - 1]->kind == EXS_OP_PUT)
		return "beat";
	return "other";
}

static uint64_t add_print(uint64_t h, exs_str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return h * 1099511628211u;
}

static void log_submit(exs_self *self, const char *what, const exs_op *const *ops, uint64_t n)
{
	char kinds[OPS_SHOWN + 1] = "", before[HEAD_SHOWN] = "-", after[HEAD_SHOWN] = "-",
			       line[512];
	uint64_t i, h = 14695981039346656037u;

	for (i = 0; i < n; i++) {
		const exs_op *op = ops[i];
		char *head = op->kind == EXS_OP_CHECK ? before : after;

		if (i < OPS_SHOWN)
			kinds[i] = "?PDCA"[op->kind];
		h = add_print(add_print(h ^ (unsigned)op->kind, op->key), op->value);
		if (begins(op->key, "k/head/") && op->value.p)
			snprintf(head, HEAD_SHOWN, "%.*s", (int)op->value.n, op->value.p);
	}
	snprintf(line, sizeof line, "submit %ld %s %s %016llx %s %s\n", self->number, what, kinds,
		 (unsigned long long)h, before, after);
	say(self, line);
}

/* ---- answers ---- */

static exs_status outcome(const char *mode, exs_status status)
{
	if (strcmp(mode, "io") == 0 || strcmp(mode, "in") == 0)
		return EXS_IO;
	if (strcmp(mode, "conflict") == 0 || strcmp(mode, "in_conflict") == 0)
		return EXS_CONFLICT;
	return strcmp(mode, "full") == 0 ? EXS_TOOBIG : status;
}

/* The lock is held and let go while the record ends: what waits for it may submit at once. */
static void answer(exs_self *self, const struct waiting *w)
{
	static const char *const applied[] = { "", "in", "in_conflict", "delay", "hold", "twice" };
	exs_err err = EXS_ERR_INIT;
	exs_status status = EXS_OK;
	char line[64];
	size_t i;

	for (i = 0; i < sizeof applied / sizeof *applied; i++)
		if (strcmp(w->mode, applied[i]) == 0)
			status = apply(&self->rows, self->path, w->ops, w->n);
	status = outcome(w->mode, status);
	snprintf(line, sizeof line, "answer %ld %d\n", w->number, (int)status);
	say(self, line);
	exs_fail(&err, status, status == EXS_TOOBIG ? 28 : 0, "the flaky store says '%s'",
		 w->mode[0] ? w->mode : "no");
	pthread_mutex_unlock(&self->lock);
	exs_end_err(w->done, &err);
	if (strcmp(w->mode, "twice") == 0)
		exs_end(w->done, EXS_IO);
	pthread_mutex_lock(&self->lock);
}

static void read_control(exs_self *self)
{
	char text[CONTROL_MAX] = "";
	FILE *f = fopen(self->control, "r");
	struct order o = { .from = 1 };

	if (f && !fgets(text, sizeof text, f))
		text[0] = '\0';
	if (f)
		fclose(f);
	if (strcmp(text, self->said) == 0)
		return;
	if (sscanf(text, "%15s %15s %ld %ld %ld", o.what, o.mode, &o.from, &o.count, &o.ms) < 4)
		o.what[0] = '\0';
	memcpy(self->said, text, sizeof text);
	self->order = o;
	self->seen = 0;
}

static int ready(const exs_self *self, const struct waiting *w)
{
	if (strcmp(w->mode, "hold") == 0)
		return strcmp(self->order.what[0] ? self->order.mode : "", "hold") != 0;
	return w->due_ms <= now_ms();
}

static void *answer_later(void *arg)
{
	exs_self *self = (exs_self *)arg;
	struct timespec pause = { 0, 1000000 };

	pthread_mutex_lock(&self->lock);
	while (!self->stopping) {
		struct waiting w = self->waiting[0];

		if (self->waiting_n)
			read_control(self);
		if (self->waiting_n && ready(self, &w)) {
			/* It stays first in the queue until it was answered: what comes now waits
			 * behind it. */
			answer(self, &w);
			self->waiting_n--;
			memmove(self->waiting, self->waiting + 1, self->waiting_n * sizeof w);
			continue;
		}
		pthread_mutex_unlock(&self->lock);
		nanosleep(&pause, NULL);
		pthread_mutex_lock(&self->lock);
	}
	pthread_mutex_unlock(&self->lock);
	return NULL;
}

/* ---- the port ---- */

static const char *mode_of(exs_self *self, const char *what)
{
	const struct order *o = &self->order;

	if (strcmp(o->what, "all") != 0 && strcmp(o->what, what) != 0)
		return "";
	self->seen++;
	return self->seen >= o->from && self->seen < o->from + o->count ? o->mode : "";
}

static void take(exs_self *self, const exs_op *const *ops, uint64_t n, int ends, exs_done done)
{
	struct waiting w = { ops, n, done, 0, 0, "" };
	const char *what = what_is(ops, n);

	pthread_mutex_lock(&self->lock);
	read_control(self);
	w.number = ++self->number;
	snprintf(w.mode, sizeof w.mode, "%s", mode_of(self, what));
	if (strcmp(w.mode, "ends") == 0)
		snprintf(w.mode, sizeof w.mode, "%s", ends ? "" : "full");
	log_submit(self, what, ops, n);
	if (strcmp(w.mode, "never") == 0) {
		pthread_mutex_unlock(&self->lock);
		return;
	}
	if (strcmp(w.mode, "delay") == 0)
		w.due_ms = now_ms() + self->order.ms;
	if (strcmp(w.mode, "delay") == 0 || strcmp(w.mode, "hold") == 0 || self->waiting_n) {
		if (self->waiting_n == WAITING_MAX)
			abort();
		self->waiting[self->waiting_n++] = w;
	} else {
		answer(self, &w);
	}
	pthread_mutex_unlock(&self->lock);
}

static void submit(exs_self *self, const exs_op *const *ops, uint64_t n, exs_done done)
{
	take(self, ops, n, 0, done);
}

static void submit_end(exs_self *self, const exs_op *const *ops, uint64_t n, exs_done done)
{
	take(self, ops, n, 1, done);
}

static exs_status get(exs_self *self, exs_str key, exs_sink *value, exs_err *err)
{
	const struct row *row;
	exs_status status;

	pthread_mutex_lock(&self->lock);
	read_control(self);
	row = find(&self->rows, key);
	if (strcmp(self->order.what, "get") == 0)
		status = exs_fail(err, EXS_IO, 5, "the flaky store does not read");
	else if (row)
		status = value->put(value, row->value, row->value_n);
	else
		status = exs_fail(err, EXS_NOTFOUND, 0, "no such row");
	pthread_mutex_unlock(&self->lock);
	return status;
}

static exs_status scan(exs_self *self, exs_str prefix, exs_str from, uint32_t flags,
		       exs_status (*row)(void *arg, exs_str key, exs_str value), void *arg,
		       exs_err *err)
{
	exs_str next = from.n ? from : prefix;
	exs_status status = EXS_OK;
	size_t at, back = 0;

	(void)err;
	pthread_mutex_lock(&self->lock);
	at = place(&self->rows, next);
	/* Downwards from `from`, or from the end of the prefix. */
	while (flags & EXS_SCAN_REVERSE && at + back < self->rows.n &&
	       (from.n ? compare(&self->rows.list[at + back], from) <= 0
		       : begins(exs_bytes(self->rows.list[at + back].key,
					  self->rows.list[at + back].key_n),
				prefix.n ? prefix.p : "")))
		back++;
	at += back;
	while (status == EXS_OK) {
		struct row r;
		char *key, *value;

		if (flags & EXS_SCAN_REVERSE ? at-- == 0 : at >= self->rows.n)
			break;
		r = self->rows.list[at];
		if (r.key_n < prefix.n || (prefix.n && memcmp(r.key, prefix.p, prefix.n) != 0))
			break;
		key = copy(exs_bytes(r.key, r.key_n));
		value = copy(exs_bytes(r.value, r.value_n));
		pthread_mutex_unlock(&self->lock);
		status = row(arg, exs_bytes(key, r.key_n), exs_bytes(value, r.value_n));
		pthread_mutex_lock(&self->lock);
		at = place(&self->rows, exs_bytes(key, r.key_n));
		if (!(flags & EXS_SCAN_REVERSE) && at < self->rows.n &&
		    compare(&self->rows.list[at], exs_bytes(key, r.key_n)) == 0)
			at++;
		free(key);
		free(value);
	}
	pthread_mutex_unlock(&self->lock);
	return status;
}

static exs_status stat_(exs_self *self, exs_sink *json, exs_err *err)
{
	static const char text[] = "{\"backend\":\"flaky\",\"durable\":true}";

	(void)self;
	(void)err;
	return json->put(json, text, sizeof text - 1);
}

static const exs_store table = {
	.size = sizeof table,
	.get = get,
	.scan = scan,
	.submit = submit,
	.stat = stat_,
	.submit_end = submit_end,
};

/* ---- life ---- */

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	exs_self *self = (exs_self *)calloc(1, sizeof *self);

	(void)host;
	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory");
	self->rows.list = (struct row *)calloc(ROWS_MAX, sizeof(struct row));
	pthread_mutex_init(&self->lock, NULL);
	snprintf(self->path, sizeof self->path, "%s", conf->text(conf, "path").p);
	snprintf(self->control, sizeof self->control, "%s", conf->text(conf, "control").p);
	snprintf(self->log, sizeof self->log, "%s", conf->text(conf, "log").p);
	replay(&self->rows, self->path);
	if (pthread_create(&self->thread, NULL, answer_later, self))
		return exs_fail(err, EXS_IO, 0, "no thread");
	*out = self;
	return EXS_OK;
}

static void close_(exs_self *self)
{
	size_t i;

	pthread_mutex_lock(&self->lock);
	self->stopping = 1;
	pthread_mutex_unlock(&self->lock);
	pthread_join(self->thread, NULL);
	for (i = 0; i < self->waiting_n; i++)
		exs_end(self->waiting[i].done, EXS_LOST);
	release(&self->rows);
	pthread_mutex_destroy(&self->lock);
	free(self);
}

static const void *port(exs_self *self, const char *id)
{
	(void)self;
	return strcmp(id, EXS_PORT_STORE) == 0 ? &table : NULL;
}

static const exs_option options[] = {
	{ "path", EXS_OPT_PATH, EXS_REQUIRED, NULL, "the file of rows", NULL },
	{ "control", EXS_OPT_PATH, EXS_REQUIRED, NULL, "the file that says what goes wrong", NULL },
	{ "log", EXS_OPT_PATH, EXS_REQUIRED, NULL, "the file of batches and answers", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL }
};
static const char *const ports[] = { EXS_PORT_STORE, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "org.executus.test.flaky_store", "1",
		  "a store that fails as told", "MIT", options, ports, open_, close_, port)
