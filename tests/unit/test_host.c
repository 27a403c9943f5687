/* SPDX-License-Identifier: MIT */
/* test_host.c - a configuration becomes open batteries on their ports, or one sentence with its
 * place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include <executus/helper.h>
#include "base/clock.h"
#include "base/text.h"
#include "host/calls.h"
#include "host/guard.h"

static const char *const folders[] = { ZOO, BATTERIES, NULL };

struct box {
	struct log log;
	struct conf *conf;
	struct host *host;
	exs_err err;
	char said[8192];
};

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof *b);

	assert_non_null(b);
	log_init(&b->log, memfd_create("log", MFD_CLOEXEC), EXS_INFO);
	b->err = (exs_err)EXS_ERR_INIT;
	*state = b;
	return 0;
}

static void shut(struct box *b)
{
	host_close(b->host);
	conf_free(b->conf);
	b->host = NULL;
	b->conf = NULL;
}

static int teardown(void **state)
{
	struct box *b = *state;

	shut(b);
	close(b->log.fd);
	free(b);
	return 0;
}

static exs_status opening(struct box *b, const char *text)
{
	char whole[4096];

	shut(b);
	snprintf(whole, sizeof whole, "state: /tmp\n%s", text);
	if (conf_parse("test.yaml", str_of(whole), &b->conf, &b->err))
		fail_msg("%s", b->err.text);
	return host_open(b->conf, HOST_ALL, folders, &b->log, &b->host, &b->err);
}

static void opens(struct box *b, const char *text)
{
	if (opening(b, text))
		fail_msg("%s", b->err.text);
	assert_non_null(b->host);
}

/* The sentence and where it points; nothing is left open. */
static void refuses(struct box *b, const char *text, const char *place, const char *part)
{
	assert_int_not_equal(opening(b, text), EXS_OK);
	assert_null(b->host);
	if (strncmp(b->err.text, place, strlen(place)) != 0 || !strstr(b->err.text, part))
		fail_msg("'%s' lacks '%s' or '%s'", b->err.text, place, part);
	assert_true(strlen(b->err.text) < sizeof b->err.text - 1); /* not cut */
}

static const char *logged(struct box *b)
{
	ssize_t n = pread(b->log.fd, b->said, sizeof b->said - 1, 0);

	assert_true(n >= 0);
	b->said[n] = '\0';
	return b->said;
}

/* ---- what opens ---- */

static void every_port_may_be_absent(void **state)
{
	struct box *b = *state;

	opens(b, "batteries:\n  talk: { so: model_script.so, script: " TEST_DATA
		 "/scripts/conformance.yaml }\n"
		 "tiers:\n  fast: talk/x\n");
	assert_null(b->host->store);
	assert_null(b->host->checkpoint);
	assert_null(b->host->budget);
	assert_null(b->host->critic);
	assert_int_equal(b->host->audit_n, 0);
	assert_int_equal(b->host->delivery_n, 0);
	assert_null(host_delivery(b->host, str_of("stdout")));
	assert_non_null(host_instance(b->host, "talk")->model);
	assert_null(host_instance(b->host, "talk")->tool);
	assert_null(host_instance(b->host, "nobody"));
	assert_true(host_instance(b->host, "talk")->may_rest);
}

static void a_conf_of_nothing_opens(void **state)
{
	struct box *b = *state;

	opens(b, "");
	assert_int_equal(b->host->instance_n, 0);
}

static void every_binding_finds_its_port(void **state)
{
	struct box *b = *state;
	struct host *h;

	opens(b, "batteries:\n  a: { so: good.so }\n  keep: { so: store_memory.so }\n  log: { so: "
		 "checkpoint_journal.so }\n"
		 "  b: { so: good.so }\n  out: { so: delivery_stdout.so }\n"
		 "ports:\n  store: keep\n  checkpoint: log\n  audit: [b, a]\n  delivery: { "
		 "console: out, stdout: out }\n");
	h = b->host;
	assert_ptr_equal(h->store, host_instance(h, "keep"));
	assert_non_null(h->store->store);
	assert_false(h->store->may_rest);
	assert_ptr_equal(h->checkpoint, host_instance(h, "log"));
	assert_non_null(h->checkpoint->checkpoint);
	assert_false(h->checkpoint->may_rest);
	assert_int_equal(h->audit_n, 2);
	assert_ptr_equal(h->audits[0], host_instance(h, "b"));
	assert_ptr_equal(h->audits[1], host_instance(h, "a"));
	assert_non_null(h->audits[0]->audit);
	assert_true(h->audits[0]->may_rest);
	assert_ptr_equal(host_delivery(h, str_of("console")), host_instance(h, "out"));
	assert_ptr_equal(host_delivery(h, str_of("stdout")), host_instance(h, "out"));
	assert_ptr_not_equal(h->audits[0]->self, h->audits[1]->self); /* one file, two instances */
	assert_ptr_equal(h->audits[0]->battery, h->audits[1]->battery);
}

static void the_store_is_opened_first_and_closed_last(void **state)
{
	struct box *b = *state;
	const char *said, *one, *two;

	opens(b, "batteries:\n  one: { so: ordered.so }\n  two: { so: ordered.so }\n  keep: { so: "
		 "store_memory.so }\n"
		 "ports:\n  store: keep\n  audit: [one, two]\n");
	said = logged(b);
	assert_non_null(strstr(said, "battery 'one': open, store yes"));
	assert_true(strstr(said, "battery 'two': open, store yes") >
		    strstr(said, "battery 'one': open"));
	shut(b);
	said = logged(b);
	one = strstr(said, "battery 'one': close");
	two = strstr(said, "battery 'two': close");
	assert_true(two && one > two); /* in reverse */
}

static void without_a_store_there_is_no_store_service(void **state)
{
	struct box *b = *state;

	opens(b, "batteries:\n  one: { so: ordered.so }\nports:\n  audit: one\n");
	assert_non_null(strstr(logged(b), "open, store no"));
}

static void a_battery_that_nothing_is_bound_to_is_open_all_the_same(void **state)
{
	struct box *b = *state;

	opens(b, "batteries:\n  spare: { so: good.so }\n");
	assert_non_null(host_instance(b->host, "spare")->self);
	assert_null(host_instance(b->host, "spare")->audit);
}

static void the_host_says_who_it_is(void **state)
{
	struct box *b = *state;
	const exs_host *pub;

	opens(b, "batteries:\n  spare: { so: good.so }\n");
	pub = &host_instance(b->host, "spare")->pub;
	assert_int_equal(pub->size, sizeof *pub);
	assert_int_equal(pub->abi, EXS_ABI);
	assert_string_equal(pub->name, "spare");
	assert_string_equal(pub->version, EXECUTUS_VERSION);
	assert_string_equal(pub->state_dir, "/tmp");
	assert_true(pub->wall_ms(pub) > 1600000000000);
	assert_true(pub->mono_ms(pub) <= pub->mono_ms(pub));
	assert_null(pub->service(pub, "executus.svc.coffee/1"));
	pub->log(pub, EXS_WARN, "over\nhere");
	pub->log(pub, EXS_WARN, NULL);
	assert_non_null(strstr(logged(b), "battery 'spare': over here\n"));
}

/* ---- what does not ---- */

static void bad_tables_give_their_sentence_at_the_batterys_place(void **state)
{
	struct box *b = *state;

	refuses(b, "batteries:\n  x: { so: null_port.so }\nports:\n  audit: x\n", "test.yaml:3:3: ",
		"battery 'x' (null_port.so) lists port 'executus.audit/1' but gives no table for "
		"it");
	refuses(b, "batteries:\n  x: { so: null_functions.so }\nports:\n  audit: x\n",
		"test.yaml:3:3: ",
		"battery 'x' (null_functions.so) fills port 'executus.audit/1' without its "
		"function 'record'");
	refuses(b, "batteries:\n  x: { so: small_table.so }\nports:\n  audit: x\n",
		"test.yaml:3:3: ", "rebuild the battery");
}

static void bad_opens_give_their_sentence_at_the_batterys_place(void **state)
{
	struct box *b = *state;

	refuses(b, "batteries:\n  x: { so: failing_open.so }\n",
		"test.yaml:3:3: ", "battery 'x': the moon is in the wrong phase");
	refuses(b, "batteries:\n  x: { so: open_ok_without_self.so }\n", "test.yaml:3:3: ",
		"battery 'x' (open_ok_without_self.so) opened without an instance");
	refuses(b, "batteries:\n  x: { so: lying_open.so }\n",
		"test.yaml:3:3: ", "answered open with status 4711, which does not exist");
}

static void a_battery_that_cannot_be_loaded_is_named_where_its_file_stands(void **state)
{
	struct box *b = *state;

	refuses(b, "batteries:\n  x: { so: nowhere.so }\n", "test.yaml:3:12: ", "nowhere.so");
	refuses(b, "batteries:\n  x: { so: newer_major.so }\n",
		"test.yaml:3:12: ", "newer_major.so");
}

static void an_option_that_is_not_declared_is_refused(void **state)
{
	struct box *b = *state;

	refuses(b, "batteries:\n  x: { so: good.so, nota: y }\n", "test.yaml:3:", "nota");
}

static void a_battery_that_does_not_fill_the_port_is_refused_where_it_is_bound(void **state)
{
	struct box *b = *state;

	refuses(b, "batteries:\n  x: { so: good.so }\nports:\n  critic: x\n",
		"test.yaml:5:11: ", "battery 'x' (good.so) does not fill port 'critic'");
	refuses(b, "batteries:\n  x: { so: good.so }\nports:\n  store: x\n",
		"test.yaml:5:10: ", "does not fill port 'store'");
	refuses(b, "batteries:\n  x: { so: good.so }\nports:\n  delivery: { file: x }\n",
		"test.yaml:5:21: ", "does not fill port 'delivery'");
}

static void a_tier_that_names_no_model_is_refused_where_it_stands(void **state)
{
	struct box *b = *state;

	refuses(b, "batteries:\n  x: { so: good.so }\ntiers:\n  fast: x/y\n",
		"test.yaml:5:9: ", "tier 'fast' names 'x/y', but battery 'x' is not a model");
}

static void a_serialised_battery_for_long_and_short_calls_is_refused(void **state)
{
	struct box *b = *state;

	refuses(b,
		"batteries:\n  x: { so: mixed.so }\nports:\n  audit: x\n  delivery: { out: x }\n",
		"test.yaml:3:3: ",
		"battery 'x' (mixed.so) is bound to long calls and to recording at once");
	opens(b, "batteries:\n  x: { so: mixed.so }\nports:\n  audit: x\n");
	opens(b, "batteries:\n  x: { so: mixed.so }\nports:\n  delivery: { out: x }\n");
	opens(b, "batteries:\n  x: { so: mixed.so }\n  y: { so: mixed.so }\nports:\n  audit: x\n  "
		 "delivery: { out: y }\n");
}

static void a_failure_closes_what_was_open(void **state)
{
	struct box *b = *state;
	const char *said;

	refuses(b,
		"batteries:\n  one: { so: ordered.so }\n  two: { so: ordered.so }\n  keep: { so: "
		"store_memory.so }\n"
		"  bad: { so: failing_open.so }\nports:\n  store: keep\n",
		"test.yaml:6:3: ", "moon");
	said = logged(b);
	assert_non_null(strstr(said, "battery 'one': close"));
	assert_non_null(strstr(said, "battery 'two': close"));
}

/* ---- and once it is open ---- */

static void a_lying_return_is_internal_and_the_run_would_go_on(void **state)
{
	struct box *b = *state;
	exs_run_info run = { .size = sizeof run, .run_id = "r" };
	exs_fact fact = { .size = sizeof fact };
	exs_trail *trail = NULL;
	struct instance *in;

	opens(b, "batteries:\n  x: { so: lying_return.so }\nports:\n  audit: x\n");
	in = b->host->audits[0];
	assert_int_equal(call_audit_start(in, &run, &trail, &b->err), EXS_OK);
	assert_non_null(trail);
	assert_int_equal(call_audit_record(in, trail, &fact, NULL, &b->err), EXS_INTERNAL);
	assert_string_equal(
		b->err.text,
		"battery 'x' answered audit.record with status 999, which does not exist");
	assert_int_equal(call_audit_finish(in, trail, &b->err), EXS_OK);
}

static void the_watchdog_runs_by_itself(void **state)
{
	struct box *b = *state;
	struct guard g;
	int64_t end = clock_mono_ms() + 20000;

	opens(b, "batteries:\n  x: { so: good.so }\nports:\n  audit: x\n");
	b->host->stall_ms = 1;
	assert_int_equal(guard_enter(&g, b->host->audits[0], "audit.record", &b->err), EXS_OK);
	while (!b->host->audits[0]->lost && clock_mono_ms() < end)
		usleep(1000);
	guard_leave_void(&g);
	b->host->stall_ms = STALL_MS;
	assert_true(b->host->audits[0]->lost);
}

static void closing_nothing_is_fine(void **state)
{
	(void)state;
	host_close(NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(every_port_may_be_absent),
		CASE(a_conf_of_nothing_opens),
		CASE(every_binding_finds_its_port),
		CASE(the_store_is_opened_first_and_closed_last),
		CASE(without_a_store_there_is_no_store_service),
		CASE(a_battery_that_nothing_is_bound_to_is_open_all_the_same),
		CASE(the_host_says_who_it_is),
		CASE(bad_tables_give_their_sentence_at_the_batterys_place),
		CASE(bad_opens_give_their_sentence_at_the_batterys_place),
		CASE(a_battery_that_cannot_be_loaded_is_named_where_its_file_stands),
		CASE(an_option_that_is_not_declared_is_refused),
		CASE(a_battery_that_does_not_fill_the_port_is_refused_where_it_is_bound),
		CASE(a_tier_that_names_no_model_is_refused_where_it_stands),
		CASE(a_serialised_battery_for_long_and_short_calls_is_refused),
		CASE(a_failure_closes_what_was_open),
		CASE(a_lying_return_is_internal_and_the_run_would_go_on),
		CASE(the_watchdog_runs_by_itself),
		CASE(closing_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
