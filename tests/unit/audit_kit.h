/* SPDX-License-Identifier: MIT */
/* audit_kit.h - audit_store over a store in memory, whose rows can be seen, damaged and lost. */
#ifndef TEST_AUDIT_KIT_H
#define TEST_AUDIT_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <executus/port/audit.h>

#include "base/sha256.h"
#include "support/double.h"

#define SAID_MAX 16384u

struct fixture {
	struct double_host host;
	const exs_battery *battery;
	const exs_audit *port;
	exs_self *self;
	struct double_batch batch;
	exs_err err;
	char said[SAID_MAX]; /* what list, read or verify gave, a line each */
	int given;
};

static EXS_UNUSED void open_trail(struct fixture *f)
{
	if (f->battery->open(&f->host.host, double_host_conf(&f->host, f->battery->options, NULL),
			     &f->self, &f->err))
		fail_msg("%s", f->err.text);
	f->port = f->battery->port(f->self, EXS_PORT_AUDIT);
	assert_non_null(f->port);
}

/* As a process that ends and the next one: what has ended is sealed by then. */
static EXS_UNUSED void reopen(struct fixture *f)
{
	f->battery->close(f->self);
	open_trail(f);
}

static EXS_UNUSED int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	double_host_init(&f->host, "trail");
	f->err.size = sizeof f->err;
	f->battery = double_load(BATTERIES "/audit_store.so");
	open_trail(f);
	double_batch_init(&f->batch);
	*state = f;
	return 0;
}

static EXS_UNUSED int teardown(void **state)
{
	struct fixture *f = *state;

	double_batch_drop(&f->batch);
	f->battery->close(f->self);
	double_host_release(&f->host);
	free(f);
	return 0;
}

/* ---- writing ---- */

static EXS_UNUSED void commit(struct fixture *f)
{
	double_batch_apply(&f->host, &f->batch);
}

static EXS_UNUSED exs_trail *start(struct fixture *f, const exs_run_info *run)
{
	exs_trail *t = NULL;

	if (f->port->start(f->self, run, &t, &f->err))
		fail_msg("start: %s", f->err.text);
	assert_non_null(t);
	return t;
}

static EXS_UNUSED exs_fact fact_of(int32_t kind, int64_t seq, const char *body)
{
	exs_fact fact = { .size = sizeof fact, .kind = kind, .seq = seq };

	fact.at_ms = 1700000000000 + seq;
	fact.run_ms = seq;
	fact.step = 1;
	fact.attempt = 1;
	fact.body = exs_cstr(body);
	return fact;
}

static EXS_UNUSED void record(struct fixture *f, exs_trail *t, const exs_fact *fact)
{
	if (f->port->record(t, fact, double_batch(&f->batch), &f->err))
		fail_msg("record: %s", f->err.text);
}

static EXS_UNUSED void record_kind(struct fixture *f, exs_trail *t, int32_t kind, int64_t seq,
				   const char *body)
{
	const exs_fact fact = fact_of(kind, seq, body);

	record(f, t, &fact);
}

static EXS_UNUSED void finish(struct fixture *f, exs_trail *t)
{
	assert_int_equal(f->port->finish(t, &f->err), EXS_OK);
}

/* Five facts, the fourth of which costs that much; the fifth ends the run unless `status` is NULL.
 */
static EXS_UNUSED void write_run_of(struct fixture *f, const exs_run_info *run, const char *status,
				    int64_t cost)
{
	exs_usage usage = { .size = sizeof usage, .in_tokens = 10, .cost_micro = cost };
	exs_trail *t = start(f, run);
	char body[64];
	exs_fact turn;

	record_kind(f, t, EXS_FACT_RUN_STARTED, 1, "{\"v\":1}");
	record_kind(f, t, EXS_FACT_CALL_STARTED, 2, "{}");
	record_kind(f, t, EXS_FACT_CALL_ENDED, 3, "{\"content\":\"three\"}");
	turn = fact_of(EXS_FACT_TURN_ENDED, 4, "{}");
	turn.usage = &usage;
	turn.step = 2;
	record(f, t, &turn);
	snprintf(body, sizeof body, "{\"status\":\"%s\"}", status ? status : "");
	if (status)
		record_kind(f, t, EXS_FACT_RUN_ENDED, 5, body);
	commit(f);
	finish(f, t);
}

static EXS_UNUSED void write_run(struct fixture *f, const char *id, const char *status)
{
	exs_run_info run = double_run_info(id);

	write_run_of(f, &run, status, 7);
}

/* ---- asking ---- */

static EXS_UNUSED exs_status say(void *arg, exs_str json)
{
	struct fixture *f = arg;
	size_t n = strlen(f->said);

	assert_true(n + json.n + 2 < SAID_MAX);
	memcpy(f->said + n, json.p, json.n);
	memcpy(f->said + n + json.n, "\n", 2);
	f->given++;
	return EXS_OK;
}

static EXS_UNUSED exs_status count(void *arg, exs_str json)
{
	struct fixture *f = arg;

	(void)json;
	f->given++;
	return EXS_OK;
}

static EXS_UNUSED void forget_said(struct fixture *f)
{
	f->said[0] = '\0';
	f->given = 0;
}

static EXS_UNUSED exs_status list(struct fixture *f, const exs_audit_filter *filter)
{
	forget_said(f);
	return f->port->list(f->self, filter, say, f, &f->err);
}

static EXS_UNUSED exs_status read_run(struct fixture *f, const char *id)
{
	forget_said(f);
	return f->port->read(f->self, id, say, f, &f->err);
}

static EXS_UNUSED exs_status verify(struct fixture *f, const char *id)
{
	forget_said(f);
	return f->port->verify(f->self, id, say, f, &f->err);
}

static EXS_UNUSED void assert_intact(struct fixture *f)
{
	if (verify(f, NULL))
		fail_msg("%s\n%s", f->err.text, f->said);
	assert_int_equal(f->given, 0);
}

/* That is the only thing that is wrong, in the whole and, when a run is named, in that run. */
static EXS_UNUSED void assert_found(struct fixture *f, const char *run, const char *part)
{
	assert_int_equal(verify(f, NULL), EXS_CORRUPT);
	if (f->given != 1 || !strstr(f->said, part))
		fail_msg("wanted one finding with '%s', got:\n%s", part, f->said);
	if (!run)
		return;
	assert_int_equal(verify(f, run), EXS_CORRUPT);
	if (f->given != 1 || !strstr(f->said, part) || !strstr(f->said, run))
		fail_msg("wanted '%s' of run '%s', got:\n%s", part, run, f->said);
}

/* ---- rows ---- */

static EXS_UNUSED struct double_row *row(struct fixture *f, const char *key)
{
	size_t i;

	for (i = 0; i < f->host.n; i++)
		if (strcmp(f->host.rows[i].key, key) == 0)
			return &f->host.rows[i];
	return NULL;
}

static EXS_UNUSED int rows_of(struct fixture *f, const char *prefix)
{
	size_t i;
	int n = 0;

	for (i = 0; i < f->host.n; i++)
		n += strncmp(f->host.rows[i].key, prefix, strlen(prefix)) == 0;
	return n;
}

static EXS_UNUSED void change(struct fixture *f, int32_t kind, const char *key, exs_str value)
{
	exs_op op = { .size = sizeof op, .kind = kind, .key = exs_cstr(key), .value = value };
	const exs_op *ops[] = { &op };

	assert_int_equal(f->host.store.commit(&f->host.store, ops, 1, &f->err), EXS_OK);
}

static EXS_UNUSED void put(struct fixture *f, const char *key, exs_str value)
{
	change(f, EXS_OP_PUT, key, value);
}

static EXS_UNUSED void lose(struct fixture *f, const char *key)
{
	assert_non_null(row(f, key));
	change(f, EXS_OP_DEL, key, exs_bytes(NULL, 0));
}

/* Every row whose key begins so. */
static EXS_UNUSED void lose_all(struct fixture *f, const char *prefix)
{
	size_t i = 0;
	char key[256];

	while (i < f->host.n) {
		if (strncmp(f->host.rows[i].key, prefix, strlen(prefix)) != 0) {
			i++;
			continue;
		}
		snprintf(key, sizeof key, "%s", f->host.rows[i].key);
		lose(f, key);
	}
}

/* In the row's value, which must have it, the first `from` becomes `to`, which is as long. */
static EXS_UNUSED void edit(struct fixture *f, const char *key, const char *from, const char *to)
{
	struct double_row *r = row(f, key);
	char *at;

	assert_non_null(r);
	assert_int_equal(strlen(from), strlen(to));
	at = memmem(r->value, r->value_n, from, strlen(from));
	assert_non_null(at);
	memcpy(at, to, strlen(to));
}

static EXS_UNUSED void swap(struct fixture *f, const char *a, const char *b)
{
	struct double_row *x = row(f, a), *y = row(f, b), kept;

	assert_true(x && y);
	kept = *x;
	x->value = y->value;
	x->value_n = y->value_n;
	y->value = kept.value;
	y->value_n = kept.value_n;
}

/* ---- runs to damage ---- */

/* run-a and run-c have ended and are sealed in this order, run-b goes on. */
static EXS_UNUSED int setup_runs(void **state)
{
	struct fixture *f;

	if (setup(state))
		return -1;
	f = *state;
	write_run(f, "run-a", "ok");
	write_run(f, "run-b", NULL);
	reopen(f);
	write_run(f, "run-c", "error");
	reopen(f);
	return 0;
}

static EXS_UNUSED void hash_of(const char *text, size_t n, unsigned char out[SHA256_BYTES])
{
	struct sha256 sum;

	sha256_init(&sum);
	sha256_add(&sum, text, n);
	sha256_end(&sum, out);
}

#define LOG(run, n) "log/" run "/000000000000000" #n
#define ENTRY(n)    "chain/000000000000000" #n
#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define RUNS(name)  cmocka_unit_test_setup_teardown(name, setup_runs, teardown)

#endif
