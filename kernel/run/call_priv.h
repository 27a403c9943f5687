/* SPDX-License-Identifier: MIT */
/* call_priv.h - one call under way, as call.c (how it begins) and call_end.c (how it ends) see it.
 */
#ifndef RUN_CALL_PRIV_H
#define RUN_CALL_PRIV_H

#include "base/sha256.h"
#include "run/engine_priv.h"

struct call_work {
	struct mail mail;
	struct work work;
	struct run *run;  /* a reference */
	_Atomic int refs; /* the work's, and ours until the outcome was received */
	uint32_t index;
	exs_call call;
	char id[CALL_ID_MAX], key[SHA256_HEX_MAX], what[RUN_NAME_MAX];
	char *args;
	const struct tool *tool;
	int64_t begun_ms, need_seq, until_ms; /* until: mono, of the next time-out */
	bool dispatched, reconcile;
};

/* call.c */
void call_start(struct run *run, uint32_t index, bool reconcile);
void call_unref(struct call_work *w);
void calls_note_due(struct run *run, int64_t at_ms);

/* call_end.c */
bool calls_park(struct run *run); /* until a person says what became of those in doubt */
void call_end_with(struct run *run, uint32_t index, int32_t outcome, const char *text);

#endif
