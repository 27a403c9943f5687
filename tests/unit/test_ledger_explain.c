/* SPDX-License-Identifier: MIT */
/* test_ledger_explain.c - what `executus budget` is told: limits, who used what, and which runs
 * hold a part. */
#include <executus/helper.h>

#include "unit/ledger_kit.h"

#define LIMITS                                                                                     \
	"[{\"name\":\"cap\",\"scope\":\"caller\",\"unit\":\"tokens\",\"max\":\"100\",\"per\":"     \
	"\"day\",\"soft\":\"80%\"},"                                                               \
	"{\"name\":\"all\",\"scope\":\"all\",\"unit\":\"tokens\",\"max\":\"500\",\"per\":"         \
	"\"ever\"},"                                                                               \
	"{\"name\":\"ag\",\"scope\":\"agent\",\"unit\":\"turns\",\"max\":\"9\",\"per\":\"ever\","  \
	"\"grace\":\"true\"},"                                                                     \
	"{\"name\":\"one\",\"scope\":\"run\",\"unit\":\"tokens\",\"max\":\"50\"}]"

static void says(struct ledger *k, const char *caller, const char *wanted)
{
	exs_membuf text;

	exs_membuf_init(&text, 1u << 16);
	if (k->port->explain(k->self, caller, &text.sink, &k->err))
		fail_msg("%s", k->err.text);
	assert_string_equal(text.p, wanted);
	exs_membuf_release(&text);
}

#define CAP                                                                                        \
	"{\"name\":\"cap\",\"scope\":\"caller\",\"unit\":\"tokens\",\"per\":\"day\",\"max\":100,"  \
	"\"soft\":80,\"grace\":false,"
#define ALL                                                                                        \
	"{\"name\":\"all\",\"scope\":\"all\",\"unit\":\"tokens\",\"per\":\"ever\",\"max\":500,"    \
	"\"grace\":false,"
#define AG                                                                                         \
	"{\"name\":\"ag\",\"scope\":\"agent\",\"unit\":\"turns\",\"per\":\"ever\",\"max\":9,"      \
	"\"grace\":true,"
#define ONE                                                                                        \
	"{\"name\":\"one\",\"scope\":\"run\",\"unit\":\"tokens\",\"per\":\"run\",\"max\":50,"      \
	"\"grace\":false,\"uses\":[]}]}"

static void tells_used_and_reserved_apart_and_who_holds_it(void **state)
{
	exs_run_info a = run_of("r1", "alice"), b = run_of("r2", "bob/x");
	struct ledger k;
	exs_purse *p, *q;

	(void)state;
	ledger_open(&k, LIMITS);
	p = start(&k, &a, 0);
	q = start(&k, &b, 0);
	assert_int_equal(reserve(&k, p, 40), EXS_OK);
	settle(&k, p, 30);
	assert_int_equal(reserve(&k, p, 10), EXS_OK);
	assert_int_equal(reserve(&k, q, 20), EXS_OK);
	settle(&k, q, 20);
	says(&k, NULL,
	     "{\"limits\":[" CAP "\"uses\":[{\"who\":\"alice\",\"used\":30,\"reserved\":10,"
				 "\"left\":60,\"resets_ms\":1767312000000,"
	     "\"runs\":[\"r1\"]},{\"who\":\"bob/"
	     "x\",\"used\":20,\"reserved\":0,\"left\":80,\"resets_ms\":1767312000000,"
	     "\"runs\":[]}]}," ALL "\"uses\":[{\"who\":\"\",\"used\":50,\"reserved\":10,\"left\":"
				   "440,\"runs\":[\"r1\"]}]}," AG
	     "\"uses\":[{\"who\":\"tester\",\"used\":2,\"reserved\":1,\"left\":6,\"runs\":[\"r1\"]}"
	     "]}," ONE);
	says(&k, "bob/x",
	     "{\"limits\":[" CAP
	     "\"uses\":[{\"who\":\"bob/"
	     "x\",\"used\":20,\"reserved\":0,\"left\":80,\"resets_ms\":1767312000000,"
	     "\"runs\":[]}]}," ALL "\"uses\":[{\"who\":\"\",\"used\":50,\"reserved\":10,\"left\":"
				   "440,\"runs\":[\"r1\"]}]}," AG "\"uses\":[]}," ONE);
	finish(&k, p, EXS_PURSE_LEFT, NULL);
	finish(&k, q, EXS_PURSE_LEFT, NULL);
	ledger_close(&k);
}

static void somebody_who_never_asked_has_everything_left(void **state)
{
	struct ledger k;

	(void)state;
	ledger_open(&k, LIMITS);
	says(&k, "carol",
	     "{\"limits\":[" CAP "\"uses\":[{\"who\":\"carol\",\"used\":0,\"reserved\":0,\"left\":"
				 "100,\"runs\":[]}]}," ALL "\"uses\":[]}," AG "\"uses\":[]}," ONE);
	ledger_close(&k);
}

/* What is over is not told, though its rows are there until the next reservation takes them out. */
static void a_day_that_is_over_is_not_told(void **state)
{
	exs_run_info a = run_of("r1", "alice");
	struct ledger k;
	exs_purse *p;

	(void)state;
	ledger_open(&k, LIMITS);
	p = start(&k, &a, 0);
	assert_int_equal(reserve(&k, p, 40), EXS_OK);
	settle(&k, p, 45);
	k.host.wall_ms += DAY;
	says(&k, "alice",
	     "{\"limits\":[" CAP "\"uses\":[{\"who\":\"alice\",\"used\":0,\"reserved\":0,\"left\":"
				 "100,\"runs\":[]}]}," ALL
	     "\"uses\":[{\"who\":\"\",\"used\":45,\"reserved\":0,\"left\":455,\"runs\":[]}]}," AG
	     "\"uses\":[]}," ONE);
	finish(&k, p, EXS_PURSE_LEFT, NULL);
	ledger_close(&k);
}

/* Of a run that died yesterday and was not taken up: what it holds counts for yesterday, and for ever. */
static void what_is_held_since_a_day_that_is_over_is_not_told_for_today(void **state)
{
	exs_run_info a = run_of("r1", "alice");
	struct ledger k;
	exs_purse *p;

	(void)state;
	ledger_open(&k, LIMITS);
	p = start(&k, &a, 0);
	assert_int_equal(reserve(&k, p, 40), EXS_OK);
	finish(&k, p, EXS_PURSE_LEFT, NULL);
	k.host.wall_ms += DAY;
	says(&k, "alice",
	     "{\"limits\":[" CAP "\"uses\":[{\"who\":\"alice\",\"used\":0,\"reserved\":0,\"left\":"
				 "100,\"runs\":[]}]}," ALL
	     "\"uses\":[{\"who\":\"\",\"used\":0,\"reserved\":40,\"left\":460,\"runs\":[\"r1\"]}]}," AG
	     "\"uses\":[]}," ONE);
	ledger_close(&k);
}

static exs_status no_room(exs_sink *sink, const char *p, size_t n)
{
	(void)sink;
	(void)p;
	(void)n;
	return EXS_TOOBIG;
}

static void a_reader_without_room_is_told_so(void **state)
{
	exs_sink sink = { .size = sizeof sink, .put = no_room };
	struct ledger k;

	(void)state;
	ledger_open(&k, LIMITS);
	assert_int_equal(k.port->explain(k.self, NULL, &sink, &k.err), EXS_TOOBIG);
	assert_string_equal(k.err.text, "what may be spent is too long to tell");
	ledger_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_used_and_reserved_apart_and_who_holds_it),
		cmocka_unit_test(somebody_who_never_asked_has_everything_left),
		cmocka_unit_test(a_day_that_is_over_is_not_told),
		cmocka_unit_test(what_is_held_since_a_day_that_is_over_is_not_told_for_today),
		cmocka_unit_test(a_reader_without_room_is_told_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
