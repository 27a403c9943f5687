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

static exs_status take_message(struct answer *a, exs_str message)
{
	exs_str content, thinking, calls;
	const struct scan_member members[] = { { "content", &content },
					       { "thinking", &thinking },
					       { "tool_calls", &calls } };
	exs_status status;

	if (!SCAN_MEMBERS(message, members))
		return EXS_OK;
	(void)scan_text(content, &a->text);
	(void)scan_text(thinking, &a->reasoning);
	/* Calls come whole; only newer releases give them an id. */
	status = calls_add_list(&a->calls, calls, true);
	return status ? status : answer_status(a);
}

exs_status chat_line(struct answer *a, exs_str line)
{
	exs_str error, model, message, done, reason;
	const struct scan_member members[] = { { "error", &error },
					       { "model", &model },
					       { "message", &message },
					       { "done", &done },
					       { "done_reason", &reason } };
	exs_status status;

	if (!SCAN_MEMBERS(line, members))
		return EXS_INVALID;
	if (a->complete)
		return EXS_OK;
	if (error.n)
		return answer_error(a, error);
	if (a->model.mem.n == 0 && !a->model.status)
		(void)scan_text(model, &a->model);
	status = take_message(a, message);
	if (status || scan_kind(done) != 't')
		return status;
	take_usage(a, line);
	a->stop = scan_is(reason, "length") ? STOP_LENGTH : STOP_END;
	a->complete = true;
	return EXS_OK;
}
