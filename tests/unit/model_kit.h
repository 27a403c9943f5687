/* SPDX-License-Identifier: MIT */
/*
 * model_kit.h - what every battery of a model API is asked at the mock: a file has its tables, BATTERY
 * is its name.
 */
#ifndef TEST_MODEL_KIT_H
#define TEST_MODEL_KIT_H

#include "unit/mock_chat_kit.h"

#include "base/json.h"

#define KEY "sk-do-not-show-me"

static const struct double_setting fast[] = { { "key", KEY },
					      { "first_byte_timeout", "3s" },
					      { "idle_timeout", "1s" },
					      { NULL, NULL } };

struct env {
	struct mock mock;
	struct kit kit;
};

static inline int set_up(void **state)
{
	static struct env e;

	e.mock = mock_start(NULL);
	kit_open_of(&e.kit, BATTERY, e.mock.port, fast);
	*state = &e;
	return 0;
}

static inline int tear_down(void **state)
{
	struct env *e = *state;

	kit_close(&e->kit);
	mock_stop(&e->mock);
	return 0;
}

static inline void assert_says(const struct asked *a, const char *part)
{
	if (!strstr(a->done.err.text, part))
		fail_msg("'%s' does not say '%s'", a->done.err.text, part);
	assert_null(strstr(a->done.err.text, KEY));
}

/* The plain answer, live and whole. Release it. */
static EXS_UNUSED void ask_plainly(struct env *e, struct asked *a)
{
	ask(&e->kit, a, "x");
	assert_int_equal(a->done.status, EXS_OK);
	assert_string_equal(a->done.progress.p, "hello from the mock");
	assert_string_equal(
		a->done.out.p,
		"{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"hello "
		"from the mock\"}],\"stop\":\"end\",\"model\":\"mock\"}");
	assert_int_equal(a->done.usage.estimated, 0);
	assert_int_equal(a->done.usage.in_tokens, 120);
	assert_int_equal(a->done.usage.out_tokens, 7);
}

/* An answer of the field, and what its message has. */
struct shape {
	const char *model, *has;
};

static inline void takes_shapes(struct kit *k, const struct shape *shapes, size_t n)
{
	exs_err err = EXS_ERR_INIT;
	struct asked a;
	size_t i;

	for (i = 0; i < n; i++) {
		ask(k, &a, shapes[i].model);
		if (a.done.status || !strstr(a.done.out.p, shapes[i].has))
			fail_msg("%s: %s %s", shapes[i].model, a.done.out.p, a.done.err.text);
		assert_int_equal(json_check_object(exs_bytes(a.done.out.p, a.done.out.n),
						   JSON_DEPTH_MAX, &err),
				 EXS_OK);
		ask_release(&a);
	}
}

/* What each kind of refusal becomes. */
struct refusal {
	const char *model;
	exs_status status;
	int32_t klass;
	const char *says;
};

/* Release it. */
static inline void ask_refused(struct kit *k, struct asked *a, const struct refusal *r)
{
	ask(k, a, r->model);
	if (a->done.status != r->status || a->done.err.klass != r->klass)
		fail_msg("%s: status %d, class %d: %s", r->model, a->done.status, a->done.err.klass,
			 a->done.err.text);
	assert_says(a, r->says);
	assert_int_equal(a->done.out.n, 0);
}

/* Each is said at once: nothing is tried again. */
static EXS_UNUSED void says_refusals(const struct env *e, const struct refusal *list, size_t n)
{
	static const struct double_setting once[] = { { "key", KEY }, { "retries", "0" }, { NULL, NULL } };
	struct asked a;
	struct kit k;
	size_t i;

	kit_open_of(&k, BATTERY, e->mock.port, once);
	for (i = 0; i < n; i++) {
		ask_refused(&k, &a, &list[i]);
		ask_release(&a);
	}
	kit_close(&k);
}

/* The mock's complaint repeats the header that `key_header` names: the key was there, and it is blotted out. */
static EXS_UNUSED void puts_key_behind(const struct env *e, const char *key_header, const char *says)
{
	const struct double_setting set[] = { { "key", KEY }, { "key_header", key_header }, { NULL, NULL } };
	struct asked a;
	struct kit k;

	kit_open_of(&k, BATTERY, e->mock.port, set);
	ask(&k, &a, "401");
	assert_says(&a, says);
	assert_false(double_host_logged(&k.host, KEY));
	ask_release(&a);
	kit_close(&k);
}

/* The text of the mock comes after all. */
static EXS_UNUSED void gets_over(struct kit *k, const char *const *models, size_t n)
{
	struct asked a;
	size_t i;

	for (i = 0; i < n; i++) {
		ask(k, &a, models[i]);
		if (a.done.status)
			fail_msg("%s: %s", models[i], a.done.err.text);
		assert_string_equal(a.done.progress.p, "hello from the mock");
		ask_release(&a);
	}
}

#endif
