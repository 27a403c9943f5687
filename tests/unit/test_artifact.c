/* SPDX-License-Identifier: MIT */
/* test_artifact.c - what a run has made: how it is announced, kept once a name, and told with the
 * result. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <executus/svc/run.h>

#include "base/text.h"
#include "fact/artifact.h"
#include "fact/state.h"
#include "support/run_kit.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void what_is_known_is_kept_in_one_form(void **state)
{
	static const char *const rows[][2] = {
		{ "{\"name\":\"a\",\"path\":\"/x\"}", "{\"name\":\"a\",\"path\":\"/x\"}" },
		{ " {\"bytes\":0, \"type\":\"text/plain\",\"sha256\":\"" SHA
		  "\",\"url\":\"https://x\",\"name\":\"\\u00e4\",\"more\":[1]} ",
		  "{\"name\":\"\xc3\xa4\",\"url\":\"https://x\",\"type\":\"text/"
		  "plain\",\"sha256\":\"" SHA "\",\"bytes\":0}" },
		{ "{\"name\":\"a\",\"path\":\"/x\",\"bytes\":-1,\"url\":\"\"}",
		  "{\"name\":\"a\",\"path\":\"/x\"}" },
	};
	exs_err err = EXS_ERR_INIT;
	struct buf out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(artifact_read(str_of(rows[i][0]), &out, &err), EXS_OK);
		assert_string_equal(out.p, rows[i][1]);
		buf_release(&out);
	}
}

static void what_is_no_artifact_is_refused(void **state)
{
	static const char *const rows[][2] = {
		{ "", "one JSON object" },
		{ "[]", "one JSON object" },
		{ "{}", "has a \"name\"" },
		{ "{\"name\":\"\",\"path\":\"/x\"}", "has a \"name\"" },
		{ "{\"name\":7,\"path\":\"/x\"}", "has a \"name\"" },
		{ "{\"name\":\"a\"}", "either a \"path\" or a \"url\"" },
		{ "{\"name\":\"a\",\"path\":\"/x\",\"url\":\"https://x\"}",
		  "either a \"path\" or a \"url\"" },
		{ "{\"name\":\"a\",\"path\":\"/x\",\"sha256\":\"abc\"}",
		  "\"sha256\" has 64 hex digits" },
	};
	struct buf out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		exs_err err = EXS_ERR_INIT;

		assert_int_equal(artifact_read(str_of(rows[i][0]), &out, &err), EXS_INVALID);
		if (!strstr(err.text, rows[i][1]))
			fail_msg("%s: %s", rows[i][0], err.text);
		buf_release(&out);
	}
}

static void a_name_is_there_once_and_there_are_at_most_64(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct state s;
	struct buf all;
	char body[64];
	int i;

	(void)state;
	state_init(&s);
	for (i = 0; i < 70; i++) {
		snprintf(body, sizeof body, "{\"name\":\"n%d\",\"path\":\"/%d\"}", i, i);
		assert_true(artifact_fits(&s, str_of(body)) == (i < 64));
		assert_int_equal(artifact_fold(&s, str_of(body), &err), EXS_OK);
	}
	assert_int_equal(s.artifact_count, 64);
	assert_true(artifact_fits(&s, str_of("{\"name\":\"n3\",\"path\":\"/new\"}")));
	assert_int_equal(artifact_fold(&s, str_of("{\"name\":\"n3\",\"path\":\"/new\"}"), &err),
			 EXS_OK);
	assert_int_equal(artifact_fold(&s, str_of("{\"none\":1}"), &err), EXS_OK);
	assert_int_equal(s.artifact_count, 64);
	assert_string_equal(s.artifacts[3], "{\"name\":\"n3\",\"path\":\"/new\"}");
	buf_init(&all, 1u << 16);
	artifacts_json(&s, &all);
	assert_int_equal(strncmp(all.p, "[{\"name\":\"n0\",\"path\":\"/0\"},{\"name\":\"n1\"", 38),
			 0);
	buf_release(&all);
	state_release(&s);
}

/* ---- in a whole run ---- */

static const char two_files[] = "turns:\n"
				"  - calls: [{ tool: pure, args: { text: one, how: artifact } },\n"
				"            { tool: pure, args: { text: two, how: artifact } }]\n"
				"  - calls: [{ tool: pure, args: { text: one, how: artifact } }]\n"
				"  - say: done\n";

static void what_a_tool_announces_is_a_fact_and_in_the_result(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	kit_open(&k, two_files, store, NULL, NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_count(&k, EXS_FACT_ARTIFACT_MADE), 3);
	assert_string_equal(kit_fact(&k, EXS_FACT_ARTIFACT_MADE, 2)->body,
			    "{\"name\":\"one\",\"path\":\"/tmp/one\",\"bytes\":3}");
	assert_true(
		kit_body_has(kit_fact(&k, EXS_FACT_RUN_ENDED, 0), "\"artifacts\":[{\"name\":\""));
	assert_true(kit_body_has(kit_fact(&k, EXS_FACT_RUN_ENDED, 0),
				 "{\"name\":\"two\",\"path\":\"/tmp/two\",\"bytes\":3}"));
	kit_close(&k);
}

static void without_any_the_result_has_none(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k, "turns:\n  - say: done\n", KIT_MEMORY, NULL, NULL);
	kit_run(&k, "hi");
	assert_false(kit_body_has(kit_fact(&k, EXS_FACT_RUN_ENDED, 0), "artifacts"));
	kit_close(&k);
}

static void a_tool_that_announces_nonsense_is_told(void **state)
{
	struct kit k;

	(void)state;
	kit_open(&k,
		 "turns:\n"
		 "  - calls: [{ tool: pure, args: { text: one, how: artifact_bad } }]\n"
		 "  - expect: ['it is no artifact: status 1']\n"
		 "    say: done\n",
		 KIT_MEMORY, NULL, NULL);
	kit_run(&k, "hi");
	assert_string_equal(k.result->error, "");
	assert_int_equal(kit_count(&k, EXS_FACT_ARTIFACT_MADE), 0);
	kit_close(&k);
}

/* The call died behind its announcement and is run again: one name, one entry. */
static void after_a_resume_it_is_still_there_once(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX];
	struct kit k;

	(void)state;
	kit_open(&k,
		 "turns:\n"
		 "  - calls: [{ tool: pure, args: { text: one, how: artifact } }]\n"
		 "  - calls: [{ tool: pure, args: { text: two, how: kill_after } }]\n"
		 "  - calls: [{ tool: pure, args: { text: one, how: artifact } }]\n"
		 "  - say: done\n",
		 KIT_LMDB, NULL, NULL);
	kit_run_dies(&k, "hi");
	kit_reopen(&k);
	kit_newest(&k, id);
	assert_int_equal(kit_resume(&k, id, &err), EXS_OK);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_true(kit_body_has(
		kit_fact(&k, EXS_FACT_RUN_ENDED, 0),
		"\"artifacts\":[{\"name\":\"one\",\"path\":\"/tmp/one\",\"bytes\":3}]"));
	kit_close(&k);
}

int main(void)
{
	static enum kit_store none = KIT_NONE, lmdb = KIT_LMDB;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_is_kept_in_one_form),
		cmocka_unit_test(what_is_no_artifact_is_refused),
		cmocka_unit_test(a_name_is_there_once_and_there_are_at_most_64),
		cmocka_unit_test_prestate(what_a_tool_announces_is_a_fact_and_in_the_result, &none),
		cmocka_unit_test_prestate(what_a_tool_announces_is_a_fact_and_in_the_result, &lmdb),
		cmocka_unit_test(without_any_the_result_has_none),
		cmocka_unit_test(a_tool_that_announces_nonsense_is_told),
		cmocka_unit_test(after_a_resume_it_is_still_there_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
