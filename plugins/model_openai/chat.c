/* SPDX-License-Identifier: MIT */
/* chat.c - see chat.h. */
#include "chat.h"

#define COST_DIGITS_MAX 64u /* bytes of a number that says what an answer cost */

/* Millionths of a dollar in a JSON number of dollars; 0 when it is none. */
static int64_t cost_of(exs_str value)
{
	char digits[COST_DIGITS_MAX];
	double dollars;

	if (value.n >= sizeof digits || value.p[0] < '0' || value.p[0] > '9')
		return 0;
	memcpy(digits, value.p, value.n);
	digits[value.n] = '\0';
	dollars = strtod(digits, NULL);
	return dollars < 1e6 ? (int64_t)(dollars * 1e6 + 0.5) : 0;
}

static void take_usage(struct answer *a, exs_str usage)
{
	exs_usage *u = &a->usage;
	exs_str part;
	int64_t total = 0;

	if (!scan_get_count(usage, "prompt_tokens", &u->in_tokens) &&
	    !scan_get_count(usage, "completion_tokens", &u->out_tokens))
		return;
	(void)scan_get_count(usage, "completion_tokens", &u->out_tokens);
	(void)scan_get_count(usage, "prompt_cache_hit_tokens", &u->cache_read_tokens);
	if (scan_get(usage, "prompt_tokens_details", &part)) {
		(void)scan_get_count(part, "cached_tokens", &u->cache_read_tokens);
		(void)scan_get_count(part, "cache_write_tokens", &u->cache_write_tokens);
	}
	if (scan_get(usage, "completion_tokens_details", &part))
		(void)scan_get_count(part, "reasoning_tokens", &u->reasoning_tokens);
	/* Some servers count reasoning beside the output instead of in it. */
	if (u->reasoning_tokens && scan_get_count(usage, "total_tokens", &total) &&
	    total == u->in_tokens + u->out_tokens + u->reasoning_tokens)
		u->out_tokens += u->reasoning_tokens;
	if (scan_get(usage, "cost", &part))
		u->cost_micro = cost_of(part);
	a->has_usage = true;
}

/* A text, or a list of parts of which the texts count. */
static void take_content(struct answer *a, exs_str content)
{
	struct scan_iter it;
	exs_str key, part;

	if (scan_kind(content) != '[') {
		(void)scan_text(content, &a->text);
		return;
	}
	scan_begin(&it, content);
	while (scan_next(&it, &key, &part))
		(void)scan_get_text(part, "text", &a->text);
}

static exs_status take_message(struct answer *a, exs_str message)
{
	exs_str content, refusal, thoughts, reasoning, calls;
	const struct scan_member members[] = { { "content", &content },
					       { "refusal", &refusal },
					       { "reasoning_content", &thoughts },
					       { "reasoning", &reasoning },
					       { "tool_calls", &calls } };
	exs_status status;

	if (!SCAN_MEMBERS(message, members))
		return EXS_OK;
	take_content(a, content);
	(void)scan_text(refusal, &a->refusal);
	(void)scan_text(scan_kind(thoughts) == '"' ? thoughts : reasoning, &a->reasoning);
	status = calls_add_list(&a->calls, calls, false);
	return status ? status : answer_status(a);
}

static enum stop stop_of(exs_str reason)
{
	if (scan_is(reason, "length"))
		return STOP_LENGTH;
	if (scan_is(reason, "content_filter"))
		return STOP_FILTER;
	if (scan_is(reason, "tool_calls"))
		return STOP_CALLS;
	return scan_is(reason, "error") ? STOP_BROKEN : STOP_END;
}

/* What is used of a choice. */
struct choice {
	exs_str index, delta, message, reason;
};

/* The first choice; others were not asked for. */
static bool first_choice(exs_str choices, struct choice *c)
{
	const struct scan_member members[] = { { "index", &c->index },
					       { "delta", &c->delta },
					       { "message", &c->message },
					       { "finish_reason", &c->reason } };
	struct scan_iter it;
	int64_t index;

	if (scan_kind(choices) != '[')
		return false;
	scan_begin(&it, choices);
	while (SCAN_NEXT_MEMBERS(&it, members)) {
		index = 0;
		(void)scan_count(c->index, &index);
		if (index == 0)
			return true;
	}
	return false;
}

/* Takes what it says of the answer: of a stream the delta, else the message. */
static exs_status take_choice(struct answer *a, const struct choice *c, bool streamed)
{
	exs_status status = take_message(a, streamed ? c->delta : c->message);

	if (scan_kind(c->reason) == '"')
		a->stop = stop_of(c->reason);
	return status;
}

/* `chosen`: it has a choice. */
static exs_status take_chunk(struct answer *a, exs_str chunk, bool streamed, bool *chosen)
{
	exs_str error, object, usage, model, choices;
	const struct scan_member members[] = { { "error", &error },
					       { "object", &object },
					       { "usage", &usage },
					       { "model", &model },
					       { "choices", &choices } };
	struct choice choice;

	*chosen = false;
	if (!SCAN_MEMBERS(chunk, members))
		return EXS_INVALID;
	if (error.n || scan_is(object, "error"))
		return answer_error(a, error.n ? error : chunk);
	take_usage(a, usage);
	if (a->model.mem.n == 0 && !a->model.status)
		(void)scan_text(model, &a->model);
	*chosen = first_choice(choices, &choice);
	return *chosen ? take_choice(a, &choice, streamed) : EXS_OK;
}

static void judge(struct answer *a, bool done)
{
	a->complete =
		a->stop != STOP_BROKEN && (a->stop != STOP_NONE || (done && answer_has_begun(a)));
}

exs_status chat_event(struct answer *a, exs_str data)
{
	struct chat *c = a->own;
	exs_status status = EXS_OK;
	bool chosen;

	if (!c)
		return EXS_NOMEM;
	while (data.n && strchr(" \t\r\n", data.p[data.n - 1]))
		data.n--;
	if (data.n == 6 && memcmp(data.p, "[DONE]", 6) == 0)
		c->done = true;
	else if (!c->done)
		status = take_chunk(a, data, true, &chosen);
	judge(a, c->done);
	return status;
}

exs_status chat_whole(struct answer *a, exs_str body)
{
	bool chosen;
	exs_status status = take_chunk(a, body, false, &chosen);

	/* The length of the body proved it whole; a server may leave the finish reason out. */
	judge(a, status == EXS_OK && chosen);
	return status;
}
