/* SPDX-License-Identifier: MIT */
/*
 * port_budget.c - the contract of the budget port, held against any battery that fills it.
 *
 * The battery has room for PLACES turns of TURN tokens. Words: @own=yes: of each run by itself;
 * @rough=yes: what a price does and what start owes a dead attempt are not its business.
 */
#include "conformance/subject.h"

#include <executus/helper.h>
#include <executus/port/budget.h>

#define TURN   250
#define PLACES 4

static struct subject subject;

struct fixture {
	struct opened o;
	const exs_budget *port;
	exs_err err;
};

static bool word(const char *name)
{
	return strcmp(subject_word(&subject, name, "no"), "yes") == 0;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	subject_open(&subject, EXS_PORT_BUDGET, &f->o);
	f->port = f->o.port;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	subject_close(&f->o);
	free(f);
	return 0;
}

/* ---- one purse ---- */

static exs_purse *start(struct fixture *f, const char *id, int32_t attempt, int32_t sent)
{
	exs_run_info run = double_run_info(id);
	struct double_batch b;
	exs_purse *purse = NULL;

	run.attempt = attempt;
	double_batch_init(&b);
	if (f->port->start(f->o.self, &run, sent, double_batch(&b), &purse, &f->err))
		fail_msg("start: %s", f->err.text);
	assert_non_null(purse);
	double_batch_apply(&f->o.host, &b);
	return purse;
}

static exs_status ask(struct fixture *f, exs_purse *purse, struct double_batch *own)
{
	exs_usage worst = { .size = sizeof worst, .in_tokens = TURN };
	exs_tally so_far = { .size = sizeof so_far };
	exs_spend spend = { sizeof spend, 1, "model/x", &worst, &so_far };
	exs_allowance out = { .size = sizeof out };
	exs_status status;

	double_batch_own(own);
	f->err = (exs_err)EXS_ERR_INIT;
	status = f->port->reserve(purse, &spend, double_batch(own), &out, &f->err);
	assert_int_equal(out.size, sizeof out);
	assert_non_null(memchr(out.limit, '\0', sizeof out.limit));
	assert_non_null(memchr(out.words, '\0', sizeof out.words));
	if (out.flags)
		assert_true(out.limit[0] && out.words[0]);
	if (status)
		double_batch_drop(own);
	return status;
}

/* DENIED or a bound that does not hold: a refusal. */
static exs_status reserve(struct fixture *f, exs_purse *purse)
{
	exs_tally so_far = { .size = sizeof so_far };
	struct double_batch own;
	exs_status status = ask(f, purse, &own);

	if (status)
		return status;
	status = double_batch_commit(&f->o.host, &own, &f->err);
	if (status)
		assert_int_equal(f->port->settle(purse, NULL, &so_far, NULL, &f->err), EXS_OK);
	return status;
}

static void settle(struct fixture *f, exs_purse *purse, int64_t tokens)
{
	exs_usage actual = { .size = sizeof actual, .in_tokens = tokens };
	exs_tally so_far = { .size = sizeof so_far };
	struct double_batch b;

	double_batch_init(&b);
	if (f->port->settle(purse, &actual, &so_far, double_batch(&b), &f->err))
		fail_msg("settle: %s", f->err.text);
	double_batch_apply(&f->o.host, &b); /* no condition in it */
}

static void finish(struct fixture *f, exs_purse *purse, int32_t how)
{
	exs_tally total = { .size = sizeof total };
	struct double_batch b;

	double_batch_init(&b);
	if (f->port->finish(purse, how, &total, how == EXS_PURSE_ENDED ? double_batch(&b) : NULL,
			    &f->err))
		fail_msg("finish: %s", f->err.text);
	double_batch_apply(&f->o.host, &b);
}

/* How many further runs find a place; they give it back. */
static int places(struct fixture *f)
{
	exs_purse *purses[PLACES + 2];
	int i, n = 0, fit = 0;
	char id[16];

	for (i = 0; i < PLACES + 2; i++) {
		snprintf(id, sizeof id, "place-%d", i);
		purses[n] = start(f, id, 1, 0);
		if (reserve(f, purses[n]) == EXS_OK) {
			fit++;
			n++;
		} else {
			finish(f, purses[n], EXS_PURSE_LEFT);
		}
	}
	for (i = 0; i < n; i++) {
		settle(f, purses[i], 0);
		finish(f, purses[i], EXS_PURSE_ENDED);
	}
	return fit;
}

/* ---- the cases ---- */

static void a_run_may_spend_turn_by_turn(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("r1");
	exs_purse *purse;
	int i;

	assert_int_equal(f->port->check(f->o.self, &run, &f->err), EXS_OK);
	purse = start(f, "r1", 1, 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(reserve(f, purse), EXS_OK);
		settle(f, purse, i);
	}
	finish(f, purse, EXS_PURSE_ENDED);
}

static void there_is_room_for_so_many_and_no_more(void **state)
{
	struct fixture *f = *state;

	if (word("own"))
		skip();
	assert_int_equal(places(f), PLACES);
	assert_int_equal(places(f), PLACES); /* what is given back is there again */
}

static void what_never_became_durable_costs_nothing(void **state)
{
	struct fixture *f = *state;
	exs_tally so_far = { .size = sizeof so_far };
	exs_purse *purse = start(f, "r1", 1, 0);
	struct double_batch own;
	int i;

	for (i = 0; i < 3 * PLACES; i++) {
		assert_int_equal(ask(f, purse, &own), EXS_OK);
		double_batch_drop(&own);
		assert_int_equal(f->port->settle(purse, NULL, &so_far, NULL, &f->err), EXS_OK);
	}
	finish(f, purse, EXS_PURSE_LEFT);
	if (!word("own"))
		assert_int_equal(places(f), PLACES);
}

static void two_that_ask_for_the_last_place_do_not_both_get_it(void **state)
{
	struct fixture *f = *state;
	exs_purse *taken[PLACES - 1], *one, *two;
	struct double_batch first, second;
	exs_tally so_far = { .size = sizeof so_far };
	char id[16];
	int i;

	if (word("own"))
		skip();
	for (i = 0; i < PLACES - 1; i++) {
		snprintf(id, sizeof id, "r%d", i);
		taken[i] = start(f, id, 1, 0);
		assert_int_equal(reserve(f, taken[i]), EXS_OK);
	}
	one = start(f, "one", 1, 0);
	two = start(f, "two", 1, 0);
	assert_int_equal(ask(f, one, &first), EXS_OK);
	assert_int_equal(ask(f, two, &second), EXS_OK);
	assert_int_equal(double_batch_commit(&f->o.host, &second, &f->err), EXS_OK);
	assert_int_equal(double_batch_commit(&f->o.host, &first, &f->err), EXS_CONFLICT);
	assert_int_equal(f->port->settle(one, NULL, &so_far, NULL, &f->err), EXS_OK);
	assert_int_not_equal(reserve(f, one), EXS_OK);
	settle(f, two, 0);
	assert_int_equal(reserve(f, one), EXS_OK);
	settle(f, one, 0);
	finish(f, one, EXS_PURSE_ENDED);
	finish(f, two, EXS_PURSE_ENDED);
	for (i = 0; i < PLACES - 1; i++)
		finish(f, taken[i], EXS_PURSE_LEFT);
}

static void what_a_dead_attempt_held_is_settled_by_the_next(void **state)
{
	struct fixture *f = *state;
	int32_t sent;

	if (word("own") || word("rough"))
		skip();
	for (sent = 0; sent < 2; sent++) {
		exs_purse *purse = start(f, "r1", 1, 0);

		assert_int_equal(reserve(f, purse), EXS_OK);
		finish(f, purse, EXS_PURSE_LEFT);
		assert_int_equal(places(f), PLACES - 1);
		purse = start(f, "r1", 2, sent);
		finish(f, purse, EXS_PURSE_ENDED);
		assert_int_equal(places(f), PLACES - sent);
	}
}

static void a_store_that_fails_opens_no_gate(void **state)
{
	struct fixture *f = *state;
	exs_tally total = { .size = sizeof total };
	exs_purse *purse = start(f, "r1", 1, 0);
	struct double_batch own;

	f->o.host.fail_batch = true;
	if (!word("own")) {
		assert_int_equal(ask(f, purse, &own), EXS_IO);
		assert_true(f->err.text[0] != '\0');
	}
	double_batch_init(&own);
	f->port->finish(purse, EXS_PURSE_ENDED, &total, double_batch(&own),
			&f->err); /* frees it all the same */
	double_batch_drop(&own);
}

static void a_price_fills_what_is_not_known_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	exs_usage u = { .size = sizeof u, .in_tokens = 7, .out_tokens = 3, .cost_micro = 42 };

	if (!EXS_HAS(f->port, price) || !f->port->price || word("rough"))
		skip();
	assert_int_equal(f->port->price(f->o.self, "model/x", &u, &f->err), EXS_OK);
	assert_int_equal(u.cost_micro, 42);
	u.cost_micro = 0;
	if (f->port->price(f->o.self, "model/x", &u, &f->err))
		assert_int_equal(f->err.status, EXS_DENIED);
	assert_true(u.cost_micro >= 0);
	assert_int_equal(u.in_tokens, 7);
	assert_int_equal(u.out_tokens, 3);
}

static void what_there_is_can_be_told(void **state)
{
	struct fixture *f = *state;
	exs_membuf text;

	if (!EXS_HAS(f->port, explain) || !f->port->explain)
		skip();
	exs_membuf_init(&text, 1u << 16);
	assert_int_equal(f->port->explain(f->o.self, NULL, &text.sink, &f->err), EXS_OK);
	assert_non_null(strstr(text.p, "\"limits\":["));
	assert_true(text.p[0] == '{' && text.p[text.n - 1] == '}');
	exs_membuf_release(&text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_run_may_spend_turn_by_turn, setup, teardown),
		cmocka_unit_test_setup_teardown(there_is_room_for_so_many_and_no_more, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_never_became_durable_costs_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(two_that_ask_for_the_last_place_do_not_both_get_it,
						setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_dead_attempt_held_is_settled_by_the_next,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_store_that_fails_opens_no_gate, setup, teardown),
		cmocka_unit_test_setup_teardown(a_price_fills_what_is_not_known_and_nothing_else,
						setup, teardown),
		cmocka_unit_test_setup_teardown(what_there_is_can_be_told, setup, teardown),
	};

	if (subject_args(&subject, argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
