/* SPDX-License-Identifier: MIT */
/* sse.c - see sse.h. */
#include "sse.h"

void sse_init(struct sse *s, exs_status (*event)(void *arg, exs_str data), void *arg)
{
	memset(s, 0, sizeof *s);
	s->event = event;
	s->arg = arg;
	text_init(&s->line, SSE_EVENT_MAX);
	text_init(&s->data, SSE_EVENT_MAX);
}

void sse_release(struct sse *s)
{
	text_release(&s->line);
	text_release(&s->data);
}

static exs_status dispatch(struct sse *s)
{
	exs_status status = EXS_OK;

	if (s->has_data && s->data.mem.n)
		status = s->event(s->arg, text_view(&s->data));
	s->has_data = false;
	text_clear(&s->data);
	return status;
}

static exs_status take_line(struct sse *s, const char *p, size_t n)
{
	if (n == 0)
		return dispatch(s);
	if (n < 4 || memcmp(p, "data", 4) != 0 || (n > 4 && p[4] != ':'))
		return EXS_OK;
	p += n > 4 ? 5 : 4;
	n -= n > 4 ? 5 : 4;
	if (n && *p == ' ') {
		p++;
		n--;
	}
	if (s->has_data)
		text_add(&s->data, "\n", 1);
	s->has_data = true;
	text_add(&s->data, p, n);
	return s->data.status;
}

/* A line that came in pieces is joined first; one that came whole is read where it lies. */
static exs_status end_line(struct sse *s, const char *p, size_t n)
{
	exs_status status;

	if (s->line.mem.n == 0)
		return take_line(s, p, n);
	text_add(&s->line, p, n);
	if (s->line.status)
		return s->line.status;
	status = take_line(s, s->line.mem.p, s->line.mem.n);
	text_clear(&s->line);
	return status;
}

/* Skips a byte order mark; bytes that only looked like one go to the line. */
static size_t skip_bom(struct sse *s, const char *p, size_t n)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t i = 0;

	while (i < n && s->bom < 3 && p[i] == mark[s->bom]) {
		s->bom++;
		i++;
	}
	if (i < n && s->bom < 3) {
		text_add(&s->line, mark, s->bom);
		s->bom = 3;
	}
	return i;
}

static const char *line_end(const char *p, const char *end)
{
	const char *lf = memchr(p, '\n', (size_t)(end - p));
	const char *cr = memchr(p, '\r', (size_t)((lf ? lf : end) - p));

	return cr ? cr : lf;
}

exs_status sse_feed(struct sse *s, const char *p, size_t n)
{
	const char *end = p + n;

	if (s->bom < 3)
		p += skip_bom(s, p, n);
	while (p < end) {
		const char *stop;
		exs_status status;

		if (s->after_cr) {
			s->after_cr = false;
			if (*p == '\n') {
				p++;
				continue;
			}
		}
		stop = line_end(p, end);
		if (!stop) {
			text_add(&s->line, p, (size_t)(end - p));
			return s->line.status;
		}
		status = end_line(s, p, (size_t)(stop - p));
		if (status)
			return status;
		s->after_cr = *stop == '\r';
		p = stop + 1;
	}
	return s->line.status;
}
