/* SPDX-License-Identifier: MIT */
/*
 * mock_ollama.c - the same answers as Ollama's own chat API gives them: one JSON object a line.
 *
 * Faults mean what they mean in mock_answer.c, as far as this API can have them, and: "noend" has
 * no line that says it is done, "nofinish" no reason, "nousage" not the count of the prompt,
 * "comments" empty lines, "midway" an error in the middle, "noids" is what older releases send. A
 * request that the API would not take is refused with 400.
 */
#include "mock_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD                                                                                       \
	"{\"model\":\"mock\",\"created_at\":\"2026-11-01T00:00:00Z\",\"message\":{\"role\":"       \
	"\"assistant\""

static void message(FILE *f, const char *member, const char *text, size_t n)
{
	fprintf(f, HEAD ",\"%s\":", member);
	put_json(f, text, n);
	fputs(strcmp(member, "content") ? ",\"content\":\"\"}" : "}", f);
}

/* A text as lines of a few bytes each. */
static void pieces(FILE *f, const char *member, const char *text)
{
	size_t n = strlen(text), i, step = n > 400 ? 64 : 4;

	for (i = 0; i < n; i += step) {
		message(f, member, text + i, n - i < step ? n - i : step);
		fputs(",\"done\":false}\n", f);
	}
}

static void call(FILE *f, const struct mock_scenario *s, const char *id, int index)
{
	fputs(index ? ",{" : "{", f);
	if (!fault(s, "noids"))
		fprintf(f, "\"id\":\"%s\",", id);
	fprintf(f, "\"function\":{\"index\":%d,\"name\":", index);
	put_string(f, s->tool);
	if (fault(s, "argsbad"))
		fputs(",\"arguments\":[1,2]", f);
	else if (!fault(s, "noargs"))
		fprintf(f, ",\"arguments\":%s", s->args);
	fputs("}}", f);
}

static void calls(FILE *f, const struct mock_scenario *s, int turn)
{
	char id[32], other[32];

	snprintf(id, sizeof id, "call_%d", turn + 1);
	snprintf(other, sizeof other, fault(s, "dupids") ? "call_%d" : "call_%d_b", turn + 1);
	fputs(HEAD ",\"content\":\"\",\"tool_calls\":[", f);
	call(f, s, id, 0);
	if (fault(s, "dupids") || fault(s, "noids") || fault(s, "twocalls"))
		call(f, s, other, 1);
	fputs("]}", f);
}

static void done(FILE *f, const struct mock_scenario *s)
{
	fputs(",\"done\":true", f);
	if (!fault(s, "nofinish"))
		fprintf(f, ",\"done_reason\":\"%s\"", fault(s, "length") ? "length" : "stop");
	fputs(",\"total_duration\":5191566416,\"eval_count\":7", f);
	if (!fault(s, "nousage"))
		fputs(",\"prompt_eval_count\":120", f);
	fputs("}", f);
}

static void speak(FILE *f, const struct mock_scenario *s, int turn)
{
	if (fault(s, "comments"))
		fputs("\n\r\n", f);
	if (fault(s, "reasoning"))
		pieces(f, "thinking", "let me think");
	if (fault(s, "midway")) {
		pieces(f, "content", "half of it");
		fputs("{\"error\":\"the runner died\"}\n", f);
		return;
	}
	if (fault(s, "badutf8"))
		fputs(HEAD ",\"content\":\"a\xff\\ud83d\\ude00\\ud83d b\"},\"done\":false}\n", f);
	if (turn < s->turns) {
		calls(f, s, turn);
		fputs(",\"done\":false}\n", f);
	} else {
		pieces(f, "content", s->answer);
	}
	if (fault(s, "noend"))
		return;
	message(f, "content", "", 0);
	done(f, s);
	if (!fault(s, "nodone")) /* the end of the last line */
		fputs("\n", f);
}

static void whole(FILE *f, const struct mock_scenario *s, int turn)
{
	if (turn < s->turns)
		calls(f, s, turn);
	else
		message(f, "content", s->answer, strlen(s->answer));
	done(f, s);
}

/* What the API would say to the request; NULL: it takes it. */
static const char *mistake(const struct mock_request *r)
{
	if (r->arguments_text)
		return "json: cannot unmarshal string into Go struct field "
		       "ToolCallFunction.arguments";
	if (!r->answered)
		return "a call has no result";
	return NULL;
}

void mock_ollama_make(struct mock_answer *a, const struct mock_scenario *s,
		      const struct mock_request *r, int turn)
{
	bool json = !r->stream || fault(s, "json") || fault(s, "cutjson");
	const char *type = fault(s, "textplain") ? "text/plain" : "application/x-ndjson",
		   *what = mistake(r);
	struct growing g;

	begin(&g);
	if (what) {
		fputs("{\"error\":", g.f);
		put_string(g.f, what);
		fputs("}", g.f);
	} else if (json) {
		whole(g.f, s, turn);
	} else {
		speak(g.f, s, turn);
	}
	end(&g);
	send_body(a, what ? "400 Bad Request" : "200 OK", json || what ? "application/json" : type,
		  g.p, g.n,
		  what			? 0
		  : fault(s, "cut")	? g.n / 2
		  : fault(s, "cutjson") ? 9
					: 0);
	a->drip_bytes = fault(s, "drip") ? 200 : 0;
	free(g.p);
}
