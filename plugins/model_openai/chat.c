/* SPDX-License-Identifier: MIT */
/* chat.c - see chat.h. */
#include "chat.h"

#define COST_DIGITS_MAX 64u /* bytes of a number that says what an answer cost */

void chat_init(struct chat *c)
{
	memset(c, 0, sizeof *c);
	text_init(&c->text, EXS_TURN_ANSWER_MAX);
	text_init(&c->reasoning, EXS_TURN_ANSWER_MAX);
	text_init(&c->refusal, EXS_TURN_ANSWER_MAX);
	text_init(&c->model, CHAT_MODEL_MAX);
	text_init(&c->error, CHAT_ERROR_MAX);
	calls_init(&c->calls);
	c->usage.size = sizeof c->usage;
}

void chat_release(struct chat *c)
{
	text_release(&c->text);
	text_release(&c->reasoning);
	text_release(&c->refusal);
	text_release(&c->model);
	text_release(&c->error);
	calls_release(&c->calls);
}

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

static void take_usage(struct chat *c, exs_str usage)
{
	exs_usage *u = &c->usage;
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
	c->has_usage = true;
}

/* A text, or a list of parts of which the texts count. */
static void take_content(struct chat *c, exs_str content)
{
	struct scan_iter it;
	exs_str key, part;

	if (content.p[0] == '"') {
		(void)scan_text(content, &c->text);
		return;
	}
	if (content.p[0] != '[')
		return;
	scan_begin(&it, content);
	while (scan_next(&it, &key, &part))
		(void)scan_get_text(part, "text", &c->text);
}

static exs_status take_message(struct chat *c, exs_str message)
{
	exs_str value;
	exs_status status = EXS_OK;

	if (scan_get(message, "content", &value))
		take_content(c, value);
	(void)scan_get_text(message, "refusal", &c->refusal);
	if (!scan_get_text(message, "reasoning_content", &c->reasoning))
		(void)scan_get_text(message, "reasoning", &c->reasoning);
	if (scan_get(message, "tool_calls", &value))
		status = calls_add(&c->calls, value);
	if (status)
		return status;
	return c->text.status	   ? c->text.status
	       : c->refusal.status ? c->refusal.status
				   : c->reasoning.status;
}

static enum chat_stop stop_of(exs_str reason)
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

static exs_status take_chunk(struct chat *c, exs_str chunk, const char *member)
{
	exs_str value, choice;
	exs_status status = EXS_OK;

	if (scan_kind(chunk) != '{' || !scan_is_value(chunk))
		return EXS_INVALID;
	if (is_error(chunk, &value)) {
		text_clear(&c->error);
		text_add(&c->error, value.p, value.n);
		if (c->error.status)
			text_clear(&c->error);
		return EXS_IO;
	}
	if (scan_get(chunk, "usage", &value))
		take_usage(c, value);
	if (c->model.mem.n == 0 && !c->model.status)
		(void)scan_get_text(chunk, "model", &c->model);
	if (!first_choice(chunk, &choice))
		return EXS_OK;
	if (scan_get(choice, member, &value))
		status = take_message(c, value);
	if (scan_get(choice, "finish_reason", &value) && value.p[0] == '"')
		c->stop = stop_of(value);
	return status;
}

exs_status chat_event(struct chat *c, exs_str data)
{
	while (data.n && strchr(" \t\r\n", data.p[data.n - 1]))
		data.n--;
	if (data.n == 6 && memcmp(data.p, "[DONE]", 6) == 0) {
		c->done = true;
		return EXS_OK;
	}
	if (c->done)
		return EXS_OK;
	return take_chunk(c, data, "delta");
}

exs_status chat_whole(struct chat *c, exs_str body)
{
	exs_str choice;
	exs_status status = take_chunk(c, body, "message");

	/* The length of the body proved it whole; a server may leave the finish reason out. */
	if (status == EXS_OK && first_choice(body, &choice))
		c->done = true;
	return status;
}

bool chat_is_complete(const struct chat *c)
{
	return c->stop != STOP_BROKEN && (c->stop != STOP_NONE || (c->done && chat_has_begun(c)));
}

bool chat_has_begun(const struct chat *c)
{
	return c->text.mem.n || c->reasoning.mem.n || c->refusal.mem.n || c->calls.n;
}

void chat_fresh(struct chat *c, struct text *out)
{
	exs_str all = text_view(&c->text), fresh;

	fresh = exs_bytes(all.p + c->shown, text_whole(all) - c->shown);
	c->shown += fresh.n;
	(void)text_add_repaired(out, fresh);
}

size_t chat_bytes(const struct chat *c)
{
	size_t i, n = c->text.mem.n + c->reasoning.mem.n + c->refusal.mem.n;

	for (i = 0; i < c->calls.n; i++)
		n += c->calls.items[i].name.mem.n + c->calls.items[i].args.mem.n;
	return n;
}

static void write_part(struct text *out, const char *type, const struct text *part, bool *first)
{
	struct text clean;

	if (part->mem.n == 0)
		return;
	text_init(&clean, EXS_TURN_ANSWER_MAX);
	(void)text_add_repaired(&clean, text_view(part));
	text_adds(out, *first ? "{\"type\":\"" : ",{\"type\":\"");
	text_adds(out, type);
	text_adds(out, "\",\"text\":");
	text_add_json(out, text_view(&clean));
	text_adds(out, "}");
	if (clean.status && !out->status)
		out->status = clean.status;
	text_release(&clean);
	*first = false;
}

static const char *stop_word(const struct chat *c)
{
	if (c->stop == STOP_LENGTH)
		return "length";
	if (c->stop == STOP_FILTER)
		return "filter";
	if (c->calls.n)
		return "calls";
	return c->refusal.mem.n ? "refusal" : "end";
}

exs_status chat_write(struct chat *c, int32_t step, struct text *out, exs_err *err)
{
	exs_status status = EXS_OK;
	bool first = true;
	size_t bad = 0;
	struct text clean;

	calls_drop(&c->calls, c->stop == STOP_LENGTH || c->stop == STOP_FILTER
				      ? CALLS_REPEATED | CALLS_CUT
				      : CALLS_REPEATED);
	text_adds(out, "{\"role\":\"assistant\",\"parts\":[");
	write_part(out, "reasoning", &c->reasoning, &first);
	write_part(out, "text", &c->text, &first);
	write_part(out, "text", &c->refusal, &first);
	text_adds(out, "]");
	if (c->calls.n) {
		text_adds(out, ",\"calls\":");
		status = calls_write(&c->calls, step, out, &bad);
	}
	if (status == EXS_INVALID)
		return exs_fail(err, status, 0, "the arguments of tool call %zu are not UTF-8",
				bad + 1);
	text_adds(out, ",\"stop\":\"");
	text_adds(out, stop_word(c));
	text_adds(out, "\"");
	if (c->model.mem.n && !c->model.status) {
		text_init(&clean, CHAT_MODEL_MAX * 3);
		(void)text_add_repaired(&clean, text_view(&c->model));
		text_adds(out, ",\"model\":");
		text_add_json(out, text_view(&clean));
		text_release(&clean);
	}
	text_adds(out, "}");
	status = status ? status : out->status;
	return status ? exs_fail(err, status, 0, "the answer is over %u bytes", EXS_TURN_ANSWER_MAX)
		      : EXS_OK;
}
