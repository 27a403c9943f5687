/* SPDX-License-Identifier: MIT */
/* messages.c - see messages.h. */
#include "messages.h"

/*
 * A server pauses for tools of its own, which are never asked for here. Taken for an end it would
 * be half an answer.
 */
static const char paused[] =
	"{\"type\":\"invalid_request_error\",\"message\":\"it paused the turn (pause_turn) for a "
	"tool of its own: this battery asks for none and does not go on with it\"}";

void messages_release(void *own)
{
	struct messages *m = own;

	blocks_release(&m->blocks);
}

/* ---- the usage ---- */

static void take_count(exs_str usage, const char *name, int64_t *count)
{
	int64_t n;

	if (scan_get_count(usage, name, &n) && n > *count)
		*count = n;
}

static void take_usage(struct messages *m, exs_str from)
{
	exs_str usage, details;

	if (!scan_get(from, "usage", &usage))
		return;
	take_count(usage, "input_tokens", &m->in);
	take_count(usage, "cache_read_input_tokens", &m->cache_read);
	take_count(usage, "cache_creation_input_tokens", &m->cache_write);
	take_count(usage, "output_tokens", &m->out);
	if (scan_get(usage, "output_tokens_details", &details))
		take_count(details, "thinking_tokens", &m->thinking);
}

/* Only at the end: what a stream that broke off had counted is a part of what is billed. */
static void put_usage(struct answer *a, const struct messages *m)
{
	exs_usage *u = &a->usage;

	u->in_tokens = m->in + m->cache_read + m->cache_write;
	u->cache_read_tokens = m->cache_read;
	u->cache_write_tokens = m->cache_write;
	u->out_tokens = m->out > m->thinking ? m->out : m->thinking;
	u->reasoning_tokens = m->thinking;
	a->has_usage = u->in_tokens || u->out_tokens;
}

/* ---- the end ---- */

static exs_status take_stop(struct answer *a, exs_str from)
{
	exs_str reason, details;

	if (!scan_get(from, "stop_reason", &reason))
		return EXS_OK;
	if (scan_is(reason, "pause_turn"))
		return answer_error(a, exs_cstr(paused));
	if (scan_is(reason, "max_tokens") || scan_is(reason, "model_context_window_exceeded"))
		a->stop = STOP_LENGTH;
	else if (scan_is(reason, "refusal"))
		a->stop = STOP_REFUSAL;
	else
		a->stop = scan_is(reason, "tool_use") ? STOP_CALLS : STOP_END;
	if (a->stop == STOP_REFUSAL && scan_get(from, "stop_details", &details))
		(void)scan_get_text(details, "explanation", &a->refusal);
	return answer_status(a);
}

static exs_status finish(struct answer *a, struct messages *m)
{
	exs_status status;

	m->done = true;
	put_usage(a, m);
	if (a->stop == STOP_NONE)
		a->stop = STOP_END;
	/* A model that was stopped while it wrote a call did not mean it to be made. */
	if (a->stop == STOP_REFUSAL)
		calls_release(&a->calls);
	else if ((status = blocks_keep(&m->blocks, a)) != EXS_OK)
		return status;
	status = answer_status(a);
	a->complete = status == EXS_OK;
	return status;
}

/* ---- events ---- */

struct event {
	exs_str all, type, index, block, delta, message;
};

static void take_model(struct answer *a, exs_str from)
{
	if (a->model.mem.n == 0 && !a->model.status)
		(void)scan_get_text(from, "model", &a->model);
}

static exs_status on_start(struct answer *a, struct messages *m, const struct event *e)
{
	take_model(a, e->message);
	take_usage(m, e->message);
	return EXS_OK;
}

static int64_t index_of(const struct event *e)
{
	int64_t index = 0;

	(void)scan_count(e->index, &index);
	return index;
}

static exs_status on_block(struct answer *a, struct messages *m, const struct event *e)
{
	return e->block.n ? blocks_open(&m->blocks, a, index_of(e), e->block) : EXS_INVALID;
}

static exs_status on_delta(struct answer *a, struct messages *m, const struct event *e)
{
	return e->delta.n ? blocks_add(&m->blocks, a, index_of(e), e->delta) : EXS_INVALID;
}

static exs_status on_message(struct answer *a, struct messages *m, const struct event *e)
{
	take_usage(m, e->all);
	return take_stop(a, e->delta);
}

static exs_status on_stop(struct answer *a, struct messages *m, const struct event *e)
{
	(void)e;
	return finish(a, m);
}

static exs_status on_error(struct answer *a, struct messages *m, const struct event *e)
{
	(void)m;
	return answer_error(a, e->all);
}

/* All others are passed over: pings, the ends of blocks, and what is not known yet. */
static const struct {
	const char *type;
	exs_status (*take)(struct answer *a, struct messages *m, const struct event *e);
} kinds[] = {
	{ "content_block_delta", on_delta }, { "content_block_start", on_block },
	{ "message_start", on_start },	     { "message_delta", on_message },
	{ "message_stop", on_stop },	     { "error", on_error },
};

/* INVALID: not an object; IO: it is an error. */
static exs_status read_event(struct answer *a, exs_str data, struct event *e)
{
	exs_str error;
	const struct scan_member members[] = {
		{ "error", &error },	{ "type", &e->type },
		{ "index", &e->index }, { "content_block", &e->block },
		{ "delta", &e->delta }, { "message", &e->message },
	};

	e->all = data;
	if (!SCAN_MEMBERS(data, members))
		return EXS_INVALID;
	return error.n ? answer_error(a, error) : EXS_OK;
}

exs_status messages_event(struct answer *a, exs_str data)
{
	struct messages *m = a->own;
	struct event e;
	exs_status status;
	size_t i;

	if (!m)
		return EXS_NOMEM;
	if (m->done)
		return EXS_OK;
	status = read_event(a, data, &e);
	if (status)
		return status;
	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (scan_is(e.type, kinds[i].type))
			return kinds[i].take(a, m, &e);
	return EXS_OK;
}

exs_status messages_whole(struct answer *a, exs_str body)
{
	struct messages *m = a->own;
	struct scan_iter it;
	struct event e;
	exs_str content, key, block;
	exs_status status;

	if (!m)
		return EXS_NOMEM;
	status = read_event(a, body, &e);
	if (status || !scan_get(body, "content", &content) || scan_kind(content) != '[')
		return status;
	take_model(a, body);
	take_usage(m, body);
	scan_begin(&it, content);
	while (status == EXS_OK && scan_next(&it, &key, &block))
		status = blocks_open(&m->blocks, a, (int64_t)m->blocks.n, block);
	if (status == EXS_OK)
		status = take_stop(a, body);
	return status ? status : finish(a, m);
}
