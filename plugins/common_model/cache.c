/* SPDX-License-Identifier: MIT */
/* cache.c - see cache.h. */
#include "cache.h"

void cache_init(struct cache *c)
{
	memset(c, 0, sizeof *c);
	pthread_mutex_init(&c->lock, NULL);
}

void cache_drop(struct cache_entry *e)
{
	text_release(&e->text);
	free(e);
}

static struct cache_entry **place(struct cache *c, uint64_t id)
{
	struct cache_entry **at = &c->buckets[(id * 0x9e3779b97f4a7c15ull) >> 52];

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

static void unlink_at(struct cache *c, struct cache_entry **at)
{
	struct cache_entry *e = *at;

	*at = e->next;
	*(e->newer ? &e->newer->older : &c->newest) = e->older;
	*(e->older ? &e->older->newer : &c->oldest) = e->newer;
	c->bytes -= e->text.mem.cap;
}

void cache_release(struct cache *c)
{
	while (c->oldest) {
		struct cache_entry *e = c->oldest;

		unlink_at(c, place(c, e->id));
		cache_drop(e);
	}
	pthread_mutex_destroy(&c->lock);
}

struct cache_entry *cache_take(struct cache *c, uint64_t id, uint64_t count)
{
	struct cache_entry **at, *e;

	pthread_mutex_lock(&c->lock);
	at = place(c, id);
	e = *at;
	if (e)
		unlink_at(c, at);
	pthread_mutex_unlock(&c->lock);
	if (e && e->count > count) {
		cache_drop(e);
		e = NULL;
	}
	if (e)
		return e;
	e = calloc(1, sizeof *e);
	if (!e)
		return NULL;
	e->id = id;
	text_init(&e->text, CACHE_ENTRY_MAX);
	return e;
}

void cache_give(struct cache *c, struct cache_entry *e)
{
	struct cache_entry **at, *out = NULL;

	pthread_mutex_lock(&c->lock);
	at = place(c, e->id);
	if (*at) { /* another turn of the same transcript was faster */
		out = *at;
		unlink_at(c, at);
		out->next = NULL;
	}
	e->next = *at;
	*at = e;
	e->newer = NULL;
	e->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = e;
	c->newest = e;
	c->bytes += e->text.mem.cap;
	while (c->bytes > CACHE_BYTES_MAX) {
		struct cache_entry *old = c->oldest;

		unlink_at(c, place(c, old->id));
		old->next = out;
		out = old;
	}
	pthread_mutex_unlock(&c->lock);
	while (out) {
		struct cache_entry *next = out->next;

		cache_drop(out);
		out = next;
	}
}
