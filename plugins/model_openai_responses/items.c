/* SPDX-License-Identifier: MIT */
/* items.c - see items.h. */
#include "items.h"

void items_message(exs_str item, struct text *text, struct text *refusal)
{
	struct scan_iter it;
	exs_str content, key, part;

	if (!scan_get(item, "content", &content))
		return;
	if (content.p[0] == '"') {
		(void)scan_text(content, text);
		return;
	}
	scan_begin(&it, content);
	while (scan_next(&it, &key, &part)) {
		(void)scan_get_text(part, "text", text);
		(void)scan_get_text(part, "refusal", refusal);
	}
}

static void add_texts(exs_str item, const char *member, struct text *out)
{
	struct scan_iter it;
	exs_str list, key, part, value;

	if (!scan_get(item, member, &list))
		return;
	scan_begin(&it, list);
	while (scan_next(&it, &key, &part)) {
		if (!scan_get(part, "text", &value))
			continue;
		if (out->mem.n)
			text_adds(out, "\n");
		(void)scan_text(value, out);
	}
}

void items_reasoning(exs_str item, struct text *out)
{
	add_texts(item, "summary", out);
	add_texts(item, "content", out);
}

static bool is_taken(const struct calls *calls, const struct text *id, int64_t number)
{
	size_t i;

	for (i = 0; i < calls->n; i++)
		if (calls->items[i].index != number &&
		    exs_str_eq(text_view(&calls->items[i].id), text_view(id)))
			return true;
	return false;
}

exs_status items_call(struct calls *calls, exs_str item, int64_t number)
{
	struct piece piece;
	exs_status status;

	piece_init(&piece);
	piece.index = number;
	(void)scan_get_text(item, "call_id", &piece.id);
	(void)scan_get_text(item, "name", &piece.name);
	(void)scan_get(item, "arguments", &piece.args);
	/* Two items are two calls, also when a server gives them one id. */
	if (!piece.id.status && is_taken(calls, &piece.id, number))
		text_clear(&piece.id);
	status = calls_add(calls, &piece);
	piece_release(&piece);
	return status;
}

static exs_status take(struct answer *a, exs_str item, int64_t number)
{
	if (scan_is_type(item, "message")) {
		size_t before = a->text.mem.n;

		if (before)
			text_adds(&a->text, "\n");
		items_message(item, &a->text, &a->refusal);
		if (before && a->text.mem.n == before + 1)
			a->text.mem.n = before;
	} else if (scan_is_type(item, "function_call")) {
		return items_call(&a->calls, item, number);
	} else if (scan_is_type(item, "reasoning")) {
		items_reasoning(item, &a->reasoning);
	}
	return answer_status(a);
}

exs_status items_take(struct answer *a, exs_str list)
{
	struct scan_iter it;
	exs_str key, item;
	exs_status status = EXS_OK;
	int64_t number = 0;
	size_t whole;

	text_clear(&a->text);
	text_clear(&a->refusal);
	text_clear(&a->reasoning);
	calls_release(&a->calls);
	scan_begin(&it, list);
	while (status == EXS_OK && scan_next(&it, &key, &item))
		status = take(a, item, number++);
	whole = text_whole(text_view(&a->text));
	if (a->shown > whole)
		a->shown = whole;
	return status;
}

/* ---- what goes back ---- */

/* The provider object in the making. */
struct keep {
	struct text *out;
	size_t items, pending; /* items that something follows; items at the end so far */
	size_t whole;	       /* bytes up to the last entry that is a message or a call */
};

/*
 * An item that only names what the server would have to have stored means nothing to one that
 * stores nothing.
 */
static bool carries_itself(exs_str item)
{
	exs_str value;

	return (scan_get(item, "encrypted_content", &value) && value.n > 2) ||
	       (scan_get(item, "content", &value) && value.p[0] == '[' && value.n > 2);
}

static void add_entry(struct keep *k, exs_str entry)
{
	text_adds(k->out, k->out->mem.n ? "," : "{\"" ITEMS_MEMBER "\":[");
	text_add_json(k->out, entry);
}

/* Byte for byte, as a text: what is in it passes no gate of ours. */
static bool add_item(struct keep *k, exs_str item)
{
	struct text clean;
	bool ok;

	text_init(&clean, EXS_TURN_ANSWER_MAX);
	ok = text_add_repaired(&clean, item) == 0;
	if (ok)
		add_entry(k, text_view(&clean));
	if (clean.status && !k->out->status)
		k->out->status = clean.status;
	text_release(&clean);
	k->pending += ok;
	return ok;
}

static void add_word(struct keep *k, const char *word)
{
	if (word)
		add_entry(k, exs_cstr(word));
	k->items += k->pending;
	k->pending = 0;
	k->whole = k->out->mem.n;
}

/* The parts of a message say all that its item does, when it is the only one and has no phase. */
static bool messages_travel(exs_str list)
{
	struct scan_iter it;
	exs_str key, item, phase;
	size_t n = 0;

	scan_begin(&it, list);
	while (scan_next(&it, &key, &item))
		if (scan_is_type(item, "message") && (n++ || scan_get(item, "phase", &phase)))
			return true;
	return false;
}

void items_keep(struct answer *a, exs_str list)
{
	struct keep k = { .out = &a->provider };
	bool travel = messages_travel(list);
	struct scan_iter it;
	exs_str key, item;

	scan_begin(&it, list);
	while (scan_next(&it, &key, &item)) {
		if (scan_is_type(item, "function_call"))
			add_word(&k, ITEMS_CALL);
		else if (scan_is_type(item, "message") && travel && !add_item(&k, item))
			return text_clear(&a->provider);
		else if (scan_is_type(item, "message"))
			add_word(&k, travel ? NULL : ITEMS_TEXT);
		else if (carries_itself(item))
			(void)add_item(&k, item);
	}
	/* Servers refuse reasoning that nothing follows. */
	if (!a->provider.status)
		a->provider.mem.n = k.items ? k.whole : 0;
	if (a->provider.mem.n)
		text_adds(&a->provider, "]}");
}
