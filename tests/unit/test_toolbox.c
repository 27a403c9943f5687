/* SPDX-License-Identifier: MIT */
/* test_toolbox.c - the tools that batteries tell, what is refused of them, and what an agent
 * offers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/json.h"
#include "base/text.h"
#include "toolbox_kit.h"

static const exs_tool_spec *const two[] = { &kit_read, &kit_grep, NULL };
static const exs_tool_spec *const one[] = { &kit_post, NULL };
static const exs_tool_spec *const none[] = { NULL };

static void finds_every_tool_of_every_battery(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct toolbox box;
	struct kit k;

	(void)state;
	kit_init(&k, two, none, one);
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_OK);
	assert_int_equal(box.n, 3);
	assert_ptr_equal(toolbox_find(&box, "grep")->in, &k.host->instances[0]);
	assert_ptr_equal(toolbox_find(&box, "post")->in, &k.host->instances[2]);
	assert_string_equal(toolbox_find(&box, "read_file")->about, "does read_file");
	assert_int_equal(toolbox_find(&box, "post")->effect, EXS_EFFECT_UNSAFE);
	assert_null(toolbox_find(&box, "grepp"));
	assert_null(toolbox_find(&box, ""));
	toolbox_release(&box);
	kit_release(&k);
}

static void passes_over_batteries_without_tools(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct toolbox box;
	const struct offer *o;
	struct kit k;

	(void)state;
	kit_init(&k, two, NULL, NULL);
	k.host->instances[0].tool = NULL;
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_OK);
	assert_int_equal(box.n, 0);
	assert_null(toolbox_find(&box, "grep"));
	assert_int_equal(toolbox_offer(&box, NULL, 0, &o, &err), EXS_OK);
	assert_string_equal(o->json, "[]");
	assert_int_equal(o->json_n, 2);
	toolbox_release(&box);
	toolbox_release(&box);
	kit_release(&k);
}

static void keeps_a_copy_of_what_it_was_told(void **state)
{
	char name[] = "move", about[] = "moves", schema[] = "{\"type\":\"object\"}";
	exs_tool_spec spec = {
		sizeof spec, EXS_EFFECT_KEYED,	   name, about, { schema, sizeof schema - 1 },
		1500,	     EXS_TOOL_SECRET_ARGS, 0
	};
	const exs_tool_spec *const list[] = { &spec, NULL };
	const struct tool *t;
	exs_err err = EXS_ERR_INIT;
	struct toolbox box;
	struct kit k;

	(void)state;
	kit_init(&k, list, NULL, NULL);
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_OK);
	memset(name, 'x', sizeof name - 1);
	memset(about, 'x', sizeof about - 1);
	memset(schema, 'x', sizeof schema - 1);
	t = toolbox_find(&box, "move");
	assert_non_null(t);
	assert_string_equal(t->about, "moves");
	assert_string_equal(t->schema, "{\"type\":\"object\"}");
	assert_int_equal(t->timeout_ms, 1500);
	assert_int_equal(t->flags, EXS_TOOL_SECRET_ARGS);
	toolbox_release(&box);
	kit_release(&k);
}

/* Behind a short record stands memory that is not ours; behind a long one more that we do not know.
 */
static void reads_no_further_than_the_record_says(void **state)
{
	struct {
		exs_tool_spec spec;
		uint64_t more;
	} longer = { KIT_SPEC("long", EXS_EFFECT_PURE, "{}"), UINT64_MAX };
	exs_tool_spec shorter = KIT_SPEC("short", EXS_EFFECT_PURE, "{}");
	const exs_tool_spec *const list[] = { &longer.spec, &shorter, NULL };
	exs_err err = EXS_ERR_INIT;
	struct toolbox box;
	struct kit k;

	(void)state;
	longer.spec.size = sizeof longer;
	longer.spec.timeout_ms = 7;
	shorter.size = offsetof(exs_tool_spec, timeout_ms);
	shorter.timeout_ms = -1;
	shorter.flags = UINT32_MAX;
	kit_init(&k, list, NULL, NULL);
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_OK);
	assert_int_equal(toolbox_find(&box, "long")->timeout_ms, 7);
	assert_int_equal(toolbox_find(&box, "short")->timeout_ms, 0);
	assert_int_equal(toolbox_find(&box, "short")->flags, 0);
	toolbox_release(&box);
	kit_release(&k);
}

/* ---- what is refused ---- */

/* The sentence that stops the start, also when the battery goes on after it. */
static void check_refused(const exs_tool_spec *spec, exs_status status, const char *says)
{
	const exs_tool_spec *const list[] = { &kit_grep, spec, &kit_grep, NULL };

	for (int stubborn = 0; stubborn < 2; stubborn++) {
		exs_err err = EXS_ERR_INIT;
		struct toolbox box;
		struct kit k;

		kit_init(&k, list, NULL, NULL);
		k.self[0].stubborn = stubborn;
		assert_int_equal(toolbox_init(&box, k.host, &err), status);
		assert_int_equal(err.status, status);
		assert_string_equal(err.text, says);
		assert_int_equal(box.n, 0);
		kit_release(&k);
	}
}

static void refuses_a_name_that_is_none(void **state)
{
	static char name[200];
	exs_tool_spec spec = kit_post;

	(void)state;
	spec.name = NULL;
	check_refused(&spec, EXS_INVALID,
		      "battery 'fs' (tool_fs.so) offers a tool without a name (number 2 in all)");
	spec.name = "";
	check_refused(&spec, EXS_INVALID,
		      "battery 'fs' (tool_fs.so) offers a tool without a name (number 2 in all)");
	spec.name = "a b";
	check_refused(&spec, EXS_INVALID,
		      "battery 'fs' (tool_fs.so) offers tool 'a b': a tool's name has only "
		      "letters, digits, '_' and '-'");
	memset(name, 'n', sizeof name); /* no NUL anywhere */
	spec.name = name;
	check_refused(
		&spec, EXS_INVALID,
		"battery 'fs' (tool_fs.so) offers tool 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn...', "
		"whose name is longer than 64 letters");
}

static void takes_a_name_of_64_letters_and_digits(void **state)
{
	char name[EXS_TOOL_NAME_MAX + 1] = "";
	exs_tool_spec spec = kit_post;
	const exs_tool_spec *const list[] = { &spec, NULL };
	exs_err err = EXS_ERR_INIT;
	struct toolbox box;
	struct kit k;

	(void)state;
	memset(name, 'Z', EXS_TOOL_NAME_MAX);
	memcpy(name, "aZ-_09", 6);
	spec.name = name;
	kit_init(&k, list, NULL, NULL);
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_OK);
	assert_non_null(toolbox_find(&box, name));
	toolbox_release(&box);
	kit_release(&k);
}

static void refuses_a_description_that_is_none(void **state)
{
	static char about[ABOUT_MAX + 1];
	exs_tool_spec spec = kit_post;

	(void)state;
	spec.about = NULL;
	check_refused(
		&spec, EXS_INVALID,
		"battery 'fs' (tool_fs.so) offers tool 'post' without saying what it is about");
	spec.about = "";
	check_refused(
		&spec, EXS_INVALID,
		"battery 'fs' (tool_fs.so) offers tool 'post' without saying what it is about");
	spec.about = "caf\xe9";
	check_refused(&spec, EXS_INVALID,
		      "battery 'fs' (tool_fs.so) describes tool 'post' in text that is not UTF-8");
	memset(about, 'a', sizeof about);
	spec.about = about;
	check_refused(&spec, EXS_TOOBIG,
		      "battery 'fs' (tool_fs.so) describes tool 'post' in more than 16384 bytes");
}

static void refuses_a_schema_that_is_no_object(void **state)
{
	exs_tool_spec spec = kit_post;

	(void)state;
	spec.schema = str_of(NULL);
	check_refused(&spec, EXS_INVALID,
		      "battery 'fs' (tool_fs.so) gives tool 'post' no schema; for a tool without "
		      "arguments it is {\"type\":\"object\"}");
	spec.schema = str_n(NULL, 5);
	check_refused(&spec, EXS_INVALID,
		      "battery 'fs' (tool_fs.so) gives tool 'post' no schema; for a tool without "
		      "arguments it is {\"type\":\"object\"}");
	spec.schema = str_of("[]");
	check_refused(&spec, EXS_INVALID,
		      "battery 'fs' (tool_fs.so) gives tool 'post' a bad schema: the JSON text is "
		      "refused at byte 0: it is not an object");
	spec.schema = str_of("{\"type\":\"object\",}");
	check_refused(&spec, EXS_INVALID,
		      "battery 'fs' (tool_fs.so) gives tool 'post' a bad schema: the JSON text is "
		      "refused at byte 17: a member's name in quotes is missing");
	spec.schema = str_of("{\"type\":\"string\"}");
	check_refused(&spec, EXS_INVALID,
		      "battery 'fs' (tool_fs.so) gives tool 'post' a schema that is not of type "
		      "\"object\"");
	spec.schema = str_of("{\"type\":[\"object\"]}");
	check_refused(&spec, EXS_INVALID,
		      "battery 'fs' (tool_fs.so) gives tool 'post' a schema that is not of type "
		      "\"object\"");
	spec.schema = str_n("{}", SCHEMA_MAX + 1);
	check_refused(&spec, EXS_TOOBIG,
		      "battery 'fs' (tool_fs.so) gives tool 'post' a schema of 65537 bytes; at "
		      "most 65536 are possible");
}

static void refuses_a_schema_that_is_nested_too_deep(void **state)
{
	char text[8 * JSON_DEPTH_MAX] = "{\"a\":";
	exs_tool_spec spec = kit_post;
	size_t n = strlen(text);

	(void)state;
	memset(text + n, '[', JSON_DEPTH_MAX - 4);
	memset(text + n + JSON_DEPTH_MAX - 4, ']', JSON_DEPTH_MAX - 4);
	strcat(text, "}");
	spec.schema = str_of(text);
	check_refused(&spec, EXS_TOOBIG,
		      "battery 'fs' (tool_fs.so) gives tool 'post' a bad schema: the JSON text is "
		      "refused at byte 64: it is nested too deep");
}

static void refuses_what_a_tool_cannot_be(void **state)
{
	exs_tool_spec spec = kit_post;

	(void)state;
	spec.effect = 5;
	check_refused(
		&spec, EXS_INVALID,
		"battery 'fs' (tool_fs.so) gives tool 'post' the effect 5, which does not exist");
	spec.effect = -1;
	check_refused(
		&spec, EXS_INVALID,
		"battery 'fs' (tool_fs.so) gives tool 'post' the effect -1, which does not exist");
	spec.effect = EXS_EFFECT_RECONCILABLE;
	check_refused(&spec, EXS_INVALID,
		      "battery 'fs' (tool_fs.so) calls tool 'post' reconcilable but has no "
		      "function 'reconcile'");
	spec = kit_post;
	spec.timeout_ms = -1;
	check_refused(&spec, EXS_INVALID,
		      "battery 'fs' (tool_fs.so) gives tool 'post' a negative time-out");
	spec = kit_post;
	spec.size = offsetof(exs_tool_spec, schema) + 4;
	check_refused(&spec, EXS_INVALID,
		      "battery 'fs' (tool_fs.so) describes a tool in a record of 28 bytes; it has "
		      "56: rebuild the battery");
}

static void takes_a_reconcilable_tool_of_a_battery_that_can(void **state)
{
	exs_tool_spec spec = kit_post;
	const exs_tool_spec *const list[] = { &spec, NULL };
	exs_err err = EXS_ERR_INIT;
	struct toolbox box;
	struct kit k;

	(void)state;
	spec.effect = EXS_EFFECT_RECONCILABLE;
	kit_init(&k, list, NULL, NULL);
	k.self[0].table.reconcile = kit_call;
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_OK);
	toolbox_release(&box);
	kit_release(&k);
}

static void names_both_batteries_of_a_tool_that_is_there_twice(void **state)
{
	static const exs_tool_spec *const twice[] = { &kit_post, &kit_grep, &kit_post, NULL };
	exs_err err = EXS_ERR_INIT;
	struct toolbox box;
	struct kit k;

	(void)state;
	kit_init(&k, two, two, NULL);
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_CONFLICT);
	assert_string_equal(err.text, "battery 'web' (tool_web.so) offers tool 'read_file', and so "
				      "does battery 'fs' (tool_fs.so): leave one of them out");
	kit_release(&k);
	kit_init(&k, twice, NULL, NULL);
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_CONFLICT);
	assert_string_equal(err.text, "battery 'fs' (tool_fs.so) offers tool 'post' twice");
	kit_release(&k);
}

static void says_when_a_battery_does_not_tell_its_tools(void **state)
{
	static const exs_tool_spec *const hole[] = { NULL };
	exs_err err = EXS_ERR_INIT;
	struct toolbox box;
	struct kit k;

	(void)state;
	kit_init(&k, hole, NULL, NULL);
	k.self[0].answer = EXS_IO;
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_IO);
	assert_string_equal(err.text,
			    "battery 'fs' (tool_fs.so) does not tell its tools: the list is torn");
	k.self[0].answer = 99;
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_INTERNAL);
	assert_non_null(strstr(err.text, "status 99, which does not exist"));
	kit_release(&k);
}

static exs_status list_null(exs_self *self,
			    exs_status (*each)(void *arg, const exs_tool_spec *spec), void *arg,
			    exs_err *err)
{
	(void)self;
	(void)err;
	(void)each(arg, NULL);
	return EXS_OK;
}

static exs_status list_many(exs_self *self,
			    exs_status (*each)(void *arg, const exs_tool_spec *spec), void *arg,
			    exs_err *err)
{
	exs_tool_spec spec = kit_post;
	char name[32];

	(void)self;
	(void)err;
	spec.name = name;
	for (unsigned i = 0; i < TOOLBOX_MAX + (self->stubborn ? 1u : 0u); i++) {
		snprintf(name, sizeof name, "tool-%u", i * 7919u % 100003u);
		(void)each(arg, &spec);
	}
	return EXS_OK;
}

static void refuses_a_record_that_is_not_there(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct toolbox box;
	struct kit k;

	(void)state;
	kit_init(&k, none, NULL, NULL);
	k.self[0].table.list = list_null;
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_INVALID);
	assert_string_equal(err.text, "battery 'fs' (tool_fs.so) describes a tool in a record of 0 "
				      "bytes; it has 56: rebuild the battery");
	kit_release(&k);
}

static void takes_1024_tools_and_no_more(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct toolbox box;
	struct kit k;
	char name[32];

	(void)state;
	kit_init(&k, none, NULL, NULL);
	k.self[0].table.list = list_many;
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_OK);
	for (unsigned i = 0; i < TOOLBOX_MAX; i++) {
		snprintf(name, sizeof name, "tool-%u", i * 7919u % 100003u);
		assert_string_equal(toolbox_find(&box, name)->name, name);
	}
	toolbox_release(&box);
	k.self[0].stubborn = true;
	assert_int_equal(toolbox_init(&box, k.host, &err), EXS_TOOBIG);
	assert_string_equal(
		err.text, "battery 'fs' (tool_fs.so) offers more tools: 1024 are possible in all");
	kit_release(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_tool_of_every_battery),
		cmocka_unit_test(passes_over_batteries_without_tools),
		cmocka_unit_test(keeps_a_copy_of_what_it_was_told),
		cmocka_unit_test(reads_no_further_than_the_record_says),
		cmocka_unit_test(refuses_a_name_that_is_none),
		cmocka_unit_test(takes_a_name_of_64_letters_and_digits),
		cmocka_unit_test(refuses_a_description_that_is_none),
		cmocka_unit_test(refuses_a_schema_that_is_no_object),
		cmocka_unit_test(refuses_a_schema_that_is_nested_too_deep),
		cmocka_unit_test(refuses_what_a_tool_cannot_be),
		cmocka_unit_test(takes_a_reconcilable_tool_of_a_battery_that_can),
		cmocka_unit_test(names_both_batteries_of_a_tool_that_is_there_twice),
		cmocka_unit_test(says_when_a_battery_does_not_tell_its_tools),
		cmocka_unit_test(refuses_a_record_that_is_not_there),
		cmocka_unit_test(takes_1024_tools_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
