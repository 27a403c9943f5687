/* SPDX-License-Identifier: MIT */
/*
 * mock_messages.c - the same answers as the Messages API gives them: blocks and events.
 *
 * Faults mean what they mean in mock_answer.c, as far as this API can have them, and: "noend" has
 * no message_stop, "nofinish" no stop reason, "nousage" refuses marks for the cache, "foreign"
 * refuses thinking that comes back, "paused" pauses the turn. A request that the API would not
 * take is refused with 400.
 */
#include "mock_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE "\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"mock\""

/* ---- events ---- */

static void event_begin(FILE *f, const char *type)
{
	fprintf(f, "event: %s\ndata: {\"type\":\"%s\"", type, type);
}

static void event_end(FILE *f)
{
	fputs("}\n\n", f);
}

/* A text as deltas of a few bytes each. */
static void pieces(FILE *f, int index, const char *kind, const char *member, const char *text)
{
	size_t n = strlen(text), i, step = n > 400 ? 64 : 4;

	for (i = 0; i < n; i += step) {
		event_begin(f, "content_block_delta");
		fprintf(f, ",\"index\":%d,\"delta\":{\"type\":\"%s\",\"%s\":", index, kind, member);
		put_json(f, text + i, n - i < step ? n - i : step);
		fputc('}', f);
		event_end(f);
	}
}

static void block_begin(FILE *f, int index)
{
	event_begin(f, "content_block_start");
	fprintf(f, ",\"index\":%d,\"content_block\":", index);
}

static void block_end(FILE *f, int index)
{
	event_begin(f, "content_block_stop");
	fprintf(f, ",\"index\":%d", index);
	event_end(f);
}

static void thinking(FILE *f, int index)
{
	block_begin(f, index);
	fputs("{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}", f);
	event_end(f);
	pieces(f, index, "thinking_delta", "thinking", "let me think");
	event_begin(f, "content_block_delta");
	fprintf(f, ",\"index\":%d,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}",
		index);
	event_end(f);
	block_end(f, index);
}

static void answer(FILE *f, const struct mock_scenario *s, int index)
{
	block_begin(f, index);
	fputs("{\"type\":\"text\",\"text\":\"\"}", f);
	event_end(f);
	if (fault(s, "badutf8")) {
		event_begin(f, "content_block_delta");
		fprintf(f, ",\"index\":%d,\"delta\":{\"text\":\"a\xff\\ud83d\\ude00\\ud83d b\"}",
			index);
		event_end(f);
	}
	pieces(f, index, "text_delta", "text", fault(s, "refusal") ? "I will not." : s->answer);
	block_end(f, index);
}

static void tool_use(FILE *f, const struct mock_scenario *s, const char *id, const char *input)
{
	fputs("{\"type\":\"tool_use\",", f);
	if (!fault(s, "noids"))
		fprintf(f, "\"id\":\"%s\",", id);
	fputs("\"name\":", f);
	put_string(f, s->tool);
	fprintf(f, ",\"input\":%s}", input);
}

static void call(FILE *f, const struct mock_scenario *s, const char *id, int index)
{
	bool whole = fault(s, "onechunk") || fault(s, "argsobject");

	block_begin(f, index);
	tool_use(f, s, id, whole ? s->args : "{}");
	event_end(f);
	if (!whole && !fault(s, "noargs"))
		pieces(f, index, "input_json_delta", "partial_json",
		       fault(s, "argsbad") ? "[1,2]" : s->args);
	block_end(f, index);
}

static void calls(FILE *f, const struct mock_scenario *s, int turn, int index)
{
	char id[32], other[32];

	snprintf(id, sizeof id, "call_%d", turn + 1);
	snprintf(other, sizeof other, fault(s, "dupids") ? "call_%d" : "call_%d_b", turn + 1);
	call(f, s, id, index);
	if (fault(s, "dupids") || fault(s, "noids") || fault(s, "twocalls"))
		call(f, s, other, fault(s, "dupids") ? index : index + 1);
}

static const char *reason(const struct mock_scenario *s, int turn)
{
	if (turn < s->turns)
		return fault(s, "stopcalls") ? "end_turn" : "tool_use";
	return fault(s, "length")    ? "max_tokens"
	       : fault(s, "refusal") ? "refusal"
	       : fault(s, "paused")  ? "pause_turn"
				     : "end_turn";
}

static void speak(FILE *f, const struct mock_scenario *s, int turn)
{
	int index = 0;

	event_begin(f, "message_start");
	fputs(",\"message\":{" MESSAGE ",\"content\":[],\"stop_reason\":null,\"usage\":{"
	      "\"input_tokens\":70,\"cache_creation_input_tokens\":30,"
	      "\"cache_read_input_tokens\":20,\"output_tokens\":1}}",
	      f);
	event_end(f);
	if (fault(s, "comments"))
		fputs(": keep alive\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n", f);
	if (fault(s, "reasoning"))
		thinking(f, index++);
	if (turn < s->turns)
		calls(f, s, turn, index);
	else
		answer(f, s, index);
	event_begin(f, "message_delta");
	fputs(",\"delta\":{\"stop_sequence\":null", f);
	if (!fault(s, "nofinish"))
		fprintf(f, ",\"stop_reason\":\"%s\"", reason(s, turn));
	fputs("},\"usage\":{\"output_tokens\":7,\"output_tokens_details\":{\"thinking_tokens\":3}}",
	      f);
	event_end(f);
	if (fault(s, "noend"))
		return;
	event_begin(f, "message_stop");
	event_end(f);
}

/* ---- bodies ---- */

static void whole(FILE *f, const struct mock_scenario *s, int turn)
{
	char id[32];

	snprintf(id, sizeof id, "call_%d", turn + 1);
	fputs("{" MESSAGE ",\"content\":[", f);
	if (turn < s->turns) {
		tool_use(f, s, id, s->args);
	} else {
		fputs("{\"type\":\"text\",\"text\":", f);
		put_string(f, s->answer);
		fputc('}', f);
	}
	fprintf(f, "],\"stop_reason\":\"%s\",\"usage\":{\"input_tokens\":120,\"output_tokens\":7}}",
		reason(s, turn));
}

/* What the API would say to the request; NULL: it takes it. */
static const char *mistake(const struct mock_scenario *s, const struct mock_request *r)
{
	if (!r->version)
		return "anthropic-version: header is required";
	if (!r->max_tokens)
		return "max_tokens: Field required";
	if (strcmp(r->first_role, "user") != 0)
		return "messages: first message must use the \"user\" role";
	if (!r->answered)
		return "messages: `tool_use` ids were found without `tool_result` blocks";
	if (fault(s, "nousage") && r->marked)
		return "messages.0.content.0.cache_control: Extra inputs are not permitted";
	if (fault(s, "foreign") && r->thinking)
		return "messages.1.content.0: Invalid `signature` in `thinking` block";
	return NULL;
}

static bool refuse(struct mock_answer *a, const struct mock_scenario *s,
		   const struct mock_request *r)
{
	const char *what = mistake(s, r);
	struct growing g;

	if (!what)
		return false;
	begin(&g);
	fputs("{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":",
	      g.f);
	put_string(g.f, what);
	fputs("}}", g.f);
	end(&g);
	send_body(a, "400 Bad Request", "application/json", g.p, g.n, 0);
	free(g.p);
	return true;
}

void mock_messages_make(struct mock_answer *a, const struct mock_scenario *s,
			const struct mock_request *r, int turn)
{
	bool json = !r->stream || fault(s, "json") || fault(s, "cutjson");
	const char *type = fault(s, "textplain") ? "text/plain" : "text/event-stream";
	struct growing g;

	if (refuse(a, s, r))
		return;
	begin(&g);
	if (json)
		whole(g.f, s, turn);
	else
		speak(g.f, s, turn);
	end(&g);
	send_body(a, "200 OK", json ? "application/json" : type, g.p, g.n,
		  fault(s, "cut")	? g.n / 2
		  : fault(s, "cutjson") ? 9
					: 0);
	a->drip_bytes = fault(s, "drip") ? 200 : 0;
	free(g.p);
}
