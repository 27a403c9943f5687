/* SPDX-License-Identifier: MIT */
/* test_sse.c - the reader of server-sent events, whole and cut between any two bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../plugins/common_model/sse.c"
#include "../../plugins/common_json/text.c"

struct got {
	char all[4096]; /* each event in brackets */
	size_t n;
	int events, fail_at;
};

static exs_status on_event(void *arg, exs_str data)
{
	struct got *g = arg;

	g->n += (size_t)snprintf(g->all + g->n, sizeof g->all - g->n, "[%.*s]", (int)data.n,
				 data.p);
	return ++g->events == g->fail_at ? EXS_IO : EXS_OK;
}

static exs_status read_cut(struct got *g, const char *p, size_t n, size_t cut)
{
	struct sse s;
	exs_status status;

	memset(g, 0, sizeof *g);
	sse_init(&s, on_event, g);
	status = sse_feed(&s, p, cut);
	if (status == EXS_OK)
		status = sse_feed(&s, p + cut, n - cut);
	sse_release(&s);
	return status;
}

static exs_status read_bytes(struct got *g, const char *p, size_t n)
{
	struct sse s;
	exs_status status = EXS_OK;
	size_t i;

	memset(g, 0, sizeof *g);
	sse_init(&s, on_event, g);
	for (i = 0; i < n && status == EXS_OK; i++)
		status = sse_feed(&s, p + i, 1);
	sse_release(&s);
	return status;
}

/* The stream gives this, however it is cut in two, and byte by byte. */
static void gives(const char *stream, const char *want)
{
	size_t n = strlen(stream), cut;
	struct got g;

	for (cut = 0; cut <= n; cut++) {
		assert_int_equal(read_cut(&g, stream, n, cut), EXS_OK);
		assert_string_equal(g.all, want);
	}
	assert_int_equal(read_bytes(&g, stream, n), EXS_OK);
	assert_string_equal(g.all, want);
}

static void reads_events_however_lines_end(void **state)
{
	(void)state;
	gives("data: a\n\ndata: b\n\n", "[a][b]");
	gives("data: a\r\n\r\ndata: b\r\n\r\n", "[a][b]");
	gives("data: a\r\rdata: b\r\r", "[a][b]");
	gives("data: a\r\n\ndata: b\n\r\n", "[a][b]");
}

static void joins_data_lines_with_a_newline(void **state)
{
	(void)state;
	gives("data: a\ndata: b\ndata\ndata:c\n\n", "[a\nb\n\nc]");
}

static void takes_one_space_behind_the_colon_away(void **state)
{
	(void)state;
	gives("data:a\n\ndata:  b\n\n", "[a][ b]");
}

static void skips_comments_other_fields_and_empty_events(void **state)
{
	(void)state;
	gives(": hello\n\nevent: x\nid: 1\nretry: 5\ndata: a\n\n\n\ndata\n\ndatax: no\n\n", "[a]");
}

static void skips_a_byte_order_mark_only_at_the_start(void **state)
{
	(void)state;
	gives("\xef\xbb\xbf"
	      "data: a\n\n\xef\xbb\xbf"
	      "data: b\n\n",
	      "[a]");
	gives("\xef\xbb"
	      "data: a\n\n",
	      "");
}

static void drops_an_event_that_no_empty_line_ended(void **state)
{
	(void)state;
	gives("data: a\n\ndata: b\n", "[a]");
	gives("data: a\n\ndata: b", "[a]");
}

static void stops_at_the_first_event_that_is_refused(void **state)
{
	static const char stream[] = "data: a\n\ndata: b\n\n";
	struct sse s;
	struct got g = { .fail_at = 1 };

	(void)state;
	sse_init(&s, on_event, &g);
	assert_int_equal(sse_feed(&s, stream, sizeof stream - 1), EXS_IO);
	assert_string_equal(g.all, "[a]");
	sse_release(&s);
}

static exs_status feed_much(const char *piece, size_t n, size_t total)
{
	struct got g = { .n = 0 };
	exs_status status = EXS_OK;
	struct sse s;

	sse_init(&s, on_event, &g);
	for (; status == EXS_OK && total; total -= total > n ? n : total)
		status = sse_feed(&s, piece, n);
	sse_release(&s);
	return status;
}

static void refuses_a_line_and_an_event_over_8_mib(void **state)
{
	static char piece[1 << 16];

	(void)state;
	memset(piece, 'x', sizeof piece);
	assert_int_equal(feed_much(piece, sizeof piece, SSE_EVENT_MAX), EXS_OK);
	assert_int_equal(feed_much(piece, sizeof piece, SSE_EVENT_MAX + sizeof piece), EXS_TOOBIG);
	memcpy(piece, "data:", 5);
	piece[sizeof piece - 1] = '\n';
	assert_int_equal(feed_much(piece, sizeof piece, SSE_EVENT_MAX + (1 << 20)), EXS_TOOBIG);
}

static void keeps_bytes_that_are_not_text(void **state)
{
	static const char stream[] = "data: a\0b\xff\n\n";
	struct got g;

	(void)state;
	assert_int_equal(read_cut(&g, stream, sizeof stream - 1, 8), EXS_OK);
	assert_int_equal(g.events, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_events_however_lines_end),
		cmocka_unit_test(joins_data_lines_with_a_newline),
		cmocka_unit_test(takes_one_space_behind_the_colon_away),
		cmocka_unit_test(skips_comments_other_fields_and_empty_events),
		cmocka_unit_test(skips_a_byte_order_mark_only_at_the_start),
		cmocka_unit_test(drops_an_event_that_no_empty_line_ended),
		cmocka_unit_test(stops_at_the_first_event_that_is_refused),
		cmocka_unit_test(refuses_a_line_and_an_event_over_8_mib),
		cmocka_unit_test(keeps_bytes_that_are_not_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
