/* SPDX-License-Identifier: MIT */
/* mock_answer.c - makes the bytes of an answer: an ordinary one, or one that is wrong in a named
 * way. */
#include "mock_text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HUGE_LINE (9u << 20) /* over any sensible bound of one event */

struct out {
	char *p;
	size_t n, cap;
};

static void add(struct out *o, const char *p, size_t n)
{
	while (o->n + n + 1 > o->cap) {
		o->cap = o->cap ? o->cap * 2 : 1024;
		o->p = realloc(o->p, o->cap);
		assert(o->p);
	}
	memcpy(o->p + o->n, p, n);
	o->n += n;
	o->p[o->n] = '\0';
}

static void addf(struct out *o, const char *fmt, ...)
{
	char line[8192];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	assert(n >= 0 && (size_t)n < sizeof line);
	add(o, line, (size_t)n);
}

static void add_json(struct out *o, const char *s)
{
	add(o, "\"", 1);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			addf(o, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			addf(o, "\\u%04x", *s);
		else
			add(o, s, 1);
	}
	add(o, "\"", 1);
}

/* ---- pieces of a stream ---- */

static void add_chunk(struct out *o, const char *delta, const char *finish)
{
	static const char head[] =
		"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
		"\"model\":\"mock\",\"choices\":[{\"index\":0,\"delta\":";

	add(o, head, sizeof head - 1);
	add(o, delta, strlen(delta));
	add(o, ",\"finish_reason\":", 17);
	if (finish)
		add_json(o, finish);
	else
		add(o, "null", 4);
	add(o, "}]}\n\n", 5);
}

static void add_end(struct out *o, const struct mock_scenario *s, const char *finish)
{
	if (fault(s, "noend"))
		return;
	if (!fault(s, "nofinish"))
		add_chunk(o, "{}", finish);
	addf(o,
	     "data: {\"model\":\"mock\",\"choices\":[],\"usage\":{\"prompt_tokens\":120,"
	     "\"completion_tokens\":7,\"total_tokens\":127,\"prompt_tokens_details\":"
	     "{\"cached_tokens\":20},\"completion_tokens_details\":{\"reasoning_tokens\":3}}}\n\n");
	if (!fault(s, "nodone"))
		addf(o, "data: [DONE]\n\n");
}

/* The text in pieces of a few letters. */
static void add_text(struct out *o, const char *text, const char *member)
{
	size_t n = strlen(text), i, step = n > 400 ? 64 : 4;

	for (i = 0; i < n; i += step) {
		struct out delta = { 0 };
		char piece[65];

		snprintf(piece, sizeof piece, "%.*s", (int)step, text + i);
		addf(&delta, "{\"%s\":", member);
		add_json(&delta, piece);
		addf(&delta, "}");
		add_chunk(o, delta.p, NULL);
		free(delta.p);
	}
}

static void add_call(struct out *o, const struct mock_scenario *s, const char *id, int index,
		     const char *args)
{
	struct out d = { 0 };
	bool whole = fault(s, "onechunk") || fault(s, "argsobject") || fault(s, "noids");

	addf(&d, "{\"tool_calls\":[{");
	if (!fault(s, "noids"))
		addf(&d, "\"index\":%d,\"id\":\"%s\",", index, id);
	addf(&d, "\"type\":\"function\",\"function\":{\"name\":");
	add_json(&d, s->tool);
	addf(&d, ",\"arguments\":");
	if (fault(s, "argsobject"))
		add(&d, args, strlen(args));
	else
		add_json(&d, whole ? args : "");
	addf(&d, "}}]}");
	add_chunk(o, d.p, NULL);
	free(d.p);
	for (size_t i = 0, n = strlen(args); !whole && i < n; i += 5) {
		char piece[6];

		snprintf(piece, sizeof piece, "%.5s", args + i);
		d = (struct out){ 0 };
		addf(&d, "{\"tool_calls\":[{\"index\":%d,\"function\":{\"arguments\":", index);
		add_json(&d, piece);
		addf(&d, "}}]}");
		add_chunk(o, d.p, NULL);
		free(d.p);
	}
}

static void add_calls(struct out *o, const struct mock_scenario *s, int turn)
{
	char id[32], other[32];
	bool two = fault(s, "dupids") || fault(s, "noids") || fault(s, "twocalls");

	snprintf(id, sizeof id, "call_%d", turn + 1);
	snprintf(other, sizeof other, fault(s, "dupids") ? "call_%d" : "call_%d_b", turn + 1);
	add_call(o, s, id, 0, fault(s, "argsbad") ? "[1,2]" : fault(s, "noargs") ? "" : s->args);
	if (two)
		add_call(o, s, other, fault(s, "dupids") ? 0 : 1, s->args);
	add_end(o, s, fault(s, "stopcalls") ? "stop" : "tool_calls");
}

static void add_answer(struct out *o, const struct mock_scenario *s)
{
	if (fault(s, "comments"))
		addf(o, ": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n");
	if (fault(s, "badutf8"))
		add_chunk(o, "{\"content\":\"a\xff\\ud83d\\ude00\\ud83d b\"}", NULL);
	if (fault(s, "refusal"))
		add_text(o, "I will not.", "refusal");
	else
		add_text(o, s->answer, "content");
	add_end(o, s,
		fault(s, "length")   ? "length"
		: fault(s, "filter") ? "content_filter"
				     : "stop");
}

static void add_events(struct out *o, const struct mock_scenario *s, int turn)
{
	add_chunk(o, "{\"role\":\"assistant\",\"content\":null}", NULL);
	if (fault(s, "reasoning"))
		add_text(o, "let me think", "reasoning_content");
	if (turn < s->turns)
		add_calls(o, s, turn);
	else
		add_answer(o, s);
}

/* ---- whole answers ---- */

static void add_head(struct out *o, const char *status, const char *type, const char *more,
		     size_t length)
{
	addf(o, "HTTP/1.1 %s\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n", status, type,
	     more, length);
}

static void finish(struct mock_answer *a, struct out *o)
{
	a->p = o->p;
	a->n = o->n;
}

static void stream(struct mock_answer *a, const struct mock_scenario *s, int turn)
{
	const char *type = fault(s, "textplain") ? "text/plain" : "text/event-stream";
	struct out events = { 0 }, o = { 0 };

	add_events(&events, s, turn);
	addf(&o, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n",
	     type, events.n);
	add(&o, events.p, fault(s, "cut") ? events.n / 2 : events.n);
	if (!fault(s, "cut"))
		addf(&o, "\r\n0\r\n\r\n");
	a->close_after = fault(s, "cut");
	a->drip_bytes = fault(s, "drip") ? 200 : 0;
	free(events.p);
	finish(a, &o);
}

static void whole_json(struct mock_answer *a, const struct mock_scenario *s, int turn)
{
	struct out body = { 0 }, o = { 0 };

	addf(&body,
	     "{\"id\":\"chatcmpl-1\",\"model\":\"mock\",\"choices\":[{\"index\":0,\"message\":"
	     "{\"role\":\"assistant\",\"content\":");
	if (turn < s->turns) {
		addf(&body,
		     "null,\"tool_calls\":[{\"id\":\"call_%d\",\"type\":\"function\","
		     "\"function\":{\"name\":",
		     turn + 1);
		add_json(&body, s->tool);
		addf(&body, ",\"arguments\":");
		add_json(&body, s->args);
		addf(&body, "}}]},\"finish_reason\":\"tool_calls\"}],");
	} else {
		add_json(&body, s->answer);
		addf(&body, "},\"finish_reason\":\"stop\"}],");
	}
	addf(&body, "\"usage\":{\"prompt_tokens\":120,\"completion_tokens\":7}}");
	add_head(&o, "200 OK", "application/json", "", body.n);
	add(&o, body.p, fault(s, "cutjson") ? body.n - 9 : body.n);
	a->close_after = fault(s, "cutjson");
	free(body.p);
	finish(a, &o);
}

/* Refusals: a status line, more headers, an error body. */
static const struct refusal {
	const char *kind, *status, *headers, *body;
} refusals[] = {
	{ "500", "500 Internal Server Error", "",
	  "{\"error\":{\"message\":\"it broke\",\"type\":\"server_error\"}}" },
	{ "500final", "500 Internal Server Error", "x-should-retry: false\r\n", "oops" },
	{ "503", "503 Service Unavailable", "retry-after-ms: 10\r\n",
	  "{\"error\":{\"code\":503,\"message\":\"Loading "
	  "model\",\"type\":\"unavailable_error\"}}" },
	{ "529", "529 Overloaded", "retry-after-ms: 10\r\n", "{\"error\":\"overloaded\"}" },
	{ "402", "402 Payment Required", "",
	  "{\"error\":{\"message\":\"no credit\",\"code\":402}}" },
	{ "403", "403 Forbidden", "", "{\"error\":{\"message\":\"not yours\"}}" },
	{ "404", "404 Not Found", "",
	  "{\"error\":{\"message\":\"The model does not exist\",\"code\":\"model_not_found\"}}" },
	{ "400", "400 Bad Request", "", "{\"error\":{\"message\":\"no such member\"}}" },
	{ "window", "400 Bad Request", "",
	  "{\"error\":{\"message\":\"too long\",\"code\":\"context_length_exceeded\"}}" },
	{ "toolong", "400 Bad Request", "",
	  "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
	  "\"prompt is too long: 210000 tokens > 200000 maximum\"}}" },
	{ "nocredit", "400 Bad Request", "",
	  "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":"
	  "\"Your credit balance is too low to access the API.\"}}" },
	{ "overloaded", "200 OK", "",
	  "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
	  "\"message\":\"Overloaded\"}}\n\n" },
	{ "413", "413 Payload Too Large", "", "" },
	{ "302", "302 Found", "Location: http://127.0.0.1:1/\r\n", "" },
	{ "quota", "429 Too Many Requests", "",
	  "{\"error\":{\"message\":\"quota\",\"code\":\"insufficient_quota\"}}" },
	{ "429far", "429 Too Many Requests", "retry-after: 3600\r\n", "{\"error\":\"slow down\"}" },
	{ "html", "200 OK", "", "<!doctype html><html><body>Welcome</body></html>" },
	{ "garbage", "200 OK", "", "data: {\"choices\": [ oh no\n\ndata: [DONE]\n\n" },
	{ "empty", "200 OK", "", "" },
	{ "streamerror", "200 OK", "",
	  "data: {\"error\":{\"message\":\"engine "
	  "died\",\"type\":\"server_error\",\"code\":500}}\n\n" },
};

bool mock_refuses(const char *kind)
{
	size_t i;

	for (i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
		if (strcmp(refusals[i].kind, kind) == 0)
			return true;
	return false;
}

static bool refuse(struct mock_answer *a, const struct mock_scenario *s)
{
	struct out o = { 0 };
	size_t i;

	for (i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		const struct refusal *r = &refusals[i];

		if (!fault(s, r->kind))
			continue;
		add_head(&o, r->status, strchr(r->body, '<') ? "text/html" : "application/json",
			 r->headers, strlen(r->body));
		addf(&o, "%s", r->body);
		finish(a, &o);
		return true;
	}
	return false;
}

static bool refuse_made(struct mock_answer *a, const struct mock_scenario *s,
			const struct mock_request *r)
{
	struct out o = { 0 }, body = { 0 };
	char header[128];

	if (fault(s, "429")) {
		snprintf(header, sizeof header, "retry-after: %s\r\n", s->retry_after);
		addf(&body,
		     "{\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\"}}");
		add_head(&o, "429 Too Many Requests", "application/json", header, body.n);
	} else if (fault(s, "401")) {
		addf(&body, "{\"error\":{\"message\":\"bad key:%s\"}}", r->authorization);
		add_head(&o, "401 Unauthorized", "application/json", "", body.n);
	} else if (fault(s, "nousage") && r->stream_options) {
		addf(&body, "{\"error\":{\"message\":\"unknown member stream_options\"}}");
		add_head(&o, "400 Bad Request", "application/json", "", body.n);
	} else if (fault(s, "huge")) {
		addf(&o, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ");
		while (body.n < HUGE_LINE)
			addf(&body, "%01024d", 0);
		a->close_after = true;
	} else {
		return false;
	}
	add(&o, body.p, body.n);
	free(body.p);
	finish(a, &o);
	return true;
}

/* Ordinary answers are made once for each turn. */
static bool cached(struct mock_answer *a, const struct mock_scenario *s, int turn)
{
	static struct mock_answer answers[MOCK_TURNS_MAX];
	static int turns = -1;

	if (turns < 0)
		turns = s->turns;
	if (s->fault[0] || turn >= MOCK_TURNS_MAX || turns != s->turns)
		return false;
	if (!answers[turn].p)
		stream(&answers[turn], s, turn);
	*a = answers[turn];
	a->kept = true;
	return true;
}

void mock_answer_make(struct mock_answer *a, const struct mock_scenario *s,
		      const struct mock_request *r)
{
	int turn = r->assistants < s->turns ? r->assistants : s->turns;

	memset(a, 0, sizeof *a);
	if (fault(s, "never") || fault(s, "close")) {
		a->never = fault(s, "never");
		a->close_after = !a->never;
		return;
	}
	if (refuse(a, s) || refuse_made(a, s, r))
		return;
	if (r->responses)
		mock_responses_make(a, s, r, turn);
	else if (r->of_messages)
		mock_messages_make(a, s, r, turn);
	else if (r->ollama)
		mock_ollama_make(a, s, r, turn);
	else if (!r->stream || fault(s, "json") || fault(s, "cutjson"))
		whole_json(a, s, turn);
	else if (!cached(a, s, turn))
		stream(a, s, turn);
}

void mock_answer_release(struct mock_answer *a)
{
	if (!a->kept)
		free(a->p);
	a->p = NULL;
}
