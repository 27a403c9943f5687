/* SPDX-License-Identifier: MIT */
/*
 * commit.c - batches of a run on their way to the disk, and what becomes of them when it is in
 * trouble.
 *
 * Commits become durable in order. After an error they are kept from the first undurable one and
 * sent again in order with the same bytes; the head tells one that is in already from one that
 * another owner prevents. Refusals (run.storage_wait) and silence (WAIT_STORE_MS) are bounded: then the
 * run is parked as "storage".
 */
#include <stdlib.h>

#include "base/auto.h"
#include "base/clock.h"
#include "run/engine_priv.h"

static struct commit *commit_of(struct pending *p)
{
	return container_of(p, struct commit, pending);
}

void commit_free(struct commit *c)
{
	if (!c)
		return;
	batch_release(&c->batch);
	buf_release(&c->pending.out);
	fact_recs_free(c->facts);
	free(c);
}

static bool is_out(const struct commit *c)
{
	return c->out && !c->answered;
}

static bool any_out(const struct run *run)
{
	const struct commit *c;

	for (c = run->commits; c; c = c->next)
		if (is_out(c))
			return true;
	return false;
}

/* ---- on its way ---- */

static void commit_ended(struct pending *p)
{
	struct commit *c = commit_of(p);
	struct run *run = c->run;

	run_post(run, &c->mail);
	run_unref(run);
}

/* The run was parked long ago; its last reference may have been this one. */
static void commit_late(struct pending *p)
{
	run_unref(commit_of(p)->run);
}

/* A run whose time is over waits as long as for anything else; another one as a battery would. */
static int64_t patience_ms(const struct run *run)
{
	int64_t ms = run->e->store_wait_ms;

	return run->cancel_seen && ms > CLEANUP_MS ? CLEANUP_MS : ms;
}

/* The next look at the storage: when the store has been silent for too long. */
void commit_watch(struct run *run)
{
	const struct commit *c;
	int64_t first = reserve_sent_ms(run);

	for (c = run->commits; c; c = c->next)
		if (is_out(c) && (!first || c->sent_ms < first))
			first = c->sent_ms;
	if (first)
		run_due(run, DUE_STORAGE, first + patience_ms(run));
}

static void send(struct run *run, struct commit *c)
{
	exs_err err = EXS_ERR_INIT;

	c->out = true;
	c->answered = false;
	/* The end of a run needs all that is before it. */
	c->batch.ends |= run->wants_end || run->phase > RUN_LIVE;
	c->sent_ms = clock_mono_ms();
	buf_release(&c->pending.out);
	c->pending.ended = commit_ended;
	c->pending.late = commit_late;
	run_ref(run);
	if (call_store_submit(run->host->store, &c->batch, &c->pending, &err) == EXS_OK)
		return;
	c->pending.status = err.status;
	c->pending.err = err;
	commit_ended(&c->pending);
}

void commit_submit(struct run *run, struct commit *c)
{
	send(run, c);
	commit_watch(run);
}

/* ---- trouble ---- */

static int64_t storage_pause_ms(int tries)
{
	int64_t pause = STORAGE_PAUSE_MS;

	while (--tries > 0 && pause < STORAGE_PAUSE_MAX_MS)
		pause *= 2;
	return pause < STORAGE_PAUSE_MAX_MS ? pause : STORAGE_PAUSE_MAX_MS;
}

/* When a run that is refused is parked; sooner when its own time is over. */
static int64_t storage_end_ms(const struct run *run)
{
	int64_t wait_ms = run->e->storage_wait_ms;

	if (run->cancel_seen && wait_ms > CLEANUP_MS)
		wait_ms = CLEANUP_MS;
	return run->storage_since_ms + wait_ms;
}

void commit_refused(struct run *run, const exs_err *err)
{
	int64_t now = clock_mono_ms(), next;

	run->storage_failing = true;
	if (run->storage_tries++ == 0) {
		run->storage_since_ms = now;
		log_warn(run->host->log, "run %s waits for its storage: %s", run->id, err->text);
	}
	if (now >= storage_end_ms(run) || err->status == EXS_LOST) {
		log_error(run->host->log,
			  "run %s is parked, its storage does not take its facts: %s", run->id,
			  err->text);
		finish_unstored(run);
		return;
	}
	next = now + storage_pause_ms(run->storage_tries);
	run_due(run, DUE_STORAGE, next < storage_end_ms(run) ? next : storage_end_ms(run));
}

void commit_taken(struct run *run)
{
	if (run->storage_tries > 0)
		log_info(run->host->log, "run %s goes on: its storage takes its facts again",
			 run->id);
	run->storage_tries = 0;
	run->storage_failing = false;
	run_due(run, DUE_STORAGE, 0);
}

/*
 * CONFLICT on the first undurable batch, with none of them out: it is in already, or nothing is
 * wrong with the head, or somebody else carries the run. A head that a later batch of ours put
 * says as much as its own.
 */
static exs_status settle_conflict(struct run *run, const struct commit *c, exs_err *err)
{
	bool first = c->before.seq == 0;
	const struct commit *ours;
	struct head now;
	exs_status status = head_read(run->host, run->id, &now, err);

	if (status == EXS_NOTFOUND && first && run->fork_why)
		return err_set(err, EXS_LOST, 0, "run %s, which it is a fork of, was pruned meanwhile",
			       run->state.forked_from);
	if (status == EXS_NOTFOUND && !first)
		return err_set(err, EXS_CONFLICT, 0, "the run is not in the store any more");
	if (status && status != EXS_NOTFOUND)
		return status;
	if (status == EXS_NOTFOUND || (!first && head_equal(&now, &c->before)))
		return err_set(err, EXS_IO, 0, "the store answered with a conflict that is none");
	for (ours = c; ours; ours = ours->next)
		if (head_equal(&now, &ours->after))
			return EXS_OK;
	return EXS_CONFLICT;
}

static void durable(struct run *run, struct commit *c)
{
	run->commits = c->next;
	if (!run->commits)
		run->commit_tail = &run->commits;
	run->durable_seq = c->after.seq;
	run->durable_step = c->step;
	commit_taken(run);
	watch_outside(run, c->facts);
	commit_free(c);
	if (run->phase == RUN_ENDING && run->durable_seq >= run->end_seq)
		finish_stored(run);
}

void run_stored(struct run *run, struct commit *c)
{
	exs_err err = EXS_ERR_INIT;
	exs_status status;

	c->answered = true;
	if (run->phase == RUN_OVER)
		return;
	while ((c = run->commits) && c->answered) {
		status = c->pending.status;
		if (status == EXS_CONFLICT && !any_out(run))
			status = settle_conflict(run, c, &err);
		else if (status)
			err = c->pending.err;
		if (status == EXS_OK) {
			durable(run, c);
			continue;
		}
		/* Those behind it cannot be in either: wait until all are answered, then send again
		 * in order. */
		run->storage_failing = true;
		if (any_out(run))
			commit_watch(run);
		else if (status == EXS_CONFLICT)
			finish_lost(run);
		else
			commit_refused(run, &err);
		return;
	}
	commit_watch(run);
	if (run->pending)
		run_flush(run);
}

static bool is_silent(const struct run *run)
{
	int64_t last = clock_mono_ms() - patience_ms(run), sent = reserve_sent_ms(run);
	const struct commit *c;

	for (c = run->commits; c; c = c->next)
		if (is_out(c) && c->sent_ms <= last)
			return true;
	return sent && sent <= last;
}

/* What is out may still be read and even taken by the store: its memory stays until it ends. */
static void give_up_silent(struct run *run)
{
	struct commit *c;

	log_error(run->host->log, "run %s is parked: its storage has not answered for %lld s",
		  run->id, (long long)patience_ms(run) / 1000);
	for (c = run->commits; c; c = c->next)
		if (is_out(c))
			done_abandon(&run->host->done, &c->pending);
	reserve_abandon(run);
	finish_unstored(run);
}

void run_storage_retry(struct run *run)
{
	struct commit *c;

	if (run->phase == RUN_OVER)
		return;
	if (is_silent(run)) {
		give_up_silent(run);
		return;
	}
	if (any_out(run) || !run->storage_failing) { /* its answer says how it goes on */
		commit_watch(run);
		return;
	}
	if (!run->commits) { /* the batch could not even be made */
		run->storage_failing = false;
		run_flush(run);
		return;
	}
	for (c = run->commits; c; c = c->next)
		send(run, c);
	commit_watch(run);
}

int64_t run_begun_seq(const struct run *run)
{
	return run->state.relaxed && run->info.attempt == 1 ? 0 : run->first_seq;
}

bool run_may_start(const struct run *run)
{
	if (!run->durable)
		return true;
	return !run->storage_failing && run->state.step - run->durable_step < UNDURABLE_TURNS;
}
