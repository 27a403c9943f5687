/* SPDX-License-Identifier: MIT */
/*
 * sse_cuts.c - what our reader makes of streams of events, for a comparison with another one.
 *
 *	sse_cuts CUTS <streams    each stream is its length in decimal, a newline and its bytes
 *
 * Reads each stream whole and cut CUTS times at random into up to 8 pieces; one that reads differently when
 * cut ends the program with 1. Prints for each stream a line of its events in hexadecimal, with a comma behind each.
 */
#include "../../plugins/common_json/text.c"
#include "../../plugins/common_model/sse.c"

#define STREAM_MAX (1u << 20)
#define CUTS_MAX   8u /* pieces */

static exs_status on_event(void *arg, exs_str data)
{
	static const char hex[] = "0123456789abcdef";
	struct text *out = arg;
	size_t i;

	for (i = 0; i < data.n; i++) {
		unsigned char c = (unsigned char)data.p[i];

		text_add(out, &hex[c >> 4], 1);
		text_add(out, &hex[c & 15], 1);
	}
	text_adds(out, ",");
	return out->status;
}

/* Pieces end at `cuts`, which rise. */
static bool read_cut(const char *p, size_t n, const size_t *cuts, size_t cuts_n, struct text *out)
{
	exs_status status = EXS_OK;
	size_t i, from = 0;
	struct sse s;

	text_clear(out);
	sse_init(&s, on_event, out);
	for (i = 0; i <= cuts_n && status == EXS_OK; i++) {
		size_t to = i < cuts_n ? cuts[i] : n;

		status = sse_feed(&s, p + from, to - from);
		from = to;
	}
	sse_release(&s);
	return status == EXS_OK;
}

static int by_size(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return (x > y) - (x < y);
}

static bool same_however_cut(const char *p, size_t n, long times, const struct text *whole)
{
	size_t cuts[CUTS_MAX], k, i;
	struct text out;
	bool same = true;

	text_init(&out, STREAM_MAX * 4);
	for (; times > 0 && same; times--) {
		k = (size_t)random() % CUTS_MAX;
		for (i = 0; i < k; i++)
			cuts[i] = (size_t)random() % (n + 1);
		qsort(cuts, k, sizeof *cuts, by_size);
		same = read_cut(p, n, cuts, k, &out) && exs_str_eq(text_view(&out), text_view(whole));
	}
	text_release(&out);
	return same;
}

int main(int argc, char **argv)
{
	long times = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	char *p = malloc(STREAM_MAX);
	struct text whole;
	size_t n, line;
	int rc = 0;

	if (times < 1 || !p)
		return 2;
	text_init(&whole, STREAM_MAX * 4);
	for (line = 1; rc == 0 && scanf("%zu", &n) == 1; line++) {
		if (getchar() != '\n' || n > STREAM_MAX || fread(p, 1, n, stdin) != n)
			rc = 2;
		else if (!read_cut(p, n, NULL, 0, &whole) || !same_however_cut(p, n, times, &whole))
			rc = 1;
		else
			printf("%.*s\n", (int)whole.mem.n, whole.mem.n ? whole.mem.p : "");
	}
	if (rc)
		fprintf(stderr, "sse_cuts: stream %zu: %s\n", line - 1,
			rc == 1 ? "reads differently when it is cut" : "is not in the form of the input");
	text_release(&whole);
	free(p);
	return rc;
}
