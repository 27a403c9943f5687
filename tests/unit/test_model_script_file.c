/* SPDX-License-Identifier: MIT */
/* test_model_script_file.c - every mistake in a script file is refused with its place. */
#include "model_script.h"

struct refusal {
	const char *text, *part;
};

static const struct refusal refusals[] = {
	{ "", "script.yaml:1:1: the script is empty" },
	{ "turns: [", "script.yaml:2:1: did not find" },
	{ "turns: &a []", "script.yaml:1:8: anchors" },
	{ "turns: *a", "anchors" },
	{ "turns: !x []", "tags" },
	{ "turns: [{say: !x a}]", "tags" },
	{ "turns: [{say: a}]\n---\nturns: []", ":2:1: a second document" },
	{ "turns: [{say: a, say: b}]", ":1:18: the key 'say' stands here twice, first in line 1" },
	{ "turns: [{[a]: b}]", "a key must be a text" },
	{ "turns: [{\"a\\0\": b}]", "a key must not hold a NUL" },
	{ "[]", "a script file is a map" },
	{ "{}", "'turns' or 'scripts', one of them" },
	{ "turns: [{}]\nscripts: {}", "'turns' or 'scripts', one of them" },
	{ "turn: []", ":1:1: a script file has no 'turn'; did you mean 'turns'?" },
	{ "scripts: []", "scripts is a map of names" },
	{ "scripts: {}", "scripts is a map of names" },
	{ "scripts: {'': [{}]}", "must not be empty" },
	{ "scripts: {a: 1}", ":1:14: this is a list" },
	{ "turns: []", "at least one turn" },
	{ "turns: [x]", "a turn is a map" },
	{ "turns:\n  - sya: hello", ":2:5: a turn has no 'sya'; did you mean 'say'?" },
	{ "turns: [{completely_different: 1}]", "a turn has no 'completely_different'" },
	{ "turns: [{say: [a]}]", "this is a text" },
	{ "turns: [{say: 'a ${b'}]", "has no }; write $${" },
	{ "turns: [{say: 'a ${b-c}'}]", "a placeholder is ${NAME}" },
	{ "turns: [{say: '${}'}]", "a placeholder is ${NAME}" },
	{ "turns: [{say: '${result:x}'}]", "a placeholder is ${NAME}" },
	{ "turns: [{say: '${lines:}'}]", "a placeholder is ${NAME}" },
	{ "turns: [{repeat: maybe}]", "this is true or false" },
	{ "turns: [{repeat: true}, {}]", "only the last turn" },
	{ "turns: [{delay: 5}]", "this is a duration" },
	{ "turns: [{delay: 169h}]", "this is a duration" },
	{ "turns: [{delay: 99999999999999999999ms}]", "this is a duration" },
	{ "turns: [{stall: never}]", "this is a duration" },
	{ "turns: [{ignore_cancel: true}]", "for a turn with 'stall'" },
	{ "turns: [{stream: {}}]", "this turn has none" },
	{ "turns: [{say: a, stream: {chunk: 0}}]", "at least 1 byte" },
	{ "turns: [{say: a, stream: {chunk: -1}}]", "a whole number" },
	{ "turns: [{say: a, stream: 5}]", "stream is a map" },
	{ "turns: [{stop: calling}]", "stop has no 'calling'" },
	{ "turns: [{stop: lenght}]", "did you mean 'length'?" },
	{ "turns: [{stop: [end]}]", "stop is one word" },
	{ "turns: [{usage: {im: 1}}]", "usage has no 'im'; did you mean 'in'?" },
	{ "turns: [{lie_status: 4294967296}]", "32 bits" },
	{ "turns: [{lie_status: x}]", "a whole number" },
	{ "turns: [{fail: {class: transitory}}]", "class has no 'transitory'" },
	{ "turns: [{fail: {status: okay}}]", "status has no 'okay'" },
	{ "turns: [{fail: {time: 1}}]", "did you mean 'times'?" },
	{ "turns: [{calls: {}}]", "this is a list" },
	{ "turns: [{calls: [{args: {}}]}]", "a call needs 'tool'" },
	{ "turns: [{calls: [{tool: ''}]}]", "must not be empty" },
	{ "turns: [{calls: [{tool: a, arg: {}}]}]", "did you mean 'args'?" },
	{ "turns: [{calls: [{tool: a, args: [1]}]}]", "args is a map or JSON text" },
	{ "turns: [{calls: [{tool: a, args: '{x'}]}]", "args is a map or JSON text" },
	{ "turns: [{calls: [{tool: a, args: '{} {}'}]}]", "args is a map or JSON text" },
	{ "turns: [{calls: [{tool: a, args: '{\"x\":\"${\"}'}]}]", "a placeholder" },
	{ "turns: [{calls: [{tool: a, args: {x: '${'}}]}]", "has no }" },
	{ "turns: [{calls: [{tool: a, args: {}, args_raw: ''}]}]", "not both" },
	{ "turns: [{calls: [{tool: a, for_each: item}]}]", "'item' cannot name a capture" },
	{ "turns: [{capture: [{pattern: a}]}]", "needs 'pattern' and 'as'" },
	{ "turns: [{capture: [{as: a}]}]", "needs 'pattern' and 'as'" },
	{ "turns: [{capture: [{pattern: 'a(', as: a}]}]", "the pattern 'a(' is wrong" },
	{ "turns: [{capture: [{pattern: a, as: result}]}]", "'result' cannot name a capture" },
	{ "turns: [{capture: [{pattern: a, as: 1a}]}]", "'1a' cannot name a capture" },
	{ "turns: [{capture: [{pattern: a, as: b, group: 1}]}]", "the pattern has 0 groups" },
	{ "turns: [{capture: [{pattern: a, as: b, limit: 1}]}]", "need 'all: true'" },
	{ "turns: [{capture: [{pattern: a, as: b, from: lst}]}]", "did you mean 'last'?" },
	{ "turns: [{capture: [{pattern: a, as: b, from: []}]}]", "is one word" },
	{ "turns: [{expect: ['(']}]", "is wrong" },
	{ "turns: [{expect: x}]", "this is a list" },
	{ "turns: [{expect_tools: ['']}]", "must not be empty" },
};

static void refuses(struct fixture *f, const char *text, size_t n, const char *part)
{
	exs_err err = EXS_ERR_INIT;
	exs_status s = open_text(f, text, n, &err);

	if (s == EXS_OK || err.status != s || !strstr(err.text, part))
		fail_msg("'%.60s': wanted '%s', got %d '%s'", text, part, s, err.text);
	assert_null(f->self);
}

static void refuses_every_mistake_with_its_place(void **state)
{
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
		refuses(f, refusals[i].text, strlen(refusals[i].text), refusals[i].part);
}

/* `head`, then `unit` n times. */
static char *repeated(const char *head, const char *unit, size_t n)
{
	char *text = malloc(strlen(head) + strlen(unit) * n + 1), *p = text;

	assert_non_null(text);
	p = stpcpy(p, head);
	while (n--)
		p = stpcpy(p, unit);
	return text;
}

static void refuses_what_is_over_a_bound(void **state)
{
	static const struct {
		const char *head, *unit;
		size_t n;
		const char *part;
	} bounds[] = {
		{ "turns: []\n", "# filler\n", (1u << 20) / 9 + 1, "larger than 1048576 bytes" },
		{ "turns:\n", "  - say: a\n", 10001, "10001 items, at most 10000" },
		{ "turns: [{calls: ", "[", 40, "nested more than 32 deep" },
		{ "turns:\n- expect:\n", "  - a\n", 65, "65 items, at most 64" },
		{ "turns:\n- calls:\n", "  - tool: a\n", 129, "129 items, at most 128" },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
		char *text = repeated(bounds[i].head, bounds[i].unit, bounds[i].n);

		refuses(f, text, strlen(text), bounds[i].part);
		free(text);
	}
}

static void refuses_a_map_with_too_many_keys(void **state)
{
	struct fixture *f = *state;
	char *text = malloc(1 << 16), *p = text;
	int i;

	assert_non_null(text);
	p = stpcpy(p, "scripts:\n");
	for (i = 0; i < 1025; i++)
		p += sprintf(p, "  s%d: [{}]\n", i);
	refuses(f, text, strlen(text), "more than 1024 keys");
	free(text);
}

static void refuses_a_file_that_is_not_there_or_not_a_file(void **state)
{
	struct fixture *f = *state;
	exs_err err = EXS_ERR_INIT;

	assert_int_equal(open_script(f, "/nowhere/script.yaml", &err), EXS_NOTFOUND);
	assert_non_null(strstr(err.text, "'/nowhere/script.yaml'"));
	assert_int_equal(open_script(f, f->dir, &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "not a regular file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(refuses_every_mistake_with_its_place),
		T(refuses_what_is_over_a_bound),
		T(refuses_a_map_with_too_many_keys),
		T(refuses_a_file_that_is_not_there_or_not_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
