/* SPDX-License-Identifier: MIT */
/* chat.c - see chat.h. */
#include "chat.h"

/* A prompt that was in the cache has no count, or 0, in old releases: then neither is believed. */
static void take_usage(struct answer *a, exs_str line)
{
	exs_usage *u = &a->usage;

	a->has_usage = scan_get_count(line, "prompt_eval_count", &u->in_tokens) &&
		       u->in_tokens > 0 && scan_get_count(line, "eval_count", &u->out_tokens);
	if (!a->has_usage)
		u->in_tokens = u->out_tokens = 0;
}

/* Calls come whole; only newer releases give them an id. */
static exs_status take_call(struct answer *a, exs_str call)
{
	struct piece piece;
	exs_status status;
	exs_str function;

	if (!scan_get(call, "function", &function))
		return EXS_OK;
	piece_init(&piece);
	(void)scan_get_text(call, "id", &piece.id);
	(void)scan_get_text(function, "name", &piece.name);
	(void)scan_get(function, "arguments", &piece.args);
	status = calls_add(&a->calls, &piece);
	piece_release(&piece);
	return status;
}

static exs_status take_calls(struct answer *a, exs_str list)
{
	struct scan_iter it;
	exs_str key, call;
	exs_status status = EXS_OK;

	if (scan_kind(list) != '[')
		return EXS_OK;
	calls_next_chunk(&a->calls);
	scan_begin(&it, list);
	while (status == EXS_OK && scan_next(&it, &key, &call))
		if (scan_kind(call) == '{')
			status = take_call(a, call);
	return status;
}

static exs_status take_message(struct answer *a, exs_str message)
{
	exs_str calls;
	exs_status status = EXS_OK;

	(void)scan_get_text(message, "content", &a->text);
	(void)scan_get_text(message, "thinking", &a->reasoning);
	if (scan_get(message, "tool_calls", &calls))
		status = take_calls(a, calls);
	return status ? status : answer_status(a);
}

exs_status chat_line(struct answer *a, exs_str line)
{
	exs_str value;
	exs_status status = EXS_OK;

	if (scan_kind(line) != '{' || !scan_is_value(line))
		return EXS_INVALID;
	if (a->complete)
		return EXS_OK;
	if (scan_get(line, "error", &value))
		return answer_error(a, value);
	if (a->model.mem.n == 0 && !a->model.status)
		(void)scan_get_text(line, "model", &a->model);
	if (scan_get(line, "message", &value))
		status = take_message(a, value);
	if (status || !scan_get(line, "done", &value) || scan_kind(value) != 't')
		return status;
	take_usage(a, line);
	a->stop = scan_get(line, "done_reason", &value) && scan_is(value, "length") ? STOP_LENGTH
										    : STOP_END;
	a->complete = true;
	return EXS_OK;
}
