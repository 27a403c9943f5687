/* SPDX-License-Identifier: MIT */
/* test_run_delivery.c - results to whoever gets them: what is queued, tried again and given up by
 * the process that ended the run. */
#include "run_delivery_kit.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"

static void assert_line(struct kit *k, int nth, const char *id, const char *rest)
{
	char line[512], want[512];

	snprintf(want, sizeof want, "deliver %s.0 %s", id, rest);
	assert_true(kit_line(k, SAYS, "deliver", nth, line));
	assert_string_equal(line, want);
}

/* ---- what is queued ---- */

static void one_to_the_terminal_is_not_queued(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, says_done, KIT_LMDB, ", local: true", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	assert_line(&k, 0, run_info(k.run)->run_id, "1 post there ok done");
	assert_int_equal(kit_count(&k, EXS_FACT_DELIVERY_QUEUED), 0);
	assert_int_equal(outbox_rows(&k), 0);
	kit_close(&k);
}

static void one_to_the_terminal_is_tried_once(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, says_done, KIT_LMDB, ", local: true, how: again, times: 9", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	assert_int_equal(outbox_rows(&k), 0);
	kit_close(&k);
}

/* Looked at when run_ended is durable: the row came with it and nothing was delivered before. */
static void look_at_the_end(struct kit *k, const exs_fact *fact)
{
	if (fact->kind != EXS_FACT_RUN_ENDED)
		return;
	k->delta[0] = (char)('0' + outbox_rows(k));
	k->delta[1] = (char)('0' + kit_lines(k, SAYS, "deliver"));
}

static void others_are_queued_with_the_end_and_then_delivered(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;
	const struct kit_fact *queued;
	char want[128];

	open_with_post(&k, says_done, store, "", NULL);
	k.on_fact = look_at_the_end;
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.delta, "10");
	assert_int_equal(kit_count(&k, EXS_FACT_DELIVERY_QUEUED), 1);
	queued = kit_fact(&k, EXS_FACT_DELIVERY_QUEUED, 0);
	snprintf(want, sizeof want, "{\"kind\":\"post\",\"target\":\"there\",\"id\":\"%s.0\"}",
		 run_info(k.run)->run_id);
	assert_string_equal(queued->body, want);
	assert_ptr_equal(queued + 1, kit_fact(&k, EXS_FACT_RUN_ENDED, 0));
	assert_line(&k, 0, run_info(k.run)->run_id, "1 post there ok done");
	assert_outbox_becomes(&k, 0);
	kit_close(&k);
}

static void a_run_without_a_store_delivers_too(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, says_done, KIT_NONE, ", how: again, times: 1", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 2);
	kit_close(&k);
}

static void an_error_is_delivered_as_one(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, "turns:\n  - fail: { text: no such thing }\n", KIT_LMDB, "", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_ERROR);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	{
		char line[512];

		assert_true(kit_line(&k, SAYS, "deliver", 0, line));
		assert_non_null(strstr(line, " 1 post there error "));
		assert_non_null(strstr(line, "no such thing"));
	}
	kit_close(&k);
}

static void a_run_that_is_left_delivers_nothing(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, "turns:\n  - stall: forever\n", KIT_LMDB, "", NULL);
	kit_start(&k, "hi");
	assert_false(engine_wait(k.run, 50));
	engine_shutdown(k.engine);
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_INTERRUPTED);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 0);
	assert_int_equal(outbox_rows(&k), 0);
	kit_close(&k);
}

static void sixteen_targets_of_any_length_are_reached(void **state)
{
	char agents[4096] = "agents:\n  t: { deliver: [", far[601], line[512];
	struct kit_extra extra = { "  post: { so: delivery.so, log: post.log }\n",
				   "  delivery: { post: post }\n" };
	struct kit k;
	int i;

	(void)state;
	memset(far, 'x', 300);
	far[300] = '\0';
	for (i = 0; i < 16; i++) {
		size_t n = strlen(agents);

		snprintf(agents + n, sizeof agents - n, "%s'post:%s%d'", i ? ", " : "",
			 i == 7 ? far : "at", i);
	}
	strcat(agents, "] }\n");
	kit_open_with(&k, says_done, KIT_LMDB, agents, NULL, &extra);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_count(&k, EXS_FACT_DELIVERY_QUEUED), 16);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 16);
	strcat(far, "7 ok done");
	for (i = 0; i < 16 && kit_line(&k, SAYS, "deliver", i, line) && !strstr(line, far);)
		i++;
	assert_true(i < 16);
	assert_outbox_becomes(&k, 0);
	kit_close(&k);
}

/* ---- what fails ---- */

static void what_is_not_at_home_is_tried_again_with_the_same_id(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, says_done, KIT_LMDB, ", how: again, times: 2", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 3);
	assert_line(&k, 0, run_info(k.run)->run_id, "1 post there ok done");
	assert_line(&k, 1, run_info(k.run)->run_id, "2 post there ok done");
	assert_line(&k, 2, run_info(k.run)->run_id, "3 post there ok done");
	assert_outbox_becomes(&k, 0);
	kit_close(&k);
}

static void what_is_not_at_home_three_times_is_left_to_the_outbox(void **state)
{
	struct kit k;

	(void)state;
	open_with_post(&k, says_done, KIT_LMDB, ", how: again, times: 4", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 3);
	assert_int_equal(outbox_rows(&k), 1);
	assert_int_equal(engine_outbox(k.engine, OUTBOX_NOW), 1); /* the fourth */
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 4);
	assert_line(&k, 3, run_info(k.run)->run_id, "4 post there ok done");
	assert_int_equal(engine_outbox(k.engine, OUTBOX_NOW), 0); /* the fifth arrives */
	assert_line(&k, 4, run_info(k.run)->run_id, "5 post there ok done");
	assert_int_equal(outbox_rows(&k), 0);
	assert_int_equal(engine_outbox(k.engine, OUTBOX_NOW), 0);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 5);
	kit_close(&k);
}

static void a_refusal_is_final_and_changes_nothing(void **state)
{
	enum kit_store store = *(enum kit_store *)*state;
	struct kit k;

	open_with_post(&k, says_done, store, ", how: refuse", NULL);
	kit_run(&k, "hi");
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "done");
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	assert_outbox_becomes(&k, 0);
	assert_int_equal(engine_outbox(k.engine, OUTBOX_NOW), 0);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	kit_close(&k);
}

/* One hangs for good, one hangs until it is told to stop, one refuses, one arrives. */
static void each_target_has_a_slice_of_its_own(void **state)
{
	struct kit_extra extra = {
		"  deaf: { so: delivery.so, log: deaf.log, how: deaf }\n"
		"  slow: { so: delivery.so, log: slow.log, how: wait }\n"
		"  rude: { so: delivery.so, log: rude.log, how: refuse }\n"
		"  post: { so: delivery.so, log: post.log }\n",
		"  delivery: { deaf: deaf, slow: slow, rude: rude, post: post }\n"
	};
	struct kit k;
	int64_t begun = clock_mono_ms();

	(void)state;
	kit_open_with(&k, says_done, KIT_LMDB,
		      "agents:\n  t: { deliver: ['deaf:a', 'slow:b', 'rude:c', 'post:d'] }\n", NULL,
		      &extra);
	kit_start(&k, "hi");
	kit_wait_lines(&k, SAYS, "deliver", 1);
	assert_true(clock_mono_ms() - begun < CLEANUP_MS / 2);
	assert_outbox_becomes(&k, 2); /* without the one that arrived and the one that refused */
	assert_int_equal(kit_lines(&k, "rude.log", "deliver"), 1);
	assert_false(engine_wait(k.run, 0));
	kit_wait(&k);
	assert_true(clock_mono_ms() - begun < 2 * CLEANUP_MS);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_string_equal(k.result->output, "done");
	assert_int_equal(kit_lines(&k, "deaf.log", "deliver"), 1);
	assert_int_equal(kit_lines(&k, "slow.log", "deliver"), 1);
	assert_int_equal(outbox_rows(&k), 2); /* nobody said no */
	kit_close(&k);
}

static void a_kind_that_is_not_bound_is_passed_over(void **state)
{
	struct kit k;
	static const char *const deliver[] = { "pigeon:roof", "post:there", NULL };
	struct run_spec spec = { .caller = "someone", .channel = "test", .input = { "hi", 2 },
				 .deliver = deliver, .durability = CONF_STRICT };
	exs_err err = EXS_ERR_INIT;

	(void)state;
	open_with_post(&k, says_done, KIT_LMDB, "", NULL);
	spec.agent = k.conf->run.agent;
	assert_int_equal(engine_start(k.engine, &spec, NULL, &k.run, &err), EXS_OK);
	kit_wait(&k);
	assert_int_equal(k.result->status, EXS_ENDED_OK);
	assert_int_equal(kit_lines(&k, SAYS, "deliver"), 1);
	assert_outbox_becomes(&k, 0);
	kit_close(&k);
}

int main(void)
{
	static enum kit_store memory = KIT_MEMORY, lmdb = KIT_LMDB;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_to_the_terminal_is_not_queued),
		cmocka_unit_test(one_to_the_terminal_is_tried_once),
		cmocka_unit_test_prestate(others_are_queued_with_the_end_and_then_delivered,
					  &memory),
		cmocka_unit_test_prestate(others_are_queued_with_the_end_and_then_delivered, &lmdb),
		cmocka_unit_test(a_run_without_a_store_delivers_too),
		cmocka_unit_test(an_error_is_delivered_as_one),
		cmocka_unit_test(a_run_that_is_left_delivers_nothing),
		cmocka_unit_test(sixteen_targets_of_any_length_are_reached),
		cmocka_unit_test(what_is_not_at_home_is_tried_again_with_the_same_id),
		cmocka_unit_test(what_is_not_at_home_three_times_is_left_to_the_outbox),
		cmocka_unit_test_prestate(a_refusal_is_final_and_changes_nothing, &memory),
		cmocka_unit_test_prestate(a_refusal_is_final_and_changes_nothing, &lmdb),
		cmocka_unit_test(each_target_has_a_slice_of_its_own),
		cmocka_unit_test(a_kind_that_is_not_bound_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
