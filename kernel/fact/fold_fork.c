/* SPDX-License-Identifier: MIT */
/*
 * fold_fork.c - the part of the fold that reads where a fork begins: the facts before it are another
 * run's, and all that stays of them is the conversation, and what the fork does not say anew of who has it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "fact/state_edit.h"

/* A member of the old state to the new one, which has it from then on; also an array. */
#define MOVE(to, from, member)                                                                     \
	do {                                                                                       \
		memcpy(&(to)->member, &(from)->member, sizeof(to)->member);                        \
		memset(&(from)->member, 0, sizeof(from)->member);                                  \
	} while (0)

/*
 * The conversation, and who had it under which settings. Steps go on counting, so that no two calls
 * of one conversation have the same id.
 */
static void keep_conversation(struct state *s)
{
	struct state next;

	state_init(&next);
	MOVE(&next, s, segments);
	MOVE(&next, s, segment_count);
	MOVE(&next, s, segment_cap);
	MOVE(&next, s, transcript_bytes);
	MOVE(&next, s, image_bytes);
	MOVE(&next, s, image_count);
	MOVE(&next, s, last_text);
	MOVE(&next, s, agent);
	MOVE(&next, s, caller);
	MOVE(&next, s, channel);
	MOVE(&next, s, tier);
	MOVE(&next, s, input);
	MOVE(&next, s, system);
	MOVE(&next, s, models);
	MOVE(&next, s, model_count);
	MOVE(&next, s, tools);
	MOVE(&next, s, tool_count);
	MOVE(&next, s, deliver);
	MOVE(&next, s, deliver_count);
	next.digests = s->digests;
	next.seq = s->seq;
	next.step = next.forked_step = s->step;
	state_release(s);
	*s = next;
}

static bool read_from(exs_str body, char out[ID_MAX])
{
	exs_str from;
	char *id;

	if (!json_get_object(body, "from", &from))
		return false;
	id = json_get_textz(from, "run", ID_MAX - 1);
	if (id && id_ok(id))
		memcpy(out, id, strlen(id) + 1);
	free(id);
	return out[0] != '\0';
}

exs_status fold_run_forked(struct state *s, const exs_fact *f, exs_err *err)
{
	bool asks = false;
	exs_status status;

	if (!state_at_boundary(s))
		return fold_corrupt(f, err, "it forks in the middle of a step");
	keep_conversation(s);
	if (!read_from(f->body, s->forked_from))
		return fold_corrupt(f, err, "it does not say from which run");
	s->forked_seq = f->seq;
	json_get_bool(f->body, "asks", &asks);
	status = fold_beginning(s, f, err);
	return status == EXS_OK && asks ? fold_input(s, f, err) : status;
}
