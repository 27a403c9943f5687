/* SPDX-License-Identifier: MIT */
/* hostile_answer.c - answers that come in order over HTTP and are wrong in themselves. */
#include "hostile.h"

#include <string.h>

#define DEEP 4000 /* brackets */
#define MANY 1000 /* calls */

void hostile_malformed(struct peer *p)
{
	if (hostile_begin(p) && hostile_data(p, "{\"oh\": no", 9))
		hostile_says(p, p->speech->end);
}

void hostile_not_a_number(struct peer *p)
{
	if (hostile_begin(p) && hostile_data(p, "{\"n\": NaN}", 10))
		hostile_says(p, p->speech->end);
}

void hostile_nul_byte(struct peer *p)
{
	if (hostile_begin(p) && hostile_data(p, "{\"n\":\0 1}", 9))
		hostile_says(p, p->speech->end);
}

void hostile_nul_escape(struct peer *p)
{
	if (hostile_begin(p) && hostile_text(p, "\"a\\u0000b\""))
		hostile_says(p, p->speech->end);
}

void hostile_bad_utf8(struct peer *p)
{
	if (hostile_begin(p) && hostile_text(p, "\"a\xff\xfe\xc3\""))
		hostile_says(p, p->speech->end);
}

void hostile_deep(struct peer *p)
{
	char open[DEEP + 1];

	memset(open, '[', DEEP);
	open[DEEP] = '\0';
	if (hostile_begin(p) && hostile_says(p, p->speech->open) && hostile_says(p, "{\"n\":") &&
	    hostile_says(p, open) && hostile_says(p, p->speech->close))
		hostile_says(p, p->speech->end);
}

void hostile_duplicate_keys(struct peer *p)
{
	if (hostile_begin(p) &&
	    hostile_call(p, 0, 0, "\"{\\\"path\\\":\\\"a\\\",\\\"path\\\":\\\"b\\\"}\""))
		hostile_says(p, p->speech->end_calls);
}

void hostile_nul_in_arguments(struct peer *p)
{
	if (hostile_begin(p) && hostile_call(p, 0, 0, "\"{\\\"path\\\":\\\"a\\u0000\\\"}\""))
		hostile_says(p, p->speech->end_calls);
}

void hostile_many_calls(struct peer *p)
{
	int i;

	if (!hostile_begin(p))
		return;
	for (i = 0; i < MANY && hostile_call(p, i, i, "\"{}\""); i++)
		;
	hostile_says(p, p->speech->end_calls);
}

void hostile_unknown_tool(struct peer *p)
{
	if (hostile_begin(p) && hostile_call(p, 0, 7, "\"{}\""))
		hostile_says(p, p->speech->end_calls);
}

void hostile_same_call(struct peer *p)
{
	if (hostile_begin(p) && hostile_call(p, 0, 1, "\"{}\"") && hostile_call(p, 1, 1, "\"{}\""))
		hostile_says(p, p->speech->end_calls);
}

void hostile_empty_answer(struct peer *p)
{
	if (hostile_begin(p))
		hostile_says(p, p->speech->end);
}

void hostile_refusal(struct peer *p)
{
	if (hostile_says(p, HOSTILE_STREAM "\r\n"))
		hostile_says(p, p->speech->refusal);
}

void hostile_error_event(struct peer *p)
{
	if (hostile_begin(p) && hostile_text(p, "\"fi\""))
		hostile_says(p, p->speech->error);
}

void hostile_json_error_200(struct peer *p)
{
	hostile_says(
		p,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
		"{\"error\":{\"message\":\"no such thing\",\"type\":\"invalid_request_error\"}}");
}
