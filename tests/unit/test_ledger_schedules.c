/* SPDX-License-Identifier: MIT */
/*
 * test_ledger_schedules.c - 10,000 random schedules of 16 runs: start, ask, commit, lose, settle,
 * die, resume, end, and a clock that moves. The cap is never passed by what was reserved, nothing
 * leaks, and what is booked is what was used.
 */
#include "unit/ledger_kit.h"

#define SCHEDULES 10000
#define RUNS	  16
#define STEPS	  240
#define CAP	  1000
#define WORST_MAX 120

enum phase { OUT, IDLE, ASKED, HOLDS, DEAD };

struct actor {
	enum phase phase;
	exs_run_info info;
	exs_purse *purse;
	struct double_batch own; /* asked and not yet committed */
	exs_usage worst;
	char id[8];
};

struct world {
	struct ledger k;
	struct actor runs[RUNS];
	uint64_t seed;
	int64_t used, held; /* the oracle's: settled or estimated, and reserved */
	bool rolling;
};

static uint32_t roll(struct world *w, uint32_t n)
{
	w->seed = w->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(w->seed >> 33) % n;
}

static void give_up(struct world *w, struct actor *a)
{
	double_batch_drop(&a->own);
	w->k.port->settle(a->purse, NULL, NULL, NULL, &w->k.err);
	a->phase = IDLE;
}

static void ask_one(struct world *w, struct actor *a)
{
	a->worst = tokens(1 + roll(w, WORST_MAX), 0);
	if (ask(&w->k, a->purse, "m/x", &a->worst, NULL, &a->own) == EXS_OK) {
		a->phase = ASKED;
		return;
	}
	assert_int_equal(w->k.err.status, EXS_DENIED);
	/* It refuses only when there is no room. */
	assert_true(w->rolling || w->used + w->held + a->worst.in_tokens > CAP);
	double_batch_drop(&a->own);
}

static void commit_one(struct world *w, struct actor *a)
{
	exs_status status = double_batch_commit(&w->k.host, &a->own, &w->k.err);

	if (status == EXS_CONFLICT) {
		give_up(w, a);
		return;
	}
	assert_int_equal(status, EXS_OK);
	w->held += a->worst.in_tokens;
	a->phase = HOLDS;
}

static void settle_one(struct world *w, struct actor *a)
{
	int64_t actual = roll(w, (uint32_t)a->worst.in_tokens + 1);

	settle(&w->k, a->purse, actual);
	w->held -= a->worst.in_tokens;
	w->used += actual;
	a->phase = IDLE;
}

/* The process is gone: what it had in hand is in the store, or nowhere. */
static void die(struct world *w, struct actor *a)
{
	if (a->phase == ASKED)
		give_up(w, a);
	finish(&w->k, a->purse, EXS_PURSE_LEFT, NULL);
	a->purse = NULL;
	a->phase = DEAD;
}

static void resume(struct world *w, struct actor *a)
{
	int32_t sent = (int32_t)roll(w, 2);
	char key[24];
	bool holds;

	a->info.attempt++;
	snprintf(key, sizeof key, "grant/%s", a->id);
	holds = row_of(&w->k, key) != NULL;
	a->purse = start(&w->k, &a->info, sent);
	if (holds) {
		w->held -= a->worst.in_tokens;
		w->used += sent ? a->worst.in_tokens : 0;
	}
	a->phase = IDLE;
}

static void step(struct world *w)
{
	struct actor *a = &w->runs[roll(w, RUNS)];
	uint32_t what = roll(w, 8);

	if (w->rolling && what == 7)
		w->k.host.wall_ms += (int64_t)roll(w, 4) * HOUR - HOUR; /* also backwards */
	switch (a->phase) {
	case OUT:
		a->purse = start(&w->k, &a->info, 0);
		a->phase = IDLE;
		return;
	case IDLE:
		if (what == 0)
			die(w, a);
		else
			ask_one(w, a);
		return;
	case ASKED:
		if (what == 0)
			die(w, a);
		else if (what == 1)
			give_up(w, a);
		else
			commit_one(w, a);
		return;
	case HOLDS:
		if (what == 0)
			die(w, a);
		else
			settle_one(w, a);
		return;
	case DEAD:
		resume(w, a);
		return;
	}
}

/* Everybody comes back and ends: what is left is what was used, and no row of a run. */
static void end_all(struct world *w)
{
	size_t i;

	for (i = 0; i < RUNS; i++) {
		struct actor *a = &w->runs[i];

		if (a->phase == DEAD)
			resume(w, a);
		if (a->phase == ASKED)
			give_up(w, a);
		if (a->phase == HOLDS)
			settle_one(w, a);
		if (a->phase == IDLE)
			finish(&w->k, a->purse, EXS_PURSE_ENDED, NULL);
	}
	assert_int_equal(w->held, 0);
	if (!w->rolling)
		assert_int_equal(sum_of(&w->k, "sum/cap.all-tokens-ever/-"), w->used);
	for (i = 0; i < w->k.host.n; i++)
		assert_true(strncmp(w->k.host.rows[i].key, "sum/", 4) == 0 ||
			    strncmp(w->k.host.rows[i].key, "bucket/", 7) == 0);
}

static void empty(struct world *w)
{
	while (w->k.host.n > 0) {
		w->k.host.n--;
		free(w->k.host.rows[w->k.host.n].key);
		free(w->k.host.rows[w->k.host.n].value);
	}
}

static void play(struct world *w, uint64_t seed)
{
	int i;

	w->seed = seed;
	w->used = w->held = 0;
	w->k.host.wall_ms = T0;
	for (i = 0; i < RUNS; i++) {
		struct actor *a = &w->runs[i];

		memset(a, 0, sizeof *a);
		snprintf(a->id, sizeof a->id, "r%d", i);
		a->info = run_of(a->id, "alice");
	}
	for (i = 0; i < STEPS; i++) {
		step(w);
		if (!w->rolling) {
			assert_int_equal(sum_of(&w->k, "sum/cap.all-tokens-ever/-"), w->used + w->held);
			assert_true(w->used + w->held <= CAP);
		}
	}
	assert_sums(&w->k);
	end_all(w);
	assert_sums(&w->k);
	empty(w);
}

static void schedules(const char *per, bool rolling, int n)
{
	char limits[160];
	struct world w = { .rolling = rolling };
	int i;

	snprintf(limits, sizeof limits,
		 "[{\"name\":\"cap\",\"scope\":\"all\",\"unit\":\"tokens\",\"max\":\"%d\",\"per\":"
		 "\"%s\"}]",
		 CAP, per);
	ledger_open(&w.k, limits);
	for (i = 0; i < n; i++)
		play(&w, (uint64_t)i + 1);
	ledger_close(&w.k);
}

static void the_cap_holds_and_nothing_leaks(void **state)
{
	(void)state;
	schedules("ever", false, SCHEDULES);
}

static void nor_does_a_rolling_window_leak_when_the_clock_jumps(void **state)
{
	(void)state;
	schedules("8h", true, SCHEDULES / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cap_holds_and_nothing_leaks),
		cmocka_unit_test(nor_does_a_rolling_window_leak_when_the_clock_jumps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
