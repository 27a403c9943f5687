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

exs_status status_believed(const char *battery, const char *what, exs_status status, exs_err *err)
{
	int32_t klass = err->klass;
	int64_t retry_after_ms = err->retry_after_ms;

	if (status < EXS_OK || status >= EXS_STATUS_COUNT)
		return err_set(err, EXS_INTERNAL, 0,
			       "battery '%s' answered %s with status %d, which does not exist",
			       battery, what, (int)status);
	err->text[sizeof err->text - 1] = '\0';
	if (status && !err->text[0])
		err_set(err, status, err->sys, "battery '%s' failed in %s: %s", battery, what,
			status_word(status));
	err->status = status;
	err->klass =
		klass >= EXS_CLASS_NONE && klass <= EXS_CLASS_NOT_DONE ? klass : EXS_CLASS_NONE;
	err->retry_after_ms = retry_after_ms > 0 ? retry_after_ms : 0;
	return status;
}

static void copy_usage(struct pending *p, const exs_usage *usage)
{
	int64_t *const counts[] = { &p->usage.in_tokens,	  &p->usage.cache_read_tokens,
				    &p->usage.cache_write_tokens, &p->usage.out_tokens,
				    &p->usage.reasoning_tokens,	  &p->usage.cost_micro };
	size_t i;

	memcpy(&p->usage, usage, usage->size < sizeof p->usage ? usage->size : sizeof p->usage);
	p->usage.size = sizeof p->usage;
	p->has_usage = true;
	/* Nothing is ever given back by a turn. */
	for (i = 0; i < ARRAY_LEN(counts); i++)
		if (*counts[i] < 0)
			*counts[i] = 0;
}

static void copy_outcome(struct pending *p, exs_status status, const exs_usage *usage,
			 const exs_err *err)
{
	if (usage)
		copy_usage(p, usage);
	if (err && status != EXS_OK) {
		memcpy(&p->err, err, err->size < sizeof p->err ? err->size : sizeof p->err);
		p->err.size = sizeof p->err;
	}
	if (status == EXS_OK &&
	    !buf_ok(&p->out)) /* a hole in the answer, whatever the battery thinks */
		status = err_set(&p->err, p->out.status, 0,
				 "there was no memory for an answer of battery '%s'", p->battery);
	p->status = status_believed(p->battery, p->what, status, &p->err);
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

	for (i = 0; i < t->chunk_n * DONE_CHUNK; i++) {
		struct done_slot *slot = slot_of(t, i);

		if (slot->p && slot->abandoned)
			slot->p->late(slot->p);
	}
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

	p->id = 0;
	p->status = EXS_OK;
	p->has_usage = false;
	memset(&p->usage, 0, sizeof p->usage);
	p->usage.size = sizeof p->usage;
	p->err = (exs_err)EXS_ERR_INIT;
	buf_init(&p->out, cap);
	pthread_mutex_lock(&t->lock);
	if (t->free_n == 0)
		status = table_grow(t);
	index = status == EXS_OK ? t->free_slots[--t->free_n] : 0;
	pthread_mutex_unlock(&t->lock);
	if (status)
		return err_set(err, status, 0, "%s of battery '%s' has to wait: %s", p->what,
			       p->battery,
			       status == EXS_NOMEM ? "no memory" : "too many calls are in the air");
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

	if (!slot)
		return false;
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
