/* SPDX-License-Identifier: MIT */
/* test_checkpoint_journal.c - what the journal promises beyond its port; the port's suite holds the
 * rest. */
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

static const exs_battery *journal(void)
{
	return double_load(BATTERIES "/checkpoint_journal.so");
}

static int setup(void **state)
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

static int teardown(void **state)
{
	struct fixture *f = *state;

	double_batch_drop(&f->batch);
	f->battery->close(f->self);
	double_host_release(&f->host);
	free(f);
	return 0;
}

static exs_batch *batch(struct fixture *f)
{
	return double_batch(&f->batch);
}

static exs_fact fact_of(int64_t seq, exs_str body)
{
	exs_fact f = { 0 };

	f.size = sizeof f;
	f.kind = EXS_FACT_STEERED;
	f.seq = seq;
	f.attempt = 1;
	f.body = body;
	return f;
}

static exs_ckpt *begin(struct fixture *f, const char *id)
{
	exs_run_info run = double_run_info(id);
	exs_ckpt *ckpt = NULL;

	assert_int_equal(f->port->begin(f->self, &run, batch(f), &ckpt, &f->err), EXS_OK);
	return ckpt;
}

static exs_status append(struct fixture *f, exs_ckpt *ckpt, int64_t seq, const char *body)
{
	exs_fact fact = fact_of(seq, exs_cstr(body));
	const exs_fact *list[] = { &fact };

	return f->port->append(ckpt, list, 1, batch(f), &f->err);
}

static void commit(struct fixture *f)
{
	double_batch_apply(&f->host, &f->batch);
}

static exs_status end(struct fixture *f, exs_ckpt *ckpt, int32_t how, const char *status)
{
	return f->port->end(ckpt, how, exs_cstr(status), batch(f), &f->err);
}

static void write_run(struct fixture *f, const char *id, int64_t facts)
{
	exs_ckpt *ckpt = begin(f, id);
	int64_t seq;

	for (seq = 1; seq <= facts; seq++)
		assert_int_equal(append(f, ckpt, seq, "{\"text\":\"go on\"}"), EXS_OK);
	assert_int_equal(end(f, ckpt, EXS_CKPT_COMPLETE, "ok"), EXS_OK);
	commit(f);
}

static exs_status count(void *arg, const exs_fact *fact)
{
	struct fixture *f = arg;

	(void)fact;
	f->given++;
	return EXS_OK;
}

static exs_status load(struct fixture *f, const char *id)
{
	f->given = 0;
	return f->port->load(f->self, id, count, f, &f->err);
}

static struct double_row *row(struct fixture *f, const char *key)
{
	size_t i;

	for (i = 0; i < f->host.n; i++)
		if (strcmp(f->host.rows[i].key, key) == 0)
			return &f->host.rows[i];
	fail_msg("no row '%s'", key);
	return NULL;
}

static bool has_row(struct fixture *f, const char *key)
{
	size_t i;

	for (i = 0; i < f->host.n; i++)
		if (strcmp(f->host.rows[i].key, key) == 0)
			return true;
	return false;
}

static void lose(struct fixture *f, const char *key)
{
	exs_op op = { sizeof op, EXS_OP_DEL, exs_cstr(key), exs_cstr(NULL), 0, 0 };
	const exs_op *ops[] = { &op };

	row(f, key);
	assert_int_equal(f->host.store.commit(&f->host.store, ops, 1, &f->err), EXS_OK);
}

static void put(struct fixture *f, const char *key, exs_str value)
{
	exs_op op = { sizeof op, EXS_OP_PUT, exs_cstr(key), value, 0, 0 };
	const exs_op *ops[] = { &op };

	assert_int_equal(f->host.store.commit(&f->host.store, ops, 1, &f->err), EXS_OK);
}

#define FACT_1 "fact/run-a/0000000000000001"
#define FACT_2 "fact/run-a/0000000000000002"
#define FACT_3 "fact/run-a/0000000000000003"

/* ---- claims ---- */

static void does_not_open_without_a_store(void **state)
{
	struct double_host host;
	const exs_battery *battery = journal();
	exs_err err = EXS_ERR_INIT;
	exs_self *self = NULL;

	(void)state;
	double_host_init(&host, "journal");
	host.no_store = true;
	assert_int_equal(battery->open(&host.host, double_host_conf(&host, battery->options, NULL),
				       &self, &err),
			 EXS_INVALID);
	assert_null(self);
	assert_non_null(strstr(err.text, "ports.store"));
	double_host_release(&host);
}

static void a_fact_is_one_small_row_and_is_never_written_again(void **state)
{
	struct fixture *f = *state;
	exs_ckpt *ckpt = begin(f, "run-a");
	int64_t seq;

	commit(f);
	for (seq = 1; seq <= 50; seq++) {
		assert_int_equal(append(f, ckpt, seq, "{\"text\":\"go on\"}"), EXS_OK);
		assert_int_equal(f->batch.n, 1);
		assert_true(f->batch.rows[0].value_n < 100);
		commit(f);
	}
	end(f, ckpt, EXS_CKPT_COMPLETE, "ok");
	assert_int_equal(f->batch.n, 2); /* head and open index */
	commit(f);
}

static void cuts_a_long_body_into_rows_that_a_store_takes(void **state)
{
	struct fixture *f = *state;
	exs_ckpt *ckpt = begin(f, "run-a");
	size_t n = (8u << 20), i;
	char *body = malloc(n + 2);
	exs_fact fact;
	const exs_fact *list[] = { &fact };

	memset(body, 'x', n + 1);
	fact = fact_of(1, exs_bytes(body, n + 1));
	assert_int_equal(f->port->append(ckpt, list, 1, batch(f), &f->err), EXS_TOOBIG);
	fact.body.n = n;
	assert_int_equal(f->port->append(ckpt, list, 1, batch(f), &f->err), EXS_OK);
	for (i = 0; i < f->batch.n; i++)
		assert_true(f->batch.rows[i].value_n <= EXS_STORE_VALUE_MAX);
	commit(f);
	assert_true(has_row(f, FACT_1 "/0008"));
	assert_int_equal(load(f, "run-a"), EXS_OK);
	assert_int_equal(f->given, 1);
	end(f, ckpt, EXS_CKPT_COMPLETE, "ok");
	free(body);
}

static void a_row_of_exactly_the_bound_has_no_continuation(void **state)
{
	struct fixture *f = *state;
	exs_ckpt *ckpt = begin(f, "run-a");
	size_t n = EXS_STORE_VALUE_MAX - 72 - strlen("run-a");
	char *body = malloc(n);
	exs_fact fact;
	const exs_fact *list[] = { &fact };

	memset(body, 'x', n);
	fact = fact_of(1, exs_bytes(body, n));
	assert_int_equal(f->port->append(ckpt, list, 1, batch(f), &f->err), EXS_OK);
	end(f, ckpt, EXS_CKPT_COMPLETE, "ok");
	commit(f);
	assert_int_equal(row(f, FACT_1)->value_n, EXS_STORE_VALUE_MAX);
	assert_false(has_row(f, FACT_1 "/0001"));
	assert_int_equal(load(f, "run-a"), EXS_OK);
	assert_int_equal(f->given, 1);
	free(body);
}

static void finds_lost_and_damaged_parts_of_a_long_body(void **state)
{
	struct fixture *f = *state;
	exs_ckpt *ckpt = begin(f, "run-a");
	size_t n = 2u << 20;
	char *body = malloc(n);
	exs_fact fact;
	const exs_fact *list[] = { &fact };

	memset(body, 'x', n);
	fact = fact_of(1, exs_bytes(body, n));
	assert_int_equal(f->port->append(ckpt, list, 1, batch(f), &f->err), EXS_OK);
	end(f, ckpt, EXS_CKPT_COMPLETE, "ok");
	commit(f);
	row(f, FACT_1 "/0001")->value[500000] ^= 1;
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	row(f, FACT_1 "/0001")->value[500000] ^= 1;
	assert_int_equal(load(f, "run-a"), EXS_OK);
	row(f, FACT_1 "/0001")->value_n--;
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	row(f, FACT_1 "/0001")->value_n++;
	lose(f, FACT_1 "/0002");
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "a part of it is missing"));
	lose(f, FACT_1 "/0001");
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_int_equal(f->given, 0);
	free(body);
}

static void refuses_a_fact_out_of_order(void **state)
{
	struct fixture *f = *state;
	exs_ckpt *ckpt = begin(f, "run-a");

	assert_int_equal(append(f, ckpt, 2, "{}"), EXS_INVALID);
	assert_int_equal(append(f, ckpt, 1, "{}"), EXS_OK);
	assert_int_equal(append(f, ckpt, 1, "{}"), EXS_INVALID);
	assert_int_equal(append(f, ckpt, 3, "{}"), EXS_INVALID);
	assert_int_equal(append(f, ckpt, 2, "{}"), EXS_OK);
	end(f, ckpt, EXS_CKPT_LEAVE, "parked");
}

static void refuses_an_id_that_could_be_another_key(void **state)
{
	static const char *const bad[] = { "", "a/b", "a b", "\xc3\xbc", "..%", NULL };
	struct fixture *f = *state;
	exs_run_info run = double_run_info("x");
	exs_ckpt *ckpt = NULL;
	char longest[130];
	int i;

	for (i = 0; bad[i]; i++) {
		run.run_id = bad[i];
		assert_int_equal(f->port->begin(f->self, &run, batch(f), &ckpt, &f->err),
				 EXS_INVALID);
		assert_int_equal(f->port->adopt(f->self, &run, batch(f), &ckpt, &f->err),
				 EXS_INVALID);
		assert_int_equal(load(f, bad[i]), EXS_NOTFOUND);
	}
	memset(longest, 'a', 129);
	longest[129] = '\0';
	run.run_id = longest;
	assert_int_equal(f->port->begin(f->self, &run, batch(f), &ckpt, &f->err), EXS_INVALID);
	longest[128] = '\0';
	write_run(f, longest, 2);
	assert_int_equal(load(f, longest), EXS_OK);
	assert_int_equal(f->given, 2);
}

static void finds_the_last_fact_of_an_ended_run_missing(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", 3);
	lose(f, FACT_3);
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_int_equal(f->given, 2);
	assert_non_null(strstr(f->err.text, "fact 3"));
}

static void finds_a_row_of_another_run_or_place(void **state)
{
	struct fixture *f = *state;
	struct double_row *two;

	write_run(f, "run-a", 3);
	write_run(f, "run-b", 3);
	two = row(f, FACT_2);
	put(f, "fact/run-b/0000000000000002", exs_bytes(two->value, two->value_n));
	assert_int_equal(load(f, "run-b"), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "another run"));
	assert_int_equal(f->given, 1);
	two = row(f, FACT_2);
	put(f, FACT_3, exs_bytes(two->value, two->value_n));
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "another fact"));
	put(f, "fact/run-a/0000000000000002/0001", exs_cstr("stray"));
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_int_equal(f->given, 2);
}

static void names_the_version_of_a_newer_record(void **state)
{
	struct fixture *f = *state;

	write_run(f, "run-a", 2);
	row(f, FACT_2)->value[0] = 7;
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "version 7 was found"));
	assert_non_null(strstr(f->err.text, "up to 1 is supported"));
	row(f, "run/run-a")->value[0] = 9;
	row(f, FACT_2)->value[0] = 1;
	assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
	assert_non_null(strstr(f->err.text, "version 9 was found"));
	assert_int_equal(f->given, 2);
}

static void survives_garbage_in_the_place_of_a_record(void **state)
{
	struct fixture *f = *state;
	unsigned char garbage[256];
	uint32_t seed = 1;
	size_t round, i;

	write_run(f, "run-a", 2);
	for (round = 0; round < 2000; round++) {
		for (i = 0; i < sizeof garbage; i++) {
			seed = seed * 1664525u + 1013904223u;
			garbage[i] = (unsigned char)(seed >> 24);
		}
		if (round % 2) {
			memcpy(garbage, "\1\0\0\0\1\0\0\0", 8);
			for (i = 58; i < 72; i += 4)
				garbage[i] = garbage[i + 1] = 0;
		}
		put(f, FACT_2, exs_bytes((char *)garbage, round % sizeof garbage));
		assert_int_equal(load(f, "run-a"), EXS_CORRUPT);
		assert_int_equal(f->given, 1);
	}
}

static exs_status join(void *arg, exs_str head)
{
	char *out = arg;

	strncat(out, head.p, head.n);
	strcat(out, "\n");
	return EXS_OK;
}

static void a_damaged_head_is_listed_as_corrupt_beside_the_others(void **state)
{
	struct fixture *f = *state;
	char out[4096] = "";
	exs_run_info run = double_run_info("run-b");
	exs_ckpt *ckpt = NULL;

	write_run(f, "run-a", 1);
	write_run(f, "run-b", 1);
	row(f, "run/run-b")->value[40] ^= 1;
	assert_int_equal(f->port->list(f->self, 0, join, out, &f->err), EXS_OK);
	assert_non_null(strstr(out, "{\"run\":\"run-b\",\"agent\":\"\",\"caller\":\"\","
				    "\"status\":\"corrupt\""));
	assert_non_null(strstr(out, "{\"run\":\"run-a\",\"agent\":\"tester\""));
	assert_true(double_host_logged(&f->host, "'run-b': its head is damaged"));
	assert_int_equal(f->port->adopt(f->self, &run, batch(f), &ckpt, &f->err), EXS_CORRUPT);
	assert_int_equal(f->port->begin(f->self, &run, batch(f), &ckpt, &f->err), EXS_CONFLICT);
	assert_null(ckpt);
}

static void the_head_is_valid_json_for_any_text(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-a");
	char out[4096] = "", input[300];
	exs_ckpt *ckpt = NULL;

	memset(input, 'a', sizeof input);
	memcpy(input + 198, "\xe6\x97\xa5", 3); /* the cut would fall into this character */
	run.input = exs_bytes(input, sizeof input);
	run.caller = "a\"b\\c\n\x01\xff\xed\xa0\x80\xc3\xbc";
	assert_int_equal(f->port->begin(f->self, &run, batch(f), &ckpt, &f->err), EXS_OK);
	assert_int_equal(end(f, ckpt, EXS_CKPT_LEAVE, "parked"), EXS_OK);
	commit(f);
	assert_int_equal(f->port->list(f->self, 0, join, out, &f->err), EXS_OK);
	assert_non_null(strstr(out, "\"caller\":\"a\\u0022b\\u005cc\\u000a\\u0001"
				    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xc3\xbc\""));
	assert_non_null(strstr(out, "aaa\",\"started_ms\":1700000000000,\"attempt\":1,"
				    "\"status\":\"parked\"}\n"));
}

static exs_status list_again(void *arg, exs_str head)
{
	struct fixture *f = arg;
	char out[65536] = "";

	(void)head;
	f->given++;
	return f->given > 1 ? EXS_OK : f->port->list(f->self, EXS_LIST_OPEN, join, out, &f->err);
}

static void lists_more_runs_than_a_page_and_may_be_asked_meanwhile(void **state)
{
	struct fixture *f = *state;
	char id[16];
	int i;

	for (i = 0; i < 600; i++) {
		snprintf(id, sizeof id, "run-%04d", i);
		write_run(f, id, 0);
	}
	f->given = 0;
	assert_int_equal(f->port->list(f->self, 0, list_again, f, &f->err), EXS_OK);
	assert_int_equal(f->given, 600);
}

static void refuses_an_unknown_way_to_end_and_a_missing_batch(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-b");
	exs_ckpt *none = NULL;

	assert_int_equal(end(f, begin(f, "run-a"), 9, "ok"), EXS_INVALID);
	assert_int_equal(f->port->begin(f->self, &run, NULL, &none, &f->err), EXS_INVALID);
	assert_null(none);
}

int main(void)
{
#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(does_not_open_without_a_store),
		CLAIM(a_fact_is_one_small_row_and_is_never_written_again),
		CLAIM(cuts_a_long_body_into_rows_that_a_store_takes),
		CLAIM(a_row_of_exactly_the_bound_has_no_continuation),
		CLAIM(finds_lost_and_damaged_parts_of_a_long_body),
		CLAIM(refuses_a_fact_out_of_order),
		CLAIM(refuses_an_id_that_could_be_another_key),
		CLAIM(finds_the_last_fact_of_an_ended_run_missing),
		CLAIM(finds_a_row_of_another_run_or_place),
		CLAIM(names_the_version_of_a_newer_record),
		CLAIM(survives_garbage_in_the_place_of_a_record),
		CLAIM(a_damaged_head_is_listed_as_corrupt_beside_the_others),
		CLAIM(the_head_is_valid_json_for_any_text),
		CLAIM(lists_more_runs_than_a_page_and_may_be_asked_meanwhile),
		CLAIM(refuses_an_unknown_way_to_end_and_a_missing_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
