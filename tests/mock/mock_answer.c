/* SPDX-License-Identifier: MIT */
/* mock_answer.c - makes the bytes of an answer: an ordinary one, or one that is wrong in a named
 * way. */
#include "mock_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HUGE_LINE (9u << 20) /* over any sensible bound of one event */

/* ---- pieces of a stream ---- */

static void add_chunk(FILE *f, const char *delta, const char *finish)
{
	fprintf(f,
		"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
		"\"model\":\"mock\",\"choices\":[{\"index\":0,\"delta\":%s,\"finish_reason\":",
		delta);
	if (finish)
		put_string(f, finish);
	else
		fputs("null", f);
	fputs("}]}\n\n", f);
}

static void add_end(FILE *f, const struct mock_scenario *s, const char *finish)
{
	if (fault(s, "noend"))
		return;
	if (!fault(s, "nofinish"))
		add_chunk(f, "{}", finish);
	fputs("data: {\"model\":\"mock\",\"choices\":[],\"usage\":{\"prompt_tokens\":120,"
	      "\"completion_tokens\":7,\"total_tokens\":127,\"prompt_tokens_details\":"
	      "{\"cached_tokens\":20},\"completion_tokens_details\":{\"reasoning_tokens\":3}}}\n\n",
	      f);
	if (!fault(s, "nodone"))
		fputs("data: [DONE]\n\n", f);
}

/* A chunk whose delta is so much text before, a string, and so much behind it. */
static void add_delta(FILE *f, const char *before, const char *string, const char *behind)
{
	struct growing delta;

	begin(&delta);
	fputs(before, delta.f);
	put_string(delta.f, string);
	fputs(behind, delta.f);
	end(&delta);
	add_chunk(f, delta.p, NULL);
	free(delta.p);
}

/* The text in pieces of a few letters. */
static void add_text(FILE *f, const char *text, const char *member)
{
	size_t n = strlen(text), i, step = n > 400 ? 64 : 4;
	char before[64], piece[65];

	snprintf(before, sizeof before, "{\"%s\":", member);
	for (i = 0; i < n; i += step) {
		snprintf(piece, sizeof piece, "%.*s", (int)step, text + i);
		add_delta(f, before, piece, "}");
	}
}

/* The arguments in pieces. */
static void add_args(FILE *f, const char *args, int index)
{
	size_t n = strlen(args), i;
	char before[96], piece[6];

	snprintf(before, sizeof before,
		 "{\"tool_calls\":[{\"index\":%d,\"function\":{\"arguments\":", index);
	for (i = 0; i < n; i += 5) {
		snprintf(piece, sizeof piece, "%.5s", args + i);
		add_delta(f, before, piece, "}}]}");
	}
}

static void add_call(FILE *f, const struct mock_scenario *s, const char *id, int index,
		     const char *args)
{
	bool whole = fault(s, "onechunk") || fault(s, "argsobject") || fault(s, "noids");
	struct growing d;

	begin(&d);
	fputs("{\"tool_calls\":[{", d.f);
	if (!fault(s, "noids"))
		fprintf(d.f, "\"index\":%d,\"id\":\"%s\",", index, id);
	fputs("\"type\":\"function\",\"function\":{\"name\":", d.f);
	put_string(d.f, s->tool);
	fputs(",\"arguments\":", d.f);
	if (fault(s, "argsobject"))
		fputs(args, d.f);
	else
		put_string(d.f, whole ? args : "");
	fputs("}}]}", d.f);
	end(&d);
	add_chunk(f, d.p, NULL);
	free(d.p);
	if (!whole)
		add_args(f, args, index);
}

static void add_calls(FILE *f, const struct mock_scenario *s, int turn)
{
	char id[32], other[32];
	bool two = fault(s, "dupids") || fault(s, "noids") || fault(s, "twocalls");

	snprintf(id, sizeof id, "call_%d", turn + 1);
	snprintf(other, sizeof other, fault(s, "dupids") ? "call_%d" : "call_%d_b", turn + 1);
	add_call(f, s, id, 0, fault(s, "argsbad") ? "[1,2]" : fault(s, "noargs") ? "" : s->args);
	if (two)
		add_call(f, s, other, fault(s, "dupids") ? 0 : 1, s->args);
	add_end(f, s, fault(s, "stopcalls") ? "stop" : "tool_calls");
}

static void add_answer(FILE *f, const struct mock_scenario *s)
{
	if (fault(s, "comments"))
		fputs(": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n", f);
	if (fault(s, "badutf8"))
		add_chunk(f, "{\"content\":\"a\xff\\ud83d\\ude00\\ud83d b\"}", NULL);
	if (fault(s, "refusal"))
		add_text(f, "I will not.", "refusal");
	else
		add_text(f, s->answer, "content");
	add_end(f, s,
		fault(s, "length")   ? "length"
		: fault(s, "filter") ? "content_filter"
				     : "stop");
}

static void add_events(FILE *f, const struct mock_scenario *s, int turn)
{
	add_chunk(f, "{\"role\":\"assistant\",\"content\":null}", NULL);
	if (fault(s, "reasoning"))
		add_text(f, "let me think", "reasoning_content");
	if (turn < s->turns)
		add_calls(f, s, turn);
	else
		add_answer(f, s);
}

/* ---- whole answers ---- */

static void finish(struct mock_answer *a, struct growing *g)
{
	end(g);
	a->p = g->p;
	a->n = g->n;
}

static void stream(struct mock_answer *a, const struct mock_scenario *s, int turn)
{
	const char *type = fault(s, "textplain") ? "text/plain" : "text/event-stream";
	struct growing events, all;

	begin(&events);
	add_events(events.f, s, turn);
	end(&events);
	begin(&all);
	fprintf(all.f,
		"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n",
		type, events.n);
	fwrite(events.p, 1, fault(s, "cut") ? events.n / 2 : events.n, all.f);
	if (!fault(s, "cut"))
		fputs("\r\n0\r\n\r\n", all.f);
	a->close_after = fault(s, "cut");
	a->drip_bytes = fault(s, "drip") ? 200 : 0;
	free(events.p);
	finish(a, &all);
}

static void whole_json(struct mock_answer *a, const struct mock_scenario *s, int turn)
{
	struct growing body;

	begin(&body);
	fputs("{\"id\":\"chatcmpl-1\",\"model\":\"mock\",\"choices\":[{\"index\":0,\"message\":"
	      "{\"role\":\"assistant\",\"content\":",
	      body.f);
	if (turn < s->turns) {
		fprintf(body.f,
			"null,\"tool_calls\":[{\"id\":\"call_%d\",\"type\":\"function\","
			"\"function\":{\"name\":",
			turn + 1);
		put_string(body.f, s->tool);
		fputs(",\"arguments\":", body.f);
		put_string(body.f, s->args);
		fputs("}}]},\"finish_reason\":\"tool_calls\"}],", body.f);
	} else {
		put_string(body.f, s->answer);
		fputs("},\"finish_reason\":\"stop\"}],", body.f);
	}
	fputs("\"usage\":{\"prompt_tokens\":120,\"completion_tokens\":7}}", body.f);
	end(&body);
	send_body(a, "200 OK", "application/json", body.p, body.n, fault(s, "cutjson") ? 9 : 0);
	free(body.p);
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

static void refuse_with(struct mock_answer *a, const char *status, const char *headers,
			const char *body)
{
	struct growing g;

	begin(&g);
	fprintf(g.f, "HTTP/1.1 %s\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n%s", status,
		strchr(body, '<') ? "text/html" : "application/json", headers, strlen(body), body);
	finish(a, &g);
}

static bool refuse(struct mock_answer *a, const struct mock_scenario *s)
{
	size_t i;

	for (i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		const struct refusal *r = &refusals[i];

		if (!fault(s, r->kind))
			continue;
		refuse_with(a, r->status, r->headers, r->body);
		return true;
	}
	return false;
}

/* One line without an end, longer than anybody should read. */
static void never_ending(struct mock_answer *a)
{
	struct growing g;
	size_t n;

	begin(&g);
	fputs("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ", g.f);
	for (n = 0; n < HUGE_LINE; n += 1024)
		fprintf(g.f, "%01024d", 0);
	finish(a, &g);
	a->close_after = true;
}

static bool refuse_made(struct mock_answer *a, const struct mock_scenario *s,
			const struct mock_request *r)
{
	char text[512];

	if (fault(s, "429")) {
		snprintf(text, sizeof text, "retry-after: %s\r\n", s->retry_after);
		refuse_with(
			a, "429 Too Many Requests", text,
			"{\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\"}}");
	} else if (fault(s, "401")) {
		snprintf(text, sizeof text, "{\"error\":{\"message\":\"bad key:%s\"}}",
			 r->authorization);
		refuse_with(a, "401 Unauthorized", "", text);
	} else if (fault(s, "nousage") && r->stream_options) {
		refuse_with(a, "400 Bad Request", "",
			    "{\"error\":{\"message\":\"unknown member stream_options\"}}");
	} else if (fault(s, "huge")) {
		never_ending(a);
	} else {
		return false;
	}
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
