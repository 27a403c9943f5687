/* SPDX-License-Identifier: MIT */
/* test_loader.c - what the loader lets in, and what it says about the rest. Bad batteries live in
 * tests/zoo. */
#include "loader_kit.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Copies the first `n` bytes of a zoo file (all of it when n is 0) into the test's folder. */
static void copy_in(const struct box *b, const char *from, const char *to, size_t n)
{
	char path[256], *bytes = malloc(1u << 20);
	FILE *f;
	size_t got;

	assert_non_null(bytes);
	snprintf(path, sizeof path, ZOO "/%s", from);
	f = fopen(path, "re");
	assert_non_null(f);
	got = fread(bytes, 1, 1u << 20, f);
	assert_true(got > n && got < 1u << 20);
	fclose(f);
	snprintf(path, sizeof path, "%s/%s", b->dir, to);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n ? n : got, f), n ? n : got);
	assert_int_equal(fclose(f), 0);
	free(bytes);
}

/* The status, and each of the parts in the sentence. `out` stays untouched. */
static void refuses(struct box *b, const char *so, exs_status status, const char *part1,
		    const char *part2)
{
	const struct loaded *const before = (const struct loaded *)(const void *)b;
	const struct loaded *l = before;
	exs_err err = EXS_ERR_INIT;

	assert_int_equal(loader_open(&b->ld, so, b->dir, &l, &err), status);
	if (!strstr(err.text, part1) || !strstr(err.text, part2))
		fail_msg("%s: '%s' lacks '%s' or '%s'", so, err.text, part1, part2);
	assert_int_equal(err.status, status);
	assert_true(strlen(err.text) < sizeof err.text - 1); /* not cut */
	assert_ptr_equal(l, before);
}

static void loads_a_good_battery_and_gives_its_table(void **state)
{
	struct box *b = *state;
	const struct loaded *l = opens(b, "good.so");

	assert_string_equal(l->battery->id, "org.example.zoo");
	assert_string_equal(l->battery->ports[0], EXS_PORT_AUDIT);
	assert_string_equal(l->file, "good.so");
	assert_int_equal(l->path[0], '/');
	assert_int_equal(l->owner, geteuid());
	assert_string_equal(opens(b, "hello.so")->battery->id, "org.example.hello");
}

static void a_file_is_loaded_once_whatever_its_name(void **state)
{
	struct box *b = *state;
	const struct loaded *l = opens(b, "good.so");
	char link[128];

	snprintf(link, sizeof link, "%s/other.so", b->dir);
	assert_int_equal(symlink(ZOO "/good.so", link), 0);
	assert_ptr_equal(opens(b, "good.so"), l);
	assert_ptr_equal(opens(b, ZOO "/good.so"), l);
	assert_ptr_equal(opens(b, "./other.so"), l);
	assert_ptr_equal(b->ld.list, l);
	assert_null(l->next);
}

static void a_copy_is_another_battery(void **state)
{
	struct box *b = *state;

	copy_in(b, "good.so", "copy.so", 0);
	assert_ptr_not_equal(opens(b, "./copy.so"), opens(b, "good.so"));
}

static void a_name_with_a_slash_is_relative_to_the_conf(void **state)
{
	struct box *b = *state;
	char sub[128];

	snprintf(sub, sizeof sub, "%s/sub", b->dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	copy_in(b, "good.so", "sub/mine.so", 0);
	assert_string_equal(opens(b, "sub/mine.so")->file, "mine.so");
	refuses(b, "mine.so", EXS_NOTFOUND, "no battery 'mine.so'", ZOO);
}

static void the_first_folder_that_has_the_name_wins(void **state)
{
	struct box *b = *state;
	const char *const folders[] = { "/nonexistent", b->dir, ZOO, NULL };
	char real[4096];

	copy_in(b, "good.so", "hello.so", 0);
	b->ld.folders = folders;
	assert_non_null(realpath(b->dir, real));
	assert_int_equal(strncmp(opens(b, "hello.so")->path, real, strlen(real)), 0);
	assert_string_equal(opens(b, "good.so")->file, "good.so");
	b->ld.folders = zoo_only;
}

static void a_missing_battery_names_the_folders_and_the_nearest(void **state)
{
	struct box *b = *state;
	const char *const folders[] = { "/nonexistent", b->dir, NULL };
	const char *const none[] = { NULL };

	copy_in(b, "good.so", "audit_jsonl.so", 0);
	b->ld.folders = folders;
	refuses(b, "audit_json.so", EXS_NOTFOUND, "did you mean 'audit_jsonl.so'?",
		"Looked in /nonexistent, /tmp/loader-");
	refuses(b, "audit_jsonl", EXS_NOTFOUND, "did you mean 'audit_jsonl.so'?", "");
	refuses(b, "store.so", EXS_NOTFOUND, "no battery 'store.so': looked in /nonexistent, ",
		"-B");
	refuses(b, "./audit_jsnl.so", EXS_NOTFOUND, "did you mean 'audit_jsonl.so'?", b->dir);
	b->ld.folders = none;
	refuses(b, "store.so", EXS_NOTFOUND, "looked in no folder", "-B");
	b->ld.folders = zoo_only;
}

static void refuses_names_that_name_no_file(void **state)
{
	struct box *b = *state;
	char name[400], path[5000];

	refuses(b, "", EXS_INVALID, "names no file", "");
	refuses(b, "folder/", EXS_INVALID, "'folder/' names no file", "");
	refuses(b, "..", EXS_INVALID, "names no file", "");
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	refuses(b, name, EXS_INVALID, "too long for a file name", "xxx");
	for (size_t i = 0; i + 1 < sizeof path; i++)
		path[i] = i % 9 == 0 ? '/' : 'y';
	path[sizeof path - 1] = '\0';
	refuses(b, path + 1, EXS_TOOBIG, "too long", "");
}

static void refuses_files_that_others_may_write(void **state)
{
	struct box *b = *state;
	char path[128];

	copy_in(b, "good.so", "open.so", 0);
	snprintf(path, sizeof path, "%s/open.so", b->dir);
	assert_int_equal(chmod(path, 0666), 0);
	refuses(b, "./open.so", EXS_DENIED, "open.so", "");
	assert_int_equal(mkdir(strcat(path, ".d"), 0700), 0);
	refuses(b, "./open.so.d", EXS_DENIED, "open.so.d", "");
}

/* What the file says is told without running any of its code. */
static void refuses_other_abis(void **state)
{
	struct box *b = *state;

	refuses(b, "no_symbol.so", EXS_INVALID, "no_symbol.so' is not a battery",
		"exports no symbol executus_battery");
	refuses(b, "symbol_is_function.so", EXS_INVALID, "symbol_is_function.so' exports",
		"as a function, wanted constant data");
	refuses(b, "small_symbol.so", EXS_INVALID, "small_symbol.so' holds 8 bytes",
		"wanted at least 16");
	refuses(b, "short_struct.so", EXS_INVALID, "short_struct.so' holds 16 bytes",
		"its table says 88");
	refuses(b, "not_constant.so", EXS_INVALID, "not_constant.so' holds 0 bytes",
		"constant data");
	refuses(b, "older_major.so", EXS_UNSUPPORTED, "older_major.so' was built for ABI 0.3",
		"this host speaks 1.0: rebuild the battery");
	refuses(b, "newer_major.so", EXS_UNSUPPORTED, "newer_major.so' was built for ABI 2.0",
		"this host speaks 1.0: update the host");
	refuses(b, "newer_minor.so", EXS_UNSUPPORTED, "newer_minor.so' needs ABI 1.7",
		"only 1.0: update the host");
	refuses(b, "tiny_table.so", EXS_INVALID, "tiny_table.so' says that its table has 40 bytes",
		"ABI 1 has 88");
	refuses(b, "bad_option_size.so", EXS_INVALID, "one option has 16 bytes", "ABI 1 has 40");
	refuses(b, "odd_option_size.so", EXS_INVALID, "one option has 41 bytes", "ABI 1 has 40");
	assert_null(b->ld.list);
}

static void refuses_what_is_no_shared_object(void **state)
{
	struct box *b = *state;

	refuses(b, "not_elf.so", EXS_INVALID, "not_elf.so' is not a shared object", "");
}

static void refuses_a_file_cut_anywhere(void **state)
{
	struct box *b = *state;
	struct stat st;

	assert_int_equal(stat(ZOO "/good.so", &st), 0);
	copy_in(b, "good.so", "head.so", 40);
	refuses(b, "./head.so", EXS_CORRUPT, "head.so' holds 40 bytes", "half copied?");
	copy_in(b, "good.so", "half.so", (size_t)st.st_size / 3);
	refuses(b, "./half.so", EXS_CORRUPT, "segments need",
		"half copied? install to a temporary");
	copy_in(b, "good.so", "almost.so", (size_t)st.st_size - 1);
	refuses(b, "./almost.so", EXS_CORRUPT, "almost.so' holds", "half copied?");
}

static void refuses_tables_that_are_not_filled(void **state)
{
	struct box *b = *state;

	refuses(b, "null_fields.so", EXS_INVALID, "null_fields.so' has no id", "");
	refuses(b, "null_open.so", EXS_INVALID, "null_open.so' has no function 'open'", "");
	refuses(b, "no_options.so", EXS_INVALID, "no_options.so' has no table of options", "");
	refuses(b, "no_ports.so", EXS_INVALID, "no_ports.so' fills no port", "");
	refuses(b, "endless_text.so", EXS_INVALID, "a version of 256 bytes or more", "");
	refuses(b, "control_in_text.so", EXS_INVALID, "a control character in its summary", "");
	refuses(b, "latin_text.so", EXS_INVALID, "a summary that is not UTF-8", "");
	refuses(b, "changing_head.so", EXS_CONFLICT, "changing_head.so' is not in memory",
		"must be constant");
}

static void refuses_ports_that_it_does_not_know(void **state)
{
	struct box *b = *state;

	refuses(b, "unknown_port.so", EXS_UNSUPPORTED, "unknown_port.so' fills the port",
		"'org.example.oracle/1', which this host does not know");
	refuses(b, "misspelt_port.so", EXS_UNSUPPORTED, "'executus.adit/1'",
		"nearest is 'executus.audit/1'");
	refuses(b, "newer_port_revision.so", EXS_UNSUPPORTED,
		"newer_port_revision.so' fills the port 'executus.audit/2'",
		"this host knows 'executus.audit/1'");
	refuses(b, "same_port_twice.so", EXS_INVALID, "lists the port 'executus.audit/1' twice",
		"");
	refuses(b, "endless_ports.so", EXS_INVALID, "twice", "");
}

static void refuses_options_that_contradict_themselves(void **state)
{
	struct box *b = *state;

	refuses(b, "duplicate_option.so", EXS_INVALID, "duplicate_option.so': ", "path");
	refuses(b, "bad_default.so", EXS_INVALID, "bad_default.so': ", "width");
}

static void keeps_the_linkers_words_and_adds_the_usual_cause(void **state)
{
	struct box *b = *state;

	refuses(b, "undefined_symbol.so", EXS_INVALID, "undefined symbol: nobody_has_this",
		"built against another library version");
}

static void refuses_a_file_that_changes_meanwhile(void **state)
{
	struct box *b = *state;
	const struct timespec times[2] = { { 2, 0 },
					   { 2, 0 } }; /* the constructor makes it one second */
	char path[128];

	copy_in(b, "touching_constructor.so", "touching.so", 0);
	snprintf(path, sizeof path, "%s/touching.so", b->dir);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	refuses(b, "./touching.so", EXS_CONFLICT, "touching.so' changed while it was loaded",
		"try again");
	assert_null(b->ld.list);
}

static void every_port_header_has_its_id_in_the_list(void **state)
{
	const char *const *ids = loader_port_ids();
	size_t n = 0;

	(void)state;
	for (; ids[n]; n++) {
		assert_int_equal(strncmp(ids[n], "executus.", 9), 0);
		for (size_t i = 0; i < n; i++)
			assert_string_not_equal(ids[i], ids[n]);
	}
	assert_int_equal(n, 8);
}

/* ---- scan ---- */

struct rows {
	size_t n, good, enough;
	char last[64];
	bool sorted;
};

static exs_status on_row(void *arg, const char *file, const struct loaded *loaded,
			 const exs_err *why)
{
	struct rows *rows = arg;

	assert_true((loaded == NULL) != (why == NULL));
	assert_true(!why || why->text[0]);
	rows->sorted &= strcmp(rows->last, file) < 0;
	snprintf(rows->last, sizeof rows->last, "%s", file);
	rows->good += loaded != NULL;
	return ++rows->n == rows->enough ? EXS_TOOBIG : EXS_OK;
}

static void scanning_gives_each_file_a_row(void **state)
{
	struct box *b = *state;
	exs_err err = EXS_ERR_INIT;
	struct rows rows = { .sorted = true };

	copy_in(b, "hello.so", "hello.so", 0);
	copy_in(b, "not_elf.so", "broken.so", 0);
	copy_in(b, "good.so", "good.so", 0);
	copy_in(b, "good.so", "notes.txt", 0);
	copy_in(b, "good.so", ".hidden.so", 0);
	assert_int_equal(loader_scan(&b->ld, b->dir, on_row, &rows, &err), EXS_OK);
	assert_int_equal(rows.n, 3);
	assert_int_equal(rows.good, 2);
	assert_true(rows.sorted);
	rows = (struct rows){ .sorted = true, .enough = 1 };
	assert_int_equal(loader_scan(&b->ld, b->dir, on_row, &rows, &err), EXS_TOOBIG);
	assert_int_equal(rows.n, 1);
}

static void scanning_tells_a_folder_that_is_not_there(void **state)
{
	struct box *b = *state;
	exs_err err = EXS_ERR_INIT;
	struct rows rows = { .sorted = true };

	assert_int_equal(loader_scan(&b->ld, "/nonexistent", on_row, &rows, &err), EXS_NOTFOUND);
	assert_non_null(strstr(err.text, "'/nonexistent' cannot be read"));
	assert_int_equal(rows.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(loads_a_good_battery_and_gives_its_table),
		TEST(a_file_is_loaded_once_whatever_its_name),
		TEST(a_copy_is_another_battery),
		TEST(a_name_with_a_slash_is_relative_to_the_conf),
		TEST(the_first_folder_that_has_the_name_wins),
		TEST(a_missing_battery_names_the_folders_and_the_nearest),
		TEST(refuses_names_that_name_no_file),
		TEST(refuses_files_that_others_may_write),
		TEST(refuses_other_abis),
		TEST(refuses_what_is_no_shared_object),
		TEST(refuses_a_file_cut_anywhere),
		TEST(refuses_tables_that_are_not_filled),
		TEST(refuses_ports_that_it_does_not_know),
		TEST(refuses_options_that_contradict_themselves),
		TEST(keeps_the_linkers_words_and_adds_the_usual_cause),
		TEST(refuses_a_file_that_changes_meanwhile),
		TEST(every_port_header_has_its_id_in_the_list),
		TEST(scanning_gives_each_file_a_row),
		TEST(scanning_tells_a_folder_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
