/* SPDX-License-Identifier: MIT */
/* audit_kit.h - an audit under test, opened afresh for each case, and the facts it is given. */
#ifndef TEST_CONFORMANCE_AUDIT_KIT_H
#define TEST_CONFORMANCE_AUDIT_KIT_H

#include "conformance/subject.h"

#include <executus/port/audit.h>

extern struct subject audit_subject; /* what the command line names */

struct fixture {
	struct opened o;
	const exs_audit *port;
	struct double_batch batch;
	exs_err err;
};

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->err.size = sizeof f->err;
	subject_open(&audit_subject, EXS_PORT_AUDIT, &f->o);
	f->port = f->o.port;
	double_batch_init(&f->batch);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	double_batch_drop(&f->batch);
	subject_close(&f->o);
	free(f);
	return 0;
}

static inline bool outside(const struct fixture *f)
{
	return f->port->flags & EXS_AUDIT_OUTSIDE;
}

/* The batch as the kernel would hand it over: none to a trail outside of the store. */
static inline exs_batch *batch(struct fixture *f)
{
	return outside(f) ? NULL : double_batch(&f->batch);
}

static inline exs_trail *start(struct fixture *f, const char *id, int32_t attempt)
{
	exs_run_info run = double_run_info(id);
	exs_trail *trail = NULL;

	run.attempt = attempt;
	if (f->port->start(f->o.self, &run, &trail, &f->err))
		fail_msg("start: %s", f->err.text);
	return trail;
}

static inline exs_fact fact_of(int32_t kind, int64_t seq)
{
	exs_fact fact = { 0 };

	fact.size = sizeof fact;
	fact.kind = kind;
	fact.seq = seq;
	fact.at_ms = 1700000000000;
	fact.step = 1;
	fact.attempt = 1;
	fact.call_id = exs_cstr("1.0");
	fact.name = exs_cstr("read_file");
	fact.body = exs_cstr("{\"status\":\"ok\",\"content\":\"gr\xc3\xbc\xc3\x9f\"}");
	return fact;
}

static inline void record(struct fixture *f, exs_trail *trail, const exs_fact *fact)
{
	if (trail && f->port->record(trail, fact, batch(f), &f->err))
		fail_msg("record of kind %d: %s", (int)fact->kind, f->err.text);
}

static inline void finish(struct fixture *f, exs_trail *trail)
{
	if (trail && f->port->finish(trail, &f->err))
		fail_msg("finish: %s", f->err.text);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* The parts: how many cases failed. */
int audit_asks(void);

#endif
