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

	if (content.p[0] == '"') {
		(void)scan_text(content, &a->text);
		return;
	}
	if (content.p[0] != '[')
		return;
	scan_begin(&it, content);
	while (scan_next(&it, &key, &part))
		(void)scan_get_text(part, "text", &a->text);
}

static void read_piece(exs_str item, struct piece *p)
{
	exs_str function;

	piece_init(p);
	(void)scan_get_count(item, "index", &p->index);
	(void)scan_get_text(item, "id", &p->id);
	if (!scan_get(item, "function", &function))
		return;
	(void)scan_get_text(function, "name", &p->name);
	(void)scan_get(function, "arguments", &p->args);
}

static exs_status take_calls(struct answer *a, exs_str list)
{
	struct scan_iter it;
	exs_str key, item;
	exs_status status = EXS_OK;

	if (scan_kind(list) != '[')
		return EXS_OK;
	calls_next_chunk(&a->calls);
	scan_begin(&it, list);
	while (status == EXS_OK && scan_next(&it, &key, &item)) {
		struct piece piece;

		if (scan_kind(item) != '{')
			continue;
		read_piece(item, &piece);
		status = calls_add(&a->calls, &piece);
		piece_release(&piece);
	}
	return status;
}

static exs_status take_message(struct answer *a, exs_str message)
{
	exs_str value;
	exs_status status = EXS_OK;

	if (scan_get(message, "content", &value))
		take_content(a, value);
	(void)scan_get_text(message, "refusal", &a->refusal);
	if (!scan_get_text(message, "reasoning_content", &a->reasoning))
		(void)scan_get_text(message, "reasoning", &a->reasoning);
	if (scan_get(message, "tool_calls", &value))
		status = take_calls(a, value);
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

/* The first choice; others were not asked for. */
static bool first_choice(exs_str chunk, exs_str *out)
{
	exs_str choices, key, choice;
	struct scan_iter it;
	int64_t index;

	if (!scan_get(chunk, "choices", &choices) || scan_kind(choices) != '[')
		return false;
	scan_begin(&it, choices);
	while (scan_next(&it, &key, &choice)) {
		index = 0;
		(void)scan_get_count(choice, "index", &index);
		if (scan_kind(choice) != '{' || index != 0)
			continue;
		*out = choice;
		return true;
	}
	return false;
}

static bool is_error(exs_str chunk, exs_str *error)
{
	exs_str object;

	if (scan_get(chunk, "error", error))
		return true;
	if (!scan_get(chunk, "object", &object) || !scan_is(object, "error"))
		return false;
	*error = chunk;
	return true;
}

static exs_status take_chunk(struct answer *a, exs_str chunk, const char *member)
{
	exs_str value, choice;
	exs_status status = EXS_OK;

	if (scan_kind(chunk) != '{' || !scan_is_value(chunk))
		return EXS_INVALID;
	if (is_error(chunk, &value))
		return answer_error(a, value);
	if (scan_get(chunk, "usage", &value))
		take_usage(a, value);
	if (a->model.mem.n == 0 && !a->model.status)
		(void)scan_get_text(chunk, "model", &a->model);
	if (!first_choice(chunk, &choice))
		return EXS_OK;
	if (scan_get(choice, member, &value))
		status = take_message(a, value);
	if (scan_get(choice, "finish_reason", &value) && value.p[0] == '"')
		a->stop = stop_of(value);
	return status;
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

	if (!c)
		return EXS_NOMEM;
	while (data.n && strchr(" \t\r\n", data.p[data.n - 1]))
		data.n--;
	if (data.n == 6 && memcmp(data.p, "[DONE]", 6) == 0)
		c->done = true;
	else if (!c->done)
		status = take_chunk(a, data, "delta");
	judge(a, c->done);
	return status;
}

exs_status chat_whole(struct answer *a, exs_str body)
{
	exs_str choice;
	exs_status status = take_chunk(a, body, "message");

	/* The length of the body proved it whole; a server may leave the finish reason out. */
	judge(a, status == EXS_OK && first_choice(body, &choice));
	return status;
}
