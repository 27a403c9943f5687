/* SPDX-License-Identifier: MIT */
/* events.c - see events.h. */
#include "events.h"

#include "items.h"

/* What is used of an event. */
struct event {
	exs_str all, type, item_id, index, delta, text, refusal, arguments, item, response;
};

static exs_status slot_of(struct answer *a, const struct event *e, struct slot **out)
{
	return slots_of_event(a->own, e->item_id, e->index, out);
}

/* ---- what comes piece by piece ---- */

static exs_status say(struct answer *a, struct slot *slot, exs_str value)
{
	if (!slot->said && a->text.mem.n)
		text_adds(&a->text, "\n");
	slot->said = true;
	(void)scan_text(value, &a->text);
	return a->text.status;
}

static exs_status on_text(struct answer *a, const struct event *e)
{
	struct slot *slot;
	exs_status status = slot_of(a, e, &slot);

	if (status == EXS_OK && e->delta.n)
		status = say(a, slot, e->delta);
	return status;
}

/* Some servers send no deltas. */
static exs_status on_text_done(struct answer *a, const struct event *e)
{
	struct slot *slot;
	exs_status status = slot_of(a, e, &slot);

	if (status == EXS_OK && !slot->said && e->text.n)
		status = say(a, slot, e->text);
	return status;
}

static exs_status on_refusal(struct answer *a, const struct event *e)
{
	(void)scan_text(e->delta, &a->refusal);
	return a->refusal.status;
}

static exs_status on_refusal_done(struct answer *a, const struct event *e)
{
	if (a->refusal.mem.n == 0)
		(void)scan_text(e->refusal, &a->refusal);
	return a->refusal.status;
}

static exs_status on_reasoning(struct answer *a, const struct event *e)
{
	(void)scan_text(e->delta, &a->reasoning);
	return a->reasoning.status;
}

static exs_status on_reasoning_part(struct answer *a, const struct event *e)
{
	(void)e;
	if (a->reasoning.mem.n)
		text_adds(&a->reasoning, "\n");
	return a->reasoning.status;
}

static exs_status add_arguments(struct answer *a, int64_t number, exs_str args)
{
	struct piece piece;
	exs_status status;

	piece_init(&piece);
	piece.index = number;
	piece.args = args;
	status = calls_add(&a->calls, &piece);
	piece_release(&piece);
	return status;
}

static exs_status on_arguments(struct answer *a, const struct event *e)
{
	struct slot *slot;
	exs_status status = slot_of(a, e, &slot);

	return status ? status : add_arguments(a, slots_number(a->own, slot), e->delta);
}

/* What came of the arguments goes for the whole: the two are never joined. */
static void forget_arguments(struct answer *a, int64_t number)
{
	size_t i;

	for (i = 0; i < a->calls.n; i++)
		if (a->calls.items[i].index == number)
			text_clear(&a->calls.items[i].args);
}

static exs_status on_arguments_done(struct answer *a, const struct event *e)
{
	struct slot *slot;
	exs_status status = slot_of(a, e, &slot);

	if (status || !e->arguments.n)
		return status;
	forget_arguments(a, slots_number(a->own, slot));
	return add_arguments(a, slots_number(a->own, slot), e->arguments);
}

/* ---- items ---- */

static exs_status on_added(struct answer *a, const struct event *e)
{
	struct slot *slot;
	exs_status status;

	if (scan_kind(e->item) != '{')
		return EXS_OK;
	status = slots_of_item(a->own, e->index, e->item, false, &slot);
	if (status == EXS_OK && scan_is_type(e->item, "function_call"))
		status = items_call(&a->calls, e->item, slots_number(a->own, slot));
	return status;
}

static exs_status show_done(struct answer *a, struct slot *slot, exs_str item)
{
	if (scan_is_type(item, "function_call")) {
		forget_arguments(a, slots_number(a->own, slot));
		return items_call(&a->calls, item, slots_number(a->own, slot));
	}
	if (scan_is_type(item, "message") && !slot->said) {
		slot->said = true;
		if (a->text.mem.n)
			text_adds(&a->text, "\n");
		items_message(item, &a->text, &a->refusal);
	}
	return answer_status(a);
}

static exs_status on_done(struct answer *a, const struct event *e)
{
	struct events *own = a->own;
	struct slot *slot;
	exs_status status;

	if (scan_kind(e->item) != '{')
		return EXS_OK;
	status = slots_of_item(own, e->index, e->item, true, &slot);
	if (status)
		return status;
	slot->done_at = own->done.mem.n;
	slot->done = e->item.n;
	text_add(&own->done, e->item.p, e->item.n);
	return own->done.status ? own->done.status : show_done(a, slot, e->item);
}

/* ---- the end ---- */

static void take_usage(struct answer *a, exs_str response)
{
	exs_usage *u = &a->usage;
	exs_str usage, part;

	if (!scan_get(response, "usage", &usage))
		return;
	(void)scan_get_count(usage, "input_tokens", &u->in_tokens);
	(void)scan_get_count(usage, "output_tokens", &u->out_tokens);
	if (scan_get(usage, "input_tokens_details", &part)) {
		(void)scan_get_count(part, "cached_tokens", &u->cache_read_tokens);
		(void)scan_get_count(part, "cache_write_tokens", &u->cache_write_tokens);
	}
	if (scan_get(usage, "output_tokens_details", &part))
		(void)scan_get_count(part, "reasoning_tokens", &u->reasoning_tokens);
	/* No request has no tokens: a server that says so does not count. */
	a->has_usage = u->in_tokens || u->out_tokens;
}

static void take_model(struct answer *a, exs_str response)
{
	if (a->model.mem.n == 0 && !a->model.status)
		(void)scan_get_text(response, "model", &a->model);
}

static exs_status settle(struct answer *a, exs_str list)
{
	exs_status status = items_take(a, list);

	/* What was cut off is not worth its reasoning. */
	if (status == EXS_OK && a->stop == STOP_END)
		items_keep(a, list);
	return status ? status : a->provider.status;
}

static exs_status reconcile(struct answer *a, exs_str response)
{
	exs_status status = EXS_OK;
	struct scan_iter it;
	exs_str list, key, item;
	struct text done;

	if (scan_get(response, "output", &list) && scan_kind(list) == '[') {
		scan_begin(&it, list);
		if (scan_next(&it, &key, &item))
			return settle(a, list);
	}
	text_init(&done, EVENTS_DONE_MAX + EVENTS_SLOTS_MAX + 2);
	if (slots_done(a->own, &done))
		status = settle(a, text_view(&done));
	text_release(&done);
	return status;
}

/* Why a response is incomplete; a reason that is not known means that it was cut. */
static enum stop stop_of(exs_str response, bool incomplete)
{
	exs_str details, reason;

	if (scan_get(response, "incomplete_details", &details) &&
	    scan_get(details, "reason", &reason))
		return scan_is(reason, "content_filter") ? STOP_FILTER : STOP_LENGTH;
	return incomplete ? STOP_LENGTH : STOP_END;
}

/* `how` is the response's status as its event or itself gives it. */
static exs_status finish(struct answer *a, exs_str response, const char *how)
{
	struct events *e = a->own;
	exs_status status;
	exs_str error;

	e->ended = true;
	take_usage(a, response);
	take_model(a, response);
	if (scan_get(response, "error", &error))
		return answer_error(a, error);
	a->stop = STOP_BROKEN;
	if (strcmp(how, "failed") == 0)
		return EXS_OK;
	a->stop = stop_of(response, strcmp(how, "incomplete") == 0);
	status = reconcile(a, response);
	a->complete = status == EXS_OK;
	return status;
}

/* A server that adds no response has ended all the same. */
static exs_status on_end(struct answer *a, const struct event *e, const char *how)
{
	return finish(a, e->response.n ? e->response : e->all, how);
}

static exs_status on_completed(struct answer *a, const struct event *e)
{
	return on_end(a, e, "completed");
}

static exs_status on_incomplete(struct answer *a, const struct event *e)
{
	return on_end(a, e, "incomplete");
}

static exs_status on_failed(struct answer *a, const struct event *e)
{
	return on_end(a, e, "failed");
}

static exs_status on_created(struct answer *a, const struct event *e)
{
	take_model(a, e->response);
	return EXS_OK;
}

static exs_status on_error(struct answer *a, const struct event *e)
{
	return answer_error(a, e->all);
}

/* ---- one event ---- */

/* All others are passed over: they tell of progress, or repeat what an item says when it is done.
 */
static const struct {
	const char *type;
	exs_status (*take)(struct answer *a, const struct event *e);
} kinds[] = {
	{ "response.output_text.delta", on_text },
	{ "response.function_call_arguments.delta", on_arguments },
	{ "response.reasoning_summary_text.delta", on_reasoning },
	{ "response.reasoning_text.delta", on_reasoning },
	{ "response.refusal.delta", on_refusal },
	{ "response.output_text.done", on_text_done },
	{ "response.function_call_arguments.done", on_arguments_done },
	{ "response.reasoning_summary_part.added", on_reasoning_part },
	{ "response.refusal.done", on_refusal_done },
	{ "response.output_item.added", on_added },
	{ "response.output_item.done", on_done },
	{ "response.created", on_created },
	{ "response.completed", on_completed },
	{ "response.incomplete", on_incomplete },
	{ "response.failed", on_failed },
	{ "error", on_error },
};

static exs_status take_event(struct answer *a, exs_str data)
{
	struct event e = { .all = data };
	exs_str error;
	const struct scan_member members[] = {
		{ "error", &error },	   { "type", &e.type },
		{ "item_id", &e.item_id }, { "output_index", &e.index },
		{ "delta", &e.delta },	   { "text", &e.text },
		{ "refusal", &e.refusal }, { "arguments", &e.arguments },
		{ "item", &e.item },	   { "response", &e.response },
	};
	size_t i;

	if (!SCAN_MEMBERS(data, members))
		return EXS_INVALID;
	if (error.n)
		return answer_error(a, error);
	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (scan_is(e.type, kinds[i].type))
			return kinds[i].take(a, &e);
	return EXS_OK;
}

static struct events *prepare(struct answer *a)
{
	struct events *e = a->own;

	if (e && e->done.mem.sink.put == NULL)
		text_init(&e->done, EVENTS_DONE_MAX);
	return e;
}

exs_status events_event(struct answer *a, exs_str data)
{
	struct events *e = prepare(a);

	if (!e)
		return EXS_NOMEM;
	while (data.n && strchr(" \t\r\n", data.p[data.n - 1]))
		data.n--;
	/* Some servers end their stream as chat completions do; it proves nothing. */
	if (e->ended || (data.n == 6 && memcmp(data.p, "[DONE]", 6) == 0))
		return EXS_OK;
	return take_event(a, data);
}

exs_status events_whole(struct answer *a, exs_str body)
{
	exs_str value, output;

	if (!prepare(a))
		return EXS_NOMEM;
	if (scan_kind(body) != '{' || !scan_is_value(body))
		return EXS_INVALID;
	if (!scan_get(body, "status", &value))
		value = exs_cstr("\"completed\"");
	if (scan_is(value, "failed") || scan_is(value, "cancelled"))
		return finish(a, body, "failed");
	if (scan_is(value, "incomplete"))
		return finish(a, body, "incomplete");
	/* An error object alone has no output; what is still in progress will never come. */
	if (scan_get(body, "error", &value))
		return answer_error(a, value);
	if (!scan_is(value, "completed") || !scan_get(body, "output", &output))
		return EXS_OK;
	return finish(a, body, "completed");
}
