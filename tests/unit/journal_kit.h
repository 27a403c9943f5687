/* SPDX-License-Identifier: MIT */
/* journal_kit.h - the journal over a store in memory, whose rows can be seen, damaged and lost. */
#ifndef TEST_JOURNAL_KIT_H
#define TEST_JOURNAL_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <executus/port/checkpoint.h>

#include "support/double.h"

struct fixture {
	struct double_host host;
	const exs_battery *battery;
	const exs_checkpoint *port;
	exs_self *self;
	struct double_batch batch;
	exs_err err;
	int given;
};

static EXS_UNUSED const exs_battery *journal(void)
{
	return double_load(BATTERIES "/checkpoint_journal.so");
}

static EXS_UNUSED int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	double_host_init(&f->host, "journal");
	f->err.size = sizeof f->err;
	f->battery = journal();
	if (f->battery->open(&f->host.host, double_host_conf(&f->host, f->battery->options, NULL),
			     &f->self, &f->err))
		return -1;
	f->port = f->battery->port(f->self, EXS_PORT_CHECKPOINT);
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

static EXS_UNUSED exs_batch *batch(struct fixture *f)
{
	return double_batch(&f->batch);
}

static EXS_UNUSED exs_fact fact_of(int64_t seq, exs_str body)
{
	exs_fact f = { 0 };

	f.size = sizeof f;
	f.kind = EXS_FACT_STEERED;
	f.seq = seq;
	f.attempt = 1;
	f.body = body;
	return f;
}

static EXS_UNUSED exs_ckpt *begin(struct fixture *f, const char *id)
{
	exs_run_info run = double_run_info(id);
	exs_ckpt *ckpt = NULL;

	assert_int_equal(f->port->begin(f->self, &run, batch(f), &ckpt, &f->err), EXS_OK);
	return ckpt;
}

static EXS_UNUSED exs_status append(struct fixture *f, exs_ckpt *ckpt, int64_t seq,
				    const char *body)
{
	exs_fact fact = fact_of(seq, exs_cstr(body));
	const exs_fact *list[] = { &fact };

	return f->port->append(ckpt, list, 1, batch(f), &f->err);
}

static EXS_UNUSED void commit(struct fixture *f)
{
	double_batch_apply(&f->host, &f->batch);
}

static EXS_UNUSED exs_status end(struct fixture *f, exs_ckpt *ckpt, int32_t how, const char *status)
{
	return f->port->end(ckpt, how, exs_cstr(status), batch(f), &f->err);
}

static EXS_UNUSED void write_run(struct fixture *f, const char *id, int64_t facts)
{
	exs_ckpt *ckpt = begin(f, id);
	int64_t seq;

	for (seq = 1; seq <= facts; seq++)
		assert_int_equal(append(f, ckpt, seq, "{\"text\":\"go on\"}"), EXS_OK);
	assert_int_equal(end(f, ckpt, EXS_CKPT_COMPLETE, "ok"), EXS_OK);
	commit(f);
}

static EXS_UNUSED exs_status count(void *arg, const exs_fact *fact)
{
	struct fixture *f = arg;

	(void)fact;
	f->given++;
	return EXS_OK;
}

static EXS_UNUSED exs_status load(struct fixture *f, const char *id)
{
	f->given = 0;
	return f->port->load(f->self, id, count, f, &f->err);
}

static EXS_UNUSED struct double_row *row(struct fixture *f, const char *key)
{
	size_t i;

	for (i = 0; i < f->host.n; i++)
		if (strcmp(f->host.rows[i].key, key) == 0)
			return &f->host.rows[i];
	fail_msg("no row '%s'", key);
	return NULL;
}

static EXS_UNUSED bool has_row(struct fixture *f, const char *key)
{
	size_t i;

	for (i = 0; i < f->host.n; i++)
		if (strcmp(f->host.rows[i].key, key) == 0)
			return true;
	return false;
}

static EXS_UNUSED void lose(struct fixture *f, const char *key)
{
	exs_op op = { sizeof op, EXS_OP_DEL, exs_cstr(key), exs_cstr(NULL), 0, 0 };
	const exs_op *ops[] = { &op };

	row(f, key);
	assert_int_equal(f->host.store.commit(&f->host.store, ops, 1, &f->err), EXS_OK);
}

static EXS_UNUSED void put(struct fixture *f, const char *key, exs_str value)
{
	exs_op op = { sizeof op, EXS_OP_PUT, exs_cstr(key), value, 0, 0 };
	const exs_op *ops[] = { &op };

	assert_int_equal(f->host.store.commit(&f->host.store, ops, 1, &f->err), EXS_OK);
}

#define FACT_1 "fact/run-a/0000000000000001"
#define FACT_2 "fact/run-a/0000000000000002"
#define FACT_3 "fact/run-a/0000000000000003"

static EXS_UNUSED exs_status join(void *arg, exs_str head)
{
	char *out = arg;

	strncat(out, head.p, head.n);
	strcat(out, "\n");
	return EXS_OK;
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
