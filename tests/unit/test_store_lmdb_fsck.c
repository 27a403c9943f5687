/* SPDX-License-Identifier: MIT */
/* test_store_lmdb_fsck.c - the check of the file's pages: silent about sound ones, and it survives what it is shown. */
#include "store_lmdb_kit.h"

#define PAGE	 4096u
#define ROWS	 3000
#define SAID_MAX 8192u

struct said {
	int damages, notes;
	char text[SAID_MAX];
};

static exs_status note(void *arg, int32_t kind, exs_str text)
{
	struct said *s = arg;
	size_t n = strlen(s->text);

	s->damages += kind == EXS_CHECK_DAMAGE;
	s->notes += kind == EXS_CHECK_NOTE;
	snprintf(s->text + n, sizeof s->text - n, "%.*s\n", (int)text.n, text.p);
	return EXS_OK;
}

static struct said check(struct box *b)
{
	struct said s = { 0 };

	assert_int_equal(b->store->check(b->self, note, &s, &b->err), EXS_OK);
	return s;
}

/* A tree of several levels, long values, and pages that were freed. */
static void fill(struct box *b)
{
	size_t size = 30000;
	char *value = calloc(1, size), key[64];
	int i;

	assert_non_null(value);
	assert_int_equal(box_open(b), EXS_OK);
	for (i = 0; i < ROWS; i++) {
		snprintf(key, sizeof key, "row/%06d/with/a/name/that/fills/pages", i * 7 % ROWS);
		assert_int_equal(box_put(b, exs_cstr(key),
					 exs_bytes(value, i % 100 ? 100 : size)), EXS_OK);
	}
	for (i = 0; i < ROWS; i += 3) {
		snprintf(key, sizeof key, "row/%06d/with/a/name/that/fills/pages", i);
		assert_int_equal(box_op(b, EXS_OP_DEL, exs_cstr(key), S("")), EXS_OK);
	}
	free(value);
}

static void patch(struct box *b, size_t at, const void *bytes, size_t n)
{
	char path[PATH_BYTES + 32];
	int fd;

	snprintf(path, sizeof path, "%s/data.mdb", b->dir);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, (off_t)at), (ssize_t)n);
	close(fd);
}

static unsigned get16(const char *p)
{
	return (unsigned char)p[0] | (unsigned)(unsigned char)p[1] << 8;
}

/* A page of that kind that is in use: damaging its number is noticed. */
static size_t find_page(struct box *b, const char *data, size_t n, unsigned kind)
{
	size_t page;

	for (page = 2; page < n / PAGE; page++) {
		const char *p = data + page * PAGE;
		struct said s;

		if (get16(p + 10) != kind)
			continue;
		patch(b, page * PAGE, "\xff", 1);
		s = check(b);
		patch(b, page * PAGE, p, 1);
		if (s.damages)
			return page * PAGE;
	}
	fail_msg("no page of kind %u is in use", kind);
	return 0;
}

static void finds(struct box *b, size_t at, const char *bytes, size_t n, const char *words)
{
	char before[64], path[PATH_BYTES + 32];
	struct said s;
	int fd;

	snprintf(path, sizeof path, "%s/data.mdb", b->dir);
	fd = open(path, O_RDONLY);
	assert_int_equal(pread(fd, before, n, (off_t)at), (ssize_t)n);
	close(fd);
	patch(b, at, bytes, n);
	s = check(b);
	patch(b, at, before, n);
	if (!s.damages || !strstr(s.text, words))
		fail_msg("'%s' is not said, but: %s", words, s.text);
	assert_int_equal(check(b).damages, 0);
}

static void a_store_that_was_used_is_sound(void **state)
{
	struct box *b = *state;
	struct said s;

	assert_int_equal(box_open(b), EXS_OK);
	s = check(b);
	assert_int_equal(s.damages, 0);
	box_close(b);
	fill(b);
	s = check(b);
	if (s.damages)
		fail_msg("%s", s.text);
	assert_int_equal(s.notes, 1);
	assert_non_null(strstr(s.text, " 0 neither in use nor free"));
	assert_null(strstr(s.text, ", 0 free"));
}

static void each_damage_has_its_sentence(void **state)
{
	struct box *b = *state;
	size_t n, leaf, branch, value, first;
	char *data, two[4];

	fill(b);
	data = box_data(b, &n);
	leaf = find_page(b, data, n, 2);
	branch = find_page(b, data, n, 1);
	value = find_page(b, data, n, 4);
	finds(b, leaf + 10, "\x07", 1, "is no leaf page");
	finds(b, leaf + 12, "\xff\xff", 2, "is no leaf page");
	finds(b, branch + 14, "\x01\x00", 2, "is no branch page");
	finds(b, leaf + 16, "\xff\xff", 2, "does not fit its page");
	finds(b, value + 12, "\x63", 1, "does not begin a value of");
	/* Two rows in each other's place. */
	memcpy(two, data + leaf + 18, 2);
	memcpy(two + 2, data + leaf + 16, 2);
	finds(b, leaf + 16, two, 4, "are not in order");
	/* A child that is another one's, too: the second row of the branch gets the page of the first. */
	first = branch + get16(data + branch + 16);
	finds(b, branch + get16(data + branch + 18), data + first, 4, "is in use already");
	finds(b, branch + get16(data + branch + 18), "\xff\xff\xff\x7f", 4, "and the file ends with");
	finds(b, 16, "x", 1, "page 0 does not begin a file of LMDB");
	free(data);
}

/* The counts of the map of free pages stand in the first page, behind magic, version, address and size. */
static void counts_that_are_wrong_are_found(void **state)
{
	struct box *b = *state;
	char *data, other[8];
	size_t n, at, i;
	int found = 0;

	fill(b);
	data = box_data(b, &n);
	for (i = 0; i < 2; i++) {
		at = i * PAGE + 16 + 24 + 32; /* entries of the free map */
		memcpy(other, data + at, sizeof other);
		other[0]++;
		patch(b, at, other, sizeof other);
		found += strstr(check(b).text, "says that it has") != NULL;
		patch(b, at, data + at, sizeof other);
	}
	assert_int_equal(found, 1); /* the other page is the state before */
	free(data);
}

/* Whatever stands there: no crash, no endless walk, and the sentences stay few. */
static void any_bytes_are_survived(void **state)
{
	struct box *b = *state;
	unsigned seed = 7, i;
	char *data, junk[PAGE];
	size_t n, page;

	fill(b);
	data = box_data(b, &n);
	for (page = 2; page < n / PAGE; page += 3) {
		for (i = 0; i < PAGE; i++) {
			seed = seed * 1103515245 + 12345;
			junk[i] = (char)(seed >> 16);
		}
		/* All of it, or only what is behind a good head. */
		i = page % 2 ? 0 : 16;
		patch(b, page * PAGE + i, junk, PAGE - i);
		assert_in_range(check(b).damages, 0, 64);
		patch(b, page * PAGE, data + page * PAGE, PAGE);
	}
	assert_int_equal(check(b).damages, 0);
	free(data);
}

static exs_status enough(void *arg, int32_t kind, exs_str text)
{
	(void)arg;
	(void)kind;
	(void)text;
	return EXS_CANCELLED;
}

static void who_listens_can_end_it(void **state)
{
	struct box *b = *state;

	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(b->store->check(b->self, enough, NULL, &b->err), EXS_CANCELLED);
}

/* ---- before LMDB opens it ---- */

#define META_MAIN 88u /* of a first page: the head of the main map */
#define MAP_ROOT  40u /* of a map's head: its first page */
#define META_TXN  144u
#define ROOTS_MAX 4

static uint64_t get64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* Where the first pages of the main map and of those in it stand. */
static int find_roots(const char *data, size_t out[ROOTS_MAX])
{
	const char *meta = data, *page, *node;
	unsigned i, rows;
	int n = 0;

	if (get64(data + PAGE + META_TXN) > get64(data + META_TXN))
		meta += PAGE;
	out[n++] = get64(meta + META_MAIN + MAP_ROOT) * PAGE;
	page = data + out[0];
	rows = (get16(page + 12) - 16) / 2;
	for (i = 0; i < rows && n < ROOTS_MAX; i++) {
		node = page + get16(page + 16 + 2 * i);
		out[n++] = get64(node + 8 + get16(node + 6) + MAP_ROOT) * PAGE;
	}
	return n;
}

/* LMDB would end the process at most of them. */
static void a_damaged_root_is_told_before_it_is_opened(void **state)
{
	static const unsigned offsets[] = { 0, 10, 12, 14, 16 };
	struct box *b = *state;
	size_t roots[ROOTS_MAX], n, i;
	char *data;
	int r, found;

	fill(b);
	data = box_data(b, &n);
	box_close(b);
	found = find_roots(data, roots);
	assert_int_equal(found, 3);
	for (r = 0; r < found; r++)
		for (i = 0; i < sizeof offsets / sizeof *offsets; i++) {
			patch(b, roots[r] + offsets[i], "\xff\xff", 2);
			assert_int_equal(box_open(b), EXS_CORRUPT);
			if (!strstr(b->err.text, "is damaged, restore a copy: "))
				fail_msg("page %zu, byte %u: %s", roots[r] / PAGE, offsets[i], b->err.text);
			patch(b, roots[r], data + roots[r], PAGE);
		}
	assert_int_equal(box_open(b), EXS_OK);
	assert_int_equal(check(b).damages, 0);
	free(data);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(a_store_that_was_used_is_sound),
		CASE(each_damage_has_its_sentence),
		CASE(counts_that_are_wrong_are_found),
		CASE(any_bytes_are_survived),
		CASE(who_listens_can_end_it),
		CASE(a_damaged_root_is_told_before_it_is_opened),
	};

	return cmocka_run_group_tests_name("store_lmdb_fsck", cases, NULL, NULL);
}
