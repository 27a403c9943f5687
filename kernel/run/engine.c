/* SPDX-License-Identifier: MIT */
/* engine.c - the registry of live runs, and how one is waited for and stopped. See engine.h. */
#include "run/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "fact/words.h"
#include "run/delivery.h"
#include "run/engine_priv.h"
#include "run/shown.h"

/* ---- registry ---- */

static struct run **bucket(struct engine *e, uint64_t handle)
{
	return &e->buckets[handle % REGISTRY_BUCKETS];
}

exs_status registry_add(struct engine *e, struct run *run, exs_err *err)
{
	exs_status status = EXS_OK;

	pthread_mutex_lock(&e->lock);
	if (e->stopping)
		status = err_set(err, EXS_AGAIN, 0, "the process is stopping and takes no new run");
	else if (e->run_n == RUNS_MAX)
		status = err_set(err, EXS_AGAIN, 0, "%u runs are alive already", RUNS_MAX);
	if (status == EXS_OK) {
		run->info.run = ++e->next_handle;
		run->transcript_id = run->info.run;
		run->hash_next = *bucket(e, run->info.run);
		*bucket(e, run->info.run) = run_ref(run);
		e->run_n++;
	}
	pthread_mutex_unlock(&e->lock);
	return status;
}

void registry_remove(struct run *run)
{
	struct engine *e = run->e;
	struct run **p;
	bool found = false;

	pthread_mutex_lock(&e->lock);
	for (p = bucket(e, run->info.run); *p; p = &(*p)->hash_next)
		if (*p == run) {
			*p = run->hash_next;
			found = true;
			break;
		}
	if (found && --e->run_n == 0)
		pthread_cond_broadcast(&e->empty);
	pthread_mutex_unlock(&e->lock);
	if (found)
		run_unref(run);
}

struct run *registry_find(struct engine *e, uint64_t handle)
{
	struct run *run;

	pthread_mutex_lock(&e->lock);
	for (run = *bucket(e, handle); run && run->info.run != handle;)
		run = run->hash_next;
	if (run)
		run_ref(run);
	pthread_mutex_unlock(&e->lock);
	return run;
}

void registry_each(struct engine *e, void (*fn)(struct run *, void *), void *arg)
{
	struct run **list, *run;
	uint32_t i, n = 0, cap;

	pthread_mutex_lock(&e->lock);
	cap = e->run_n;
	list = calloc(cap ? cap : 1, sizeof *list);
	for (i = 0; list && i < REGISTRY_BUCKETS; i++)
		for (run = e->buckets[i]; run && n < cap; run = run->hash_next)
			list[n++] = run_ref(run);
	pthread_mutex_unlock(&e->lock);
	for (i = 0; i < n; i++) {
		fn(list[i], arg);
		run_unref(list[i]);
	}
	free(list);
}

/* ---- runs ---- */

exs_status run_new(struct engine *e, const char *id, const struct run_listener *listener,
		   struct run **out, exs_err *err)
{
	struct run *run = calloc(1, sizeof *run);
	pthread_condattr_t mono;

	if (run)
		run->token = cancel_new(NULL);
	if (!run || !run->token) {
		free(run);
		return err_set(err, EXS_NOMEM, 0, "no memory for a run");
	}
	run->e = e;
	run->host = e->host;
	run->refs = 1;
	run->fence = 1;
	snprintf(run->id, sizeof run->id, "%s", id);
	run->info.run_id = run->id;
	run->info.attempt = 1;
	if (listener)
		run->listener = *listener;
	state_init(&run->state);
	batch_init(&run->batch);
	buf_init(&run->delta, DELTA_MAX);
	buf_init(&run->live, 2 * DELTA_MAX);
	buf_init(&run->end_body, RUN_TEXT_MAX * 2);
	run->mail_tail = &run->mails;
	run->pending_tail = &run->pending;
	run->commit_tail = &run->commits;
	run->cancel_mail.kind = MAIL_CANCEL;
	run->due_mail.kind = MAIL_DUE;
	run->begin_mail.kind = MAIL_BEGIN;
	run->timer.fire = run_timer_fired;
	run->tally.size = sizeof run->tally;
	run->resumed_mono_ms = clock_mono_ms();
	pthread_mutex_init(&run->mail_lock, NULL);
	pthread_condattr_init(&mono);
	pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
	pthread_cond_init(&run->over_cond, &mono);
	pthread_condattr_destroy(&mono);
	run_touch(run);
	*out = run;
	return EXS_OK;
}

void run_drop(struct run *run)
{
	run_unref(run);
}

const struct run_result *run_result(const struct run *run)
{
	return &run->result;
}

const exs_run_info *run_info(const struct run *run)
{
	return &run->info;
}

const char *const *run_deliver(const struct run *run, uint32_t *n)
{
	*n = run->state.deliver_count;
	return (const char *const *)run->state.deliver;
}

bool run_cancel(struct run *run, int32_t cause, const char *text)
{
	bool over;

	/* The text first: whoever sees the cause finds it. The first one stays, as the first cause
	 * does. */
	pthread_mutex_lock(&run->mail_lock);
	over = run->over;
	if (!over && !run->cancel_text && cancel_cause(run->token) == EXS_CAUSE_NONE)
		run->cancel_text = strdup(text ? text : "");
	pthread_mutex_unlock(&run->mail_lock);
	return !over && cancel_fire(run->token, cause);
}

bool engine_wait(struct run *run, int64_t wait_ms)
{
	struct timespec until;
	bool over;

	clock_gettime(CLOCK_MONOTONIC, &until);
	if (wait_ms > 0) {
		until.tv_sec += wait_ms / 1000;
		until.tv_nsec += (wait_ms % 1000) * 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
	}
	pthread_mutex_lock(&run->mail_lock);
	while (!run->over) {
		if (wait_ms < 0)
			pthread_cond_wait(&run->over_cond, &run->mail_lock);
		else if (pthread_cond_timedwait(&run->over_cond, &run->mail_lock, &until))
			break;
	}
	over = run->over;
	pthread_mutex_unlock(&run->mail_lock);
	return over;
}

/* ---- the engine ---- */

static void warm(struct job *job)
{
	free(job);
}

/* A pool that has one thread keeps it: from now on handing it a job cannot fail. */
static exs_status warm_up(struct engine *e, exs_err *err)
{
	struct job *job = calloc(1, sizeof *job);

	if (!job)
		return err_set(err, EXS_NOMEM, 0, "no memory for a worker");
	job->run = warm;
	if (pool_submit(&e->host->steps, job, err)) {
		free(job);
		return err->status;
	}
	return EXS_OK;
}

static void beat(void *arg)
{
	inbox_drain(arg);
}

exs_status engine_open(struct host *host, struct engine **out, exs_err *err)
{
	struct engine *e = calloc(1, sizeof *e);
	exs_status status;

	if (!e)
		return err_set(err, EXS_NOMEM, 0, "no memory for the engine");
	e->host = host;
	e->storage_wait_ms = host->conf->run.storage_wait_ms;
	e->store_wait_ms = WAIT_STORE_MS;
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->empty, NULL);
	ids_init(&e->ids);
	run_service_init(e);
	e->targets = targets_new(host->log);
	status = e->targets ? warm_up(e, err)
			    : err_set(err, EXS_NOMEM, 0, "no memory for the engine");
	if (status == EXS_OK)
		status = toolbox_init(&e->tools, host, err);
	if (status == EXS_OK)
		status = shown_open(e, err);
	if (status == EXS_OK && host->store)
		status = owner_open(host, &e->ids, beat, e, &e->owner, err);
	if (status == EXS_OK)
		status = sweeper_open(e, &e->sweeper, err);
	if (status) {
		engine_close(e);
		return status;
	}
	*out = e;
	return EXS_OK;
}

void engine_close(struct engine *e)
{
	bool quiet;

	if (!e)
		return;
	pthread_mutex_lock(&e->lock);
	e->stopping = true;
	while (e->run_n > 0)
		pthread_cond_wait(&e->empty, &e->lock);
	pthread_mutex_unlock(&e->lock);
	sweeper_close(e->sweeper);
	owner_close(e->owner, e->store_wait_ms);
	/* Passes of runs that are over may still be on their way out. */
	quiet = pool_stop(&e->host->steps, e->host->stall_ms);
	host_set_run(e->host, NULL, NULL);
	if (!quiet) { /* a worker that the store holds would find its engine gone */
		log_warn(e->host->log, "a worker has not come back; the engine is left as it is");
		return;
	}
	shown_close(e);
	toolbox_release(&e->tools);
	targets_free(e->targets);
	ids_release(&e->ids);
	pthread_cond_destroy(&e->empty);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

static void shut(struct run *run, void *arg)
{
	(void)arg;
	run_cancel(run, EXS_CAUSE_SHUTDOWN, "the process was asked to stop");
}

void engine_shutdown(struct engine *e)
{
	pthread_mutex_lock(&e->lock);
	e->stopping = true;
	pthread_mutex_unlock(&e->lock);
	registry_each(e, shut, NULL);
}
