/* SPDX-License-Identifier: MIT */
/* test_lines.c - JSON values, one a line, wherever the stream is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../plugins/common_json/text.c"
#include "../../plugins/common_model/lines.c"

#define GOT_MAX 256

struct got {
	char text[GOT_MAX]; /* each line in brackets */
	exs_status answer;
};

static exs_status on_line(void *arg, exs_str line)
{
	struct got *g = arg;
	size_t n = strlen(g->text);

	assert_true(line.n > 0);
	snprintf(g->text + n, sizeof g->text - n, "[%.*s]", (int)line.n, line.p);
	return g->answer;
}

static struct got read_cut(const char *p, size_t n, size_t cut)
{
	struct got g = { "", EXS_OK };
	struct lines l;

	lines_init(&l, on_line, &g);
	assert_int_equal(lines_feed(&l, p, cut), EXS_OK);
	assert_int_equal(lines_feed(&l, p + cut, n - cut), EXS_OK);
	assert_int_equal(lines_end(&l), EXS_OK);
	lines_release(&l);
	return g;
}

static void is_the_same_wherever_it_is_cut(void **state)
{
	static const struct {
		const char *stream, *lines;
	} cases[] = {
		{ "", "" },
		{ "{}\n", "[{}]" },
		{ "{}", "[{}]" },
		{ "{\"a\":1}\n{\"b\":2}\n", "[{\"a\":1}][{\"b\":2}]" },
		{ "{\"a\":1}\r\n\r\n\n{\"b\":2}", "[{\"a\":1}][{\"b\":2}]" },
		{ "\xef\xbb\xbf{}\n", "[{}]" },
		{ "\xef\xbb\xbf\n{}\n", "[{}]" },
		{ "a\rb\n", "[a\rb]" },
		{ "{}\n\xef\xbb\xbf{}\n", "[{}][\xef\xbb\xbf{}]" },
	};
	size_t i, cut, n;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		for (cut = 0, n = strlen(cases[i].stream); cut <= n; cut++)
			assert_string_equal(read_cut(cases[i].stream, n, cut).text, cases[i].lines);
}

static void ends_with_whatever_the_listener_says(void **state)
{
	struct got g = { "", EXS_INVALID };
	struct lines l;

	(void)state;
	lines_init(&l, on_line, &g);
	assert_int_equal(lines_feed(&l, "one\ntwo\n", 8), EXS_INVALID);
	assert_string_equal(g.text, "[one]");
	lines_release(&l);
	g = (struct got){ "", EXS_IO };
	lines_init(&l, on_line, &g);
	assert_int_equal(lines_feed(&l, "one", 3), EXS_OK);
	assert_int_equal(lines_end(&l), EXS_IO);
	assert_int_equal(lines_end(&l), EXS_OK); /* it was given */
	lines_release(&l);
}

static void a_line_has_a_bound(void **state)
{
	static char much[LINES_LINE_MAX + 2];
	struct got g = { "", EXS_OK };
	struct lines l;

	(void)state;
	memset(much, 'x', sizeof much);
	lines_init(&l, on_line, &g);
	assert_int_equal(lines_feed(&l, much, LINES_LINE_MAX), EXS_OK);
	assert_int_equal(lines_feed(&l, "x", 1), EXS_TOOBIG);
	lines_release(&l);
	/* Also of one that comes whole. */
	much[LINES_LINE_MAX + 1] = '\n';
	lines_init(&l, on_line, &g);
	assert_int_equal(lines_feed(&l, much, sizeof much), EXS_TOOBIG);
	assert_string_equal(g.text, "");
	lines_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_the_same_wherever_it_is_cut),
		cmocka_unit_test(ends_with_whatever_the_listener_says),
		cmocka_unit_test(a_line_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
