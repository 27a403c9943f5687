/* SPDX-License-Identifier: MIT */
/* test_run_images.c - runs that are asked with images: what the model sees, what is kept, what watchers see, what it counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"
#include "fact/image.h"
#include "fact/state.h"
#include "rows/pin.h"
#include "support/run_kit.h"

#define PNG    "\x89PNG\r\n\x1a\n"
#define SEES   "turns:\n  - { say: seen, expect_images: 1 }\n  - { say: both, expect_images: 2 }\n"
#define AGENTS "agents: { a: { max_runtime: 20s } }\n"

static const exs_str small = { PNG, sizeof PNG - 1 };

/* Into k->run; OK, or why not. */
static exs_status start(struct kit *k, exs_str input, const exs_str *images, size_t n, exs_err *err)
{
	struct run_spec spec = { .agent = k->conf->run.agent, .channel = "test", .input = input,
				 .durability = CONF_STRICT, .images = images, .image_n = n };

	kit_drop(k);
	return engine_start(k->engine, &spec, NULL, &k->run, err);
}

static void run_with(struct kit *k, const char *input, const exs_str *images, size_t n)
{
	exs_err err = EXS_ERR_INIT;

	if (start(k, str_of(input), images, n, &err))
		fail_msg("%s", err.text);
	kit_wait(k);
}

static void assert_said(const struct kit *k, const char *output)
{
	assert_string_equal(k->result->error, "");
	assert_string_equal(k->result->output, output);
}

static exs_status fork_with(struct kit *k, const char *from, const char *input, const exs_str *images,
			    size_t n, exs_err *err)
{
	struct fork_spec spec = { .from = from, .step = FORK_LAST, .why = PIN_ASKED,
				  .run = { .channel = "test", .input = str_of(input),
					   .durability = CONF_STRICT, .images = images, .image_n = n } };

	kit_drop(k);
	return engine_fork(k->engine, &spec, NULL, &k->run, err);
}

static void the_model_sees_them_with_the_question_and_after_a_restart(void **state)
{
	char id[ID_MAX], fork[ID_MAX];
	exs_err err = EXS_ERR_INIT;
	struct kit k;

	(void)state;
	kit_open(&k, SEES, KIT_LMDB, AGENTS, NULL);
	run_with(&k, "what is it?", &small, 1);
	assert_said(&k, "seen");
	kit_newest(&k, id);
	kit_drop(&k);
	kit_shut(&k);
	kit_reopen(&k);
	/* What was stored comes back, and an image alone is a question too. */
	assert_int_equal(fork_with(&k, id, "", NULL, 0, &err), EXS_INVALID);
	assert_int_equal(fork_with(&k, id, "", &small, 1, &err), EXS_OK);
	kit_wait(&k);
	assert_said(&k, "both");
	kit_newest(&k, fork);
	assert_string_not_equal(fork, id);
	kit_close(&k);
}

static char started[2048];

static void keep_first(void *arg, const exs_run_info *run, const exs_fact *f)
{
	(void)arg, (void)run;
	if (f->kind == EXS_FACT_RUN_STARTED)
		snprintf(started, sizeof started, "%.*s", (int)f->body.n, f->body.p);
}

static void who_listens_gets_the_hash_alone(void **state)
{
	struct run_listener listener = { NULL, keep_first, NULL };
	exs_err err = EXS_ERR_INIT;
	struct kit k;

	(void)state;
	kit_open(&k, SEES, KIT_MEMORY, AGENTS, NULL);
	struct run_spec spec = { .agent = k.conf->run.agent, .input = str_of("hi"),
				 .durability = CONF_STRICT, .images = &small, .image_n = 1 };
	assert_int_equal(engine_start(k.engine, &spec, &listener, &k.run, &err), EXS_OK);
	kit_wait(&k);
	assert_said(&k, "seen");
	assert_non_null(strstr(started, "\"images\":[{\"mime\":\"image/png\",\"bytes\":8,\"sha256\":\"4c4b6a3b"));
	assert_non_null(strstr(started, "\"data\":\"[image]\"}]"));
	kit_close(&k);
}

static int64_t estimate;

static void keep_estimate(void *arg, const exs_run_info *run, const exs_fact *f)
{
	(void)arg, (void)run;
	if (f->kind == EXS_FACT_TURN_STARTED)
		assert_true(json_get_int(f->body, "estimate", &estimate));
}

/* Its digits would be 1.7 million tokens. */
static void a_big_one_counts_as_what_is_seen_in_it(void **state)
{
	struct run_listener listener = { NULL, keep_estimate, NULL };
	char *big = calloc(1, IMAGE_BYTES_MAX);
	exs_str image = { big, IMAGE_BYTES_MAX };
	exs_err err = EXS_ERR_INIT;
	struct kit k;

	(void)state;
	memcpy(big, PNG, sizeof PNG - 1);
	kit_open(&k, SEES, KIT_LMDB, AGENTS, NULL);
	struct run_spec spec = { .agent = k.conf->run.agent, .input = str_of("hi"),
				 .durability = CONF_STRICT, .images = &image, .image_n = 1 };
	assert_int_equal(engine_start(k.engine, &spec, &listener, &k.run, &err), EXS_OK);
	kit_wait(&k);
	assert_said(&k, "seen");
	assert_in_range(estimate, EXS_IMAGE_TOKENS, EXS_IMAGE_TOKENS + 200);
	kit_close(&k);
	free(big);
}

static void what_cannot_be_kept_is_refused_before_the_run_begins(void **state)
{
	exs_str list[2] = { small, { "plain text", 10 } };
	exs_err err = EXS_ERR_INIT;
	char *big = calloc(1, IMAGE_BYTES_MAX);
	char *text = malloc(RUN_TEXT_MAX / 2);
	struct kit k;

	(void)state;
	kit_open(&k, SEES, KIT_MEMORY, AGENTS, NULL);
	assert_int_equal(start(&k, str_of("hi"), list, 2, &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "image 2 is no image"));
	/* Each is within its bound, but a fact has one too. */
	memcpy(big, PNG, sizeof PNG - 1);
	memset(text, 'x', RUN_TEXT_MAX / 2);
	list[0] = str_n(big, IMAGE_BYTES_MAX);
	assert_int_equal(start(&k, str_n(text, RUN_TEXT_MAX / 2), list, 1, &err), EXS_TOOBIG);
	assert_non_null(strstr(err.text, "the question, its images and the agent's prompt take "));
	kit_close(&k);
	free(big);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_model_sees_them_with_the_question_and_after_a_restart),
		cmocka_unit_test(who_listens_gets_the_hash_alone),
		cmocka_unit_test(a_big_one_counts_as_what_is_seen_in_it),
		cmocka_unit_test(what_cannot_be_kept_is_refused_before_the_run_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
