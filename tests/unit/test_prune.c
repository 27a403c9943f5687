/* SPDX-License-Identifier: MIT */
/* test_prune.c - which stored runs go, how they go, and what holds them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "host/calls.h"
#include "rows/hold.h"
#include "rows/prune.h"
#include "support/run_kit.h"

#define SCRIPT "turns:\n  - say: hello\n"

static const struct retain_rule newest = { .max_count = 1 };

static void put_row(struct kit *k, const char *key, const char *value)
{
	exs_err err = EXS_ERR_INIT;
	struct batch b;

	batch_init(&b);
	assert_int_equal(batch_put(&b, str_of(NULL), str_of(key), str_of(value), &err), EXS_OK);
	assert_int_equal(call_store_commit(k->host->store, &b, &err), EXS_OK);
	batch_release(&b);
}

/* Runs that end ok; ids are newest last. */
static void open_with_runs(struct kit *k, char ids[][ID_MAX], int n)
{
	int i;

	kit_open(k, SCRIPT, KIT_LMDB, NULL, NULL);
	for (i = 0; i < n; i++) {
		kit_run(k, "question");
		kit_drop(k);
		kit_newest(k, ids[i]);
	}
}

static size_t pick(struct kit *k, struct prune *p, uint32_t flags, const struct retain_rule *rule)
{
	exs_err err = EXS_ERR_INIT;

	if (prune_read(p, k->host, flags, &err))
		fail_msg("%s", err.text);
	return prune_pick(p, rule, 1, clock_wall_ms());
}

static void takes_a_run_out_with_every_row_of_it(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char ids[2][ID_MAX], key[128];
	struct prune p;
	struct kit k;

	(void)state;
	open_with_runs(&k, ids, 2);
	snprintf(key, sizeof key, "k/inbox/%s/01", ids[0]);
	put_row(&k, key, "{\"v\":1,\"kind\":\"steer\",\"text\":\"too late\"}");
	snprintf(key, sizeof key, "k/sent/%s.0", ids[0]);
	put_row(&k, key, "{\"v\":1}");
	assert_int_equal(pick(&k, &p, 0, &newest), 1);
	assert_true(p.gone[1]);
	assert_string_equal(p.items[1].run, ids[0]);
	assert_int_equal(prune_run(k.host, ids[0], &err), EXS_OK);
	prune_release(&p);
	assert_int_equal(kit_rows(&k, "k/head/"), 1);
	assert_int_equal(kit_rows(&k, "k/inbox/"), 0);
	assert_int_equal(kit_rows(&k, "k/sent/"), 0);
	assert_int_equal(prune_run(k.host, ids[0], &err), EXS_NOTFOUND);
	kit_close(&k);
}

static void more_rows_of_the_kernel_than_a_batch_takes_go_too(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char ids[1][ID_MAX], key[128];
	struct batch b;
	struct kit k;
	int i;

	(void)state;
	open_with_runs(&k, ids, 1);
	batch_init(&b);
	for (i = 0; i < 1500; i++) {
		snprintf(key, sizeof key, "k/inbox/%s/%05d", ids[0], i);
		assert_int_equal(batch_put(&b, str_of(NULL), str_of(key), str_of("{}"), &err),
				 EXS_OK);
	}
	assert_int_equal(call_store_commit(k.host->store, &b, &err), EXS_OK);
	batch_release(&b);
	assert_int_equal(prune_run(k.host, ids[0], &err), EXS_OK);
	assert_int_equal(kit_rows(&k, "k/inbox/"), 0);
	assert_int_equal(kit_rows(&k, "k/head/"), 0);
	kit_close(&k);
}

static void a_held_run_stays_until_it_is_released(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char ids[2][ID_MAX];
	struct prune p;
	struct kit k;

	(void)state;
	open_with_runs(&k, ids, 2);
	assert_int_equal(hold_set(k.host, ids[0], str_of("case 4711"), &err), EXS_OK);
	assert_int_equal(pick(&k, &p, 0, &newest), 0);
	assert_true(p.wanted[1]);
	assert_string_equal(retain_why_kept(&p.items[1]), "it is held");
	prune_release(&p);
	/* A hold that comes after the list was read wins as well. */
	assert_int_equal(prune_run(k.host, ids[0], &err), EXS_CONFLICT);
	assert_non_null(strstr(err.text, "it is held"));
	assert_int_equal(kit_rows(&k, "k/head/"), 2);
	assert_int_equal(hold_lift(k.host, ids[0], &err), EXS_OK);
	assert_int_equal(hold_lift(k.host, ids[0], &err), EXS_NOTFOUND);
	assert_int_equal(prune_run(k.host, ids[0], &err), EXS_OK);
	kit_close(&k);
}

static void holds_only_what_there_is_and_what_is_text(void **state)
{
	char ids[1][ID_MAX], why[HOLD_WHY_MAX + 2];
	exs_err err = EXS_ERR_INIT;
	struct holds holds;
	struct kit k;

	(void)state;
	open_with_runs(&k, ids, 1);
	memset(why, 'x', sizeof why);
	assert_int_equal(hold_set(k.host, "01nothing", str_of(""), &err), EXS_NOTFOUND);
	assert_int_equal(hold_set(k.host, "a/b", str_of(""), &err), EXS_NOTFOUND);
	assert_int_equal(hold_set(k.host, ids[0], str_n(why, HOLD_WHY_MAX + 1), &err), EXS_INVALID);
	assert_int_equal(hold_set(k.host, ids[0], str_of("\xff"), &err), EXS_INVALID);
	assert_int_equal(kit_rows(&k, HOLD_PREFIX), 0);
	assert_int_equal(hold_set(k.host, ids[0], str_of("one"), &err), EXS_OK);
	assert_int_equal(hold_set(k.host, ids[0], str_of("two"), &err), EXS_OK);
	assert_int_equal(holds_read(k.host, &holds, &err), EXS_OK);
	assert_int_equal(holds.n, 1);
	assert_true(holds_has(&holds, ids[0]));
	assert_false(holds_has(&holds, "01nothing"));
	holds_release(&holds);
	kit_close(&k);
}

static void an_owed_run_stays(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char ids[2][ID_MAX], key[128];
	struct prune p;
	struct kit k;

	(void)state;
	open_with_runs(&k, ids, 2);
	snprintf(key, sizeof key, "k/outbox/%s.0.p1", ids[0]);
	put_row(&k, key, "{\"v\":1}");
	snprintf(key, sizeof key, "k/outbox/%.25s.0", ids[1]);
	put_row(&k, key, "{\"v\":1}");
	assert_int_equal(pick(&k, &p, 0, &newest), 0);
	assert_true(p.items[1].owed && p.wanted[1]);
	assert_false(p.items[0].owed);
	prune_release(&p);
	assert_int_equal(prune_run(k.host, ids[0], &err), EXS_CONFLICT);
	assert_non_null(strstr(err.text, "a delivery is pending"));
	kit_close(&k);
}

static void an_open_run_stays(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char ids[1][ID_MAX], key[128];
	struct kit k;

	(void)state;
	open_with_runs(&k, ids, 1);
	snprintf(key, sizeof key, "k/head/%s", ids[0]);
	put_row(&k, key, "{\"v\":1,\"fence\":1,\"seq\":3,\"owner\":\"01somebody\"}");
	assert_int_equal(prune_run(k.host, ids[0], &err), EXS_CONFLICT);
	assert_non_null(strstr(err.text, "goes on"));
	put_row(&k, key, "nonsense");
	assert_int_equal(prune_run(k.host, ids[0], &err), EXS_CORRUPT);
	kit_close(&k);
}

static void counts_bytes_when_they_are_wanted(void **state)
{
	const struct retain_rule rule = { .max_bytes = 1 };
	char ids[2][ID_MAX];
	struct prune p;
	struct kit k;

	(void)state;
	open_with_runs(&k, ids, 2);
	assert_int_equal(pick(&k, &p, PRUNE_BYTES, &rule), 2);
	assert_true(p.items[0].bytes > 200);
	prune_release(&p);
	assert_int_equal(pick(&k, &p, 0, &rule), 0);
	prune_release(&p);
	kit_close(&k);
}

static void finds_nothing_to_finish(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char ids[1][ID_MAX];
	bool left = true;
	struct kit k;

	(void)state;
	open_with_runs(&k, ids, 1);
	assert_int_equal(prune_finish(k.host, &left, &err), EXS_OK);
	assert_false(left);
	kit_close(&k);
}

/* What a crash behind the first batch of a long run leaves. */
static void finishes_what_an_interrupted_prune_left(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char ids[1][ID_MAX];
	bool left = false;
	struct kit k;

	(void)state;
	open_with_runs(&k, ids, 1);
	put_row(&k, "b/journal/gone/01x", "");
	put_row(&k, "b/journal/fact/01x/0000000000000001", "a fact");
	put_row(&k, "b/journal/gone/01y", "");
	put_row(&k, "b/journal/fact/01y/0000000000000001", "a fact");
	assert_int_equal(prune_finish(k.host, &left, &err), EXS_OK);
	assert_true(left);
	assert_int_equal(kit_rows(&k, "b/journal/gone/"), 0);
	assert_int_equal(kit_rows(&k, "b/journal/fact/01x"), 0);
	assert_int_equal(kit_rows(&k, "b/journal/fact/01y"), 0);
	assert_int_equal(kit_rows(&k, "b/journal/run/"), 1);
	kit_close(&k);
}

/* ---- parents ---- */

/* c is a child of b, which is one of a; newest first. */
static void family(struct prune *p)
{
	static const char *const ids[] = { "c", "b", "a" }, *const parents[] = { "b", "a", "" };
	size_t i;

	memset(p, 0, sizeof *p);
	p->n = 3;
	p->runs = calloc(3, sizeof *p->runs);
	p->items = calloc(3, sizeof *p->items);
	p->gone = calloc(3, sizeof *p->gone);
	p->wanted = calloc(3, sizeof *p->wanted);
	for (i = 0; i < 3; i++) {
		snprintf(p->runs[i].id, ID_MAX, "%s", ids[i]);
		snprintf(p->runs[i].parent, ID_MAX, "%s", parents[i]);
		p->items[i] = (struct retain_item){
			.run = p->runs[i].id, .status = EXS_ENDED_OK, .ended = true, .ended_ms = 1
		};
	}
}

static void a_parent_stays_as_long_as_a_child(void **state)
{
	const struct retain_rule old = { .max_age_ms = 10 };
	struct prune p;

	(void)state;
	family(&p);
	p.items[0].held = true;
	assert_int_equal(prune_pick(&p, &old, 1, 1000), 0);
	assert_true(p.wanted[0] && p.wanted[1] && p.wanted[2]);
	assert_string_equal(retain_why_kept(&p.items[2]), "another run needs it");
	prune_release(&p);
}

static void a_family_goes_together(void **state)
{
	const struct retain_rule old = { .max_age_ms = 10 };
	struct prune p;

	(void)state;
	family(&p);
	assert_int_equal(prune_pick(&p, &old, 1, 1000), 3);
	assert_false(p.wanted[0] || p.wanted[1] || p.wanted[2]);
	prune_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_run_out_with_every_row_of_it),
		cmocka_unit_test(more_rows_of_the_kernel_than_a_batch_takes_go_too),
		cmocka_unit_test(a_held_run_stays_until_it_is_released),
		cmocka_unit_test(holds_only_what_there_is_and_what_is_text),
		cmocka_unit_test(an_owed_run_stays),
		cmocka_unit_test(an_open_run_stays),
		cmocka_unit_test(counts_bytes_when_they_are_wanted),
		cmocka_unit_test(finds_nothing_to_finish),
		cmocka_unit_test(finishes_what_an_interrupted_prune_left),
		cmocka_unit_test(a_parent_stays_as_long_as_a_child),
		cmocka_unit_test(a_family_goes_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
