/* SPDX-License-Identifier: MIT */
/* state_edit.h - what fold.c and its parts may do to a state; nobody else. */
#ifndef FACT_STATE_EDIT_H
#define FACT_STATE_EDIT_H

#include "fact/state.h"

void state_calls_release(struct state *s);
exs_status state_segment_add(struct state *s, struct buf *message); /* takes the bytes */

/* Waiting steers become user messages: only between a turn's results and the next turn. */
exs_status fold_steers(struct state *s);

/* CORRUPT, with the fact's place and what is wrong with it. */
exs_status fold_corrupt(const exs_fact *f, exs_err *err, const char *what);
/* A text of a body as memory of the caller's, empty when absent; NULL: no text, over max, no
 * memory. */
char *fold_text(exs_str body, const char *key, size_t max);

exs_status fold_run_started(struct state *s, const exs_fact *f, exs_err *err);
/* What run_started and run_forked have in common; what the fact does not say stays as it is. */
exs_status fold_beginning(struct state *s, const exs_fact *f, exs_err *err);
/* The question, as a message with the fact's images. */
exs_status fold_input(struct state *s, const exs_fact *f, exs_err *err);
exs_status fold_run_forked(struct state *s, const exs_fact *f, exs_err *err);
exs_status fold_run_resumed(struct state *s, const exs_fact *f, exs_err *err);
void fold_usage(exs_usage *sum, const exs_usage *u);
exs_status fold_turn_calls(struct state *s, exs_str message, exs_err *err);
exs_status fold_call_started(struct state *s, const exs_fact *f, exs_err *err);
exs_status fold_call_settled(struct state *s, const exs_fact *f, exs_err *err);
exs_status fold_call_ended(struct state *s, const exs_fact *f, exs_err *err);
/* Which model of the chain the turn asks: those before it are passed over. */
exs_status fold_turn_target(struct state *s, const exs_fact *f, exs_err *err);
exs_status fold_turn_failed(struct state *s, const exs_fact *f, exs_err *err);

#endif
