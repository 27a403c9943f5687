/* SPDX-License-Identifier: MIT */
/*
 * helper.h - what every battery would write itself: static inline, nothing to link.
 */
#ifndef EXECUTUS_HELPER_H
#define EXECUTUS_HELPER_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <executus/battery.h>
#include <executus/cancel.h>
#include <executus/done.h>

EXS_BEGIN

/* A view of a NUL-terminated text; NULL is empty. */
static inline exs_str exs_cstr(const char *s)
{
	exs_str v;

	v.p = s;
	v.n = s ? strlen(s) : 0;
	return v;
}

static inline exs_str exs_bytes(const char *p, size_t n)
{
	exs_str v;

	v.p = p;
	v.n = n;
	return v;
}

static inline int exs_str_eq(exs_str a, exs_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Writes the sentence and returns the status, so that a failure is one line: return exs_fail(err, ...). */
static inline EXS_PRINTF(4, 5) EXS_UNUSED exs_status
exs_fail(exs_err *err, exs_status status, int sys, const char *fmt, ...)
{
	va_list ap;

	err->status = status;
	err->sys = sys;
	err->klass = EXS_CLASS_NONE;
	err->retry_after_ms = 0;
	err->at = -1;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	return status;
}

/* ---- answering ---- */

static inline exs_status exs_write(exs_done done, const char *p, size_t n)
{
	return done.ops->put(done, p, n);
}

static inline exs_status exs_put(exs_done done, const char *text)
{
	return done.ops->put(done, text, strlen(text));
}

static inline void exs_end(exs_done done, exs_status status)
{
	done.ops->end(done, status, NULL, NULL);
}

/* Ends with the status and the sentence of a filled record. */
static inline void exs_end_err(exs_done done, const exs_err *err)
{
	done.ops->end(done, err->status, NULL, err);
}

/* Ends with a failure and its sentence in one line. */
static inline EXS_PRINTF(3, 4) EXS_UNUSED void
exs_end_fail(exs_done done, exs_status status, const char *fmt, ...)
{
	exs_err err = EXS_ERR_INIT;
	va_list ap;

	err.status = status;
	va_start(ap, fmt);
	vsnprintf(err.text, sizeof err.text, fmt, ap);
	va_end(ap);
	done.ops->end(done, status, NULL, &err);
}

/* ---- the host ---- */

static inline EXS_PRINTF(3, 4) EXS_UNUSED void
exs_logf(const exs_host *host, int32_t level, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	host->log(host, level, line);
}

/* ---- records that the callee fills ---- */

/* Copies a record into the caller's, which may be shorter or longer, and keeps the caller's size. */
static inline void exs_fill(void *out, uint32_t out_size, const void *mine, uint32_t my_size)
{
	uint32_t n = out_size < my_size ? out_size : my_size;

	if (n > sizeof(uint32_t))
		memcpy((char *)out + sizeof(uint32_t), (const char *)mine + sizeof(uint32_t),
		       n - sizeof(uint32_t));
}

/* ---- a sink that keeps what it gets ---- */

typedef struct exs_membuf {
	exs_sink sink; /* give &buf.sink */
	char *p;       /* NUL-terminated behind n once something was put */
	size_t n, cap, max;
} exs_membuf;

static inline EXS_UNUSED exs_status exs_membuf_put(exs_sink *sink, const char *p, size_t n)
{
	exs_membuf *b = (exs_membuf *)(void *)sink;
	size_t want = b->cap ? b->cap : 256;
	char *q;

	if (n > b->max || b->n > b->max - n)
		return EXS_TOOBIG;
	while (want < b->n + n + 1)
		want *= 2;
	if (want != b->cap) {
		q = (char *)realloc(b->p, want);
		if (!q)
			return EXS_NOMEM;
		b->p = q;
		b->cap = want;
	}
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
	return EXS_OK;
}

/* An empty sink that takes up to max bytes; end it with exs_membuf_release. */
static inline EXS_UNUSED void exs_membuf_init(exs_membuf *b, size_t max)
{
	memset(b, 0, sizeof *b);
	b->sink.size = (uint32_t)sizeof b->sink;
	b->sink.put = exs_membuf_put;
	b->max = max;
}

static inline EXS_UNUSED void exs_membuf_release(exs_membuf *b)
{
	free(b->p);
	b->p = NULL;
	b->n = b->cap = 0;
}

EXS_END

#endif
