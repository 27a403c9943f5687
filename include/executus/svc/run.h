/* SPDX-License-Identifier: MIT */
/*
 * svc/run.h - look at a live run, and ask something of it.
 *
 * `run` is exs_run_info.run. Every verb takes leaf locks only, enqueues and returns; it never calls a battery.
 * Its effect shows when the run next drains its mailbox. NOTFOUND when the run is not live any more. steer, extend,
 * raise_steps and artifact answer AGAIN and change nothing while 64 of them, or of messages from other processes, wait.
 */
#ifndef EXECUTUS_SVC_RUN_H
#define EXECUTUS_SVC_RUN_H

#include <executus/done.h>

EXS_BEGIN

#define EXS_SVC_RUN "executus.svc.run/1"
#define EXS_STEER_MAX (64u << 10)
#define EXS_ARTIFACT_MAX (4u << 10)

typedef struct exs_tally {
	uint32_t size;
	int32_t step;      /* 1-based: the model turn under way or last ended */
	int32_t max_steps;
	int32_t attempt;
	int64_t calls; /* tool calls ended */
	int64_t run_ms;
	int64_t left_ms; /* until the run's deadline */
	exs_usage usage; /* all turns */
} exs_tally;

typedef struct exs_run_svc exs_run_svc;
struct exs_run_svc {
	uint32_t size;
	uint32_t reserved;
	/* Fills `out` up to out->size. [any-thread] */
	exs_status (*tally)(const exs_run_svc *svc, uint64_t run, exs_tally *out);
	/*
	 * A user message before the next model turn; an answer that it finds under way is not the last one. INVALID
	 * when empty or not UTF-8, TOOBIG past EXS_STEER_MAX. Its fact says "from":"critic", whichever battery calls.
	 * [any-thread]
	 */
	exs_status (*steer)(const exs_run_svc *svc, uint64_t run, exs_str text);
	/*
	 * Moves max_runtime by ms > 0, up to max(24 h, max_runtime), and the run's deadline with it. While a critic
	 * watches the run its deadline_ms is the hard one and stays. [any-thread]
	 */
	exs_status (*extend)(const exs_run_svc *svc, uint64_t run, int64_t ms);
	/* Raises the step limit by n > 0, up to INT32_MAX. [any-thread] */
	exs_status (*raise_steps)(const exs_run_svc *svc, uint64_t run, int32_t n);
	/* Fires the run's token with cause KILL; `why` is recorded. [any-thread] */
	exs_status (*kill)(const exs_run_svc *svc, uint64_t run, exs_str why);
	/* Fires the run's token with cause CALLER. [any-thread] */
	exs_status (*cancel)(const exs_run_svc *svc, uint64_t run, exs_str why);
	/*
	 * Something that the run has made, by reference: a JSON object with "name" (1 to 255 bytes), either "path" or "url"
	 * (up to 1 KiB), and what is known of "bytes", "type" (a media type) and "sha256" (hex). Announced before its call ends
	 * it is a fact of the run and listed in its result; one of the same name replaces the one before. INVALID: it is not so;
	 * TOOBIG past EXS_ARTIFACT_MAX; past 64 names of a run the host logs it and passes it over. [any-thread]
	 */
	exs_status (*artifact)(const exs_run_svc *svc, uint64_t run, exs_str json);
};

EXS_END

#endif
