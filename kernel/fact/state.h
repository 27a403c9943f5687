/* SPDX-License-Identifier: MIT */
/*
 * state.h - what a run is at a moment: the fold of its facts.
 *
 * Nothing in here comes from anywhere but facts, so a state that was loaded equals the state that
 * was lived. fold() is the only writer and plan() the only reader that decides. The transcript is
 * kept as encoded segments that are appended to and never re-encoded.
 */
#ifndef FACT_STATE_H
#define FACT_STATE_H

#include <stdbool.h>
#include <executus/cancel.h>
#include <executus/fact.h>
#include <executus/port/tool.h>
#include <executus/run.h>
#include "base/buf.h"
#include "base/ids.h"
#include "base/sha256.h"
#include "fact/digest.h"

#define CALLS_MAX	   64u		/* calls of one turn; docs/MESSAGES.md */
#define CHAIN_MAX	   8u		/* models of a tier */
#define DELIVER_MAX	   16u		/* targets of its result */
#define TOOLS_MAX	   256u		/* tools of an agent */
#define ARTIFACTS_MAX	   64u
#define STEERS_MAX	   64u		/* messages that wait for the next turn */
#define SOFTS_MAX	   64u		/* soft limits that a run hears of */
#define CALL_ID_MAX	   24u		/* "3.0" */
#define TRANSCRIPT_MAX	   (256u << 20) /* bytes of a run's segments together */
#define SEGMENTS_MAX	   100000u
#define RUN_TEXT_MAX	   (8u << 20) /* input, output, one text of a fact */
#define RUN_NAME_MAX	   256u
#define TURN_TRIES	   2	 /* tries of one target: the first and one more */
#define RETRY_ASKED_MAX_MS 60000 /* a server that asks for a longer pause is passed over */

struct limits {
	int32_t steps, same_calls, failed_steps, attempts, retries;
	int64_t runtime_ms, answer_tokens;
};

enum call_stage {
	CALL_PLANNED, /* asked for, not started */
	CALL_STARTED, /* dispatched in this attempt */
	CALL_STALE,   /* started in an attempt that died: nobody knows */
	CALL_ENDED
};

struct call {
	enum call_stage stage;
	int32_t effect;	 /* once started */
	int32_t tries;	 /* call_started facts */
	int64_t started_ms; /* the last of them; wall clock, for showing */
	int32_t outcome; /* once ended: CALL_OK ... */
	char *id;	 /* the provider's id as JSON text, with quotes */
	char *name;	 /* as the model wrote it */
	char *args;	 /* argument bytes */
	size_t args_n;
	char *content;		  /* once ended: the result as JSON text, with quotes */
	char key[SHA256_HEX_MAX]; /* once started */
};

struct segment {
	char *p;
	size_t n;
};

struct state {
	/* identity, from run_started */
	bool started;
	char *agent, *caller, *channel, *parent, *root, *tier, *input, *system;
	int32_t depth;
	struct limits limits;
	char *models[CHAIN_MAX];
	uint32_t model_count;
	char **tools;
	uint32_t tool_count;
	char **deliver;
	uint32_t deliver_count;
	bool park_in_doubt, relaxed;
	struct digests digests; /* of the last attempt; empty: of an earlier release */
	int64_t started_ms;

	/* of a fork, from run_forked: the facts before that are another run's */
	char forked_from[ID_MAX]; /* empty: it is no fork */
	int32_t forked_step;
	int64_t forked_seq; /* of run_forked; 0: it is no fork */

	/* where it stands */
	int64_t seq, at_ms, run_ms;
	int32_t attempt, step;
	int32_t retried; /* the attempt that began after an end, the newest one; 0: none */
	int32_t crashes; /* attempts that died in a row without a turn ended */
	bool turn_open;
	bool reserved;		/* the last that is known of a turn is its reservation */
	uint32_t target;	/* of the chain */
	int32_t tries;		/* failed turns in a row at this target */
	int32_t retries;	/* of the whole run: turns that began again at their target */
	int64_t retry_after_ms; /* what the last failure asked for */
	struct call *calls;
	uint32_t call_count;

	/* how it will end */
	bool final, parked, ended;
	int32_t status;	   /* EXS_ENDED_, once ended */
	bool failed;	   /* no model of the chain is left */
	int32_t cancelled; /* EXS_CAUSE_ */
	bool denied;
	char *output;	  /* the answer, once final; NUL-terminated */
	char *failures;	  /* of the turn that is asked: what each target said last, in their order */
	size_t failures_n; /* of them, bytes of targets before the present one */
	char *cancel_why; /* the sentence of the first run_cancelled */
	char *deny_why;	  /* of the first budget_denied */
	char *why;	  /* of a park, or of an end that is not ok */
	char reason[24];  /* its word, once ended */
	char *last_text;  /* the last assistant text of substance */

	/* guards and tallies */
	int32_t failed_steps; /* steps in a row in which every call failed */
	uint64_t same_print;  /* fingerprint of the last call */
	int32_t same_count;
	char *same_name;
	exs_usage usage;
	int64_t calls_ended;
	char *model; /* the target that served the last turn */

	/* what the model sees */
	struct segment *segments;
	size_t segment_count, segment_cap, transcript_bytes;
	size_t image_count, image_bytes; /* of the latter: the data of images */
	char *steers[STEERS_MAX];
	uint32_t steer_count;
	char *softs[SOFTS_MAX]; /* limits of the budget that the model was told of */
	uint32_t soft_count;
	char *artifacts[ARTIFACTS_MAX]; /* what it has made, as JSON; each name once */
	uint32_t artifact_count;
};

void state_init(struct state *s);
void state_release(struct state *s);

/* Bit i: call i of the present step is there. */
uint64_t state_calls_at(const struct state *s, enum call_stage stage);
/* Between two steps: nothing is open, and whatever was said is in the transcript. */
bool state_at_boundary(const struct state *s);

/* The host's id of call `index` of the present step. */
void call_id(const struct state *s, uint32_t index, char out[CALL_ID_MAX]);
/* The index of a call id of the present step, or -1. */
int32_t call_index(const struct state *s, exs_str id);

/* Whether the same turn may go well later: unknown failures may. */
bool failure_may_pass(exs_status status, int32_t klass);

/*
 * The next fact. OK; CORRUPT with a sentence when it cannot follow here (then the state must not be
 * used further); NOMEM. Deterministic and total: any bytes give a status, never a crash.
 */
exs_status fold(struct state *s, const exs_fact *fact, exs_err *err);

#endif
