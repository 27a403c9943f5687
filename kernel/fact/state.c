/* SPDX-License-Identifier: MIT */
/* state.c - the life of a state, and the ids of its calls. */
#include "fact/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/text.h"
#include "fact/state_edit.h"

#define CALL_DIGITS_MAX 3u /* of an index below CALLS_MAX, and one more that is not one */

void state_init(struct state *s)
{
	memset(s, 0, sizeof *s);
	s->usage.size = sizeof s->usage;
}

void state_calls_release(struct state *s)
{
	uint32_t i;

	for (i = 0; i < s->call_count; i++) {
		free(s->calls[i].id);
		free(s->calls[i].name);
		free(s->calls[i].args);
		free(s->calls[i].content);
	}
	free(s->calls);
	s->calls = NULL;
	s->call_count = 0;
}

static void free_list(char **list, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

void state_release(struct state *s)
{
	char *texts[] = { s->agent,	 s->caller,    s->channel,   s->parent,
			  s->root,	 s->tier,      s->input,     s->system,
			  s->output,	 s->failures,  s->why,	     s->deny_why,
			  s->cancel_why, s->last_text, s->same_name, s->model };
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		free(texts[i]);
	for (i = 0; i < s->model_count; i++)
		free(s->models[i]);
	free_list(s->tools, s->tool_count);
	free_list(s->deliver, s->deliver_count);
	state_calls_release(s);
	for (i = 0; i < s->artifact_count; i++)
		free(s->artifacts[i]);
	for (i = 0; i < s->soft_count; i++)
		free(s->softs[i]);
	for (i = 0; i < s->segment_count; i++)
		free(s->segments[i].p);
	free(s->segments);
	for (i = 0; i < s->steer_count; i++)
		free(s->steers[i]);
	state_init(s);
}

uint64_t state_calls_at(const struct state *s, enum call_stage stage)
{
	uint64_t mask = 0;
	uint32_t i;

	for (i = 0; i < s->call_count; i++)
		if (s->calls[i].stage == stage)
			mask |= (uint64_t)1 << i;
	return mask;
}

bool state_at_boundary(const struct state *s)
{
	return s->started && !s->turn_open && s->call_count == 0 && s->steer_count == 0;
}

static char *put_digits(char *p, uint32_t v)
{
	char digits[10];
	size_t n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	while (n)
		*p++ = digits[--n];
	return p;
}

/* By hand: it is asked for with each fact of a call. A step is never negative. */
void call_id(const struct state *s, uint32_t index, char out[CALL_ID_MAX])
{
	char *p = put_digits(out, (uint32_t)s->step);

	*p++ = '.';
	p = put_digits(p, index);
	*p = '\0';
}

int32_t call_index(const struct state *s, exs_str id)
{
	char mine[CALL_ID_MAX];
	uint32_t index = 0;
	size_t i = id.n;

	/* The last digits say which it could be; comparing the whole id says whether it is. */
	while (i > 0 && id.p[i - 1] >= '0' && id.p[i - 1] <= '9')
		i--;
	if (id.n - i > CALL_DIGITS_MAX)
		return -1;
	for (; i < id.n; i++)
		index = index * 10 + (uint32_t)(id.p[i] - '0');
	if (index >= s->call_count)
		return -1;
	call_id(s, index, mine);
	return str_is(id, mine) ? (int32_t)index : -1;
}

exs_status state_segment_add(struct state *s, struct buf *message)
{
	struct segment *grown;
	size_t cap;

	if (!buf_ok(message))
		return message->status;
	if (s->segment_count >= SEGMENTS_MAX || message->n > TRANSCRIPT_MAX - s->transcript_bytes)
		return EXS_TOOBIG;
	if (s->segment_count == s->segment_cap) {
		cap = s->segment_cap ? s->segment_cap * 2 : 4;
		grown = realloc(s->segments, cap * sizeof *grown);
		if (!grown)
			return EXS_NOMEM;
		s->segments = grown;
		s->segment_cap = cap;
	}
	s->segments[s->segment_count].n = message->n;
	s->segments[s->segment_count].p = buf_take(message);
	if (!s->segments[s->segment_count].p)
		return EXS_NOMEM;
	s->transcript_bytes += s->segments[s->segment_count++].n;
	return EXS_OK;
}
