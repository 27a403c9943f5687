/* SPDX-License-Identifier: MIT */
/* verdict.h - what a critic's verdict means, wherever it is heard: in a run, or over its record. */
#ifndef RUN_VERDICT_H
#define RUN_VERDICT_H

#include <stdbool.h>
#include <executus/port/critic.h>
#include "base/buf.h"

/* Is it a decision, and so a fact? Not when it is none that exists, nor a wait without words. */
bool verdict_counts(const exs_verdict *v);
/* The body of critic_decided. */
void verdict_body(const exs_verdict *v, struct buf *out);
/* Until the next tick: the one that it asked for, or its own deadline, left_ms away, when it has one. */
int64_t verdict_pause_ms(const exs_verdict *v, bool has_deadline, int64_t left_ms);
/* The limits that it moves, under their ceilings. */
int64_t verdict_runtime_ms(int64_t was, int64_t extend_ms);
int32_t verdict_steps(int32_t was, int64_t raise);

#endif
