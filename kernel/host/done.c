/* SPDX-License-Identifier: MIT */
/* done.c - see done.h. */
#include "host/done.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

static pthread_mutex_t *stripe_of(struct done_table *t, uint32_t index)
{
	return &t->stripes[index % DONE_STRIPES];
}

/* The slot behind an id, or NULL for an id that was never given. The generation is the caller's to
 * check. */
static struct done_slot *slot_of(struct done_table *t, uint64_t id)
{
	uint32_t index = (uint32_t)id;
	struct done_slot *chunk;

	if (index / DONE_CHUNK >= DONE_CHUNKS)
		return NULL;
	chunk = __atomic_load_n(&t->chunks[index / DONE_CHUNK], __ATOMIC_ACQUIRE);
	return chunk ? &chunk[index % DONE_CHUNK] : NULL;
}

static void slot_free(struct done_table *t, uint32_t index)
{
	pthread_mutex_lock(&t->lock);
	t->free_slots[t->free_n++] = index;
	pthread_mutex_unlock(&t->lock);
}

static exs_status table_grow(struct done_table *t)
{
	struct done_slot *chunk;
	uint32_t *grown;
	uint32_t i;

	if (t->chunk_n == DONE_CHUNKS)
		return EXS_TOOBIG;
	chunk = calloc(DONE_CHUNK, sizeof *chunk);
	grown = realloc(t->free_slots, (size_t)(t->chunk_n + 1) * DONE_CHUNK * sizeof *grown);
	if (grown)
		t->free_slots = grown;
	if (!chunk || !grown) {
		free(chunk);
		return EXS_NOMEM;
	}
	for (i = 0; i < DONE_CHUNK; i++) {
		chunk[i].gen = 1;
		t->free_slots[t->free_n++] = t->chunk_n * DONE_CHUNK + (DONE_CHUNK - 1 - i);
	}
	__atomic_store_n(&t->chunks[t->chunk_n++], chunk, __ATOMIC_RELEASE);
	return EXS_OK;
}

static exs_status op_put(exs_done done, const char *p, size_t n)
{
	struct done_table *t = container_of(done.ops, struct done_table, ops);
	struct done_slot *slot = slot_of(t, done.id);
	exs_status status = EXS_LOST;

	if (!slot)
		return EXS_LOST;
	pthread_mutex_lock(stripe_of(t, (uint32_t)done.id));
	if (slot->p && slot->gen == (uint32_t)(done.id >> 32) && !slot->abandoned) {
		struct buf *out = &slot->p->out;

		if (n > out->max || out->n > out->max - n) {
			status = EXS_TOOBIG; /* this put is refused; what came before stands */
		} else {
			buf_put(out, p, n);
			status = out->status;
		}
	}
	pthread_mutex_unlock(stripe_of(t, (uint32_t)done.id));
	return status;
}

static void op_progress(exs_done done, exs_str delta)
{
	struct done_table *t = container_of(done.ops, struct done_table, ops);
	struct done_slot *slot = slot_of(t, done.id);

	if (!slot)
		return;
	pthread_mutex_lock(stripe_of(t, (uint32_t)done.id));
	if (slot->p && slot->gen == (uint32_t)(done.id >> 32) && !slot->abandoned &&
	    slot->p->progress)
		slot->p->progress(slot->p, delta);
	pthread_mutex_unlock(stripe_of(t, (uint32_t)done.id));
}

static void copy_outcome(struct pending *p, exs_status status, const exs_usage *usage,
			 const exs_err *err)
{
	p->status = status;
	p->has_usage = usage != NULL;
	if (usage) {
		size_t n = usage->size < sizeof p->usage ? usage->size : sizeof p->usage;

		memcpy(&p->usage, usage, n);
		p->usage.size = sizeof p->usage;
	}
	if (err && status != EXS_OK) {
		size_t n = err->size < sizeof p->err ? err->size : sizeof p->err;

		memcpy(&p->err, err, n);
		p->err.size = sizeof p->err;
		p->err.text[sizeof p->err.text - 1] = '\0';
	}
	p->err.status = status;
}

static void op_end(exs_done done, exs_status status, const exs_usage *usage, const exs_err *err)
{
	struct done_table *t = container_of(done.ops, struct done_table, ops);
	struct done_slot *slot = slot_of(t, done.id);
	struct pending *p = NULL;
	bool late = false;

	if (slot) {
		pthread_mutex_lock(stripe_of(t, (uint32_t)done.id));
		if (slot->p && slot->gen == (uint32_t)(done.id >> 32)) {
			p = slot->p;
			late = slot->abandoned;
			copy_outcome(p, status, usage, err);
			slot->p = NULL;
			slot->abandoned = false;
			slot->gen++;
		}
		pthread_mutex_unlock(stripe_of(t, (uint32_t)done.id));
	}
	if (!p) {
		log_warn(t->log,
			 "a call was ended twice by its battery; the second end is ignored");
		return;
	}
	slot_free(t, (uint32_t)done.id);
	if (late)
		p->late(p);
	else
		p->ended(p);
}

void done_table_init(struct done_table *t, struct log *log)
{
	uint32_t i;

	memset(t, 0, sizeof *t);
	t->ops = (exs_done_ops){ sizeof t->ops, 0, op_put, op_progress, op_end };
	t->log = log;
	pthread_mutex_init(&t->lock, NULL);
	for (i = 0; i < DONE_STRIPES; i++)
		pthread_mutex_init(&t->stripes[i], NULL);
}

void done_table_release(struct done_table *t)
{
	uint32_t i;

	for (i = 0; i < t->chunk_n; i++)
		free(t->chunks[i]);
	free(t->free_slots);
	for (i = 0; i < DONE_STRIPES; i++)
		pthread_mutex_destroy(&t->stripes[i]);
	pthread_mutex_destroy(&t->lock);
}

exs_status done_open(struct done_table *t, struct pending *p, size_t cap, exs_done *out,
		     exs_err *err)
{
	struct done_slot *slot;
	uint32_t index;
	exs_status status = EXS_OK;

	pthread_mutex_lock(&t->lock);
	if (t->free_n == 0)
		status = table_grow(t);
	index = status == EXS_OK ? t->free_slots[--t->free_n] : 0;
	pthread_mutex_unlock(&t->lock);
	if (status)
		return err_set(err, status, 0, "%s: too many calls are in the air", p->what);

	p->status = EXS_OK;
	p->has_usage = false;
	memset(&p->usage, 0, sizeof p->usage);
	p->usage.size = sizeof p->usage;
	p->err = (exs_err)EXS_ERR_INIT;
	buf_init(&p->out, cap);
	slot = slot_of(t, index);
	pthread_mutex_lock(stripe_of(t, index));
	slot->p = p;
	slot->abandoned = false;
	p->id = (uint64_t)slot->gen << 32 | index;
	pthread_mutex_unlock(stripe_of(t, index));
	out->id = p->id;
	out->ops = &t->ops;
	return EXS_OK;
}

bool done_abandon(struct done_table *t, struct pending *p)
{
	struct done_slot *slot = slot_of(t, p->id);
	bool abandoned = false;

	pthread_mutex_lock(stripe_of(t, (uint32_t)p->id));
	if (slot->p == p && slot->gen == (uint32_t)(p->id >> 32))
		abandoned = slot->abandoned = true;
	pthread_mutex_unlock(stripe_of(t, (uint32_t)p->id));
	return abandoned;
}

void done_end(struct done_table *t, const struct pending *p, exs_status status, const exs_err *err)
{
	op_end((exs_done){ p->id, &t->ops }, status, NULL, err);
}
