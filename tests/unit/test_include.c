/* SPDX-License-Identifier: MIT */
/* test_include.c - how conf files include each other, and which of it is refused. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "conf_kit.h"

/* ---- including ---- */

static void merges_what_a_file_includes(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct tree *t = NULL;
	char path[512];

	(void)state;
	put("m_b.yaml", "agents:\n  x: {}\ntiers: { t: u }\n");
	put("m_empty.yaml", "# nothing\n");
	snprintf(path, sizeof path, "%s",
		 put("m_a.yaml",
		     "include: ['m_b.yaml', m_empty.yaml]\nstate: s\nagents:\n  y: {}\n"));
	if (tree_load(path, &t, &err))
		fail_msg("%s", err.text);
	assert_int_equal(tree_files(t), 3);
	assert_null(node_get(tree_root(t), "include"));
	assert_int_equal(node_get(tree_root(t), "agents")->count, 2);
	assert_string_equal(node_get(tree_root(t), "agents")->first->key, "y");
	assert_string_equal(node_get(node_get(tree_root(t), "tiers"), "t")->value, "u");
	assert_string_equal(tree_source(t)->name, path);
	tree_free(t);
}

static void includes_by_glob_in_order(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct tree *t = NULL;
	char path[512];
	char dir[512];

	(void)state;
	snprintf(dir, sizeof dir, "%s/g[1]", folder);
	mkdir(dir, 0700);
	put("g[1]/2.yaml", "run: { b: 1 }\n");
	put("g[1]/1.yaml", "run: { a: 1 }\n");
	put("g[1]/main.yaml", "include: ['[12].yaml', 'none-*.yaml']\n");
	snprintf(path, sizeof path, "%s/g[1]/main.yaml", folder);
	if (tree_load(path, &t, &err))
		fail_msg("%s", err.text);
	assert_int_equal(tree_files(t), 3);
	assert_string_equal(node_get(tree_root(t), "run")->first->key, "a");
	assert_non_null(strstr(tree_file(t, 1)->name, "/g[1]/1.yaml"));
	tree_free(t);
}

static void refuses_the_same_key_in_two_files(void **state)
{
	(void)state;
	put("d_b.yaml", "agents:\n  y: {}\n  x: {}\n");
	put("d_a.yaml", "include: d_b.yaml\nagents:\n  x: {}\n");
	refuse_file("d_a.yaml", "d_b.yaml:3:3: duplicate key 'x'", "d_a.yaml:3:3");
	put("d_d.yaml", "state: b\n");
	put("d_c.yaml", "include: d_d.yaml\nstate: a\n");
	refuse_file("d_c.yaml", "d_d.yaml:1:1: duplicate key 'state'", "d_c.yaml:2:1");
}

static void refuses_cycles_and_names_the_chain(void **state)
{
	(void)state;
	put("c_a.yaml", "include: c_b.yaml\n");
	put("c_b.yaml", "include:\n  - c_c.yaml\n");
	put("c_c.yaml", "include: ./c_a.yaml\n");
	refuse_file("c_a.yaml", "c_c.yaml:1:10: ",
		    "include cycle: c_a.yaml -> c_b.yaml -> c_c.yaml -> c_a.yaml");
	put("c_d.yaml", "include: c_d.yaml\n");
	refuse_file("c_d.yaml", "c_d.yaml:1:10: ", "include cycle: c_d.yaml -> c_d.yaml");
	put("c_e.yaml", "include: [c_f.yaml, c_f.yaml]\n");
	put("c_f.yaml", "state: x\n");
	refuse_file("c_e.yaml", "c_e.yaml:1:21: ", "is included already by 'c_e.yaml', line 1");
}

static void refuses_includes_deeper_than_8(void **state)
{
	char name[32];
	char text[64];

	(void)state;
	for (int i = 0; i <= 9; i++) {
		snprintf(name, sizeof name, "deep%d.yaml", i);
		snprintf(text, sizeof text, "include: deep%d.yaml\n", i + 1);
		put(name, i == 9 ? "state: x\n" : text);
	}
	refuse_file("deep0.yaml", "deep8.yaml:1:10: ", "more than 8 files");
	put("deep8.yaml", "state: x\n");
	{
		exs_err err = EXS_ERR_INIT;
		struct tree *t = NULL;
		char path[512];

		snprintf(path, sizeof path, "%s/deep0.yaml", folder);
		assert_int_equal(tree_load(path, &t, &err), EXS_OK);
		tree_free(t);
	}
}

static void refuses_includes_that_are_no_paths(void **state)
{
	(void)state;
	put("i.yaml", "include: { a: b }\n");
	refuse_file("i.yaml", "i.yaml:1:10: ", "expected a path or a list of paths");
	put("i.yaml", "include: [[a]]\n");
	refuse_file("i.yaml", "i.yaml:1:11: ", "expected a path, found a list");
	put("i.yaml", "include:\n");
	refuse_file("i.yaml", "i.yaml:1:9: ", "the path is empty");
	put("i.yaml", "state: x\ninclude: missing.yaml\n");
	refuse_file("i.yaml", "i.yaml:2:10: include: ", "missing.yaml");
	put("i.yaml", "- a\n");
	refuse_file("i.yaml", "i.yaml:1:1: ", "expected sections");
}

static void refuses_too_many_includes(void **state)
{
	auto_free char *text = calloc(1, 32 * (TREE_FILES_MAX + 2));
	char *p = text;

	(void)state;
	assert_non_null(text);
	p += sprintf(p, "include:\n");
	for (unsigned i = 0; i < TREE_FILES_MAX; i++)
		p += sprintf(p, "  - f%u.yaml\n", i);
	put("many.yaml", text);
	refuse_file("many.yaml", "many.yaml:129:5: ", "too many files: at most 128");
}

static void refuses_files_that_others_may_write(void **state)
{
	const char *path;

	(void)state;
	path = put("w.yaml", "state: x\n");
	assert_int_equal(chmod(path, 0666), 0);
	refuse_file("w.yaml", "w.yaml", "by others");
	refuse_file("absent.yaml", "absent.yaml", "does not exist");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merges_what_a_file_includes),
		cmocka_unit_test(includes_by_glob_in_order),
		cmocka_unit_test(refuses_the_same_key_in_two_files),
		cmocka_unit_test(refuses_cycles_and_names_the_chain),
		cmocka_unit_test(refuses_includes_deeper_than_8),
		cmocka_unit_test(refuses_includes_that_are_no_paths),
		cmocka_unit_test(refuses_too_many_includes),
		cmocka_unit_test(refuses_files_that_others_may_write),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
