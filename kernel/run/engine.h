/* SPDX-License-Identifier: MIT */
/*
 * engine.h - what the command line and later intakes drive: start, resume, watch, cancel and wait
 *for runs.
 *
 *	engine_open(host, &engine, err);
 *	engine_start(engine, &spec, &listener, &run, err);
 *	engine_wait(run, -1);
 *	run_result(run)->status ...
 *	run_drop(run);
 *	engine_close(engine);
 *
 * A run is driven by the step workers; the caller holds a reference and may look at the result once
 *the run is over. Any thread, unless said.
 */
#ifndef RUN_ENGINE_H
#define RUN_ENGINE_H

#include <executus/fact.h>
#include <executus/run.h>
#include "host/host.h"

#define CLEANUP_MS 10000		/* the longest anything may take once its time is over */
#define CEILING_MS (24 * 3600 * 1000LL) /* no run lasts longer, unless its max_runtime does */

struct engine;
struct run;

struct run_spec {
	const struct conf_agent *agent;
	const char *caller, *channel; /* may be NULL */
	exs_str input;		      /* UTF-8 */
	const char *const *deliver;   /* "kind:target", NULL-ended; NULL: as the agent says */
	int32_t durability;	      /* enum conf_durability */
	const exs_str *images;	      /* that the question comes with: PNG, JPEG, GIF or WebP as they are */
	size_t image_n;
};

/* Called on step workers, never two at once for one run. */
struct run_listener {
	void *arg;
	void (*fact)(void *arg, const exs_run_info *run,
		     const exs_fact *fact); /* once it is durable; may be NULL */
	/*
	 * Live text of a step, redacted as its fact will be; may be NULL. Empty: what was shown of the step
	 * is void, because the turn failed; it may be tried again. The answer is what turn_ended says.
	 */
	void (*delta)(void *arg, const exs_run_info *run, int32_t step, exs_str text);
};

struct run_result {
	int32_t status;	    /* EXS_ENDED_; PARKED and INTERRUPTED are not the end of the run */
	const char *reason; /* a word of docs/FACTS.md, "storage" or "owner"; never NULL */
	char *output;	    /* NULL: no memory for it, and the status is PARKED */
	char *error;	    /* a sentence, empty when ok; NULL as above */
	char *artifacts;    /* JSON array of what it has made; NULL: nothing */
	exs_usage usage;
	int32_t steps, attempt;
	int64_t calls, run_ms;
	int32_t undelivered; /* local deliveries that failed: nobody else tries them again */
};

/* Opens owner row and heartbeat when a store is bound. */
exs_status engine_open(struct host *host, struct engine **out, exs_err *err);
/* Every run is over. Gives the owner row back; takes NULL. */
void engine_close(struct engine *e);

/* Flags of resume. */
enum {
	RESUME_ACCEPT = 1u, /* whatever changed since the run began */
	RESUME_RETRY = 2u   /* a run that has ended, but not well, as a new attempt */
};

/* How to take a run up. */
struct resume_how {
	uint32_t flags;	    /* RESUME_ */
	int32_t steps;	    /* of a retry: its new limit of steps, all attempts together; 0: as it was */
	int64_t runtime_ms; /* and of its active time */
};

exs_status engine_start(struct engine *e, const struct run_spec *spec,
			const struct run_listener *listener, struct run **out, exs_err *err);
/*
 * Adopts a run that its owner left or died with. NOTFOUND; CONFLICT: a live process carries it;
 * CORRUPT; INVALID: it was made with another agent, other tools or other batteries, and run.on_change of the conf refuses
 * that; when it wants a fork, *out is another run, and this one ends when it is resumed again. A run that has ended is not started again, unless a retry is asked for: *out is a run that is over and
 * holds its result. A retry is INVALID when the run has not ended, ended well, or would end at once again.
 * `how` NULL: plainly.
 */
exs_status engine_resume(struct engine *e, const char *run_id, const struct resume_how *how,
			 const struct run_listener *listener, struct run **out, exs_err *err);

#define FORK_LAST (-1) /* the last step that has ended */

struct fork_spec {
	const char *from;    /* id of a run */
	int32_t step;	     /* after which step of it; 0: before the first, or FORK_LAST */
	const char *why;     /* PIN_ of pin.h */
	bool closes;	     /* that run is cancelled with it, and ends when it is taken up */
	struct run_spec run; /* agent and caller NULL: as they were; neither input nor images: nothing new is asked */
};

/*
 * A new run that begins with the conversation of another one, up to the end of a step: with limits,
 * budget and clock of its own. NOTFOUND: no such run, or its agent is not in the conf any more;
 * INVALID: there is no such step, or it ended in an answer and nothing new is asked; CORRUPT;
 * UNSUPPORTED: nothing is stored, or the checkpoint cannot fork.
 */
exs_status engine_fork(struct engine *e, const struct fork_spec *spec,
		       const struct run_listener *listener, struct run **out, exs_err *err);

/* True once the run is over. wait_ms < 0: for ever. Not on a step worker. */
bool engine_wait(struct run *run, int64_t wait_ms);
const struct run_result *run_result(const struct run *run); /* only once it is over */
const exs_run_info *run_info(const struct run *run);
/* Who gets the result, "[ends=]kind[:target]" each; stays as it is. */
const char *const *run_deliver(const struct run *run, uint32_t *n);
void run_drop(struct run *run); /* the caller's reference; takes NULL */

/* Fires the run's token. False: it had fired, or the run is over. */
bool run_cancel(struct run *run, int32_t cause, const char *text);
/* Fires every live run's token with SHUTDOWN; they park at the next boundary. Async-signal-unsafe.
 */
void engine_shutdown(struct engine *e);

/* A message to a run that another process carries: durable when it returns. kind is "cancel" or
 * "steer". */
exs_status engine_inbox(struct engine *e, const char *run_id, const char *kind, exs_str text,
			exs_err *err);

/*
 * A person's word on a call in doubt: "done", "not-done" or "retry". Durable when it returns; the run
 * takes it in when it is resumed. A text is for the model. NOTFOUND: no such run; CONFLICT: a live
 * process carries it; INVALID: the call is not in doubt.
 */
exs_status engine_settle(struct engine *e, const char *run_id, const char *call, const char *word,
			 exs_str text, exs_err *err);

enum outbox_when { OUTBOX_DUE, OUTBOX_NOW };
/*
 * Deliveries that an earlier process queued and did not finish: tries each once that is due, or each one, and returns
 * how many are left. A thread of the engine does the same for what is due, as long as the engine lives.
 */
size_t engine_outbox(struct engine *e, enum outbox_when when);

#endif
