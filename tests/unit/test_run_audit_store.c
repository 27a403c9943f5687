/* SPDX-License-Identifier: MIT */
/* test_run_audit_store.c - real runs and their trail in the store: written with the facts, asked
 * through the host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"
#include "host/calls.h"
#include "support/run_kit.h"

static const char one_tool[] = "turns:\n"
			       "  - calls: [{ tool: keyed, args: { text: one } }]\n"
			       "  - say: done\n";
static const char dies[] = "turns:\n"
			   "  - calls: [{ tool: keyed, args: { text: one, how: kill_after } }]\n"
			   "  - say: done\n";
static const struct kit_extra with_trail = { "  trail: { so: audit_store.so }\n",
					     "  audit: [trail]\n" };
static const struct kit_extra with_another = { "  trail: { so: audit.so, log: trail.log }\n",
					       "  audit: [trail]\n" };

struct seen {
	int64_t rows, last_seq;
	char text[4096];
};

static exs_status see(void *arg, exs_str json)
{
	struct seen *s = arg;
	exs_err err = EXS_ERR_INIT;
	int64_t seq = 0;

	assert_int_equal(json_check_object(json, 64, &err), EXS_OK);
	if (json_get_int(json, "seq", &seq)) {
		assert_int_equal(seq, s->last_seq + 1);
		s->last_seq = seq;
	}
	s->rows++;
	snprintf(s->text, sizeof s->text, "%.*s", (int)json.n, json.p);
	return EXS_OK;
}

static void assert_intact(struct kit *k)
{
	exs_err err = EXS_ERR_INIT;
	struct seen s = { 0 };

	if (call_audit_verify(k->host->audits[0], NULL, see, &s, &err))
		fail_msg("%s: %s", err.text, s.text);
	assert_int_equal(s.rows, 0);
}

static void the_log_has_every_fact_of_the_run(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	exs_err err = EXS_ERR_INIT;
	struct seen s = { 0 };
	struct kit k;

	kit_open_with(&k, one_tool, store, NULL, NULL, &with_trail);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(call_audit_read(k.host->audits[0], run_info(k.run)->run_id, see, &s, &err),
			 EXS_OK);
	assert_int_equal(s.rows, k.fact_n);
	assert_non_null(strstr(s.text, "\"kind\":\"run_ended\""));
	assert_intact(&k);
	kit_close(&k);
}

static void a_killed_run_goes_on_in_the_same_trail(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct seen s = { 0 };
	char id[ID_MAX];
	struct kit k;

	(void)state;
	kit_open_with(&k, dies, KIT_LMDB, NULL, NULL, &with_trail);
	kit_run_dies(&k, "hi");
	kit_reopen(&k);
	assert_intact(&k);
	kit_newest(&k, id);
	assert_int_equal(kit_resume(&k, id, &err), EXS_OK);
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_count(&k, EXS_FACT_PORT_FAILED), 0);
	assert_int_equal(call_audit_read(k.host->audits[0], id, see, &s, &err), EXS_OK);
	assert_int_equal(s.rows, kit_rows(&k, "b/journal/fact/"));
	assert_intact(&k);
	kit_close(&k);
}

static void a_run_is_in_the_chain_once_its_process_has_ended(void **state)
{
	struct kit k;

	(void)state;
	kit_open_with(&k, one_tool, KIT_LMDB, NULL, NULL, &with_trail);
	kit_run(&k, "hi");
	kit_shut(&k);
	kit_reopen(&k);
	assert_int_equal(kit_rows(&k, "b/trail/chain/"), 1);
	assert_int_equal(kit_rows(&k, "b/trail/unsealed/"), 0);
	assert_intact(&k);
	kit_close(&k);
}

static void an_ended_run_is_forgotten_through_the_host(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct batch b;
	char id[ID_MAX];
	bool more = true;
	struct kit k;

	(void)state;
	kit_open_with(&k, one_tool, KIT_LMDB, NULL, NULL, &with_trail);
	kit_run(&k, "hi");
	kit_newest(&k, id);
	kit_shut(&k);
	kit_reopen(&k);
	batch_init(&b);
	assert_int_equal(call_audit_forget(k.host->audits[0], id, &b, &more, &err), EXS_OK);
	assert_false(more);
	assert_int_equal(call_store_commit(k.host->store, &b, &err), EXS_OK);
	batch_release(&b);
	assert_int_equal(kit_rows(&k, "b/trail/run/") + kit_rows(&k, "b/trail/log/"), 0);
	assert_int_equal(kit_rows(&k, "b/trail/chain/"), 2);
	assert_intact(&k);
	batch_init(&b);
	assert_int_equal(call_audit_forget(k.host->audits[0], id, &b, &more, &err), EXS_NOTFOUND);
	assert_int_equal(b.n, 0);
	batch_release(&b);
	kit_close(&k);
}

static void a_run_that_is_not_durable_goes_on_without_it_and_says_so(void **state)
{
	struct kit k;

	(void)state;
	kit_open_with(&k, one_tool, KIT_MEMORY, NULL, "run: { durability: none }\n", &with_trail);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_count(&k, EXS_FACT_PORT_FAILED), 1);
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_PORT_FAILED, 0), "bind a checkpoint"));
	assert_int_equal(kit_rows(&k, "b/trail/"), 0);
	kit_close(&k);
}

static void head_and_holds_are_asked_through_the_host(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct buf_sink sink;
	struct buf json, hash;
	struct kit k;

	(void)state;
	kit_open_with(&k, one_tool, KIT_LMDB, NULL, NULL, &with_trail);
	kit_run(&k, "hi");
	kit_shut(&k);
	kit_reopen(&k);
	buf_init(&json, 1024);
	buf_init(&hash, 1024);
	assert_int_equal(call_audit_head(k.host->audits[0], buf_sink_init(&sink, &json), &err),
			 EXS_OK);
	assert_true(json_get_text(buf_view(&json), "hash", &hash));
	assert_int_equal(call_audit_holds(k.host->audits[0], buf_view(&hash), 1, &err), EXS_OK);
	assert_int_equal(call_audit_holds(k.host->audits[0], buf_view(&hash), 2, &err),
			 EXS_CORRUPT);
	buf_release(&json);
	buf_release(&hash);
	kit_close(&k);
}

static exs_status full(void *arg, exs_str json)
{
	(void)arg;
	(void)json;
	return EXS_TOOBIG;
}

static void what_the_reader_says_ends_the_list_and_is_no_failure(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct kit k;
	int i;

	(void)state;
	kit_open_with(&k, one_tool, KIT_MEMORY, NULL, NULL, &with_trail);
	kit_run(&k, "hi");
	for (i = 0; i < 20; i++)
		assert_int_equal(call_audit_list(k.host->audits[0], NULL, full, NULL, &err),
				 EXS_TOOBIG);
	kit_close(&k);
}

/* A trail of the first form of the table. */
static void a_trail_that_cannot_be_asked_says_so(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct buf_sink sink;
	struct instance *in;
	struct batch b;
	struct buf json;
	bool more = true;
	struct kit k;

	(void)state;
	kit_open_with(&k, one_tool, KIT_MEMORY, NULL, NULL, &with_another);
	in = k.host->audits[0];
	buf_init(&json, 1024);
	batch_init(&b);
	assert_int_equal(call_audit_list(in, NULL, full, NULL, &err), EXS_UNSUPPORTED);
	assert_string_equal(err.text, "audit 'trail' cannot list runs");
	assert_int_equal(call_audit_read(in, "x", full, NULL, &err), EXS_UNSUPPORTED);
	assert_int_equal(call_audit_verify(in, NULL, full, NULL, &err), EXS_UNSUPPORTED);
	assert_int_equal(call_audit_head(in, buf_sink_init(&sink, &json), &err), EXS_UNSUPPORTED);
	assert_int_equal(call_audit_holds(in, str_of("x"), 0, &err), EXS_UNSUPPORTED);
	assert_int_equal(call_audit_forget(in, "x", &b, &more, &err), EXS_UNSUPPORTED);
	assert_true(more);
	batch_release(&b);
	buf_release(&json);
	kit_close(&k);
}

int main(void)
{
	static enum kit_store memory = KIT_MEMORY, lmdb = KIT_LMDB;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(the_log_has_every_fact_of_the_run, &memory),
		cmocka_unit_test_prestate(the_log_has_every_fact_of_the_run, &lmdb),
		cmocka_unit_test(a_killed_run_goes_on_in_the_same_trail),
		cmocka_unit_test(a_run_is_in_the_chain_once_its_process_has_ended),
		cmocka_unit_test(an_ended_run_is_forgotten_through_the_host),
		cmocka_unit_test(a_run_that_is_not_durable_goes_on_without_it_and_says_so),
		cmocka_unit_test(head_and_holds_are_asked_through_the_host),
		cmocka_unit_test(what_the_reader_says_ends_the_list_and_is_no_failure),
		cmocka_unit_test(a_trail_that_cannot_be_asked_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
