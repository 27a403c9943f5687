/* SPDX-License-Identifier: MIT */
/* mock_text.h - what the files of answers share: a text that grows, JSON, and the fault that was asked for. */
#ifndef TEST_MOCK_TEXT_H
#define TEST_MOCK_TEXT_H

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "mock.h"

struct growing {
	FILE *f;
	char *p;
	size_t n;
};

static inline void begin(struct growing *g)
{
	g->f = open_memstream(&g->p, &g->n);
	assert(g->f);
}

static inline void end(struct growing *g)
{
	int failed = fclose(g->f);

	assert(!failed);
	(void)failed;
}

static inline void put_json(FILE *f, const char *s, size_t n)
{
	size_t i;

	fputc('"', f);
	for (i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			fprintf(f, "\\%c", s[i]);
		else if ((unsigned char)s[i] < 0x20)
			fprintf(f, "\\u%04x", s[i]);
		else
			fputc(s[i], f);
	}
	fputc('"', f);
}

static inline void put_string(FILE *f, const char *s)
{
	put_json(f, s, strlen(s));
}

/* A body of known length, or all of it but the last `missing` bytes. */
static inline void send_body(struct mock_answer *a, const char *status, const char *type,
			     const char *body, size_t n, size_t missing)
{
	struct growing g;

	begin(&g);
	fprintf(g.f, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", status, type,
		n);
	fwrite(body, 1, n - missing, g.f);
	end(&g);
	a->p = g.p;
	a->n = g.n;
	a->close_after = missing > 0;
}

static inline bool fault(const struct mock_scenario *s, const char *kind)
{
	return strcmp(s->fault, kind) == 0;
}

#endif
