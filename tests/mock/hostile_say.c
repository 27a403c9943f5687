/* SPDX-License-Identifier: MIT */
/* hostile_say.c - sends bytes, and what a dialect calls a text, a call and an end. */
#include "hostile.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

const struct speech hostile_speeches[] = {
	{ .path = "/chat/completions",
	  .open = "data: ",
	  .close = "\n\n",
	  .nothing = ":\n",
	  .begin = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n",
	  .text = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%s}}]}\n\n",
	  .call = "data: "
		  "{\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":%d,\"id\":\"c%"
		  "d\","
		  "\"function\":{\"name\":\"tool_%d\",\"arguments\":%s}}]}}]}\n\n",
	  .end = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: "
		 "[DONE]\n\n",
	  .end_calls = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n"
		       "data: [DONE]\n\n",
	  .refusal =
		  "data: "
		  "{\"choices\":[{\"delta\":{\"refusal\":\"no\"},\"finish_reason\":\"stop\"}]}\n\n"
		  "data: [DONE]\n\n",
	  .error = "data: {\"error\":{\"message\":\"it died\",\"type\":\"server_error\"}}\n\n" },
	{ .path = "/responses",
	  .open = "data: ",
	  .close = "\n\n",
	  .nothing = ":\n",
	  .begin = "event: response.created\ndata: "
		   "{\"type\":\"response.created\",\"response\":{\"output\":[]}}\n\n",
	  .text = "data: "
		  "{\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"output_index\":"
		  "0,\"delta\":%s}\n\n",
	  .call = "data: {\"type\":\"response.output_item.done\",\"output_index\":%d,\"item\":"
		  "{\"type\":\"function_call\",\"call_id\":\"c%d\",\"name\":\"tool_%d\","
		  "\"arguments\":%s}}\n\n",
	  .end = "data: "
		 "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n",
	  .end_calls = "data: {\"type\":\"response.completed\",\"response\":{\"output\":[]}}\n\n",
	  .refusal = "data: {\"type\":\"response.refusal.delta\",\"delta\":\"no\"}\n\n"
		     "data: {\"type\":\"response.completed\",\"response\":{}}\n\n",
	  .error = "data: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"it "
		   "died\"}\n\n" },
	/* A call's index begins with a 1: 0 is the text's. */
	{ .path = "/messages",
	  .open = "data: ",
	  .close = "\n\n",
	  .nothing = ":\n",
	  .begin =
		  "data: {\"type\":\"message_start\",\"message\":{\"role\":\"assistant\"}}\n\n"
		  "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":"
		  "\"text\",\"text\":\"\"}}\n\n",
	  .text = "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
		  "\"text_delta\",\"text\":%s}}\n\n",
	  .call = "data: "
		  "{\"type\":\"content_block_start\",\"index\":1%1$d,\"content_block\":{\"type\":"
		  "\"tool_use\",\"id\":\"c%2$d\",\"name\":\"tool_%3$d\",\"input\":{}}}\n\n"
		  "data: "
		  "{\"type\":\"content_block_delta\",\"index\":1%1$d,\"delta\":{\"type\":"
		  "\"input_json_delta\",\"partial_json\":%4$s}}\n\n",
	  .end = "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n"
		 "data: {\"type\":\"message_stop\"}\n\n",
	  .end_calls =
		  "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\n"
		  "data: {\"type\":\"message_stop\"}\n\n",
	  .refusal =
		  "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\"}}\n\n"
		  "data: {\"type\":\"message_stop\"}\n\n",
	  .error = "data: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"it "
		   "died\"}}\n\n" },
	/* One object a line. It has no refusal. */
	{ .path = "/chat ",
	  .open = "",
	  .close = "\n",
	  .nothing = "\n",
	  .begin = "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":false}\n",
	  .text = "{\"message\":{\"content\":%s},\"done\":false}\n",
	  .call = "{\"message\":{\"content\":\"\",\"tool_calls\":[{\"id\":\"c%2$d\",\"function\":{\"index\":%1$d,"
		  "\"name\":\"tool_%3$d\",\"arguments\":%4$s}}]},\"done\":false}\n",
	  .end = "{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"}\n",
	  .end_calls = "{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\"}\n",
	  .refusal = "{\"message\":{\"content\":\"no\"},\"done\":true}\n",
	  .error = "{\"error\":\"it died\"}\n" },
	{ .path = NULL }
};

/* ---- sending ---- */

bool hostile_send(struct peer *p, const char *bytes, size_t n)
{
	while (n) {
		ssize_t sent;

		if (p->ssl)
			sent = SSL_write(p->ssl, bytes, n > INT32_MAX ? INT32_MAX : (int)n);
		else
			sent = send(p->fd, bytes, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		bytes += sent;
		n -= (size_t)sent;
	}
	return true;
}

bool hostile_says(struct peer *p, const char *text)
{
	return hostile_send(p, text, strlen(text));
}

bool hostile_data(struct peer *p, const char *data, size_t n)
{
	return hostile_says(p, p->speech->open) && hostile_send(p, data, n) && hostile_says(p, p->speech->close);
}

bool hostile_sayf(struct peer *p, const char *fmt, ...)
{
	char line[4096];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	assert(n >= 0 && (size_t)n < sizeof line);
	return hostile_send(p, line, (size_t)n);
}

/* The dialect's forms are tables of this file: the only ones that text and call are made from. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
bool hostile_text(struct peer *p, const char *json)
{
	char event[4096];
	int n = snprintf(event, sizeof event, p->speech->text, json);

	assert(n > 0 && (size_t)n < sizeof event);
	return hostile_send(p, event, (size_t)n);
}

bool hostile_call(struct peer *p, int i, int name, const char *args)
{
	char event[4096];
	int n = snprintf(event, sizeof event, p->speech->call, i, i, name, args);

	assert(n > 0 && (size_t)n < sizeof event);
	return hostile_send(p, event, (size_t)n);
}
#pragma GCC diagnostic pop

bool hostile_begin(struct peer *p)
{
	return hostile_says(p, HOSTILE_STREAM "\r\n") && hostile_says(p, p->speech->begin);
}
