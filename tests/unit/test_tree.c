/* SPDX-License-Identifier: MIT */
/* test_tree.c - what a conf file may hold, and where its mistakes are. */
#include <stdlib.h>

#include "base/auto.h"
#include "base/text.h"
#include "conf_kit.h"

/* ---- helpers ---- */

/* The text is refused at that place, with those words. */
static void refuse_bytes(exs_str text, const char *place, const char *words)
{
	exs_err err = EXS_ERR_INIT;
	struct tree *t = NULL;

	assert_int_not_equal(tree_parse("t.yaml", text, &t, &err), EXS_OK);
	assert_null(t);
	assert_true(strncmp(err.text, "t.yaml:", 7) == 0);
	assert_says(&err, place);
	assert_says(&err, words);
}

static void refuse(const char *text, const char *place, const char *words)
{
	refuse_bytes(str_of(text), place, words);
}

static struct tree *parse(const char *text)
{
	exs_err err = EXS_ERR_INIT;
	struct tree *t = NULL;

	if (tree_parse("t.yaml", str_of(text), &t, &err))
		fail_msg("%s", err.text);
	return t;
}

/* ---- reading ---- */

static void keeps_line_and_column_of_keys_and_values(void **state)
{
	struct tree *t = parse("a: 1\nb:\n  c:  two\n  d: [x, 'y']\n");
	const struct node *b = node_get(tree_root(t), "b");
	const struct node *c = node_get(b, "c");
	const struct node *d = node_get(b, "d");
	char where[WHERE_MAX];

	(void)state;
	assert_int_equal(tree_root(t)->count, 2);
	assert_string_equal(c->value, "two");
	assert_string_equal(node_where(c, where), "t.yaml:3:7");
	assert_string_equal(node_where_key(c, where), "t.yaml:3:3");
	assert_int_equal(d->type, NODE_SEQ);
	assert_string_equal(d->first->next->value, "y");
	assert_false(d->first->next->plain);
	assert_string_equal(node_where_key(d->first->next, where), "t.yaml:4:10");
	assert_null(node_get(b, "x"));
	assert_null(node_get(d, "c"));
	tree_free(t);
}

static void scalars_are_texts_whatever_yaml_guesses(void **state)
{
	struct tree *t = parse("[yes, 0x10, null, ~, 1.0, \"a\\u00e9\", http://h:80/v1]");
	const char *const want[] = { "yes", "0x10",	 "null",	  "~",
				     "1.0", "a\xc3\xa9", "http://h:80/v1" };
	size_t i = 0;

	(void)state;
	for (const struct node *n = tree_root(t)->first; n; n = n->next)
		assert_string_equal(n->value, want[i++]);
	assert_int_equal(i, ARRAY_LEN(want));
	tree_free(t);
}

static void refuses_duplicate_keys_and_names_both_places(void **state)
{
	(void)state;
	refuse("a: 1\nb: 2\na: 3\n",
	       ":3:1: ", "duplicate key 'a': it stands already at t.yaml:1:1");
	refuse("{x: {y: 1, 'y': 2}}", ":1:12: ", "duplicate key 'y'");
}

static void refuses_anchors_aliases_and_tags(void **state)
{
	(void)state;
	refuse("a: &x 1\n", ":1:4: ", "anchors ('&x')");
	refuse("a: &x [1]\n", ":1:4: ", "anchors ('&x')");
	refuse("a: &x {b: 1}\n", ":1:4: ", "anchors");
	refuse("a:\n  - *x\n", ":2:5: ", "aliases ('*x')");
	refuse("a: !!int 1\n", ":1:4: ", "tags");
	refuse("a: !mine {}\n", ":1:4: ", "tags");
	refuse("%TAG ! tag:x,2000:\n---\na: 1\n", ":1:1: ", "%TAG");
	refuse("a: *.yaml\n", ":1:", "needs quotes");
}

static void refuses_a_second_document(void **state)
{
	(void)state;
	refuse("a: 1\n---\nb: 2\n", ":2:1: ", "a second document");
	tree_free(parse("---\na: 1\n...\n"));
}

static void refuses_keys_that_are_no_text(void **state)
{
	(void)state;
	refuse("? [a]\n: 1\n", ":1:3: ", "a key must be a text");
	refuse("{[a]: 1}", ":1:2: ", "a key must be a text");
	refuse("\"\": 1\n", ":1:1: ", "a key is missing");
}

static void refuses_what_is_not_yaml_with_its_place(void **state)
{
	(void)state;
	refuse("a: 1\nb: [1, 2\nc: 3\n", ":3:", "not YAML");
	refuse("a:\n\tb: 1\n", ":2:1: ", "a tab cannot indent");
	refuse("a: @x\n", ":1:4: ", "not YAML");
	refuse("a: \"x\n", ":2:1: ", "not YAML");
	refuse("", ":1:1: ", "nothing in it");
}

static void refuses_bytes_that_are_no_text(void **state)
{
	(void)state;
	refuse("a: 1\nb: \xc3\xa9x\xff\n", ":2:6: ", "not UTF-8");
	refuse("a: \xed\xa0\x80\n", ":1:4: ", "not UTF-8");
	refuse_bytes(str_n("\xff\xfe"
			   "a\0:\0",
			   6),
		     ":1:1: ", "not UTF-8");
	refuse("a: 1\nb: x\x01\n", ":2:5: ", "control character");
	refuse_bytes(str_n("a: x\0y\n", 7), ":1:5: ", "control character");
	refuse("a: \"x\\0y\"\n", ":1:4: ", "NUL");
}

static void refuses_depth_over_32(void **state)
{
	char text[128];
	struct tree *t;

	(void)state;
	memset(text, '[', 32);
	memset(text + 32, ']', 32);
	text[64] = '\0';
	t = parse(text);
	tree_free(t);
	memset(text, '[', 33);
	memset(text + 33, ']', 33);
	text[66] = '\0';
	refuse(text, ":1:33: ", "more than 32 maps and lists inside each other");
}

static void answers_200000_brackets_with_a_sentence(void **state)
{
	const char *const kinds[] = { "[", "{", "[{", "- ", "? " };
	auto_free char *text = malloc(400001);
	exs_err err = EXS_ERR_INIT;
	struct tree *t = NULL;

	(void)state;
	assert_non_null(text);
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		size_t n = strlen(kinds[k]);

		for (size_t i = 0; i < 200000 * n; i++)
			text[i] = kinds[k][i % n];
		assert_int_equal(tree_parse("t.yaml", str_n(text, 200000 * n), &t, &err),
				 EXS_INVALID);
		assert_says(&err, "t.yaml:1:");
	}
	memset(text, '[', 200000);
	refuse_bytes(str_n(text, 200000), ":1:33: ", "more than 32");
}

static void refuses_more_nodes_than_the_bound(void **state)
{
	size_t n = TREE_NODES_MAX;
	auto_free char *text = malloc(2 * n + 4);
	char *p = text;
	struct tree *t;

	(void)state;
	assert_non_null(text);
	*p++ = '[';
	for (size_t i = 0; i < n - 1; i++, p += 2)
		memcpy(p, "x,", 2);
	memcpy(p, "]", 2);
	t = parse(text); /* with the list itself: exactly as many */
	assert_int_equal(tree_root(t)->count, n - 1);
	tree_free(t);
	memcpy(p, "x]", 3);
	refuse(text, ":1:", "too many settings: at most 65536");
}

static void refuses_more_keys_than_the_bound(void **state)
{
	auto_free char *text = calloc(1, 16 * (TREE_KEYS_MAX + 2));
	char *p = text;

	(void)state;
	assert_non_null(text);
	for (unsigned i = 0; i <= TREE_KEYS_MAX; i++)
		p += sprintf(p, "k%u: 1\n", i);
	refuse(text, ":1025:1: ", "too many keys in one map");
}

static void refuses_a_file_over_1_mib(void **state)
{
	size_t n = TREE_FILE_BYTES_MAX;
	auto_free char *text = malloc(n + 2);
	exs_err err = EXS_ERR_INIT;
	struct tree *t = NULL;

	(void)state;
	assert_non_null(text);
	memset(text, '#', n + 1);
	text[n + 1] = '\0';
	assert_int_equal(tree_parse("t.yaml", str_n(text, n + 1), &t, &err), EXS_TOOBIG);
	assert_says(&err, "at most 1048576 bytes");
	put("big.yaml", text);
	refuse_file("big.yaml", "big.yaml", "too big");
}

static void shortens_a_long_path_from_the_left(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char name[600];
	struct tree *t = NULL;
	char where[WHERE_MAX];

	(void)state;
	memset(name, 'd', sizeof name);
	strcpy(name + sizeof name - 8, "/c.yaml");
	assert_int_equal(tree_parse(name, str_of("a: 1\na: 2\n"), &t, &err), EXS_INVALID);
	assert_true(strncmp(err.text, "...d", 4) == 0);
	assert_says(&err, "/c.yaml:2:1: duplicate key 'a': it stands already at ...d");
	assert_says(&err, "/c.yaml:1:1");
	assert_int_equal(tree_parse(name, str_of("a: 1\n"), &t, &err), EXS_OK);
	node_where(node_get(tree_root(t), "a"), where);
	assert_int_equal(strlen(where), WHERE_MAX - 1);
	tree_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_line_and_column_of_keys_and_values),
		cmocka_unit_test(scalars_are_texts_whatever_yaml_guesses),
		cmocka_unit_test(refuses_duplicate_keys_and_names_both_places),
		cmocka_unit_test(refuses_anchors_aliases_and_tags),
		cmocka_unit_test(refuses_a_second_document),
		cmocka_unit_test(refuses_keys_that_are_no_text),
		cmocka_unit_test(refuses_what_is_not_yaml_with_its_place),
		cmocka_unit_test(refuses_bytes_that_are_no_text),
		cmocka_unit_test(refuses_depth_over_32),
		cmocka_unit_test(answers_200000_brackets_with_a_sentence),
		cmocka_unit_test(refuses_more_nodes_than_the_bound),
		cmocka_unit_test(refuses_more_keys_than_the_bound),
		cmocka_unit_test(refuses_a_file_over_1_mib),
		cmocka_unit_test(shortens_a_long_path_from_the_left),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
