/* SPDX-License-Identifier: MIT */
/* test_ledger_limits.c - the list of limits in the conf: what is taken, and what is refused how. */
#include "unit/ledger_kit.h"

static const struct {
	const char *limits, *says;
} wrongs[] = {
	{ "null", "'limits' is a list with at least one limit" },
	{ "[]", "'limits' is a list with at least one limit" },
	{ "{}", "'limits' is a list with at least one limit" },
	{ "[\"x\"]", "limit 1: entry" },
	{ "[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"5\",\"cap\":\"5\"}]",
	  "limit 1: key 'cap'" },
	{ "[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":[\"5\"]}]", "it takes one value" },
	{ "[{\"unit\":\"tokens\",\"max\":\"5\"}]",
	  "limit 1: scope '': write one of run, tree, caller, agent, model, all" },
	{ "[{\"scope\":\"user\",\"unit\":\"tokens\",\"max\":\"5\"}]", "scope 'user'" },
	{ "[{\"scope\":\"run\",\"unit\":\"eur\",\"max\":\"5\"}]",
	  "unit 'eur': write one of tokens," },
	{ "[{\"scope\":\"run\",\"unit\":\"tokens\"}]", "max '': a whole number" },
	{ "[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"0\"}]", "max '0'" },
	{ "[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"-5\"}]", "max '-5'" },
	{ "[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"1.5\"}]",
	  "max '1.5': a whole number" },
	{ "[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"1e3\"}]", "max '1e3'" },
	{ "[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"9999999999999\"}]",
	  "max '9999999999999'" },
	{ "[{\"scope\":\"run\",\"unit\":\"usd\",\"max\":\"NaN\"}]",
	  "max 'NaN': dollars such as 2.50" },
	{ "[{\"scope\":\"run\",\"unit\":\"usd\",\"max\":\"inf\"}]", "max 'inf'" },
	{ "[{\"scope\":\"run\",\"unit\":\"usd\",\"max\":\"1.0000001\"}]", "max '1.0000001'" },
	{ "[{\"scope\":\"run\",\"unit\":\"seconds\",\"max\":\"Infinity\"}]",
	  "max 'Infinity': seconds" },
	{ "[{\"scope\":\"run\",\"unit\":\"seconds\",\"max\":\"1.\"}]", "max '1.'" },
	{ "[{\"scope\":\"run\",\"unit\":\"seconds\",\"max\":\".5\"}]", "max '.5'" },
	{ "[{\"scope\":\"caller\",\"unit\":\"usd\",\"max\":\"5\"}]", "per '': write run, hour," },
	{ "[{\"scope\":\"caller\",\"unit\":\"usd\",\"max\":\"5\",\"per\":\"week\"}]",
	  "per 'week'" },
	{ "[{\"scope\":\"caller\",\"unit\":\"usd\",\"max\":\"5\",\"per\":\"0s\"}]", "per '0s'" },
	{ "[{\"scope\":\"caller\",\"unit\":\"usd\",\"max\":\"5\",\"per\":\"7\"}]", "per '7'" },
	{ "[{\"scope\":\"caller\",\"unit\":\"usd\",\"max\":\"5\",\"per\":\"9999d\"}]",
	  "per '9999d'" },
	{ "[{\"scope\":\"caller\",\"unit\":\"usd\",\"max\":\"5\",\"per\":\"run\"}]",
	  "per 'run': it goes with scope: run" },
	{ "[{\"scope\":\"run\",\"unit\":\"usd\",\"max\":\"5\",\"per\":\"day\"}]",
	  "per 'day': with scope: run it is run" },
	{ "[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"5\",\"soft\":\"5\"}]", "soft '5'" },
	{ "[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"5\",\"soft\":\"0\"}]", "soft '0'" },
	{ "[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"5\",\"soft\":\"100%\"}]",
	  "soft '100%'" },
	{ "[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"5\",\"soft\":\"%\"}]", "soft '%'" },
	{ "[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"5\",\"grace\":\"yes\"}]",
	  "grace 'yes': write one of false, true" },
	{ "[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"5\",\"name\":\"a/b\"}]",
	  "name 'a/b'" },
	{ "[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"5\"},"
	  "{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"6\"}]",
	  "limit 2: name 'run-tokens-run': another limit has it" },
};

static void a_wrong_limit_is_refused_with_its_place_and_what_to_write(void **state)
{
	struct ledger k;
	size_t i;

	(void)state;
	memset(&k, 0, sizeof k);
	double_host_init(&k.host, "purse");
	for (i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
		const struct double_setting set[] = { { "limits", wrongs[i].limits }, { 0 } };

		if (ledger_try(&k, set) != EXS_INVALID)
			fail_msg("taken: %s", wrongs[i].limits);
		if (!strstr(k.err.text, wrongs[i].says) ||
		    strncmp(k.err.text, "test.yaml:1:1: ", 15) != 0)
			fail_msg("%s: %s", wrongs[i].limits, k.err.text);
	}
	double_host_release(&k.host);
}

static void there_are_at_most_sixteen(void **state)
{
	char text[4096] = "[";
	struct ledger k;
	int i;

	(void)state;
	memset(&k, 0, sizeof k);
	double_host_init(&k.host, "purse");
	for (i = 0; i < 17; i++) {
		size_t at = strlen(text);

		snprintf(text + at, sizeof text - at,
			 "%s{\"name\":\"n%d\",\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"5\"}",
			 i ? "," : "", i);
	}
	strncat(text, "]", 2);
	{
		const struct double_setting set[] = { { "limits", text }, { 0 } };

		assert_int_equal(ledger_try(&k, set), EXS_INVALID);
		assert_non_null(strstr(k.err.text, "takes at most 16"));
	}
	double_host_release(&k.host);
}

static void a_shared_limit_needs_a_store_and_one_of_a_run_does_not(void **state)
{
	const struct double_setting shared[] = {
		{ "limits",
		  "[{\"scope\":\"all\",\"unit\":\"tokens\",\"max\":\"5\",\"per\":\"ever\"}]" },
		{ 0 }
	};
	const struct double_setting own[] = {
		{ "limits", "[{\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"100\"}]" }, { 0 }
	};
	exs_run_info run = run_of("r1", "alice");
	exs_tally so_far = { .size = sizeof so_far };
	struct double_batch none;
	exs_usage worst = tokens(60, 0);
	exs_purse *purse = NULL;
	struct ledger k;

	(void)state;
	memset(&k, 0, sizeof k);
	double_host_init(&k.host, "purse");
	k.host.no_store = true;
	assert_int_equal(ledger_try(&k, shared), EXS_INVALID);
	assert_non_null(
		strstr(k.err.text, "'all-tokens-ever' counts several runs, so it needs a store"));
	assert_int_equal(ledger_try(&k, own), EXS_OK);
	assert_int_equal(k.port->check(k.self, &run, &k.err), EXS_OK);
	assert_int_equal(k.port->start(k.self, &run, 0, NULL, &purse, &k.err), EXS_OK);
	assert_int_equal(ask(&k, purse, "m/one", &worst, &so_far, &none), EXS_OK);
	so_far.usage.in_tokens = 60;
	assert_int_equal(k.port->settle(purse, &worst, &so_far, NULL, &k.err), EXS_OK);
	assert_int_equal(ask(&k, purse, "m/one", &worst, &so_far, &none), EXS_DENIED);
	assert_string_equal(k.err.text,
			    "the budget 'run-tokens-run' of run r1 has 60 tokens of 100 tokens "
			    "used or reserved; this turn may need 60 tokens");
	assert_int_equal(k.port->finish(purse, EXS_PURSE_ENDED, &so_far, NULL, &k.err), EXS_OK);
	ledger_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_limit_is_refused_with_its_place_and_what_to_write),
		cmocka_unit_test(there_are_at_most_sixteen),
		cmocka_unit_test(a_shared_limit_needs_a_store_and_one_of_a_run_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
