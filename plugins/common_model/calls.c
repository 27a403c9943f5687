/* SPDX-License-Identifier: MIT */
/* calls.c - see calls.h. */
#include "calls.h"

void calls_init(struct calls *c)
{
	memset(c, 0, sizeof *c);
}

static void drop(struct call *call)
{
	text_release(&call->id);
	text_release(&call->name);
	text_release(&call->args);
}

void calls_release(struct calls *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		drop(&c->items[i]);
	free(c->items);
	calls_init(c);
}

static exs_status open_call(struct calls *c, int64_t index, struct call **out)
{
	struct call *call;

	if (c->n == CALLS_MAX)
		return EXS_TOOBIG;
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 4;
		struct call *items = realloc(c->items, cap * sizeof *items);

		if (!items)
			return EXS_NOMEM;
		c->items = items;
		c->cap = cap;
	}
	call = &c->items[c->n++];
	text_init(&call->id, CALL_NAME_MAX);
	text_init(&call->name, CALL_NAME_MAX);
	text_init(&call->args, CALL_ARGS_MAX);
	call->index = index;
	call->chunk = 0;
	*out = call;
	return EXS_OK;
}

void piece_init(struct piece *p)
{
	text_init(&p->id, CALL_NAME_MAX);
	text_init(&p->name, CALL_NAME_MAX);
	p->args = exs_bytes("", 0);
	p->index = -1;
}

void piece_release(struct piece *p)
{
	text_release(&p->id);
	text_release(&p->name);
}

static bool same(const struct text *a, const struct text *b)
{
	return exs_str_eq(text_view(a), text_view(b));
}

/* The call that the piece would belong to, were it not a new one; NULL: none. */
static struct call *owner(struct calls *c, const struct piece *p)
{
	size_t i;

	for (i = c->n; i-- > 0;) {
		struct call *call = &c->items[i];

		if (p->id.mem.n && call->id.mem.n) {
			if (same(&p->id, &call->id))
				return call;
			continue;
		}
		if (p->index < 0 || call->index < 0 || p->index == call->index)
			return call;
	}
	return NULL;
}

static bool whole(const struct call *call)
{
	exs_str args = text_view(&call->args);

	return args.n && scan_kind(args) == '{' && scan_is_value(args);
}

static bool starts_new(const struct calls *c, const struct piece *p, const struct call *call)
{
	if (!call)
		return true;
	if (p->name.mem.n == 0 || call->name.mem.n == 0)
		return false;
	if (!same(&p->name, &call->name) || whole(call))
		return true;
	return p->index < 0 && p->id.mem.n == 0 && call->chunk == c->chunk;
}

/* A string gives its text; anything else (some servers send the object itself) gives its bytes. */
static void add_args(struct call *call, exs_str args)
{
	if (args.n == 0)
		return;
	if (args.p[0] == '"')
		(void)scan_text(args, &call->args);
	else
		text_add(&call->args, args.p, args.n);
}

exs_status calls_add(struct calls *c, const struct piece *p)
{
	struct call *call = owner(c, p);
	exs_status status = p->id.status ? p->id.status : p->name.status;

	if (status == EXS_OK && starts_new(c, p, call))
		status = open_call(c, p->index, &call);
	if (status)
		return status;
	if (call->id.mem.n == 0)
		text_add(&call->id, text_view(&p->id).p, p->id.mem.n);
	if (call->name.mem.n == 0)
		text_add(&call->name, text_view(&p->name).p, p->name.mem.n);
	add_args(call, p->args);
	call->chunk = c->chunk;
	return call->id.status	   ? call->id.status
	       : call->name.status ? call->name.status
				   : call->args.status;
}

exs_status calls_add_list(struct calls *c, exs_str list, bool whole)
{
	exs_str index, id, function, name;
	struct piece piece;
	const struct scan_member call[] = { { "index", &index },
					    { "id", &id },
					    { "function", &function } };
	const struct scan_member called[] = { { "name", &name }, { "arguments", &piece.args } };
	struct scan_iter it;
	exs_status status = EXS_OK;

	if (scan_kind(list) != '[')
		return EXS_OK;
	c->chunk++;
	scan_begin(&it, list);
	while (status == EXS_OK && SCAN_NEXT_MEMBERS(&it, call)) {
		if (whole && !function.n)
			continue;
		piece_init(&piece);
		if (!whole)
			(void)scan_count(index, &piece.index);
		(void)scan_text(id, &piece.id);
		if (SCAN_MEMBERS(function, called))
			(void)scan_text(name, &piece.name);
		status = calls_add(c, &piece);
		piece_release(&piece);
	}
	return status;
}

/* One of the earlier calls has the id and the name, and this one never got arguments. */
static bool repeats(const struct calls *c, size_t earlier, const struct call *call)
{
	size_t j;

	for (j = 0; j < earlier && call->id.mem.n && call->args.mem.n == 0; j++)
		if (same(&call->id, &c->items[j].id) && same(&call->name, &c->items[j].name))
			return true;
	return false;
}

void calls_drop(struct calls *c, uint32_t which)
{
	size_t i, kept = 0;

	for (i = 0; i < c->n; i++) {
		if (((which & CALLS_REPEATED) && repeats(c, kept, &c->items[i])) ||
		    ((which & CALLS_CUT) && !whole(&c->items[i])))
			drop(&c->items[i]);
		else
			c->items[kept++] = c->items[i];
	}
	c->n = kept;
}

/* The id that call i goes by: the server's, or one of ours where it sent none or the same twice. */
static void name_call(const struct calls *c, size_t i, int32_t step, struct text *id)
{
	exs_str given = text_view(&c->items[i].id);
	size_t j;

	text_clear(id);
	(void)text_add_repaired(id, given);
	for (j = 0; j < i && given.n; j++)
		if (exs_str_eq(given, text_view(&c->items[j].id)))
			given.n = 0;
	if (given.n)
		return;
	text_clear(id);
	text_adds(id, "call_");
	text_add_int(id, step);
	text_adds(id, "_");
	text_add_int(id, (int64_t)i + 1);
	for (j = 0; j < c->n; j++)
		if (exs_str_eq(text_view(id), text_view(&c->items[j].id))) {
			text_adds(id, "x");
			j = (size_t)-1;
		}
}

static exs_status write_call(const struct calls *c, size_t i, int32_t step, struct text *scratch,
			     struct text *out)
{
	const struct call *call = &c->items[i];

	name_call(c, i, step, scratch);
	text_adds(out, i ? ",{\"id\":" : "{\"id\":");
	text_add_json(out, text_view(scratch));
	if (scratch->status)
		return scratch->status;
	text_adds(out, ",\"name\":");
	text_clear(scratch);
	(void)text_add_repaired(scratch, text_view(&call->name));
	text_add_json(out, text_view(scratch));
	if (scratch->status)
		return scratch->status;
	text_adds(out, ",\"arguments\":");
	text_clear(scratch);
	if (text_add_repaired(scratch, text_view(&call->args)))
		return EXS_INVALID;
	text_add_json(out, call->args.mem.n ? text_view(scratch) : exs_cstr("{}"));
	text_adds(out, "}");
	return scratch->status ? scratch->status : out->status;
}

exs_status calls_write(const struct calls *c, int32_t step, struct text *out, size_t *bad)
{
	exs_status status = EXS_OK;
	struct text scratch;
	size_t i;

	text_init(&scratch, CALL_ARGS_MAX + CALL_NAME_MAX);
	text_adds(out, "[");
	for (i = 0; i < c->n && status == EXS_OK; i++)
		status = write_call(c, i, step, &scratch, out);
	text_adds(out, "]");
	text_release(&scratch);
	if (status == EXS_INVALID)
		*bad = i - 1;
	return status ? status : out->status;
}
