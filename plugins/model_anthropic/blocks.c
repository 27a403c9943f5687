/* SPDX-License-Identifier: MIT */
/* blocks.c - see blocks.h. */
#include "blocks.h"

void blocks_release(struct blocks *b)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		text_release(&b->items[i].thinking);
		text_release(&b->items[i].signature);
	}
	free(b->items);
	memset(b, 0, sizeof *b);
}

static enum block_kind kind_of(exs_str block)
{
	static const struct {
		const char *type;
		enum block_kind kind;
	} names[] = { { "text", BLOCK_TEXT },
		      { "tool_use", BLOCK_CALL },
		      { "thinking", BLOCK_THINKING },
		      { "redacted_thinking", BLOCK_REDACTED } };
	exs_str type;
	size_t i;

	if (scan_get(block, "type", &type))
		for (i = 0; i < sizeof names / sizeof names[0]; i++)
			if (scan_is(type, names[i].type))
				return names[i].kind;
	return BLOCK_OTHER;
}

static struct block *new_block(struct blocks *b, enum block_kind kind, int64_t index)
{
	struct block *block;

	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 4;
		struct block *items = realloc(b->items, cap * sizeof *items);

		if (!items)
			return NULL;
		b->items = items;
		b->cap = cap;
	}
	block = &b->items[b->n++];
	memset(block, 0, sizeof *block);
	block->kind = kind;
	block->index = index;
	text_init(&block->thinking, EXS_TURN_ANSWER_MAX);
	text_init(&block->signature, BLOCKS_SIGNED);
	return block;
}

/* ---- what a start or a delta says ---- */

static exs_status take_text(struct block *block, struct answer *a, exs_str from)
{
	size_t before = a->text.mem.n;

	(void)scan_get_text(from, "text", &a->text);
	block->bytes += a->text.mem.n - before;
	return answer_status(a);
}

static exs_status take_thinking(struct block *block, struct answer *a, exs_str from)
{
	exs_str signature;

	(void)scan_get_text(from, "thinking", &a->reasoning);
	(void)scan_get_text(from, "thinking", &block->thinking);
	if (scan_get(from, "signature", &signature)) {
		text_clear(&block->signature);
		(void)scan_text(signature, &block->signature);
	}
	return block->signature.status	? block->signature.status
	       : block->thinking.status ? block->thinking.status
					: answer_status(a);
}

/* Input that came with the start counts only when no delta has any. */
static exs_status take_input(struct block *block, struct answer *a, exs_str delta)
{
	struct text *args = &a->calls.items[block->call].args;
	exs_str json;

	if (!scan_get(delta, "partial_json", &json) || json.n <= 2)
		return EXS_OK;
	if (block->given)
		text_clear(args);
	block->given = false;
	if (!scan_text(json, args))
		text_add(args, json.p, json.n);
	return args->status;
}

/*
 * Each start is a call of its own, also when the server gives two one id: so it is opened under a
 * number that no other has, and gets its id afterwards.
 */
static exs_status start_call(struct blocks *b, struct block *block, struct answer *a, exs_str from)
{
	struct call *call;
	struct piece piece;
	exs_status status;
	exs_str input;

	piece_init(&piece);
	piece.index = (int64_t)b->n;
	(void)scan_get_text(from, "name", &piece.name);
	block->given = scan_get(from, "input", &input) && input.n > 2;
	if (block->given)
		piece.args = input;
	status = calls_add(&a->calls, &piece);
	piece_release(&piece);
	if (status)
		return status;
	block->call = a->calls.n - 1;
	call = &a->calls.items[block->call];
	(void)scan_get_text(from, "id", &call->id);
	return call->id.status;
}

static exs_status take_more(struct block *block, struct answer *a, exs_str from)
{
	switch (block->kind) {
	case BLOCK_TEXT:
		return take_text(block, a, from);
	case BLOCK_THINKING:
		return take_thinking(block, a, from);
	case BLOCK_CALL:
		return take_input(block, a, from);
	default:
		return EXS_OK;
	}
}

exs_status blocks_open(struct blocks *b, struct answer *a, int64_t index, exs_str from)
{
	struct block *block;

	if (b->n == BLOCKS_MAX)
		return EXS_TOOBIG;
	block = new_block(b, kind_of(from), index);
	if (!block)
		return EXS_NOMEM;
	if (block->kind == BLOCK_CALL)
		return start_call(b, block, a, from);
	if (block->kind == BLOCK_REDACTED) {
		(void)scan_get_text(from, "data", &block->signature);
		return block->signature.status;
	}
	if (block->kind == BLOCK_THINKING && a->reasoning.mem.n)
		text_adds(&a->reasoning, "\n");
	return take_more(block, a, from);
}

exs_status blocks_add(struct blocks *b, struct answer *a, int64_t index, exs_str delta)
{
	size_t i;

	for (i = b->n; i-- > 0;)
		if (b->items[i].index == index)
			return take_more(&b->items[i], a, delta);
	return EXS_INVALID;
}

/* ---- what goes back ---- */

/* Thinking that was cut has no signature, and servers refuse it without one. */
static bool goes_back(const struct block *block)
{
	return (block->kind == BLOCK_THINKING || block->kind == BLOCK_REDACTED) &&
	       block->signature.mem.n;
}

/* Repairs the bytes, as the message has them. */
static void clean_up(struct text *clean, exs_str bytes, struct text *out)
{
	text_init(clean, EXS_TURN_ANSWER_MAX);
	(void)text_add_repaired(clean, bytes);
	if (clean->status && !out->status)
		out->status = clean->status;
}

static void add_member(struct text *out, const char *name, const struct text *value)
{
	struct text clean;

	clean_up(&clean, text_view(value), out);
	text_adds(out, name);
	text_add_json(out, text_view(&clean));
	text_release(&clean);
}

static void add_place(struct text *out, const struct block *block, exs_str text)
{
	struct text clean;

	if (block->kind == BLOCK_CALL)
		text_adds(out, "{\"type\":\"tool_use\"},");
	if (block->kind != BLOCK_TEXT)
		return;
	clean_up(&clean, text, out);
	text_adds(out, "{\"type\":\"text\",\"bytes\":");
	text_add_int(out, (int64_t)clean.mem.n);
	text_adds(out, "},");
	text_release(&clean);
}

static void add_thinking(struct text *out, const struct block *block)
{
	if (block->kind == BLOCK_REDACTED) {
		add_member(out, "{\"type\":\"redacted_thinking\",\"data\":", &block->signature);
	} else {
		add_member(out, "{\"type\":\"thinking\",\"thinking\":", &block->thinking);
		add_member(out, ",\"signature\":", &block->signature);
	}
	text_adds(out, "},");
}

exs_status blocks_keep(const struct blocks *b, struct answer *a)
{
	struct text *out = &a->provider;
	exs_str text = text_view(&a->text);
	size_t i, n = 0;

	for (i = 0; i < b->n; i++)
		n += goes_back(&b->items[i]);
	if (n == 0)
		return EXS_OK;
	text_adds(out, "{\"" BLOCKS_MEMBER "\":[");
	for (i = 0; i < b->n; i++) {
		const struct block *block = &b->items[i];

		if (goes_back(block))
			add_thinking(out, block);
		else
			add_place(out, block, exs_bytes(text.p, block->bytes));
		text.p += block->bytes;
	}
	if (!out->status)
		out->mem.n--; /* the last comma */
	text_adds(out, "]}");
	return out->status;
}
