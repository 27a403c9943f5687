/* SPDX-License-Identifier: MIT */
/* lines.c - see lines.h. */
#include "lines.h"

void lines_init(struct lines *l, exs_status (*line)(void *arg, exs_str line), void *arg)
{
	memset(l, 0, sizeof *l);
	l->line = line;
	l->arg = arg;
	text_init(&l->part, LINES_LINE_MAX);
}

void lines_release(struct lines *l)
{
	text_release(&l->part);
}

static exs_status give(struct lines *l, const char *p, size_t n)
{
	if (!l->begun && n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
		p += 3;
		n -= 3;
	}
	l->begun = true;
	if (n && p[n - 1] == '\r')
		n--;
	if (n > LINES_LINE_MAX)
		return EXS_TOOBIG;
	return n ? l->line(l->arg, exs_bytes(p, n)) : EXS_OK;
}

/* A line that came in pieces is joined first; one that came whole is read where it lies. */
static exs_status join_line(struct lines *l, const char *p, size_t n)
{
	exs_status status;

	if (l->part.mem.n == 0)
		return give(l, p, n);
	text_add(&l->part, p, n);
	if (l->part.status)
		return l->part.status;
	status = give(l, l->part.mem.p, l->part.mem.n);
	text_clear(&l->part);
	return status;
}

/* Servers keep a connection alive with empty lines, and bad ones send nothing else: no call for
 * each. */
static const char *skip_empty(struct lines *l, const char *p, const char *end)
{
	const char *from = p;

	if (l->part.mem.n)
		return p;
	while (p < end && *p == '\n')
		p++;
	l->begun |= p > from;
	return p;
}

exs_status lines_feed(struct lines *l, const char *p, size_t n)
{
	const char *end = p + n, *stop;
	exs_status status;

	while ((p = skip_empty(l, p, end)) < end) {
		stop = memchr(p, '\n', (size_t)(end - p));
		if (!stop) {
			text_add(&l->part, p, (size_t)(end - p));
			return l->part.status;
		}
		status = join_line(l, p, (size_t)(stop - p));
		if (status)
			return status;
		p = stop + 1;
	}
	return EXS_OK;
}

exs_status lines_end(struct lines *l)
{
	return join_line(l, "", 0);
}
