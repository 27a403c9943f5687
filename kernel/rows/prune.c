/* SPDX-License-Identifier: MIT */
/* prune.c - which runs there are, and which of them go. See prune.h. */
#include "rows/prune.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "fact/words.h"
#include "host/calls.h"
#include "rows/hold.h"
#include "rows/outbox_row.h"

#define FACT_BYTES    72u /* of a fact beside its texts */

/* ---- reading ---- */

static exs_status room_for_one(struct prune *p)
{
	size_t cap = p->cap ? p->cap * 2 : 256;
	struct prune_run *runs;
	struct retain_item *items;

	if (p->n < p->cap)
		return EXS_OK;
	if (p->n >= PRUNE_RUNS_MAX)
		return EXS_TOOBIG;
	runs = realloc(p->runs, cap * sizeof *runs);
	if (!runs)
		return EXS_NOMEM;
	p->runs = runs;
	items = realloc(p->items, cap * sizeof *items);
	if (!items)
		return EXS_NOMEM;
	p->items = items;
	p->cap = cap;
	return EXS_OK;
}

static void copy_id(exs_str head, const char *key, char out[ID_MAX])
{
	auto_free char *text = json_get_textz(head, key, ID_MAX - 1);

	memset(out, 0, ID_MAX);
	if (text && id_ok(text))
		memcpy(out, text, strlen(text));
}

static exs_status keep_head(void *arg, exs_str head)
{
	struct prune *p = arg;
	auto_free char *word = json_get_textz(head, "status", PRUNE_HEAD_MAX);
	exs_status status = room_for_one(p);
	struct retain_item *it;
	struct prune_run *run;

	if (status)
		return status;
	run = &p->runs[p->n];
	it = &p->items[p->n];
	memset(it, 0, sizeof *it);
	copy_id(head, "run", run->id);
	copy_id(head, "parent", run->parent);
	copy_id(head, "forked_from", run->base);
	run->base_seq = 0;
	json_get_int(head, "forked_seq", &run->base_seq);
	if (!run->id[0])
		return EXS_OK; /* not one that the kernel made */
	it->status = ended_of(str_of(word));
	it->ended = json_get_int(head, "ended_ms", &it->ended_ms) && it->status > 0 &&
		    it->status != EXS_ENDED_PARKED;
	run->agent = json_get_textz(head, "agent", PRUNE_HEAD_MAX);
	p->n++;
	return EXS_OK;
}

struct size {
	int64_t bytes, base_seq;
};

/* What a fork has in common with its base is the base's. */
static exs_status add_bytes(void *arg, const exs_fact *f)
{
	struct size *s = arg;

	if (f->seq > s->base_seq)
		s->bytes += (int64_t)(FACT_BYTES + f->body.n + f->name.n + f->call_id.n);
	return EXS_OK;
}

/* What cannot be read to its end has the size of what was read. */
static void measure(struct prune *p)
{
	exs_err ignored = EXS_ERR_INIT;
	size_t i;

	for (i = 0; i < p->n; i++) {
		struct size size = { 0, p->runs[i].base_seq };

		if (p->items[i].ended)
			call_ckpt_load(p->host->checkpoint, p->runs[i].id, add_bytes, &size,
				       &ignored);
		p->items[i].bytes = size.bytes;
	}
}

/* ---- what must stay ---- */

struct ref {
	const char *id;
	size_t at;
};

static int compare_refs(const void *a, const void *b)
{
	return strcmp(((const struct ref *)a)->id, ((const struct ref *)b)->id);
}

static struct ref *index_runs(const struct prune *p)
{
	struct ref *refs = malloc((p->n ? p->n : 1) * sizeof *refs);
	size_t i;

	if (!refs)
		return NULL;
	for (i = 0; i < p->n; i++)
		refs[i] = (struct ref){ p->runs[i].id, i };
	qsort(refs, p->n, sizeof *refs, compare_refs);
	return refs;
}

static const struct ref *find(const struct ref *refs, size_t n, const char *id)
{
	struct ref key = { id, 0 };

	return bsearch(&key, refs, n, sizeof *refs, compare_refs);
}

struct debts {
	struct prune *p;
	const struct ref *refs;
};

/* "k/outbox/RUN.N", or with more behind a further dot: RUN ends at one of the dots. */
static exs_status owe(void *arg, exs_str key, exs_str value)
{
	const size_t skip = sizeof OUTBOX_PREFIX - 1;
	struct debts *d = arg;
	const struct ref *ref;
	char id[ID_MAX];
	size_t n;

	(void)value;
	for (n = 0; skip + n < key.n && n < ID_MAX; n++) {
		if (key.p[skip + n] == '.') {
			id[n] = '\0';
			ref = find(d->refs, d->p->n, id);
			if (ref)
				d->p->items[ref->at].owed = true;
		}
		id[n] = key.p[skip + n];
	}
	return EXS_OK;
}

static exs_status mark(struct prune *p, const struct ref *refs, exs_err *err)
{
	struct debts d = { p, refs };
	struct holds holds;
	size_t i;

	if (call_store_scan(p->host->store, str_of(OUTBOX_PREFIX), str_of(NULL), EXS_SCAN_KEYS, owe,
			    &d, err) ||
	    holds_read(p->host, &holds, err))
		return err->status;
	for (i = 0; i < p->n; i++) {
		p->items[i].run = p->runs[i].id;
		p->items[i].agent = p->runs[i].agent;
		p->items[i].held = holds_has(&holds, p->runs[i].id);
	}
	holds_release(&holds);
	return EXS_OK;
}

static exs_status read_all(struct prune *p, uint32_t flags, exs_err *err)
{
	struct ref *refs;
	exs_status status = call_ckpt_list(p->host->checkpoint, 0, keep_head, p, err);

	if (status)
		return status;
	refs = index_runs(p);
	p->gone = calloc(p->n + 1, sizeof *p->gone);
	p->wanted = calloc(p->n + 1, sizeof *p->wanted);
	if (!refs || !p->gone || !p->wanted)
		status = err_set(err, EXS_NOMEM, 0, "no memory for the list of runs");
	else
		status = mark(p, refs, err);
	free(refs);
	if (status == EXS_OK && (flags & PRUNE_BYTES))
		measure(p);
	return status;
}

exs_status prune_read(struct prune *out, struct host *h, uint32_t flags, exs_err *err)
{
	exs_status status;

	memset(out, 0, sizeof *out);
	out->host = h;
	status = read_all(out, flags, err);
	if (status)
		prune_release(out);
	return status;
}

void prune_release(struct prune *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		free(p->runs[i].agent);
	free(p->runs);
	free(p->items);
	free(p->gone);
	free(p->wanted);
	memset(p, 0, sizeof *p);
}

/* ---- picking ---- */

static void mark_one(struct prune *p, const struct ref *refs, const char *id)
{
	const struct ref *ref = find(refs, p->n, id);

	if (ref)
		p->items[ref->at].needed = true;
}

/* Whoever has a child or a fork that stays is needed. */
static void mark_needed(struct prune *p, const struct ref *refs)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		p->items[i].needed = false;
	for (i = 0; i < p->n; i++) {
		if (p->gone[i])
			continue;
		mark_one(p, refs, p->runs[i].parent);
		mark_one(p, refs, p->runs[i].base);
	}
}

static size_t pick_once(struct prune *p, const struct retain_rule *rules, size_t rule_n,
			int64_t now_ms)
{
	size_t picked = 0, i;

	for (i = 0; i < rule_n; i++)
		picked += retain_pick(&rules[i], p->items, p->n, now_ms, p->gone);
	return picked;
}

/* What would go if nothing had to stay: to be named. */
static void pick_wanted(struct prune *p, const struct retain_rule *rules, size_t rule_n,
			int64_t now_ms, struct retain_item *free_items)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		free_items[i] = p->items[i];
		free_items[i].held = free_items[i].owed = free_items[i].needed = false;
	}
	for (i = 0; i < rule_n; i++)
		retain_pick(&rules[i], free_items, p->n, now_ms, p->wanted);
	for (i = 0; i < p->n; i++)
		p->wanted[i] = p->wanted[i] && !p->gone[i];
}

size_t prune_pick(struct prune *p, const struct retain_rule *rules, size_t rule_n, int64_t now_ms)
{
	struct retain_item *free_items = malloc((p->n ? p->n : 1) * sizeof *free_items);
	struct ref *refs = index_runs(p);
	size_t picked = 0, more;

	if (refs && free_items) {
		do {
			mark_needed(p, refs);
			more = pick_once(p, rules, rule_n, now_ms);
			picked += more;
		} while (more);
		pick_wanted(p, rules, rule_n, now_ms, free_items);
	}
	free(refs);
	free(free_items);
	return picked;
}
