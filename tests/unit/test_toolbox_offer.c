/* SPDX-License-Identifier: MIT */
/* test_toolbox_offer.c - the list of tools that an agent offers, and the arguments that come back.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "toolbox_kit.h"

static const exs_tool_spec *const two[] = { &kit_read, &kit_grep, NULL };
static const exs_tool_spec *const one[] = { &kit_post, NULL };

struct fixture {
	struct kit kit;
	struct toolbox box;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	exs_err err = EXS_ERR_INIT;

	if (!f)
		return -1;
	kit_init(&f->kit, two, one, NULL);
	*state = f;
	return toolbox_init(&f->box, f->kit.host, &err);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	toolbox_release(&f->box);
	kit_release(&f->kit);
	free(f);
	return 0;
}

static const struct offer *offer_of(struct toolbox *box, const char *const *names, size_t n)
{
	const struct offer *o = NULL;
	exs_err err = EXS_ERR_INIT;

	if (toolbox_offer(box, names, n, &o, &err))
		fail_msg("%s", err.text);
	assert_int_equal(json_check(str_n(o->json, o->json_n), JSON_DEPTH_MAX, &err), EXS_OK);
	return o;
}

static void offers_the_tools_in_order_with_their_schemas_as_they_are(void **state)
{
	static const char *const names[] = { "post", "grep" };
	struct fixture *f = *state;
	const struct offer *o = offer_of(&f->box, names, 2);

	assert_string_equal(
		o->json,
		"[{\"name\":\"post\",\"description\":\"does post\",\"schema\":{}},"
		"{\"name\":\"grep\",\"description\":\"does grep\",\"schema\":{\"type\":\"object\", "
		"\"properties\":{\"pattern\":{\"type\":\"string\"}},\"required\":[\"pattern\"],"
		"\"additionalProperties\":false}}]");
	assert_int_equal(o->json_n, strlen(o->json));
	assert_int_equal(o->n, 2);
	assert_ptr_equal(offer_find(o, "grep"), toolbox_find(&f->box, "grep"));
	assert_ptr_equal(offer_find(o, "post"), toolbox_find(&f->box, "post"));
	assert_null(offer_find(o, "read_file"));
	assert_null(offer_find(o, "gre"));
	assert_null(offer_find(NULL, "grep"));
}

static void gives_the_same_offer_for_the_same_list(void **state)
{
	static const char *const ab[] = { "grep", "post" }, *const ba[] = { "post", "grep" },
				 *const a[] = { "grep" };
	static const char *const aab[] = { "grep", "grep", "post", "grep" };
	struct fixture *f = *state;
	const struct offer *o = offer_of(&f->box, ab, 2);

	assert_ptr_equal(offer_of(&f->box, ab, 2), o);
	assert_ptr_equal(offer_of(&f->box, aab, 4), o);
	assert_ptr_not_equal(offer_of(&f->box, ba, 2), o);
	assert_ptr_not_equal(offer_of(&f->box, a, 1), o);
	assert_ptr_not_equal(offer_of(&f->box, ab, 0), o);
	assert_int_equal(f->box.offer_n, 4);
	assert_ptr_equal(offer_of(&f->box, NULL, 0), offer_of(&f->box, ab, 0));
}

static void says_which_tool_was_meant(void **state)
{
	static const char *const slip[] = { "grep", "grpe" }, *const strange[] = {
		"launch_missiles"
	};
	const struct offer *const before = (const struct offer *)(const void *)state, *o = before;
	struct fixture *f = *state;
	exs_err err = EXS_ERR_INIT;

	assert_int_equal(toolbox_offer(&f->box, slip, 2, &o, &err), EXS_NOTFOUND);
	assert_string_equal(err.text, "tool 'grpe' is offered by no battery; did you mean 'grep'?");
	assert_int_equal(toolbox_offer(&f->box, strange, 1, &o, &err), EXS_NOTFOUND);
	assert_string_equal(err.text, "tool 'launch_missiles' is offered by no battery; add the "
				      "battery or drop the tool");
	assert_ptr_equal(o, before);
	assert_int_equal(f->box.offer_n, 0);
}

static void describes_text_with_quotes_as_json(void **state)
{
	static const char *const names[] = { "odd" };
	exs_tool_spec spec = KIT_SPEC("odd", EXS_EFFECT_PURE, "{}");
	const exs_tool_spec *const list[] = { &spec, NULL };
	exs_err err = EXS_ERR_INIT;
	struct toolbox box;
	struct kit k;

	(void)state;
	spec.about = "says \"hi\"\n\\o/ \x1b caf\xc3\xa9";
	kit_init(&k, list, NULL, NULL);
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_OK);
	assert_non_null(strstr(offer_of(&box, names, 1)->json,
			       "says \\\"hi\\\"\\n\\\\o/ \\u001b caf\xc3\xa9"));
	toolbox_release(&box);
	kit_release(&k);
}

/* ---- bounds ---- */

#define LETTERS 10u /* 2^10 subsets are more than OFFERS_MAX */

static exs_status list_letters(exs_self *self,
			       exs_status (*each)(void *arg, const exs_tool_spec *spec), void *arg,
			       exs_err *err)
{
	exs_tool_spec spec = kit_post;
	char name[2] = "a";

	(void)self;
	(void)err;
	spec.name = name;
	for (unsigned i = 0; i < LETTERS; i++, name[0]++)
		(void)each(arg, &spec);
	return EXS_OK;
}

static size_t letters_of(unsigned set, const char *names[LETTERS])
{
	static const char *const letters[LETTERS] = { "a", "b", "c", "d", "e",
						      "f", "g", "h", "i", "j" };
	size_t n = 0;

	for (unsigned i = 0; i < LETTERS; i++)
		if (set >> i & 1)
			names[n++] = letters[i];
	return n;
}

static void keeps_512_lists_and_no_more(void **state)
{
	const char *names[LETTERS];
	exs_err err = EXS_ERR_INIT;
	const struct offer *o;
	struct toolbox box;
	struct kit k;

	(void)state;
	kit_init(&k, one, NULL, NULL);
	k.self[0].table.list = list_letters;
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_OK);
	for (unsigned set = 0; set < OFFERS_MAX; set++)
		assert_int_equal(offer_of(&box, names, letters_of(set, names))->n,
				 __builtin_popcount(set));
	assert_int_equal(toolbox_offer(&box, names, letters_of(OFFERS_MAX, names), &o, &err),
			 EXS_TOOBIG);
	assert_string_equal(
		err.text,
		"there are 512 different lists of tools already; restart to forget old ones");
	assert_int_equal(toolbox_offer(&box, names, letters_of(OFFERS_MAX - 1, names), &o, &err),
			 EXS_OK);
	toolbox_release(&box);
	kit_release(&k);
}

#define BIG_TOOLS 70u /* of SCHEMA_MAX bytes each are more than OFFER_MAX */

static exs_status list_big(exs_self *self, exs_status (*each)(void *arg, const exs_tool_spec *spec),
			   void *arg, exs_err *err)
{
	exs_tool_spec spec = kit_post;
	char name[16];
	struct buf schema;

	(void)self;
	(void)err;
	buf_init(&schema, SCHEMA_MAX);
	buf_puts(&schema, "{\"title\":\"");
	while (schema.n < SCHEMA_MAX - 2)
		buf_puts(&schema, "x");
	buf_puts(&schema, "\"}");
	spec.name = name;
	spec.schema = buf_view(&schema);
	for (unsigned i = 0; i < BIG_TOOLS; i++) {
		snprintf(name, sizeof name, "big%u", i);
		(void)each(arg, &spec);
	}
	buf_release(&schema);
	return EXS_OK;
}

static void refuses_a_list_of_more_than_4_mib(void **state)
{
	const char *names[BIG_TOOLS];
	exs_err err = EXS_ERR_INIT;
	const struct offer *o;
	struct toolbox box;
	struct kit k;

	(void)state;
	kit_init(&k, one, NULL, NULL);
	k.self[0].table.list = list_big;
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_OK);
	assert_int_equal(box.n, BIG_TOOLS);
	for (unsigned i = 0; i < BIG_TOOLS; i++)
		names[i] = box.tools[i].name;
	assert_int_equal(offer_of(&box, names, 60)->n, 60);
	assert_int_equal(toolbox_offer(&box, names, BIG_TOOLS, &o, &err), EXS_TOOBIG);
	assert_string_equal(
		err.text, "70 tools are described in more than 4194304 bytes; offer fewer of them");
	assert_int_equal(box.offer_n, 1);
	toolbox_release(&box);
	kit_release(&k);
}

/* ---- threads ---- */

#define THREADS 4u
#define ROUNDS	50u

static void *ask(void *arg)
{
	struct toolbox *box = arg;
	const char *names[LETTERS];
	exs_err err = EXS_ERR_INIT;
	const struct offer *o;

	for (unsigned round = 0; round < ROUNDS; round++)
		if (toolbox_offer(box, names, letters_of(round % 16, names), &o, &err) ||
		    o->n != (uint32_t)__builtin_popcount(round % 16))
			return arg;
	return NULL;
}

static void gives_one_offer_to_many_threads(void **state)
{
	pthread_t threads[THREADS];
	exs_err err = EXS_ERR_INIT;
	struct toolbox box;
	struct kit k;
	void *failed;

	(void)state;
	kit_init(&k, one, NULL, NULL);
	k.self[0].table.list = list_letters;
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_OK);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &box), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(box.offer_n, 16);
	toolbox_release(&box);
	kit_release(&k);
}

/* ---- arguments ---- */

static void takes_arguments_as_the_schema_says(void **state)
{
	struct fixture *f = *state;
	const struct tool *grep = toolbox_find(&f->box, "grep");
	exs_err err = EXS_ERR_INIT;

	assert_int_equal(tool_check_args(grep, str_of("{\"pattern\":\"a\"}"), &err), EXS_OK);
	assert_int_equal(tool_check_args(grep, str_of("{\"patern\":\"a\"}"), &err), EXS_INVALID);
	assert_string_equal(err.text, "'patern' is not known; did you mean 'pattern'?");
	assert_int_equal(tool_check_args(grep, str_of("{}"), &err), EXS_INVALID);
	assert_string_equal(err.text, "'pattern' is missing");
}

static void refuses_arguments_that_are_no_object_with_the_byte(void **state)
{
	struct fixture *f = *state;
	const struct tool *post = toolbox_find(&f->box, "post");
	exs_err err = EXS_ERR_INIT;

	assert_int_equal(tool_check_args(post, str_of("{\"a\":1"), &err), EXS_INVALID);
	assert_string_equal(err.text,
			    "the arguments of 'post' are no JSON object: the JSON text is refused "
			    "at byte 6: the text ends inside an object or array");
	assert_int_equal(err.at, 6);
	assert_int_equal(tool_check_args(post, str_of("[1]"), &err), EXS_INVALID);
	assert_string_equal(err.text, "the arguments of 'post' are no JSON object: the JSON text "
				      "is refused at byte 0: it is not an object");
	assert_int_equal(tool_check_args(post, str_of(""), &err), EXS_INVALID);
	assert_int_equal(tool_check_args(post, str_of(NULL), &err), EXS_INVALID);
	assert_int_equal(tool_check_args(post, str_of("{\"a\":1,\"a\":2}"), &err), EXS_INVALID);
}

static void refuses_arguments_of_more_than_1_mib(void **state)
{
	struct fixture *f = *state;
	const struct tool *post = toolbox_find(&f->box, "post");
	char *text = malloc(EXS_TOOL_ARGS_MAX + 1u);
	exs_err err = EXS_ERR_INIT;

	assert_non_null(text);
	memset(text, ' ', EXS_TOOL_ARGS_MAX + 1u);
	memcpy(text, "{}", 2);
	assert_int_equal(tool_check_args(post, str_n(text, EXS_TOOL_ARGS_MAX), &err), EXS_OK);
	assert_int_equal(tool_check_args(post, str_n(text, EXS_TOOL_ARGS_MAX + 1u), &err),
			 EXS_INVALID);
	assert_string_equal(
		err.text,
		"the arguments of 'post' have 1048577 bytes; at most 1048576 are possible");
	free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(offers_the_tools_in_order_with_their_schemas_as_they_are),
		TEST(gives_the_same_offer_for_the_same_list),
		TEST(says_which_tool_was_meant),
		cmocka_unit_test(describes_text_with_quotes_as_json),
		cmocka_unit_test(keeps_512_lists_and_no_more),
		cmocka_unit_test(refuses_a_list_of_more_than_4_mib),
		cmocka_unit_test(gives_one_offer_to_many_threads),
		TEST(takes_arguments_as_the_schema_says),
		TEST(refuses_arguments_that_are_no_object_with_the_byte),
		TEST(refuses_arguments_of_more_than_1_mib),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
