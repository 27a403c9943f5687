/* SPDX-License-Identifier: MIT */
/*
 * mock_responses.c - the same answers as the Responses API gives them: items and events.
 *
 * Faults mean what they mean in mock_answer.c, as far as this API can have them, and: "nofinish"
 * leaves the terminal event's output empty, "nodone" also says no item done, "nousage" refuses to
 * be asked for encrypted reasoning, "foreign" refuses encrypted reasoning, "failed_CODE"
 * and "failed" are responses that failed.
 */
#include "mock_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESPONSE "\"id\":\"resp_1\",\"object\":\"response\",\"created_at\":1,\"model\":\"mock\""
#define USAGE                                                                                      \
	"\"usage\":{\"input_tokens\":120,\"input_tokens_details\":{\"cached_tokens\":20},"         \
	"\"output_tokens\":7,\"output_tokens_details\":{\"reasoning_tokens\":3},"                  \
	"\"total_tokens\":127}"

/* One answer: its events, and its items for the end. */
struct speaker {
	const struct mock_scenario *s;
	struct growing events, output;
	int sequence, index;
};

static void event_begin(struct speaker *k, const char *type)
{
	fprintf(k->events.f, "event: %s\ndata: {\"type\":\"%s\",\"sequence_number\":%d,", type,
		type, k->sequence++);
}

static void event_end(struct speaker *k)
{
	fputs("}\n\n", k->events.f);
}

/* `item` as it is when it is added or done. */
static void item_event(struct speaker *k, const char *type, const char *item)
{
	event_begin(k, type);
	fprintf(k->events.f, "\"output_index\":%d,\"item\":%s", k->index, item);
	event_end(k);
}

static void item_done(struct speaker *k, const char *item)
{
	if (!fault(k->s, "nodone"))
		item_event(k, "response.output_item.done", item);
	fprintf(k->output.f, "%s%s", k->index ? "," : "", item);
	k->index++;
}

/* A text in pieces of `step` bytes, each an event of its own. */
static void deltas(struct speaker *k, const char *type, const char *id, const char *more,
		   const char *text, size_t step)
{
	size_t n = strlen(text), i;

	for (i = 0; i < n; i += step) {
		event_begin(k, type);
		fprintf(k->events.f, "\"item_id\":\"%s\",\"output_index\":%d,%s\"delta\":", id,
			k->index, more);
		put_json(k->events.f, text + i, n - i < step ? n - i : step);
		event_end(k);
	}
}

/* ---- items ---- */

static void reasoning(struct speaker *k)
{
	static const char text[] = "let me think";

	item_event(k, "response.output_item.added",
		   "{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[]}");
	deltas(k, "response.reasoning_summary_text.delta", "rs_1", "\"summary_index\":0,", text, 5);
	item_done(k, "{\"id\":\"rs_1\",\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_"
		     "text\",\"text\":\"let me think\"}],\"encrypted_content\":\"c2VjcmV0\"}");
}

static char *call_item(const struct mock_scenario *s, int n, const char *id, const char *args,
		       bool done)
{
	struct growing g;

	begin(&g);
	fprintf(g.f, "{\"id\":\"fc_%d\",\"type\":\"function_call\",\"status\":\"%s\",", n,
		done ? "completed" : "in_progress");
	if (!fault(s, "noids"))
		fprintf(g.f, "\"call_id\":\"%s\",", id);
	fputs("\"name\":", g.f);
	put_string(g.f, s->tool);
	fputs(",\"arguments\":", g.f);
	if (done && fault(s, "argsobject"))
		fputs(args, g.f);
	else
		put_json(g.f, args, done ? strlen(args) : 0);
	fputs("}", g.f);
	end(&g);
	return g.p;
}

static void call(struct speaker *k, int n, const char *id, const char *args)
{
	bool whole = fault(k->s, "onechunk") || fault(k->s, "argsobject");
	char *item = call_item(k->s, n, id, args, false), item_id[16];

	snprintf(item_id, sizeof item_id, "fc_%d", n);
	if (!whole) {
		item_event(k, "response.output_item.added", item);
		deltas(k, "response.function_call_arguments.delta", item_id, "", args, 5);
		event_begin(k, "response.function_call_arguments.done");
		fprintf(k->events.f,
			"\"item_id\":\"%s\",\"output_index\":%d,\"arguments\":", item_id, k->index);
		put_string(k->events.f, args);
		event_end(k);
	}
	free(item);
	item = call_item(k->s, n, id, args, true);
	item_done(k, item);
	free(item);
}

static void calls(struct speaker *k, int turn)
{
	const struct mock_scenario *s = k->s;
	char id[32], other[32];

	snprintf(id, sizeof id, "call_%d", turn + 1);
	snprintf(other, sizeof other, fault(s, "dupids") ? "call_%d" : "call_%d_b", turn + 1);
	call(k, 1, id, fault(s, "argsbad") ? "[1,2]" : fault(s, "noargs") ? "" : s->args);
	if (fault(s, "dupids") || fault(s, "noids") || fault(s, "twocalls"))
		call(k, 2, other, s->args);
}

/* One message with one part; `member` is "text" or "refusal". */
static void message(struct speaker *k, const char *type, const char *member, const char *text,
		    const char *raw)
{
	struct growing part, item;
	char delta[64];

	item_event(k, "response.output_item.added",
		   "{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"in_progress\","
		   "\"role\":\"assistant\",\"content\":[]}");
	event_begin(k, "response.content_part.added");
	fprintf(k->events.f,
		"\"item_id\":\"msg_1\",\"output_index\":%d,\"content_index\":0,\"part\":"
		"{\"type\":\"%s\",\"%s\":\"\",\"annotations\":[]}",
		k->index, type, member);
	event_end(k);
	snprintf(delta, sizeof delta, "response.%s.delta", type);
	deltas(k, delta, "msg_1", "\"content_index\":0,", text, strlen(text) > 400 ? 64 : 4);
	begin(&part);
	fprintf(part.f, "{\"type\":\"%s\",\"annotations\":[],\"%s\":", type, member);
	if (raw)
		fputs(raw, part.f);
	else
		put_string(part.f, text);
	fputs("}", part.f);
	end(&part);
	begin(&item);
	fprintf(item.f,
		"{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"completed\",\"role\":"
		"\"assistant\",\"content\":[%s]}",
		part.p);
	end(&item);
	item_done(k, item.p);
	free(part.p);
	free(item.p);
}

static void answer(struct speaker *k)
{
	if (fault(k->s, "refusal"))
		message(k, "refusal", "refusal", "I will not.", NULL);
	else if (fault(k->s, "badutf8"))
		message(k, "output_text", "text", "", "\"a\xff\\ud83d\\ude00\\ud83d b\"");
	else
		message(k, "output_text", "text", k->s->answer, NULL);
}

/* ---- whole answers ---- */

static void response(FILE *f, const struct mock_scenario *s, const char *output)
{
	bool cut = fault(s, "length") || fault(s, "filter");

	fprintf(f,
		"{" RESPONSE ",\"status\":\"%s\",\"error\":null,\"incomplete_details\":%s,"
		"\"instructions\":null,\"tools\":[],\"output\":[%s]," USAGE "}",
		cut ? "incomplete" : "completed",
		!cut		     ? "null"
		: fault(s, "length") ? "{\"reason\":\"max_output_tokens\"}"
				     : "{\"reason\":\"content_filter\"}",
		output);
}

static void speak(struct speaker *k, const struct mock_scenario *s, int turn)
{
	*k = (struct speaker){ .s = s };
	begin(&k->events);
	begin(&k->output);
	if (fault(s, "comments"))
		fputs(": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n", k->events.f);
	event_begin(k, "response.created");
	fputs("\"response\":{" RESPONSE ",\"status\":\"in_progress\",\"output\":[]}", k->events.f);
	event_end(k);
	if (fault(s, "reasoning"))
		reasoning(k);
	if (turn < s->turns)
		calls(k, turn);
	else
		answer(k);
	end(&k->output);
	if (!fault(s, "noend")) {
		event_begin(k, fault(s, "length") || fault(s, "filter") ? "response.incomplete"
									: "response.completed");
		fputs("\"response\":", k->events.f);
		response(k->events.f, s,
			 fault(s, "nofinish") || fault(s, "nodone") ? "" : k->output.p);
		event_end(k);
	}
	end(&k->events);
}

/* "failed_CODE" has that code, "failed" says nothing. */
static bool fail(struct mock_answer *a, const struct mock_scenario *s)
{
	const char *code = s->fault + strlen("failed");
	struct growing g;

	if (strncmp(s->fault, "failed", strlen("failed")) != 0)
		return false;
	begin(&g);
	fputs("event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":"
	      "{" RESPONSE ",\"status\":\"failed\",\"output\":[],\"error\":",
	      g.f);
	if (*code)
		fprintf(g.f, "{\"code\":\"%s\",\"message\":\"it said %s\"}", code + 1, code + 1);
	else
		fputs("null", g.f);
	fputs("}}\n\n", g.f);
	end(&g);
	send_body(a, "200 OK", "text/event-stream", g.p, g.n, 0);
	free(g.p);
	return true;
}

static bool refuse(struct mock_answer *a, const struct mock_scenario *s,
		   const struct mock_request *r)
{
	static const char include[] =
		"{\"error\":{\"message\":\"Encrypted content is not supported with this model.\","
		"\"type\":\"invalid_request_error\",\"param\":\"include\",\"code\":null}}";
	static const char foreign[] =
		"{\"error\":{\"message\":\"The encrypted content could not be verified.\","
		"\"type\":\"invalid_request_error\",\"param\":null,"
		"\"code\":\"invalid_encrypted_content\"}}";
	bool asks = fault(s, "nousage") && r->include;

	if (!asks && !(fault(s, "foreign") && r->encrypted))
		return false;
	send_body(a, "400 Bad Request", "application/json", asks ? include : foreign,
		  asks ? sizeof include - 1 : sizeof foreign - 1, 0);
	return true;
}

void mock_responses_make(struct mock_answer *a, const struct mock_scenario *s,
			 const struct mock_request *r, int turn)
{
	bool json = !r->stream || fault(s, "json") || fault(s, "cutjson");
	struct growing body;
	struct speaker k;

	if (refuse(a, s, r) || fail(a, s))
		return;
	speak(&k, s, turn);
	if (json) {
		begin(&body);
		response(body.f, s, k.output.p);
		end(&body);
		send_body(a, "200 OK", "application/json", body.p, body.n,
			  fault(s, "cutjson") ? 9 : 0);
		free(body.p);
	} else {
		send_body(a, "200 OK", fault(s, "textplain") ? "text/plain" : "text/event-stream",
			  k.events.p, k.events.n, fault(s, "cut") ? k.events.n / 2 : 0);
		a->drip_bytes = fault(s, "drip") ? 200 : 0;
	}
	free(k.events.p);
	free(k.output.p);
}
