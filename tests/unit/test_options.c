/* SPDX-License-Identifier: MIT */
/* test_options.c - declared options, references, and what a battery reads from its settings.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/text.h"
#include "conf/options.h"
#include "conf/ref.h"
#include "conf_kit.h"

static void assert_text(exs_str s, const char *want)
{
	assert_int_equal(s.n, strlen(want));
	assert_string_equal(s.p, want);
}

/* ---- tables ---- */

static const exs_option table[] = {
	{ "path", EXS_OPT_PATH, 0, "data", "where", NULL },
	{ "name", EXS_OPT_TEXT, 0, "anna", "who", NULL },
	{ "width", EXS_OPT_INT, EXS_POSITIVE, "4", "how wide", NULL },
	{ "fast", EXS_OPT_BOOL, 0, "false", "speed", NULL },
	{ "max", EXS_OPT_SIZE, 0, "64m", "bytes", NULL },
	{ "idle", EXS_OPT_DURATION, EXS_POSITIVE, "90s", "patience", NULL },
	{ "key", EXS_OPT_SECRET, 0, NULL, "who we are", NULL },
	{ "other", EXS_OPT_SECRET, 0, "$env:EXECUTUS_TEST_UNSET", "an offer", NULL },
	{ "words", EXS_OPT_LIST, 0, "[a, b]", "several", NULL },
	{ "limits", EXS_OPT_TREE, 0, NULL, "anything", NULL },
	{ "mode", EXS_OPT_CHOICE, 0, "slow", "how", "slow|fast|even" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

/* A conf file in our folder, so that relative paths and $file: start there. */
static struct tree *load(const char *text)
{
	exs_err err = EXS_ERR_INIT;
	struct tree *t = NULL;

	if (tree_load(put("c.yaml", text), &t, &err))
		fail_msg("%s", err.text);
	return t;
}

static struct settings *settings(struct tree *t)
{
	exs_err err = EXS_ERR_INIT;
	struct settings *s = NULL;

	if (settings_new(table, sizeof(exs_option), tree_root(t), "battery 'b'", &s, &err))
		fail_msg("%s", err.text);
	return s;
}

static void refuse_with(const exs_option *options, const char *text, const char *place,
			const char *words)
{
	struct tree *t = load(text);
	exs_err err = EXS_ERR_INIT;
	struct settings *s = NULL;

	assert_int_not_equal(
		settings_new(options, sizeof(exs_option), tree_root(t), "battery 'b'", &s, &err),
		EXS_OK);
	assert_null(s);
	assert_says(&err, "c.yaml:");
	assert_says(&err, place);
	assert_says(&err, "battery 'b'");
	assert_says(&err, words);
	assert_null(strstr(err.text, "hunter2"));
	tree_free(t);
}

static void refuse(const char *text, const char *place, const char *words)
{
	refuse_with(table, text, place, words);
}

static void the_table_passes_its_check(void **state)
{
	exs_err err = EXS_ERR_INIT;

	(void)state;
	assert_int_equal(options_check(table, sizeof table[0], &err), EXS_OK);
}

static void defaults_hold_when_nothing_is_given(void **state)
{
	struct tree *t = load("");
	struct settings *s = settings(t);
	const exs_conf *c = settings_public(s);
	char want[512];

	(void)state;
	snprintf(want, sizeof want, "%s/data", folder);
	assert_text(c->text(c, "path"), want);
	assert_text(c->text(c, "name"), "anna");
	assert_int_equal(c->number(c, "width"), 4);
	assert_int_equal(c->number(c, "fast"), 0);
	assert_int_equal(c->number(c, "max"), 64 << 20);
	assert_int_equal(c->number(c, "idle"), 90000);
	assert_text(c->text(c, "key"), "");
	assert_text(c->text(c, "other"), "");
	assert_int_equal(c->count(c, "words"), 2);
	assert_text(c->item(c, "words", 1), "b");
	assert_text(c->item(c, "words", 2), "");
	assert_text(c->item(c, "words", -1), "");
	assert_text(c->json(c, "limits"), "null");
	assert_text(c->text(c, "mode"), "slow");
	assert_int_equal(c->given(c, "path"), 0);
	assert_non_null(strstr(c->where(c, "path").p, "c.yaml:1:1"));
	settings_free(s);
	tree_free(t);
}

static void values_are_converted(void **state)
{
	struct tree *t = load(
		"path: ../x/./y\nname: \"\"\nwidth: 7\nfast: true\nmax: 1k\nidle: 5m\n"
		"words: []\nmode: even\n"
		"limits: [ { scope: caller, max: 600, deep: [a, [b], {}] }, '', \"q\\\"\" ]\n");
	struct settings *s = settings(t);
	const exs_conf *c = settings_public(s);
	char want[512];

	(void)state;
	snprintf(want, sizeof want, "%s/../x/y", folder);
	assert_text(c->text(c, "path"), want);
	assert_text(c->text(c, "name"), "");
	assert_int_equal(c->given(c, "name"), 1);
	assert_int_equal(c->number(c, "width"), 7);
	assert_int_equal(c->number(c, "fast"), 1);
	assert_int_equal(c->number(c, "max"), 1024);
	assert_int_equal(c->number(c, "idle"), 300000);
	assert_int_equal(c->count(c, "words"), 0);
	assert_text(c->text(c, "mode"), "even");
	assert_text(c->json(c, "limits"), "[{\"scope\":\"caller\",\"max\":\"600\",\"deep\":[\"a\",["
					  "\"b\"],{}]},\"\",\"q\\\"\"]");
	assert_non_null(strstr(c->where(c, "width").p, "c.yaml:3:1"));
	settings_free(s);
	tree_free(t);
}

static void paths_know_home_and_stay_absolute(void **state)
{
	struct tree *t = load("path: ~/a//b/\n");
	struct settings *s;
	const exs_conf *c;

	(void)state;
	setenv("HOME", "/home/anna", 1);
	s = settings(t);
	c = settings_public(s);
	assert_text(c->text(c, "path"), "/home/anna/a/b");
	settings_free(s);
	tree_free(t);
	refuse("path: ~bob/x\n", ":1:7: ", "only '~/'");
	refuse("path: ''\n", ":1:7: ", "the path is empty");
	unsetenv("HOME");
	refuse("path: ~/x\n", ":1:7: ", "HOME");
	setenv("HOME", "/home/anna", 1);
}

static void refuses_wrong_values_with_place_and_remedy(void **state)
{
	static const exs_option needed[] = {
		{ "root", EXS_OPT_PATH, EXS_REQUIRED, NULL, "the folder to read", NULL },
		{ NULL, 0, 0, NULL, NULL, NULL },
	};

	(void)state;
	refuse("name: x\npaht: y\n", ":2:1: ", "has no option 'paht': did you mean 'path'?");
	refuse("qqqqqqqq: y\n", ":1:1: ", "has no option 'qqqqqqqq'");
	refuse_with(needed, "", ":1:1: ", "needs the option 'root' (the folder to read)");
	refuse("name: [a]\n", ":1:7: ", "'name': expected a text, found a list");
	refuse("path: {a: b}\n", ":1:7: ", "'path': expected a path, found a map");
	refuse("name:\n", ":1:6: ", "'name' has no value: write \"\"");
	refuse("width:\n", ":1:7: ", "'width' has no value");
	refuse("width: x\n", ":1:8: ", "'width': 'x' is not a whole number");
	refuse("width: 0\n", ":1:8: ", "'width': '0' must be greater than 0");
	refuse("idle: 0\n", ":1:7: ", "greater than 0");
	refuse("idle: 90\n", ":1:7: ", "'idle': '90' has no unit: write 90s");
	refuse("{ fast: yes }\n", ":1:9: ", "'fast': 'yes' is not a boolean here: write true");
	refuse("max: 1t\n", ":1:6: ", "'max': '1t' is not a size");
	refuse("words: a\n", ":1:8: ", "expected a list of texts: write it as [a, b]");
	refuse("words: {a: b}\n", ":1:8: ", "expected a list of texts, found a map");
	refuse("words: [a, [b]]\n", ":1:12: ", "expected a text, found a list");
	refuse("mode: fats\n",
	       ":1:7: ", "'fats' is not one of slow|fast|even (did you mean 'fast'?)");
}

/* ---- references ---- */

static void resolves_references_in_block_and_flow_style(void **state)
{
	const char *const texts[] = {
		"name: $env:EXECUTUS_TEST_NAME\nwidth: $env:EXECUTUS_TEST_WIDTH\nmode: "
		"$file:mode.txt\n",
		"{ name: $env:EXECUTUS_TEST_NAME, width: $env:EXECUTUS_TEST_WIDTH, mode: "
		"$file:mode.txt }",
		"{name: '$env:EXECUTUS_TEST_NAME',\n width: \"$env:EXECUTUS_TEST_WIDTH\",\n mode: "
		"$file:./mode.txt}",
	};

	(void)state;
	setenv("EXECUTUS_TEST_NAME", "bob\n", 1);
	setenv("EXECUTUS_TEST_WIDTH", "12", 1);
	put_bytes("mode.txt", "fast\n", 5, 0644);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct tree *t = load(texts[i]);
		struct settings *s = settings(t);
		const exs_conf *c = settings_public(s);
		const exs_str *secrets;

		assert_text(c->text(c, "name"), "bob\n");
		assert_int_equal(c->number(c, "width"), 12);
		assert_text(c->text(c, "mode"), "fast");
		assert_int_equal(settings_secrets(s, &secrets), 0);
		settings_free(s);
		tree_free(t);
	}
}

static void file_references_lose_one_newline_and_have_a_bound(void **state)
{
	auto_free char *big = malloc(REF_BYTES_MAX + 2);
	struct tree *t = load("name: $file:n.txt\n");
	struct settings *s;
	const exs_conf *c;

	(void)state;
	assert_non_null(big);
	put("n.txt", "a\n\n");
	s = settings(t);
	c = settings_public(s);
	assert_text(c->text(c, "name"), "a\n");
	settings_free(s);
	memset(big, 'x', REF_BYTES_MAX + 2);
	big[REF_BYTES_MAX] = '\n';
	put_bytes("n.txt", big, REF_BYTES_MAX + 1, 0600);
	s = settings(t);
	c = settings_public(s);
	assert_int_equal(c->text(c, "name").n, REF_BYTES_MAX);
	settings_free(s);
	tree_free(t);
	big[REF_BYTES_MAX] = 'x';
	put_bytes("n.txt", big, REF_BYTES_MAX + 1, 0600);
	refuse("name: $file:n.txt\n", ":1:7: ", "too big: at most 65536");
	put_bytes("n.txt", big, REF_BYTES_MAX + 2, 0600);
	refuse("name: $file:n.txt\n", ":1:7: ", "too big");
}

static void refuses_references_that_lead_nowhere(void **state)
{
	(void)state;
	refuse("name: $env:EXECUTUS_TEST_UNSET\n",
	       ":1:7: ", "the environment variable 'EXECUTUS_TEST_UNSET' is not set");
	refuse("name: '$env:'\n", ":1:7: ", "names no variable");
	refuse("name: '$env:A B'\n", ":1:7: ", "names no variable");
	refuse("name: $file:gone.txt\n", ":1:7: ", "gone.txt");
	refuse("name: '$file:'\n", ":1:7: ", "the path is empty");
	put_bytes("nul.txt", "a\0b", 3, 0600);
	refuse("name: $file:nul.txt\n", ":1:7: ", "does not hold text");
	put("latin.txt", "\xff");
	refuse("name: $file:latin.txt\n", ":1:7: ", "does not hold text");
	refuse("words: [a, $env:HOME]\n", ":1:12: ", "stands inside a list or map");
	refuse("limits: { a: [ $file:x ] }\n", ":1:16: ", "stands inside a list or map");
	setenv("EXECUTUS_TEST_NAME", "hunter2", 1);
	refuse("width: $env:EXECUTUS_TEST_NAME\n", ":1:8: ", "brings in is not a whole number");
	refuse("mode: $env:EXECUTUS_TEST_NAME\n",
	       ":1:7: ", "brings in is not one of slow|fast|even");
}

static void secrets_stand_only_as_references(void **state)
{
	(void)state;
	refuse("key: hunter2\n",
	       ":1:6: ", "never stands in the conf itself: write $env:NAME or $file:PATH");
	refuse("{key: \"hunter2\"}\n", ":1:7: ", "never stands in the conf");
	refuse("key:\n", ":1:5: ", "'key' has no value");
	put_bytes("key.txt", "hunter2\n", 8, 0640);
	refuse("key: $file:key.txt\n", ":1:6: ", "open to group or others (mode 0640): chmod 600");
	put_bytes("key.txt", "hunter2\n", 8, 0604);
	refuse("key: $file:key.txt\n", ":1:6: ", "chmod 600");
	put("key.txt", "\n");
	refuse("key: $file:key.txt\n", ":1:6: ", "is empty");
	setenv("EXECUTUS_TEST_KEY", "", 1);
	refuse("key: $env:EXECUTUS_TEST_KEY\n", ":1:6: ", "is empty");
}

static void secrets_are_listed_for_redaction(void **state)
{
	struct tree *t = load("{ key: $file:key.txt, other: $env:EXECUTUS_TEST_KEY }");
	struct settings *s;
	const exs_str *list = NULL;
	const exs_conf *c;

	(void)state;
	put("key.txt", "hunter2\n");
	setenv("EXECUTUS_TEST_KEY", "swordfish", 1);
	s = settings(t);
	c = settings_public(s);
	assert_text(c->text(c, "key"), "hunter2");
	assert_int_equal(settings_secrets(s, &list), 2);
	assert_text(list[0], "hunter2");
	assert_text(list[1], "swordfish");
	settings_free(s);
	tree_free(t);
}

/* ---- the battery's side ---- */

static void wrong_questions_are_logged_and_answered_empty(void **state)
{
	struct tree *t = load("");
	struct settings *s = settings(t);
	const exs_conf *c = settings_public(s);
	char line[512] = "";
	struct log log;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	log_init(&log, ends[1], EXS_WARN);
	assert_int_equal(c->number(c, "nothing"), 0); /* in silence */
	settings_log_to(s, &log);
	assert_text(c->text(c, "width"), "");
	assert_true(read(ends[0], line, sizeof line - 1) > 0);
	assert_non_null(strstr(
		line,
		"battery 'b': asks for the option 'width' as another type than a whole number"));
	assert_text(c->json(c, "name"), "null");
	assert_int_equal(c->count(c, "name"), 0);
	assert_text(c->item(c, "name", 0), "");
	assert_text(c->where(c, "nothing"), "");
	assert_int_equal(c->given(c, "nothing"), 0);
	close(ends[0]);
	close(ends[1]);
	settings_free(s);
	tree_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_passes_its_check),
		cmocka_unit_test(defaults_hold_when_nothing_is_given),
		cmocka_unit_test(values_are_converted),
		cmocka_unit_test(paths_know_home_and_stay_absolute),
		cmocka_unit_test(refuses_wrong_values_with_place_and_remedy),
		cmocka_unit_test(resolves_references_in_block_and_flow_style),
		cmocka_unit_test(file_references_lose_one_newline_and_have_a_bound),
		cmocka_unit_test(refuses_references_that_lead_nowhere),
		cmocka_unit_test(secrets_stand_only_as_references),
		cmocka_unit_test(secrets_are_listed_for_redaction),
		cmocka_unit_test(wrong_questions_are_logged_and_answered_empty),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
