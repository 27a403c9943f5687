/* SPDX-License-Identifier: MIT */
/* test_body.c - a body of a request: short histories copied, long ones sent from the cache's entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../plugins/common_json/text.c"
#include "../../plugins/common_model/body.c"
#include "../../plugins/common_model/cache.c"

#define ID   7u
#define LONG (BODY_KEPT_MAX + 1000u)

struct fixture {
	struct cache cache;
	struct body body;
	struct text want; /* what the body must hold */
};

static int set_up(void **state)
{
	static struct fixture f;

	cache_init(&f.cache);
	body_init(&f.body, &f.cache);
	text_init(&f.want, REQUEST_MAX);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	body_release(&f->body);
	cache_release(&f->cache);
	text_release(&f->want);
	return 0;
}

static void add(struct fixture *f, const char *s)
{
	text_adds(&f->body.text, s);
	text_adds(&f->want, s);
}

/* All but the first byte and the last of an entry of n bytes. */
static void add_history(struct fixture *f, size_t n)
{
	struct cache_entry *e = cache_take(&f->cache, ID, 1);
	size_t i;

	assert_non_null(e);
	e->count = 1;
	text_clear(&e->text);
	for (i = 0; i < n; i++)
		text_add(&e->text, &"abcdefghijklmnopqrstuvwxyz"[i % 26], 1);
	if (n > 2)
		text_add(&f->want, e->text.mem.p + 1, n - 2);
	body_add_history(&f->body, e, n ? 1 : 0, n > 2 ? n - 2 : 0);
}

/* Every part of it of these lengths reads as it should. */
static void assert_reads(struct fixture *f)
{
	static const size_t lengths[] = { 1, 7, 4096, BODY_KEPT_MAX, REQUEST_MAX };
	size_t all = f->want.mem.n, i, at, n;
	char *got = malloc(all);

	assert_int_equal(body_size(&f->body), all);
	for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		for (at = 0; at < all; at += n) {
			n = all - at < lengths[i] ? all - at : lengths[i];
			body_copy(&f->body, at, n, got + at);
		}
		assert_memory_equal(got, f->want.mem.p, all);
		memset(got, 0, all);
	}
	free(got);
}

/* Whether the entry, with what was encoded, is in the cache. */
static bool is_in_cache(struct fixture *f)
{
	struct cache_entry *e = cache_take(&f->cache, ID, 1);
	bool is = e->count == 1;

	cache_give(&f->cache, e);
	return is;
}

static void a_short_history_is_copied_and_given_back(void **state)
{
	static const size_t lengths[] = { 0, 1, 2, 3, 1000, BODY_KEPT_MAX + 2 };
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		add(f, "[");
		add_history(f, lengths[i]);
		assert_true(is_in_cache(f));
		add(f, "]");
		assert_reads(f);
		assert_true((body_whole(&f->body) == NULL) == (body_size(&f->body) > BODY_KEPT_MAX));
		if (body_whole(&f->body))
			assert_memory_equal(body_whole(&f->body), f->want.mem.p, f->want.mem.n);
		body_release(&f->body);
		text_clear(&f->want);
		assert_int_equal(body_size(&f->body), 0);
	}
}

static void a_long_one_is_the_bodys_until_it_is_released(void **state)
{
	static const char *const before[] = { "", "{\"messages\":[" };
	static const char *const behind[] = { "", "],\"stream\":true}" };
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < 4; i++) {
		add(f, before[i / 2]);
		add_history(f, LONG);
		add(f, behind[i % 2]);
		assert_null(body_whole(&f->body));
		assert_reads(f);
		assert_false(is_in_cache(f)); /* an empty one stands there now */
		body_release(&f->body);
		assert_int_equal(body_size(&f->body), 0);
		assert_true(is_in_cache(f));
		text_clear(&f->want);
	}
}

static void the_bound_is_of_all_together(void **state)
{
	struct fixture *f = *state;

	f->body.text.mem.max = LONG + 8;
	add(f, "12345678");
	add_history(f, LONG + 2);
	assert_int_equal(f->body.text.status, EXS_OK);
	text_adds(&f->body.text, "9");
	assert_int_equal(f->body.text.status, EXS_TOOBIG);
	body_release(&f->body);

	f->body.text.mem.max = LONG - 1;
	add_history(f, LONG + 2);
	assert_int_equal(f->body.text.status, EXS_TOOBIG);
	assert_true(is_in_cache(f));
	body_release(&f->body);
	assert_int_equal(f->body.text.status, EXS_OK);
	assert_int_equal(f->body.text.mem.max, REQUEST_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(a_short_history_is_copied_and_given_back),
		T(a_long_one_is_the_bodys_until_it_is_released),
		T(the_bound_is_of_all_together),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
