/* SPDX-License-Identifier: MIT */
/* body.c - see body.h. */
#include "body.h"

void body_init(struct body *b, struct cache *cache)
{
	memset(b, 0, sizeof *b);
	text_init(&b->text, REQUEST_MAX);
	b->cache = cache;
}

void body_release(struct body *b)
{
	text_release(&b->text);
	if (b->history)
		cache_give(b->cache, b->history);
	body_init(b, b->cache);
}

void body_add_history(struct body *b, struct cache_entry *e, size_t from, size_t n)
{
	if (n <= BODY_KEPT_MAX || n > b->text.mem.max) {
		text_add(&b->text, n ? e->text.mem.p + from : "", n);
		cache_give(b->cache, e);
		return;
	}
	b->history = e;
	b->before = b->text.mem.n;
	b->from = from;
	b->n = n;
	b->text.mem.max -= n; /* the bound is of both together */
}

size_t body_size(const struct body *b)
{
	return b->text.mem.n + b->n;
}

const char *body_whole(const struct body *b)
{
	return b->history || b->text.mem.n > BODY_KEPT_MAX ? NULL : b->text.mem.p;
}

/* Copies what of [at, at + n) stands in a piece of len bytes, the first of which is byte `start`.
 */
static void copy_piece(const char *piece, size_t start, size_t len, size_t at, size_t n, char *out)
{
	size_t first = at > start ? at : start;
	size_t end = at + n < start + len ? at + n : start + len;

	if (first < end)
		memcpy(out + (first - at), piece + (first - start), end - first);
}

void body_copy(const struct body *b, size_t at, size_t n, char *out)
{
	exs_str text = text_view(&b->text);

	if (!b->history) {
		copy_piece(text.p, 0, text.n, at, n, out);
		return;
	}
	copy_piece(text.p, 0, b->before, at, n, out);
	copy_piece(b->history->text.mem.p + b->from, b->before, b->n, at, n, out);
	copy_piece(text.p + b->before, b->before + b->n, text.n - b->before, at, n, out);
}
