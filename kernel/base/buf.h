/* SPDX-License-Identifier: MIT */
/*
 * buf.h - bytes that grow up to a named bound. No unbounded buffer exists in the kernel.
 *
 * A failure sticks: after the first TOOBIG or NOMEM every later append does nothing, so a builder
 * checks once, at its end, with buf_ok(). What is in the buffer is always NUL-terminated behind n;
 * `max` does not count that NUL.
 *
 *	struct buf b;
 *	buf_init(&b, REPLY_MAX);
 *	buf_puts(&b, "{\"step\":");
 *	buf_int(&b, step);
 *	buf_puts(&b, "}");
 *	if (buf_ok(&b)) use(b.p, b.n);
 *	buf_release(&b);
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <executus/bytes.h>

struct buf {
	char *p; /* never NULL; "" before the first append */
	size_t n, cap, max;
	exs_status status; /* the first failure */
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b); /* usable again as after init with the same bound */
void buf_clear(struct buf *b);	 /* n = 0, the failure is forgotten, the memory is kept */
bool buf_ok(const struct buf *b);

void buf_put(struct buf *b, const char *p, size_t n);
void buf_str(struct buf *b, exs_str s);
void buf_puts(struct buf *b, const char *s);
void buf_int(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) EXS_PRINTF(2, 3);
void buf_truncate(struct buf *b, size_t n); /* n <= b->n */

/*
 * A JSON string with its quotes. Bytes that are not UTF-8, and NUL, become U+FFFD: what comes out
 * passes the gate of json.h.
 */
void buf_json(struct buf *b, exs_str s);
void buf_jsonz(struct buf *b, const char *s);

/* The bytes as a view; and as memory of the caller's (free), the buffer is empty afterwards. */
exs_str buf_view(const struct buf *b);
char *buf_take(struct buf *b); /* NULL after a failure */

/* A sink that appends to the buffer. It lives as long as the buffer. */
struct buf_sink {
	exs_sink sink;
	struct buf *buf;
};
exs_sink *buf_sink_init(struct buf_sink *s, struct buf *b);

#endif
