/* SPDX-License-Identifier: MIT */
/* test_cli_filter.c - which heads a list shows, by the options of the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The command is no library: its sources are compiled in here. */
#include "cli/filter.c"
#include "cli/opts.c"
#include "cli/opts_table.c"

#define NOW	   1800000000000
#define WORDS_MAX  16
#define LINE_BYTES 512

struct listing {
	struct filter f;
	char words[LINE_BYTES];
	struct opts o;
	char got[LINE_BYTES];
	exs_status status;
};

static exs_status begin(struct listing *l, const char *line, exs_err *err)
{
	char *argv[WORDS_MAX + 1] = { NULL };
	char *p, *save = NULL;
	int argc = 0;

	memset(l, 0, sizeof *l);
	snprintf(l->words, sizeof l->words, "executus runs %s", line);
	for (p = strtok_r(l->words, " ", &save); p; p = strtok_r(NULL, " ", &save))
		argv[argc++] = p;
	*err = (exs_err)EXS_ERR_INIT;
	if (opts_parse(argc, argv, &l->o, err))
		fail_msg("%s", err->text);
	return filter_init(&l->f, &l->o, NOW, err);
}

/* Five runs, newest first; c was started by b, b by a. */
static const char *const heads[] = {
	"{\"run\":\"e\",\"agent\":\"cook\",\"caller\":\"ann\",\"parent\":\"\",\"status\":"
	"\"running\",\"started_ms\":1799999999000}",
	"{\"run\":\"d\",\"agent\":\"maid\",\"caller\":\"bob\",\"parent\":\"x\",\"status\":"
	"\"corrupt\",\"started_ms\":0}",
	"{\"run\":\"c\",\"agent\":\"cook\",\"caller\":\"ann\",\"parent\":\"b\",\"status\":\"ok\","
	"\"started_ms\":1799999990000,\"ended_ms\":5,\"usage\":{\"cost_micro\":300}}",
	"{\"run\":\"b\",\"agent\":\"maid\",\"caller\":\"bob\",\"parent\":\"a\",\"status\":"
	"\"error\",\"started_ms\":1799999000000,\"ended_ms\":5,\"usage\":{\"cost_micro\":200}}",
	"{\"run\":\"a\",\"agent\":\"cook\",\"caller\":\"bob\",\"parent\":\"\",\"status\":\"ok\","
	"\"started_ms\":1799990000000,\"ended_ms\":5,\"usage\":{\"cost_micro\":100}}",
};

static void assert_taken(const char *line, const char *wanted)
{
	exs_err err;
	struct listing l;
	size_t i;

	if (begin(&l, line, &err))
		fail_msg("%s", err.text);
	for (i = 0; i < ARRAY_LEN(heads); i++) {
		exs_status s = filter_take(&l.f, str_of(heads[i]));

		if (s == EXS_TOOBIG)
			break;
		if (s == EXS_OK)
			snprintf(l.got + strlen(l.got), sizeof l.got - strlen(l.got), "%c",
				 heads[i][8]);
	}
	if (strcmp(l.got, wanted) != 0)
		fail_msg("'%s': wanted '%s', got '%s'", line, wanted, l.got);
	filter_release(&l.f);
}

static void without_options_every_head_is_taken(void **state)
{
	(void)state;
	assert_taken("", "edcba");
}

static void each_option_takes_what_fits(void **state)
{
	(void)state;
	assert_taken("--agent cook", "eca");
	assert_taken("--caller bob", "dba");
	assert_taken("--status ok", "ca");
	assert_taken("--status open", "e");
	assert_taken("--open", "ed");
	assert_taken("--top", "ea");
	assert_taken("--parent a", "b");
	assert_taken("--since 1m", "ec");
	assert_taken("--until 1m", "dba");
	assert_taken("--since 2h --until 1m", "b");
	assert_taken("--min-cost 0.0002", "cb");
	assert_taken("--limit 2", "ed");
}

static void options_given_together_must_all_fit(void **state)
{
	(void)state;
	assert_taken("--agent cook --caller ann --status ok", "c");
	assert_taken("--agent cook --caller bob --status error", "");
	assert_taken("--agent cook --limit 2", "ec");
}

static void the_newest_of_each_agent_is_of_those_that_fit(void **state)
{
	(void)state;
	assert_taken("--last", "ed");
	assert_taken("--last --status ok", "c");
	assert_taken("--last --limit 1", "e");
}

static void ancestors_are_found_in_one_look(void **state)
{
	(void)state;
	assert_taken("--ancestors c", "cba");
	assert_taken("--ancestors c --agent cook", "ca");
	assert_taken("--ancestors d", "d");
	assert_taken("--ancestors nobody", "");
}

static void a_circle_of_parents_ends(void **state)
{
	static const char *const circle[] = { "{\"run\":\"z\",\"parent\":\"y\"}",
					      "{\"run\":\"y\",\"parent\":\"z\"}",
					      "{\"run\":\"s\",\"parent\":\"s\"}" };
	exs_err err;
	struct listing l;

	(void)state;
	assert_int_equal(begin(&l, "--ancestors z", &err), EXS_OK);
	assert_int_equal(filter_take(&l.f, str_of(circle[0])), EXS_OK);
	assert_int_equal(filter_take(&l.f, str_of(circle[1])), EXS_OK);
	assert_int_equal(filter_take(&l.f, str_of(circle[2])), EXS_NOTFOUND);
	filter_release(&l.f);
}

static void a_head_that_is_none_fits_no_filter(void **state)
{
	exs_err err;
	struct listing l;

	(void)state;
	assert_int_equal(begin(&l, "--agent cook", &err), EXS_OK);
	assert_int_equal(filter_take(&l.f, str_of("")), EXS_NOTFOUND);
	assert_int_equal(filter_take(&l.f, str_of("{\"agent\":\"co")), EXS_NOTFOUND);
	assert_int_equal(filter_take(&l.f, str_of("[1]")), EXS_NOTFOUND);
	filter_release(&l.f);
}

static void more_agents_than_are_counted_end_the_list(void **state)
{
	char head[64];
	exs_err err;
	struct listing l;
	unsigned i;

	(void)state;
	assert_int_equal(begin(&l, "--last --limit 99999", &err), EXS_OK);
	for (i = 0; i < FILTER_AGENTS_MAX; i++) {
		snprintf(head, sizeof head, "{\"run\":\"r\",\"agent\":\"a%u\"}", i);
		assert_int_equal(filter_take(&l.f, str_of(head)), EXS_OK);
		assert_int_equal(filter_take(&l.f, str_of(head)), EXS_NOTFOUND);
	}
	assert_int_equal(filter_take(&l.f, str_of("{\"agent\":\"one more\"}")), EXS_TOOBIG);
	filter_release(&l.f);
}

/* ---- values ---- */

static void reads_times(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{ "1970-01-02", 86400000 },
		{ "1970-01-02T01:00", 90000000 },
		{ "1970-01-02T01:00:01", 90001000 },
		{ "1970-01-02T01:00:01Z", 90001000 },
		{ "2024-02-29", 1709164800000 },
		{ "90m", NOW - 5400000 },
		{ "7d", NOW - 604800000 },
		{ "0", NOW },
	};
	static const char *const bad[] = { "",		 "yesterday",	"2026-02-29",
					   "2026-13-01", "2026-01-01x", "2026-01-01T",
					   "7",		 "-7d",		"2026-01-01T25:00" };
	exs_err err = EXS_ERR_INIT;
	int64_t ms;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++) {
		if (filter_when(good[i].text, NOW, &ms, &err))
			fail_msg("%s", err.text);
		assert_true(ms == good[i].ms);
	}
	assert_int_equal(filter_when("7d", 1000, &ms, &err), EXS_OK);
	assert_int_equal(ms, 1); /* before there was time, which 0 would not say */
	for (i = 0; i < ARRAY_LEN(bad); i++)
		if (filter_when(bad[i], NOW, &ms, &err) != EXS_INVALID)
			fail_msg("'%s' was taken", bad[i]);
	assert_non_null(strstr(err.text, "is no time: write 2026-01-31"));
}

static void reads_amounts(void **state)
{
	static const struct {
		const char *text;
		int64_t micro;
	} good[] = { { "0.25", 250000 },
		     { "3", 3000000 },
		     { "0.000001", 1 },
		     { "10.5", 10500000 },
		     { "999999999", 999999999000000 } };
	static const char *const bad[] = { "",	 ".5", "1.",   "0.0000001", "1e3",
					   "-1", "$1", "1.5x", "1,5",	    "1000000000" };
	exs_err err = EXS_ERR_INIT;
	int64_t micro;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++) {
		if (filter_cost(good[i].text, &micro, &err))
			fail_msg("%s", err.text);
		assert_true(micro == good[i].micro);
	}
	for (i = 0; i < ARRAY_LEN(bad); i++)
		if (filter_cost(bad[i], &micro, &err) != EXS_INVALID)
			fail_msg("'%s' was taken", bad[i]);
	assert_non_null(strstr(err.text, "is no amount of dollars: write 0.25 or 3"));
}

static void a_value_that_makes_no_sense_refuses_the_list(void **state)
{
	exs_err err;
	struct listing l;

	(void)state;
	assert_int_equal(begin(&l, "--since never", &err), EXS_INVALID);
	assert_int_equal(begin(&l, "--until never", &err), EXS_INVALID);
	assert_int_equal(begin(&l, "--min-cost much", &err), EXS_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_every_head_is_taken),
		cmocka_unit_test(each_option_takes_what_fits),
		cmocka_unit_test(options_given_together_must_all_fit),
		cmocka_unit_test(the_newest_of_each_agent_is_of_those_that_fit),
		cmocka_unit_test(ancestors_are_found_in_one_look),
		cmocka_unit_test(a_circle_of_parents_ends),
		cmocka_unit_test(a_head_that_is_none_fits_no_filter),
		cmocka_unit_test(more_agents_than_are_counted_end_the_list),
		cmocka_unit_test(reads_times),
		cmocka_unit_test(reads_amounts),
		cmocka_unit_test(a_value_that_makes_no_sense_refuses_the_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
