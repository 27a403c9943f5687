/* SPDX-License-Identifier: MIT */
/* test_run_fork.c - runs that are forked: what the fork sees and does, what keeps the other run, and how a prune and a fork meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "host/calls.h"
#include "rows/pin.h"
#include "rows/prune.h"
#include "support/run_kit.h"

#define TWO                                                                                        \
	"turns:\n"                                                                                 \
	"  - calls: [{ tool: unsafe, args: { text: one } }]\n"                                     \
	"  - calls: [{ tool: unsafe, args: { text: two } }]\n"                                     \
	"  - say: 'done: ${result:0}'\n"                                                           \
	"  - { say: 'and more', expect: ['^more']}\n"

static struct fork_spec spec_of(const char *from, int32_t step, const char *input)
{
	return (struct fork_spec){ .from = from,
				   .step = step,
				   .why = PIN_ASKED,
				   .run = { .channel = "test",
					    .input = str_of(input),
					    .durability = CONF_STRICT } };
}

/* k->run is the fork. */
static exs_status fork_it(struct kit *k, const char *from, int32_t step, const char *input,
			  exs_err *err)
{
	struct fork_spec spec = spec_of(from, step, input);

	kit_drop(k);
	return engine_fork(k->engine, &spec, NULL, &k->run, err);
}

static void fork_well(struct kit *k, const char *from, int32_t step, const char *input)
{
	exs_err err = EXS_ERR_INIT;

	if (fork_it(k, from, step, input, &err))
		fail_msg("%s", err.text);
	kit_wait(k);
}

static void run_two_with(struct kit *k, enum kit_store store, const char *conf, char id[ID_MAX])
{
	kit_open(k, TWO, store, NULL, conf);
	kit_run(k, "go");
	assert_int_equal(k->result->status, EXS_ENDED_OK);
	kit_newest(k, id);
}

static void run_two(struct kit *k, enum kit_store store, char id[ID_MAX])
{
	run_two_with(k, store, NULL, id);
}

static void does_what_comes_behind_the_step_and_no_more(void **state)
{
	char id[ID_MAX];
	struct kit k;

	(void)state;
	run_two(&k, KIT_LMDB, id);
	assert_int_equal(kit_effects(&k, "unsafe"), 2);
	fork_well(&k, id, 1, NULL);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "done: wrote two");
	assert_int_equal(k.result->attempt, 1);
	assert_int_equal(k.result->steps, 3);
	assert_int_equal(k.result->calls, 1);
	assert_int_equal(kit_effects(&k, "unsafe"), 3);
	fork_well(&k, id, 2, NULL);
	assert_string_equal(k.result->output, "done: wrote two");
	assert_int_equal(kit_effects(&k, "unsafe"), 3);
	fork_well(&k, id, 0, NULL);
	assert_int_equal(kit_effects(&k, "unsafe"), 5);
	kit_close(&k);
}

static void hears_the_question_that_it_is_given(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX];
	struct kit k;

	(void)state;
	run_two(&k, KIT_LMDB, id);
	fork_well(&k, id, FORK_LAST, "more?");
	assert_string_equal(k.result->output, "and more");
	assert_int_equal(fork_it(&k, id, FORK_LAST, NULL, &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "answered in step 3"));
	kit_close(&k);
}

static void rename_agent(struct kit *k)
{
	char path[128];
	FILE *f;

	strcpy(strstr(k->conf_text, "agents:"), "agents: { other: {} }\n");
	snprintf(path, sizeof path, "%s/executus.yaml", k->dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(k->conf_text, f);
	fclose(f);
}

static void says_why_a_run_is_not_forked(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct fork_spec spec;
	char id[ID_MAX];
	struct kit k;

	(void)state;
	run_two(&k, KIT_LMDB, id);
	assert_int_equal(fork_it(&k, id, 9, NULL, &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "has no step 9: it came to step 3"));
	assert_int_equal(fork_it(&k, "no/id", 1, NULL, &err), EXS_INVALID);
	assert_int_equal(fork_it(&k, "01none", 1, NULL, &err), EXS_NOTFOUND);
	assert_int_equal(fork_it(&k, id, 1, "\xff", &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "not UTF-8"));
	spec = spec_of(id, 1, NULL);
	spec.run.durability = CONF_NONE;
	assert_int_equal(engine_fork(k.engine, &spec, NULL, &k.run, &err), EXS_INVALID);
	assert_int_equal(kit_rows(&k, PIN_PREFIX), 0);
	kit_shut(&k);
	rename_agent(&k);
	kit_reopen(&k);
	assert_int_equal(fork_it(&k, id, 1, NULL, &err), EXS_NOTFOUND);
	assert_non_null(strstr(err.text, "agent 'tester' of the run is not in the conf any more"));
	kit_close(&k);
	kit_open(&k, TWO, KIT_NONE, NULL, NULL);
	assert_int_equal(fork_it(&k, id, 1, NULL, &err), EXS_UNSUPPORTED);
	kit_close(&k);
}

/* ---- what must stay ---- */

static void prune(struct kit *k, size_t want)
{
	static const struct retain_rule newest = { .max_count = 1 };
	exs_err err = EXS_ERR_INIT;
	struct prune p;
	size_t i;

	assert_int_equal(prune_read(&p, k->host, PRUNE_BYTES, &err), EXS_OK);
	assert_int_equal(prune_pick(&p, &newest, 1, clock_wall_ms()), want);
	for (i = 0; i < p.n; i++)
		if (p.gone[i] && prune_run(k->host, p.items[i].run, &err))
			fail_msg("%s", err.text);
	prune_release(&p);
}

static void a_run_stays_as_long_as_a_fork_of_it(void **state)
{
	char id[ID_MAX], fork_id[ID_MAX];
	exs_err err = EXS_ERR_INIT;
	struct kit k;

	(void)state;
	run_two(&k, KIT_LMDB, id);
	fork_well(&k, id, 1, NULL);
	kit_newest(&k, fork_id);
	assert_int_equal(kit_rows(&k, PIN_PREFIX), 1);
	prune(&k, 0);
	assert_int_equal(prune_run(k.host, id, &err), EXS_CONFLICT);
	assert_non_null(strstr(err.text, "is forked from it"));
	assert_non_null(strstr(err.text, fork_id));
	kit_drop(&k);
	kit_run(&k, "another");
	prune(&k, 2);
	assert_int_equal(kit_rows(&k, "k/head/"), 1);
	assert_int_equal(kit_rows(&k, "k/fork"), 0);
	assert_int_equal(kit_rows(&k, "b/journal/base/"), 0);
	kit_close(&k);
}

static void put_pins(struct kit *k, const char *id, int n)
{
	exs_err err = EXS_ERR_INIT;
	char fork_id[ID_MAX];
	int i;

	for (i = 0; i < n; i++) {
		snprintf(fork_id, sizeof fork_id, "01never%04d", i);
		assert_int_equal(pin_put(k->host, id, fork_id, PIN_ASKED, &err), EXS_OK);
	}
}

static void pins_without_a_fork_hold_nothing_and_go_with_the_run(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX], found[ID_MAX];
	struct kit k;

	(void)state;
	run_two(&k, KIT_LMDB, id);
	put_pins(&k, id, 700);
	assert_int_equal(kit_rows(&k, PIN_PREFIX), 700);
	assert_int_equal(pin_find(k.host, id, NULL, found, &err), EXS_NOTFOUND);
	assert_int_equal(prune_run(k.host, id, &err), EXS_OK);
	assert_int_equal(kit_rows(&k, "k/"), kit_rows(&k, "k/owner/"));
	assert_int_equal(pin_put(k.host, id, "01late", PIN_ASKED, &err), EXS_NOTFOUND);
	kit_close(&k);
}

/* Of a page and more, each kind by itself. */
static void a_fork_is_found_among_pins_that_say_nothing(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX], fork_id[ID_MAX], found[ID_MAX];
	struct kit k;

	(void)state;
	run_two(&k, KIT_LMDB, id);
	put_pins(&k, id, 150);
	fork_well(&k, id, 1, NULL);
	kit_newest(&k, fork_id);
	assert_int_equal(pin_find(k.host, id, NULL, found, &err), EXS_OK);
	assert_string_equal(found, fork_id);
	assert_int_equal(pin_find(k.host, id, PIN_ASKED, found, &err), EXS_OK);
	assert_int_equal(pin_find(k.host, id, PIN_CHANGED, found, &err), EXS_NOTFOUND);
	kit_close(&k);
}

/* Whoever was faster: the batch of the prune is made, then a fork begins. */
static void a_fork_that_begins_meanwhile_stops_a_prune(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX];
	struct batch b;
	struct kit k;
	int i;

	(void)state;
	run_two(&k, KIT_LMDB, id);
	for (i = 0; i < 2; i++) {
		batch_init(&b);
		assert_int_equal(pin_close(k.host, id, &b, &err), EXS_OK);
		assert_int_equal(pin_put(k.host, id, i ? "01second" : "01first", PIN_ASKED, &err),
				 EXS_OK);
		assert_int_equal(call_store_commit(k.host->store, &b, &err), EXS_CONFLICT);
		batch_release(&b);
	}
	kit_close(&k);
}

static void drop_pin(struct kit *k, const char *id, const char *fork_id)
{
	exs_err err = EXS_ERR_INIT;
	char key[PIN_KEY_MAX];
	struct batch b;

	snprintf(key, sizeof key, PIN_PREFIX "%s/%s", id, fork_id);
	batch_init(&b);
	assert_int_equal(batch_del(&b, str_of(NULL), str_of(key), &err), EXS_OK);
	assert_int_equal(call_store_commit(k->host->store, &b, &err), EXS_OK);
	batch_release(&b);
}

/* The other way round: the fork's first batch waits for the disk, and the run is pruned. */
/* At once: nothing that it could wait for brings the other run back. */
static void a_prune_that_was_faster_stops_the_fork(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char id[ID_MAX];
	struct kit k;

	(void)state;
	run_two_with(&k, KIT_FLAKY, "run: { storage_wait: 1h }\n", id);
	kit_control(&k, "facts io 2 2" /* the first one is the pin */);
	assert_int_equal(fork_it(&k, id, 1, NULL, &err), EXS_OK);
	drop_pin(&k, id, run_info(k.run)->run_id);
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_PARKED);
	assert_string_equal(k.result->reason, "storage");
	assert_int_equal(kit_rows(&k, "k/head/"), 1);
	assert_int_equal(kit_effects(&k, "unsafe"), 2);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(does_what_comes_behind_the_step_and_no_more),
		cmocka_unit_test(hears_the_question_that_it_is_given),
		cmocka_unit_test(says_why_a_run_is_not_forked),
		cmocka_unit_test(a_run_stays_as_long_as_a_fork_of_it),
		cmocka_unit_test(pins_without_a_fork_hold_nothing_and_go_with_the_run),
		cmocka_unit_test(a_fork_is_found_among_pins_that_say_nothing),
		cmocka_unit_test(a_fork_that_begins_meanwhile_stops_a_prune),
		cmocka_unit_test(a_prune_that_was_faster_stops_the_fork),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
