/* SPDX-License-Identifier: MIT */
/* slots.c - see slots.h. */
#include "slots.h"

void events_release(void *own)
{
	struct events *e = own;
	size_t i;

	for (i = 0; i < e->n; i++)
		text_release(&e->slots[i].id);
	free(e->slots);
	text_release(&e->done);
	memset(e, 0, sizeof *e);
}

static exs_status slot_open(struct events *e, const struct text *id, int64_t index,
			    struct slot **out)
{
	struct slot *slot;

	if (e->n == EVENTS_SLOTS_MAX)
		return EXS_TOOBIG;
	if (e->n == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 8;
		struct slot *slots = realloc(e->slots, cap * sizeof *slots);

		if (!slots)
			return EXS_NOMEM;
		e->slots = slots;
		e->cap = cap;
	}
	slot = &e->slots[e->n++];
	*slot = (struct slot){ .index = index };
	text_init(&slot->id, EVENTS_ID_MAX);
	text_add(&slot->id, text_view(id).p, id->mem.n);
	*out = slot;
	return slot->id.status;
}

static bool has_id(const struct slot *slot, const struct text *id)
{
	return id->mem.n && exs_str_eq(text_view(&slot->id), text_view(id));
}

/* An event that names nothing is about the last item. */
static struct slot *slot_find(struct events *e, const struct text *id, int64_t index)
{
	size_t i;

	for (i = e->n; i-- > 0;)
		if (has_id(&e->slots[i], id))
			return &e->slots[i];
	for (i = e->n; i-- > 0;)
		if (index >= 0 && e->slots[i].index == index)
			return &e->slots[i];
	return e->n && index < 0 && id->mem.n == 0 ? &e->slots[e->n - 1] : NULL;
}

int64_t slots_number(const struct events *e, const struct slot *slot)
{
	return slot - e->slots;
}

exs_status slots_of_event(struct events *e, exs_str item_id, exs_str output_index,
			  struct slot **out)
{
	exs_status status = EXS_OK;
	int64_t index = -1;
	struct text id;

	text_init(&id, EVENTS_ID_MAX);
	(void)scan_text(item_id, &id);
	(void)scan_count(output_index, &index);
	*out = slot_find(e, &id, index);
	if (id.status)
		status = id.status;
	else if (!*out)
		status = slot_open(e, &id, index, out);
	text_release(&id);
	return status;
}

exs_status slots_of_item(struct events *e, exs_str output_index, exs_str item, bool done,
			 struct slot **out)
{
	exs_status status = EXS_OK;
	int64_t index = -1;
	struct slot *slot;
	struct text id;

	text_init(&id, EVENTS_ID_MAX);
	(void)scan_get_text(item, "id", &id);
	(void)scan_count(output_index, &index);
	slot = slot_find(e, &id, index);
	if (slot && !has_id(slot, &id) && (!done || slot->done))
		slot = NULL;
	if (id.status)
		status = id.status;
	else if (!slot)
		status = slot_open(e, &id, index, &slot);
	text_release(&id);
	*out = slot;
	return status;
}

bool slots_done(const struct events *e, struct text *list)
{
	exs_str all = text_view(&e->done);
	size_t i;

	for (i = 0; i < e->n; i++) {
		if (!e->slots[i].done)
			return false;
		text_adds(list, i ? "," : "[");
		text_add(list, all.p + e->slots[i].done_at, e->slots[i].done);
	}
	text_adds(list, "]");
	return e->n && !list->status;
}
