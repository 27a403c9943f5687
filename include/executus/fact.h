/* SPDX-License-Identifier: MIT */
/*
 * fact.h - one immutable record of what happened in a run. A run is its list of facts.
 *
 * Every watcher sees the same record. The columns carry what everybody needs; the rest is a JSON object in
 * `body`, described kind by kind in docs/FACTS.md. Numbers are never reused and never change their meaning;
 * a watcher skips kinds that it does not know.
 */
#ifndef EXECUTUS_FACT_H
#define EXECUTUS_FACT_H

#include <executus/done.h>

EXS_BEGIN

/* name, number, word */
#define EXS_FACT_LIST(X)                                                                           \
	X(RUN_STARTED, 1, "run_started")                                                           \
	X(RUN_RESUMED, 2, "run_resumed")                                                           \
	X(RUN_PARKED, 3, "run_parked")                                                             \
	X(RUN_CANCELLED, 4, "run_cancelled")                                                       \
	X(RUN_ENDED, 5, "run_ended")                                                               \
	X(RUN_FORKED, 6, "run_forked")                                                             \
	X(TURN_STARTED, 10, "turn_started")                                                        \
	X(TURN_ENDED, 11, "turn_ended")                                                            \
	X(TURN_FAILED, 12, "turn_failed")                                                          \
	X(CALL_STARTED, 20, "call_started")                                                        \
	X(CALL_ENDED, 21, "call_ended")                                                            \
	X(CALL_SETTLED, 22, "call_settled")                                                        \
	X(STEERED, 30, "steered")                                                                  \
	X(QUESTION_ASKED, 31, "question_asked")                                                    \
	X(QUESTION_ANSWERED, 32, "question_answered")                                              \
	X(PHASE_STARTED, 40, "phase_started")                                                      \
	X(PHASE_ENDED, 41, "phase_ended")                                                          \
	X(CHILD_STARTED, 50, "child_started")                                                      \
	X(CHILD_ENDED, 51, "child_ended")                                                          \
	X(COMPACTED, 60, "compacted")                                                              \
	X(CRITIC_DECIDED, 70, "critic_decided")                                                    \
	X(LIMIT_RAISED, 71, "limit_raised")                                                        \
	X(BUDGET_RESERVED, 80, "budget_reserved")                                                  \
	X(BUDGET_SETTLED, 81, "budget_settled")                                                    \
	X(BUDGET_DENIED, 82, "budget_denied")                                                      \
	X(BUDGET_SOFT, 83, "budget_soft")                                                          \
	X(ARTIFACT_MADE, 90, "artifact_made")                                                      \
	X(DELIVERY_QUEUED, 91, "delivery_queued")                                                  \
	X(DELIVERY_ENDED, 92, "delivery_ended")                                                    \
	X(PORT_FAILED, 100, "port_failed")

enum {
#define EXS_X(name, number, word) EXS_FACT_##name = number,
	EXS_FACT_LIST(EXS_X)
#undef EXS_X
		EXS_FACT_MAX = 100
};

#define EXS_FACT_BODY_MAX (8u << 20) /* bytes of one body */

/* Valid for the call. */
typedef struct exs_fact {
	uint32_t size;
	int32_t kind;     /* EXS_FACT_ */
	int64_t seq;      /* 1, 2, 3 ... without a hole */
	int64_t at_ms;    /* wall clock */
	int64_t run_ms;   /* active time of the run: stands still while it is parked or dead */
	int32_t step;     /* 1-based model turn; 0 before the first */
	int32_t phase;    /* 0: the run has none */
	int32_t attempt;
	int32_t reserved;
	exs_str call_id;  /* calls: the host's id of the call, unique in the run */
	exs_str name;     /* tool, phase, child, port or model, where the kind has one */
	exs_str body;     /* JSON object */
	const exs_usage *usage; /* TURN_ENDED and TURN_FAILED; else NULL */
} exs_fact;

EXS_END

#endif
