/* SPDX-License-Identifier: MIT */
/* audit_ask.c - the contract of the audit port: what a trail that can be asked answers. */
#include "conformance/audit_kit.h"

#include <cjson/cJSON.h>

#define ROWS_MAX 8

struct answers {
	cJSON *row[ROWS_MAX];
	int n;
};

static exs_status keep(void *arg, exs_str json)
{
	struct answers *a = arg;

	assert_true(a->n < ROWS_MAX);
	a->row[a->n] = cJSON_ParseWithLength(json.p, json.n);
	assert_true(cJSON_IsObject(a->row[a->n]));
	a->n++;
	return EXS_OK;
}

static void drop(struct answers *a)
{
	while (a->n > 0)
		cJSON_Delete(a->row[--a->n]);
}

static const char *text(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	assert_true(cJSON_IsString(item));
	return item->valuestring;
}

static bool has_number(const cJSON *object, const char *key)
{
	return cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(object, key));
}

/* A run of three facts; the last one ends it when `ended`. */
static void write_run(struct fixture *f, const char *id, bool ended)
{
	exs_trail *trail = start(f, id, 1);
	exs_fact fact = fact_of(EXS_FACT_RUN_STARTED, 1);

	record(f, trail, &fact);
	fact = fact_of(EXS_FACT_CALL_ENDED, 2);
	record(f, trail, &fact);
	fact = fact_of(ended ? EXS_FACT_RUN_ENDED : EXS_FACT_STEERED, 3);
	fact.body = exs_cstr("{\"status\":\"ok\"}");
	record(f, trail, &fact);
	double_batch_apply(&f->o.host, &f->batch);
	finish(f, trail);
}

static void lists_heads_newest_first(void **state)
{
	static const char *const texts[] = { "run", "agent", "caller", "parent", "root", "status" };
	static const char *const numbers[] = { "started_ms", "steps", "calls" };
	struct fixture *f = *state;
	struct answers a = { 0 };
	size_t i;

	if (!EXS_CAN(f->port, list))
		skip();
	write_run(f, "run-a", true);
	write_run(f, "run-b", false);
	assert_int_equal(f->port->list(f->o.self, NULL, keep, &a, &f->err), EXS_OK);
	assert_int_equal(a.n, 2);
	for (i = 0; i < sizeof texts / sizeof *texts; i++)
		text(a.row[0], texts[i]);
	for (i = 0; i < sizeof numbers / sizeof *numbers; i++)
		assert_true(has_number(a.row[0], numbers[i]));
	assert_true(cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(a.row[0], "usage")));
	assert_string_equal(text(a.row[0], "run"), "run-b");
	assert_string_equal(text(a.row[0], "status"), "running");
	assert_false(has_number(a.row[0], "ended_ms"));
	assert_string_equal(text(a.row[1], "run"), "run-a");
	assert_string_equal(text(a.row[1], "status"), "ok");
	assert_true(has_number(a.row[1], "ended_ms"));
	drop(&a);
}

static void a_filter_leaves_out_what_does_not_fit(void **state)
{
	exs_audit_filter filter = { .size = sizeof filter, .status = "ok" };
	struct fixture *f = *state;
	struct answers a = { 0 };

	if (!EXS_CAN(f->port, list))
		skip();
	write_run(f, "run-a", true);
	write_run(f, "run-b", false);
	assert_int_equal(f->port->list(f->o.self, &filter, keep, &a, &f->err), EXS_OK);
	assert_int_equal(a.n, 1);
	assert_string_equal(text(a.row[0], "run"), "run-a");
	drop(&a);
}

static void reads_a_log_in_order(void **state)
{
	struct fixture *f = *state;
	struct answers a = { 0 };
	int i;

	if (!EXS_CAN(f->port, read))
		skip();
	write_run(f, "run-a", true);
	write_run(f, "run-b", true);
	assert_int_equal(f->port->read(f->o.self, "run-a", keep, &a, &f->err), EXS_OK);
	assert_int_equal(a.n, 3);
	for (i = 0; i < 3; i++)
		assert_int_equal(cJSON_GetObjectItemCaseSensitive(a.row[i], "seq")->valueint,
				 i + 1);
	drop(&a);
}

static void what_nobody_touched_is_intact(void **state)
{
	struct fixture *f = *state;
	struct answers a = { 0 };

	if (!EXS_CAN(f->port, verify))
		skip();
	assert_int_equal(f->port->verify(f->o.self, NULL, keep, &a, &f->err), EXS_OK);
	write_run(f, "run-a", true);
	write_run(f, "run-b", false);
	assert_int_equal(f->port->verify(f->o.self, NULL, keep, &a, &f->err), EXS_OK);
	assert_int_equal(f->port->verify(f->o.self, "run-b", keep, &a, &f->err), EXS_OK);
	assert_int_equal(a.n, 0);
}

static void a_run_that_was_never_there_is_not_found(void **state)
{
	struct fixture *f = *state;
	struct answers a = { 0 };
	int32_t more = 7;

	if (EXS_CAN(f->port, read))
		assert_int_equal(f->port->read(f->o.self, "run-x", keep, &a, &f->err),
				 EXS_NOTFOUND);
	if (EXS_CAN(f->port, verify))
		assert_int_equal(f->port->verify(f->o.self, "run-x", keep, &a, &f->err),
				 EXS_NOTFOUND);
	double_batch_own(&f->batch);
	if (EXS_CAN(f->port, forget))
		assert_int_equal(f->port->forget(f->o.self, "run-x", double_batch(&f->batch), &more,
						 &f->err),
				 EXS_NOTFOUND);
	assert_int_equal(more, 7);
	assert_int_equal(a.n, 0);
}

static void the_head_is_held_for_ever(void **state)
{
	struct fixture *f = *state;
	exs_membuf json;
	cJSON *head;

	if (!EXS_CAN(f->port, head) || !EXS_CAN(f->port, holds))
		skip();
	exs_membuf_init(&json, 4096);
	write_run(f, "run-a", true);
	subject_shut(&f->o);
	subject_reopen(&audit_subject, EXS_PORT_AUDIT, &f->o);
	f->port = f->o.port;
	assert_int_equal(f->port->head(f->o.self, &json.sink, &f->err), EXS_OK);
	head = cJSON_Parse(json.p);
	assert_true(has_number(head, "entries"));
	write_run(f, "run-b", true);
	assert_int_equal(f->port->holds(f->o.self, exs_cstr(text(head, "hash")),
					cJSON_GetObjectItemCaseSensitive(head, "entries")->valueint,
					&f->err),
			 EXS_OK);
	assert_int_equal(f->port->holds(f->o.self, exs_cstr(text(head, "hash")), 0, &f->err),
			 EXS_OK);
	assert_int_equal(f->port->holds(f->o.self, exs_cstr("no hash"), 0, &f->err), EXS_INVALID);
	cJSON_Delete(head);
	exs_membuf_release(&json);
}

static void forgets_an_ended_run_and_no_other(void **state)
{
	struct fixture *f = *state;
	struct answers a = { 0 };
	int32_t more = 1, rounds = 0;
	exs_status s;

	if (!EXS_CAN(f->port, forget))
		skip();
	write_run(f, "run-a", true);
	write_run(f, "run-b", false);
	double_batch_own(&f->batch);
	assert_int_equal(
		f->port->forget(f->o.self, "run-b", double_batch(&f->batch), &more, &f->err),
		EXS_DENIED);
	double_batch_drop(&f->batch);
	/* Something else may come between: that is a conflict, after which it is asked again. */
	while (more && rounds++ < 100) {
		assert_int_equal(f->port->forget(f->o.self, "run-a", double_batch(&f->batch), &more,
						 &f->err),
				 EXS_OK);
		s = double_batch_commit(&f->o.host, &f->batch, &f->err);
		assert_true(s == EXS_OK || s == EXS_CONFLICT);
		if (s == EXS_CONFLICT)
			more = 1;
	}
	assert_int_equal(more, 0);
	assert_int_equal(f->port->list(f->o.self, NULL, keep, &a, &f->err), EXS_OK);
	assert_int_equal(a.n, 1);
	assert_string_equal(text(a.row[0], "run"), "run-b");
	drop(&a);
	assert_int_equal(f->port->verify(f->o.self, NULL, keep, &a, &f->err), EXS_OK);
}

int audit_asks(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(lists_heads_newest_first),
		CLAIM(a_filter_leaves_out_what_does_not_fit),
		CLAIM(reads_a_log_in_order),
		CLAIM(what_nobody_touched_is_intact),
		CLAIM(a_run_that_was_never_there_is_not_found),
		CLAIM(the_head_is_held_for_ever),
		CLAIM(forgets_an_ended_run_and_no_other),
	};

	return cmocka_run_group_tests_name("asks", tests, NULL, NULL);
}
