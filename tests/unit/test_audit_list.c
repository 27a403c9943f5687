/* SPDX-License-Identifier: MIT */
/* test_audit_list.c - which runs a filter of the trail in the store gives, and in which order. */
#include "audit_kit.h"

/* The ids of the runs that were given, in their order. */
static void assert_runs(struct fixture *f, exs_audit_filter filter, const char *wanted)
{
	char got[512] = "";
	const char *p;

	filter.size = sizeof filter;
	if (list(f, &filter))
		fail_msg("%s", f->err.text);
	for (p = f->said; (p = strstr(p, "{\"run\":\"")); p++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.5s", got[0] ? " " : "",
			 p + strlen("{\"run\":\""));
	assert_string_equal(got, wanted);
}

static void add(struct fixture *f, const char *id, const char *agent, const char *caller,
		const char *parent, int64_t started_ms, const char *status, int64_t cost)
{
	exs_run_info run = double_run_info(id);

	run.agent = agent;
	run.caller = caller;
	run.parent_id = parent;
	run.started_ms = started_ms;
	write_run_of(f, &run, status, cost);
}

static int setup_family(void **state)
{
	struct fixture *f;

	if (setup(state))
		return -1;
	f = *state;
	add(f, "run-a", "cook", "ann", "", 1000, "ok", 10);
	add(f, "run-b", "maid", "bob", "run-a", 2000, "error", 20);
	add(f, "run-c", "cook", "bob", "run-b", 3000, "ok", 30);
	add(f, "run-d", "maid", "ann", "", 4000, NULL, 40);
	return 0;
}

static void all_runs_come_newest_first(void **state)
{
	assert_runs(*state, (exs_audit_filter){ 0 }, "run-d run-c run-b run-a");
}

static void no_filter_at_all_means_all(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(list(f, NULL), EXS_OK);
	assert_int_equal(f->given, 4);
}

static void filters_by_each_text(void **state)
{
	assert_runs(*state, (exs_audit_filter){ .agent = "cook" }, "run-c run-a");
	assert_runs(*state, (exs_audit_filter){ .caller = "ann" }, "run-d run-a");
	assert_runs(*state, (exs_audit_filter){ .status = "error" }, "run-b");
	assert_runs(*state, (exs_audit_filter){ .status = "running" }, "run-d");
	assert_runs(*state, (exs_audit_filter){ .agent = "coo" }, "");
}

static void what_is_given_together_must_fit_together(void **state)
{
	assert_runs(*state, (exs_audit_filter){ .agent = "cook", .caller = "bob" }, "run-c");
	assert_runs(*state, (exs_audit_filter){ .agent = "cook", .status = "error" }, "");
}

static void the_first_moment_counts_and_the_last_does_not(void **state)
{
	assert_runs(*state, (exs_audit_filter){ .from_ms = 2000, .to_ms = 4000 }, "run-c run-b");
	assert_runs(*state, (exs_audit_filter){ .from_ms = 2001 }, "run-d run-c");
	assert_runs(*state, (exs_audit_filter){ .to_ms = 2001 }, "run-b run-a");
}

static void a_cost_is_a_least_one(void **state)
{
	assert_runs(*state, (exs_audit_filter){ .min_cost_micro = 30 }, "run-d run-c");
	assert_runs(*state, (exs_audit_filter){ .min_cost_micro = 41 }, "");
}

static void children_are_those_of_that_parent_alone(void **state)
{
	assert_runs(*state, (exs_audit_filter){ .parent = "run-a" }, "run-b");
	assert_runs(*state, (exs_audit_filter){ .parent = "run-c" }, "");
	assert_runs(*state, (exs_audit_filter){ .flags = EXS_AUDIT_TOP }, "run-d run-a");
}

static void one_run_can_be_asked_for(void **state)
{
	struct fixture *f = *state;
	exs_audit_filter filter = { .size = sizeof filter, .run_id = "run-x" };

	assert_runs(f, (exs_audit_filter){ .run_id = "run-b" }, "run-b");
	assert_runs(f, (exs_audit_filter){ .run_id = "run-b", .agent = "cook" }, "");
	assert_int_equal(list(f, &filter), EXS_NOTFOUND);
	assert_non_null(strstr(f->err.text, "there is no run 'run-x'"));
	filter.run_id = "../x";
	assert_int_equal(list(f, &filter), EXS_NOTFOUND);
}

/* ---- ancestors ---- */

static void ancestors_begin_with_the_run_itself(void **state)
{
	assert_runs(*state, (exs_audit_filter){ .flags = EXS_AUDIT_ANCESTORS, .run_id = "run-c" },
		    "run-c run-b run-a");
	assert_runs(*state, (exs_audit_filter){ .flags = EXS_AUDIT_ANCESTORS, .run_id = "run-d" },
		    "run-d");
}

static void an_ancestor_that_does_not_fit_is_passed_over(void **state)
{
	assert_runs(*state,
		    (exs_audit_filter){
			    .flags = EXS_AUDIT_ANCESTORS, .run_id = "run-c", .agent = "cook" },
		    "run-c run-a");
}

static void a_circle_of_parents_ends(void **state)
{
	struct fixture *f = *state;

	add(f, "run-x", "cook", "ann", "run-z", 1, "ok", 0);
	add(f, "run-y", "cook", "ann", "run-x", 1, "ok", 0);
	add(f, "run-z", "cook", "ann", "run-y", 1, "ok", 0);
	add(f, "run-s", "cook", "ann", "run-s", 1, "ok", 0);
	assert_runs(f, (exs_audit_filter){ .flags = EXS_AUDIT_ANCESTORS, .run_id = "run-y" },
		    "run-y run-x run-z");
	assert_runs(f, (exs_audit_filter){ .flags = EXS_AUDIT_ANCESTORS, .run_id = "run-s" },
		    "run-s");
	assert_runs(f, (exs_audit_filter){ .parent = "run-s" }, "run-s");
}

static void a_line_of_parents_has_a_bound(void **state)
{
	struct fixture *f = *state;
	char id[16], parent[16] = "";
	exs_audit_filter filter = { .size = sizeof filter, .flags = EXS_AUDIT_ANCESTORS };
	int i;

	for (i = 0; i < 300; i++) {
		exs_run_info run = double_run_info(id);
		exs_trail *t;

		snprintf(id, sizeof id, "r%03d", i);
		run.parent_id = parent;
		run.agent = run.caller = run.channel = run.tier = "";
		run.input = exs_cstr("");
		t = start(f, &run);
		record_kind(f, t, EXS_FACT_RUN_STARTED, 1, "{}");
		commit(f);
		finish(f, t);
		snprintf(parent, sizeof parent, "r%03d", i);
	}
	filter.run_id = "r299";
	f->given = 0;
	assert_int_equal(f->port->list(f->self, &filter, count, f, &f->err), EXS_OK);
	assert_int_equal(f->given, 256);
}

static void a_parent_that_is_gone_ends_the_line(void **state)
{
	struct fixture *f = *state;
	exs_audit_filter filter = { .size = sizeof filter, .flags = EXS_AUDIT_ANCESTORS };

	add(f, "run-q", "cook", "ann", "run-p", 1, "ok", 0);
	assert_runs(f, (exs_audit_filter){ .flags = EXS_AUDIT_ANCESTORS, .run_id = "run-q" },
		    "run-q");
	filter.run_id = "run-p";
	assert_int_equal(list(f, &filter), EXS_NOTFOUND);
	filter.run_id = NULL;
	assert_int_equal(list(f, &filter), EXS_INVALID);
}

/* ---- trouble ---- */

static void a_head_that_cannot_be_read_is_listed_as_corrupt(void **state)
{
	struct fixture *f = *state;

	put(f, "run/run-b", exs_cstr("no head"));
	assert_runs(f, (exs_audit_filter){ 0 }, "run-d run-c run-b run-a");
	assert_non_null(strstr(f->said, "{\"run\":\"run-b\",\"agent\":\"\",\"caller\":\"\","));
	assert_non_null(strstr(f->said, "\"status\":\"corrupt\""));
}

static exs_status enough(void *arg, exs_str head)
{
	struct fixture *f = arg;

	(void)head;
	return ++f->given == 2 ? EXS_TOOBIG : EXS_OK;
}

static void the_row_function_ends_the_list(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->port->list(f->self, NULL, enough, f, &f->err), EXS_TOOBIG);
	assert_int_equal(f->given, 2);
	f->given = 0;
	assert_int_equal(f->port->read(f->self, "run-a", enough, f, &f->err), EXS_TOOBIG);
	assert_int_equal(f->given, 2);
}

static void more_runs_than_a_page_holds_come_once_each(void **state)
{
	struct fixture *f = *state;
	char id[16];
	int i;

	for (i = 0; i < 300; i++) {
		snprintf(id, sizeof id, "s%03d", i);
		write_run(f, id, "ok");
	}
	f->given = 0;
	assert_int_equal(f->port->list(f->self, NULL, count, f, &f->err), EXS_OK);
	assert_int_equal(f->given, 304);
	reopen(f);
	assert_int_equal(rows_of(f, "chain/"), 303);
	assert_int_equal(rows_of(f, "unsealed/"), 0);
	assert_intact(f);
}

static void a_filter_of_a_smaller_side_is_understood(void **state)
{
	struct fixture *f = *state;
	exs_audit_filter filter = { .size = offsetof(exs_audit_filter, caller),
				    .agent = "cook",
				    .caller = "nobody" };

	assert_int_equal(list(f, &filter), EXS_OK);
	assert_int_equal(f->given, 2);
}

int main(void)
{
#define FAMILY(name) cmocka_unit_test_setup_teardown(name, setup_family, teardown)
	const struct CMUnitTest tests[] = {
		FAMILY(all_runs_come_newest_first),
		FAMILY(no_filter_at_all_means_all),
		FAMILY(filters_by_each_text),
		FAMILY(what_is_given_together_must_fit_together),
		FAMILY(the_first_moment_counts_and_the_last_does_not),
		FAMILY(a_cost_is_a_least_one),
		FAMILY(children_are_those_of_that_parent_alone),
		FAMILY(one_run_can_be_asked_for),
		FAMILY(ancestors_begin_with_the_run_itself),
		FAMILY(an_ancestor_that_does_not_fit_is_passed_over),
		FAMILY(a_circle_of_parents_ends),
		FAMILY(a_line_of_parents_has_a_bound),
		FAMILY(a_parent_that_is_gone_ends_the_line),
		FAMILY(a_head_that_cannot_be_read_is_listed_as_corrupt),
		FAMILY(the_row_function_ends_the_list),
		FAMILY(more_runs_than_a_page_holds_come_once_each),
		FAMILY(a_filter_of_a_smaller_side_is_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
