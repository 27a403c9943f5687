/* SPDX-License-Identifier: MIT */
/* test_tool_status.c - an agent sees how far its own run is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <executus/port/tool.h>

#include "support/double.h"

struct kit {
	struct double_host host;
	const exs_battery *battery;
	exs_self *self;
	const exs_tool *tool;
	struct double_done done;
};

static int set_up(void **state)
{
	struct kit *k = calloc(1, sizeof *k);
	exs_err err = EXS_ERR_INIT;

	assert_non_null(k);
	double_host_init(&k->host, "status");
	k->battery = double_load(BATTERIES "/tool_status.so");
	assert_int_equal(k->battery->open(&k->host.host,
					  double_host_conf(&k->host, k->battery->options, NULL),
					  &k->self, &err),
			 EXS_OK);
	k->tool = k->battery->port(k->self, EXS_PORT_TOOL);
	assert_non_null(k->tool);
	*state = k;
	return 0;
}

static int tear_down(void **state)
{
	struct kit *k = *state;

	k->battery->close(k->self);
	double_host_release(&k->host);
	free(k);
	return 0;
}

/* Calls the tool for the run of that number; end it with double_done_release(&k->done). */
static exs_status ask(struct kit *k, uint64_t run_number, size_t room)
{
	exs_run_info run = double_run_info("r1");
	exs_call call = { sizeof call, 1, &run, "self_status", "1.0", "key", exs_cstr("{}") };

	run.run = run_number;
	double_done_init(&k->done, room);
	k->tool->call(k->self, &call, NULL, k->done.done);
	assert_int_equal(k->done.ends, 1);
	return k->done.status;
}

static void tells_the_tally_as_json(void **state)
{
	struct kit *k = *state;

	k->host.tally = (exs_tally){ sizeof(exs_tally), 3, 12, 2, 4, 12345, 47999, { 0 } };
	k->host.tally.usage.in_tokens = 1000;
	k->host.tally.usage.out_tokens = 200;
	k->host.tally.usage.reasoning_tokens = 50;
	assert_int_equal(ask(k, 7, 4096), EXS_OK);
	assert_string_equal(
		k->done.out.p,
		"{\"step\":3,\"max_steps\":12,\"calls\":4,\"tokens_in\":1000,\"tokens_out\":200,"
		"\"tokens_reasoning\":50,\"elapsed_seconds\":12.3,\"left_seconds\":47.9,"
		"\"attempt\":2}");
	double_done_release(&k->done);
}

static void tells_no_deadline_as_null(void **state)
{
	struct kit *k = *state;

	k->host.tally.left_ms = INT64_MAX;
	assert_int_equal(ask(k, 7, 4096), EXS_OK);
	assert_non_null(strstr(k->done.out.p, "\"left_seconds\":null"));
	double_done_release(&k->done);
}

static void tells_a_passed_deadline_as_nothing_left(void **state)
{
	struct kit *k = *state;

	k->host.tally.left_ms = -1500;
	assert_int_equal(ask(k, 7, 4096), EXS_OK);
	assert_non_null(strstr(k->done.out.p, "\"left_seconds\":0.0"));
	double_done_release(&k->done);
}

static void stays_json_with_the_greatest_numbers(void **state)
{
	struct kit *k = *state;
	exs_tally *t = &k->host.tally;
	cJSON *json;

	t->step = t->max_steps = t->attempt = INT32_MIN;
	t->calls = t->usage.in_tokens = t->usage.out_tokens = t->usage.reasoning_tokens = INT64_MIN;
	t->run_ms = t->left_ms = INT64_MAX - 1;
	assert_int_equal(ask(k, 7, 4096), EXS_OK);
	json = cJSON_ParseWithOpts(k->done.out.p, NULL, 1);
	assert_true(cJSON_IsObject(json));
	assert_int_equal(cJSON_GetArraySize(json), 9);
	cJSON_Delete(json);
	double_done_release(&k->done);
}

static void says_that_a_run_which_is_not_live_is_unknown(void **state)
{
	struct kit *k = *state;

	assert_int_equal(ask(k, 0, 4096), EXS_UNSUPPORTED);
	assert_non_null(strstr(k->done.err.text, "not known"));
	double_done_release(&k->done);
}

static void fails_when_the_answer_is_not_taken(void **state)
{
	struct kit *k = *state;

	assert_int_equal(ask(k, 7, 10), EXS_TOOBIG);
	double_done_release(&k->done);
}

static const void *no_service(const exs_host *host, const char *id)
{
	(void)host;
	(void)id;
	return NULL;
}

static void does_not_open_where_no_run_can_be_seen(void **state)
{
	const exs_battery *battery = double_load(BATTERIES "/tool_status.so");
	struct double_host host;
	exs_self *self = NULL;
	exs_err err = EXS_ERR_INIT;

	(void)state;
	double_host_init(&host, "status");
	host.host.service = no_service;
	assert_int_equal(battery->open(&host.host, double_host_conf(&host, battery->options, NULL),
				       &self, &err),
			 EXS_UNSUPPORTED);
	assert_null(self);
	assert_non_null(strstr(err.text, EXS_SVC_RUN));
	double_host_release(&host);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(tells_the_tally_as_json),
		T(tells_no_deadline_as_null),
		T(tells_a_passed_deadline_as_nothing_left),
		T(stays_json_with_the_greatest_numbers),
		T(says_that_a_run_which_is_not_live_is_unknown),
		T(fails_when_the_answer_is_not_taken),
		cmocka_unit_test(does_not_open_where_no_run_can_be_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
