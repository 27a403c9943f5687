/* SPDX-License-Identifier: MIT */
/* turn.c - see turn.h. The tables are the format; the functions check what a table cannot say. */
#include "turn.h"

#include <stddef.h>

#define AT(type, member) offsetof(struct type, member)

static bool given(const struct text *t)
{
	return t->p != NULL;
}

/* ---- captures ---- */

static exs_status read_from(struct reader *r, const struct node *value, void *at)
{
	static const char *const words[] = { "last", "all", "input", NULL };
	static const enum capture_from kinds[] = { FROM_LAST, FROM_ALL, FROM_INPUT };
	struct capture *c = at;
	size_t i;

	if (value->kind == NODE_TEXT && strncmp(value->text, "tool ", 5) == 0 && value->text[5]) {
		c->from = FROM_TOOL;
		if (field_name(r, value, &c->tool))
			return r->err->status;
		c->tool.n -= 5;
		memmove(c->tool.p, c->tool.p + 5, c->tool.n + 1);
		return EXS_OK;
	}
	if (value->kind == NODE_TEXT && value->n && strspn(value->text, "0123456789") == value->n) {
		c->from = FROM_INDEX;
		return field_number(r, value, &c->index);
	}
	if (field_word(r, value, "from (last, all, input, a number, or 'tool NAME')", words, &i))
		return r->err->status;
	c->from = kinds[i];
	return EXS_OK;
}

static const struct field capture_fields[] = {
	{ "from", read_from, 0 },
	{ "pattern", field_pattern, AT(capture, pattern) },
	{ "as", field_variable, AT(capture, as) },
	{ "group", field_number, AT(capture, group) },
	{ "all", field_flag, AT(capture, all) },
	{ "join", field_text, AT(capture, join) },
	{ "limit", field_number, AT(capture, limit) },
	{ "default", field_text, AT(capture, deflt) },
	{ NULL, NULL, 0 },
};

static exs_status read_capture(struct reader *r, const struct node *value, struct capture *c)
{
	int64_t groups;

	c->group = c->limit = -1;
	if (fields_read(r, value, "a capture", capture_fields, c))
		return r->err->status;
	if (!c->pattern.source || !given(&c->as))
		return tree_fail(r->tree, value, r->err, "a capture needs 'pattern' and 'as'");
	if (!c->all && (c->limit >= 0 || given(&c->join)))
		return tree_fail(r->tree, value, r->err,
				 "'limit' and 'join' of a capture need 'all: true'");
	groups = (int64_t)c->pattern.regex.re_nsub;
	if (c->group < 0)
		c->group = groups ? 1 : 0;
	if (c->group > groups || c->group > CAPTURE_GROUPS_MAX)
		return tree_fail(r->tree, value, r->err,
				 "the pattern has %d groups, so there is no group %d", (int)groups,
				 (int)c->group);
	return EXS_OK;
}

static exs_status read_captures(struct reader *r, const struct node *value, void *at)
{
	struct turn *t = at;
	const struct node *item;
	size_t i = 0;

	if (field_list(r, value, TURN_LIST_MAX, sizeof *t->captures, &t->captures, &t->capture_n))
		return r->err->status;
	for (item = tree_child(r->tree, value); item; item = tree_next(r->tree, item))
		if (read_capture(r, item, &t->captures[i++]))
			return r->err->status;
	return EXS_OK;
}

/* ---- calls ---- */

static const struct field call_fields[] = {
	{ "tool", field_name, AT(call, tool) },
	{ "id", field_name, AT(call, id) },
	{ "args", field_args, AT(call, args) },
	{ "args_raw", field_text, AT(call, args_raw) },
	{ "for_each", field_variable, AT(call, for_each) },
	{ NULL, NULL, 0 },
};

static exs_status read_call(struct reader *r, const struct node *value, struct call *c)
{
	if (fields_read(r, value, "a call", call_fields, c))
		return r->err->status;
	if (!given(&c->tool))
		return tree_fail(r->tree, value, r->err, "a call needs 'tool'");
	if (given(&c->args) && given(&c->args_raw))
		return tree_fail(r->tree, value, r->err,
				 "a call has 'args' or 'args_raw', not both");
	return EXS_OK;
}

static exs_status read_calls(struct reader *r, const struct node *value, void *at)
{
	struct turn *t = at;
	const struct node *item;
	size_t i = 0;

	if (field_list(r, value, TURN_CALLS_MAX, sizeof *t->calls, &t->calls, &t->call_n))
		return r->err->status;
	for (item = tree_child(r->tree, value); item; item = tree_next(r->tree, item))
		if (read_call(r, item, &t->calls[i++]))
			return r->err->status;
	return EXS_OK;
}

/* ---- failures ---- */

static exs_status read_class(struct reader *r, const struct node *value, void *at)
{
	/* By number. */
	static const char *const words[] = { "none",  "transient", "permanent", "no_model",
					     "limit", "truncated", "not_done",	NULL };
	size_t i;

	if (field_word(r, value, "class", words, &i))
		return r->err->status;
	*(int32_t *)at = (int32_t)i;
	return EXS_OK;
}

static exs_status read_status(struct reader *r, const struct node *value, void *at)
{
	/* By number; a failure cannot be ok. */
	static const char *const words[] = { "invalid",	 "nomem",     "io",	"notfound",
					     "denied",	 "cancelled", "again",	"unsupported",
					     "conflict", "corrupt",   "toobig", "lost",
					     "internal", NULL };
	size_t i;

	if (field_word(r, value, "status", words, &i))
		return r->err->status;
	*(int32_t *)at = (int32_t)i + EXS_INVALID;
	return EXS_OK;
}

static const struct field fail_fields[] = {
	{ "class", read_class, AT(failure, klass) },
	{ "status", read_status, AT(failure, status) },
	{ "text", field_text, AT(failure, words) },
	{ "retry_after", field_duration, AT(failure, retry_after_ms) },
	{ "times", field_number, AT(failure, times) },
	{ NULL, NULL, 0 },
};

static exs_status read_fail(struct reader *r, const struct node *value, void *at)
{
	static const int32_t usual[] = { EXS_INTERNAL, EXS_IO, EXS_INVALID, EXS_NOTFOUND,
					 EXS_AGAIN,    EXS_IO, EXS_IO };
	struct turn *t = at;

	t->has_fail = true;
	t->fail.klass = EXS_CLASS_PERMANENT;
	t->fail.status = -1;
	t->fail.times = -1;
	if (fields_read(r, value, "fail", fail_fields, &t->fail))
		return r->err->status;
	if (t->fail.status < 0)
		t->fail.status = usual[t->fail.klass];
	return EXS_OK;
}

/* ---- what else a turn has ---- */

static const struct field stream_fields[] = {
	{ "chunk", field_number, AT(turn, chunk) },
	{ "every", field_duration, AT(turn, every_ms) },
	{ NULL, NULL, 0 },
};

static exs_status read_stream(struct reader *r, const struct node *value, void *at)
{
	struct turn *t = at;

	t->has_stream = true;
	t->chunk = 16;
	t->every_ms = 10;
	if (fields_read(r, value, "stream", stream_fields, t))
		return r->err->status;
	if (t->chunk == 0)
		return tree_fail(r->tree, value, r->err, "a chunk has at least 1 byte");
	return EXS_OK;
}

static const struct field usage_fields[] = {
	{ "in", field_number, offsetof(exs_usage, in_tokens) },
	{ "out", field_number, offsetof(exs_usage, out_tokens) },
	{ "cache_read", field_number, offsetof(exs_usage, cache_read_tokens) },
	{ "cache_write", field_number, offsetof(exs_usage, cache_write_tokens) },
	{ "reasoning", field_number, offsetof(exs_usage, reasoning_tokens) },
	{ "cost_micro", field_number, offsetof(exs_usage, cost_micro) },
	{ NULL, NULL, 0 },
};

static exs_status read_usage(struct reader *r, const struct node *value, void *at)
{
	struct turn *t = at;

	t->has_usage = true;
	return fields_read(r, value, "usage", usage_fields, &t->usage);
}

static exs_status read_stop(struct reader *r, const struct node *value, void *at)
{
	static const char *const words[] = { "end", "calls", "length", "refusal", "filter", NULL };
	size_t i;

	if (field_word(r, value, "stop", words, &i))
		return r->err->status;
	((struct turn *)at)->stop = words[i];
	return EXS_OK;
}

static exs_status read_lie(struct reader *r, const struct node *value, void *at)
{
	struct turn *t = at;

	t->has_lie = true;
	if (field_number(r, value, &t->lie_status))
		return r->err->status;
	if (t->lie_status > INT32_MAX)
		return tree_fail(r->tree, value, r->err, "a status has 32 bits");
	return EXS_OK;
}

static exs_status read_patterns(struct reader *r, const struct node *value, struct pattern **out,
				size_t *n)
{
	const struct node *item;
	size_t i = 0;

	if (field_list(r, value, TURN_LIST_MAX, sizeof **out, out, n))
		return r->err->status;
	for (item = tree_child(r->tree, value); item; item = tree_next(r->tree, item))
		if (field_pattern(r, item, &(*out)[i++]))
			return r->err->status;
	return EXS_OK;
}

static exs_status read_expect(struct reader *r, const struct node *value, void *at)
{
	struct turn *t = at;

	return read_patterns(r, value, &t->expect, &t->expect_n);
}

static exs_status read_expect_system(struct reader *r, const struct node *value, void *at)
{
	struct turn *t = at;

	return read_patterns(r, value, &t->expect_system, &t->expect_system_n);
}

static exs_status read_expect_tools(struct reader *r, const struct node *value, void *at)
{
	struct turn *t = at;
	const struct node *item;
	size_t i = 0;

	t->has_expect_tools = true;
	if (field_list(r, value, TREE_KEYS_MAX, sizeof *t->expect_tools, &t->expect_tools,
		       &t->expect_tools_n))
		return r->err->status;
	for (item = tree_child(r->tree, value); item; item = tree_next(r->tree, item))
		if (field_name(r, item, &t->expect_tools[i++]))
			return r->err->status;
	return EXS_OK;
}

static exs_status read_expect_images(struct reader *r, const struct node *value, void *at)
{
	struct turn *t = at;

	t->has_expect_images = true;
	return field_number(r, value, &t->expect_images);
}

/* ---- turns ---- */

static const struct field turn_fields[] = {
	{ "say", field_template, AT(turn, say) },
	{ "think", field_template, AT(turn, think) },
	{ "calls", read_calls, 0 },
	{ "capture", read_captures, 0 },
	{ "fail", read_fail, 0 },
	{ "stall", field_stall, AT(turn, stall_ms) },
	{ "ignore_cancel", field_flag, AT(turn, ignore_cancel) },
	{ "delay", field_duration, AT(turn, delay_ms) },
	{ "stream", read_stream, 0 },
	{ "put_raw", field_text, AT(turn, put_raw) },
	{ "end_twice", field_flag, AT(turn, end_twice) },
	{ "stop", read_stop, 0 },
	{ "usage", read_usage, 0 },
	{ "lie_status", read_lie, 0 },
	{ "expect", read_expect, 0 },
	{ "expect_system", read_expect_system, 0 },
	{ "expect_tools", read_expect_tools, 0 },
	{ "expect_images", read_expect_images, 0 },
	{ "repeat", field_flag, AT(turn, repeat) },
	{ NULL, NULL, 0 },
};

static exs_status read_turn(struct reader *r, const struct node *value, struct turn *t)
{
	t->line = value->line;
	t->number = r->turns;
	if (fields_read(r, value, "a turn", turn_fields, t))
		return r->err->status;
	if (t->ignore_cancel && t->stall_ms == 0)
		return tree_fail(r->tree, value, r->err,
				 "'ignore_cancel' is for a turn with 'stall'");
	if (t->has_stream && !given(&t->say))
		return tree_fail(r->tree, value, r->err,
				 "'stream' shows what 'say' says; this turn has none");
	if (t->repeat && tree_next(r->tree, value))
		return tree_fail(r->tree, value, r->err,
				 "only the last turn can have 'repeat: true'");
	return EXS_OK;
}

exs_status turns_read(struct reader *r, const struct node *value, struct script *s)
{
	const struct node *item;
	size_t i = 0;

	if (field_list(r, value, SCRIPT_TURNS_MAX - r->turns, sizeof *s->turns, &s->turns,
		       &s->turn_n))
		return r->err->status;
	if (s->turn_n == 0)
		return tree_fail(r->tree, value, r->err, "a script needs at least one turn");
	for (item = tree_child(r->tree, value); item; item = tree_next(r->tree, item)) {
		r->turns++;
		if (read_turn(r, item, &s->turns[i++]))
			return r->err->status;
	}
	return EXS_OK;
}

static void free_pattern(struct pattern *p)
{
	if (p->source)
		regfree(&p->regex);
	free(p->source);
}

static void free_turn(struct turn *t)
{
	size_t i;

	for (i = 0; i < t->call_n; i++) {
		struct call *c = &t->calls[i];

		free(c->tool.p);
		free(c->id.p);
		free(c->for_each.p);
		free(c->args.p);
		free(c->args_raw.p);
	}
	for (i = 0; i < t->capture_n; i++) {
		struct capture *c = &t->captures[i];

		free(c->tool.p);
		free_pattern(&c->pattern);
		free(c->as.p);
		free(c->join.p);
		free(c->deflt.p);
	}
	for (i = 0; i < t->expect_n; i++)
		free_pattern(&t->expect[i]);
	for (i = 0; i < t->expect_system_n; i++)
		free_pattern(&t->expect_system[i]);
	for (i = 0; i < t->expect_tools_n; i++)
		free(t->expect_tools[i].p);
	free(t->calls);
	free(t->captures);
	free(t->expect);
	free(t->expect_system);
	free(t->expect_tools);
	free(t->say.p);
	free(t->think.p);
	free(t->put_raw.p);
	free(t->fail.words.p);
}

void turns_free(struct script *script)
{
	size_t i;

	for (i = 0; i < script->turn_n; i++)
		free_turn(&script->turns[i]);
	free(script->turns);
}
