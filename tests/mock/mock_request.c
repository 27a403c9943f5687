/* SPDX-License-Identifier: MIT */
/* mock_request.c - reads what a request says; its own little reader, so that it shares no mistake
 * with others. */
#include "mock.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 64

struct span {
	const char *p;
	size_t n;
};

struct walk {
	struct mock_request *r;
	struct span key[DEPTH_MAX];	  /* name of the member that each level is in */
	struct span open[MOCK_CALLS_MAX]; /* ids of calls without result */
	int open_n, depth;
	struct span item; /* type of an item of `input` */
};

static bool is(struct span s, const char *word)
{
	return s.n == strlen(word) && memcmp(s.p, word, s.n) == 0;
}

static void copy(char *out, size_t max, struct span s)
{
	snprintf(out, max, "%.*s", (int)s.n, s.p);
}

static bool in_messages(const struct walk *w)
{
	return w->depth >= 3 && is(w->key[1], "messages");
}

static void call(struct walk *w, struct span id)
{
	if (w->open_n < (int)MOCK_CALLS_MAX)
		w->open[w->open_n++] = id;
}

static void result(struct walk *w, struct span id)
{
	int i;

	for (i = 0; i < w->open_n; i++)
		if (w->open[i].n == id.n && memcmp(w->open[i].p, id.p, id.n) == 0) {
			w->open[i] = w->open[--w->open_n];
			return;
		}
	w->r->answered = false; /* a result nobody asked for */
}

static void role(struct walk *w, struct span value)
{
	if (w->r->messages++ == 0)
		copy(w->r->first_role, sizeof w->r->first_role, value);
	copy(w->r->last_role, sizeof w->r->last_role, value);
	if (is(value, "assistant"))
		w->r->assistants++;
	if (!is(value, "tool") && w->open_n && !w->r->of_messages)
		w->r->answered = false;
}

/* Of the Messages API: calls and results are blocks, and the role may stand behind them. */
static void on_block(struct walk *w, struct span value)
{
	if (is(w->key[5], "tool_use_id"))
		result(w, value);
	else if (is(w->key[5], "id"))
		call(w, value);
	else if (is(w->key[5], "signature"))
		w->r->thinking = true;
}

static void end_of_message(struct walk *w)
{
	if (strcmp(w->r->last_role, "user") == 0 && w->open_n)
		w->r->answered = false;
}

/* The items of one answer count as one message. */
static void by(struct walk *w, const char *who)
{
	if (strcmp(who, "assistant") == 0 && strcmp(w->r->last_role, who) != 0)
		w->r->assistants++;
	if (strcmp(who, "user") == 0 && w->open_n)
		w->r->answered = false;
	w->r->messages++;
	snprintf(w->r->last_role, sizeof w->r->last_role, "%s", who);
}

/* A member of an item of `input`, of which the type comes before what it means. */
static void on_item(struct walk *w, struct span value)
{
	if (is(w->key[3], "type")) {
		w->item = value;
		if (is(value, "function_call") || is(value, "reasoning"))
			by(w, "assistant");
		else if (is(value, "function_call_output"))
			by(w, "tool");
	} else if (is(w->key[3], "role")) {
		by(w, is(value, "assistant") ? "assistant" : "user");
	} else if (is(w->key[3], "call_id") && is(w->item, "function_call")) {
		call(w, value);
	} else if (is(w->key[3], "call_id")) {
		result(w, value);
	} else if (is(w->key[3], "encrypted_content")) {
		w->r->encrypted = true;
	}
}

/* A string value: depth 1 is the request, 3 a message, 5 a call in it. */
static void on_text(struct walk *w, struct span value)
{
	if (w->depth == 1 && is(w->key[1], "model"))
		copy(w->r->model, sizeof w->r->model, value);
	if (w->depth == 3 && is(w->key[1], "input"))
		on_item(w, value);
	if (!in_messages(w))
		return;
	if (w->depth == 3 && is(w->key[3], "role"))
		role(w, value);
	if (w->depth == 3 && is(w->key[3], "tool_call_id"))
		result(w, value);
	if (w->depth == 5 && is(w->key[3], "content") && w->r->of_messages)
		on_block(w, value);
	if (w->depth == 5 && is(w->key[3], "tool_calls") && is(w->key[5], "id"))
		call(w, value);
	if (w->depth == 6 && is(w->key[3], "tool_calls") && is(w->key[6], "arguments"))
		w->r->arguments_text = true;
}

static const char *text_end(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p : end;
}

static void walk_body(struct walk *w, const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p == '{' || *p == '[') {
			if (++w->depth == DEPTH_MAX)
				return;
			w->key[w->depth] = (struct span){ "", 0 };
			if (w->depth == 2 && is(w->key[1], "stream_options"))
				w->r->stream_options = true;
			if (w->depth == 2 && is(w->key[1], "include"))
				w->r->include = true;
			if (is(w->key[w->depth - 1], "cache_control"))
				w->r->marked = true;
		} else if (*p == '}' || *p == ']') {
			if (w->depth == 3 && in_messages(w) && w->r->of_messages)
				end_of_message(w);
			if (--w->depth < 0)
				return;
		} else if (*p == '"') {
			struct span s = { p + 1, 0 };

			p = text_end(p, end);
			s.n = (size_t)(p - s.p);
			if (p + 1 < end && p[1] == ':')
				w->key[w->depth] = s;
			else
				on_text(w, s);
		} else if (*p == 't' && w->depth == 1 && is(w->key[1], "stream")) {
			w->r->stream = true;
		} else if (*p >= '1' && *p <= '9' && w->depth == 1 && is(w->key[1], "max_tokens")) {
			w->r->max_tokens = true;
		}
	}
}

/* The value of a header, "" without. */
static struct span header(const char *head, size_t n, const char *name)
{
	size_t len = strlen(name), i;

	for (i = 0; i + len < n; i++)
		if (strncasecmp(head + i, name, len) == 0)
			return (struct span){ head + i + len, strcspn(head + i + len, "\r\n") };
	return (struct span){ "", 0 };
}

/* The key, as that API has it in the first place, or as a gateway may want it. */
static struct span key_of(const struct mock_request *r, const char *head, size_t n)
{
	const char *const names[] = { r->of_messages ? "\nx-api-key:" : "\nauthorization:",
				      r->of_messages ? "\nauthorization:" : "\napi-key:" };
	struct span key = header(head, n, names[0]);

	return key.n ? key : header(head, n, names[1]);
}

void mock_request_read(struct mock_request *r, const char *head, size_t head_n, const char *body,
		       size_t body_n)
{
	struct walk w = { .r = r };

	memset(r, 0, sizeof *r);
	r->answered = true;
	r->responses = memmem(head, head_n, "/responses ", 11) != NULL;
	r->of_messages = memmem(head, head_n, "/messages ", 10) != NULL;
	r->ollama = memmem(head, head_n, "/chat ", 6) != NULL;
	r->version = header(head, head_n, "\nanthropic-version:").n > 0;
	copy(r->authorization, sizeof r->authorization, key_of(r, head, head_n));
	walk_body(&w, body, body + body_n);
	if (w.open_n)
		r->answered = false;
}

void mock_request_log(const struct mock_request *r, const char *body, size_t n, FILE *log)
{
	const char *m;

	fputs("{\"model\":\"", log);
	for (m = r->model; *m; m++)
		fputc(*m == '"' || *m == '\\' ? '?' : *m, log);
	fprintf(log,
		"\",\"api\":\"%s\",\"messages\":%d,\"assistants\":%d,\"auth\":%s,\"last\":\"%s\","
		"\"answered\":%s,\"bytes\":%zu",
		r->responses	 ? "responses"
		: r->of_messages ? "messages"
		: r->ollama	 ? "ollama"
				 : "chat",
		r->messages, r->assistants, r->authorization[0] ? "true" : "false", r->last_role,
		r->answered ? "true" : "false", n);
	if (body) {
		fputs(",\"body\":", log);
		fwrite(body, 1, n, log);
	}
	fputs("}\n", log);
	fflush(log);
}
