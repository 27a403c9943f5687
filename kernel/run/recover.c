/* SPDX-License-Identifier: MIT */
/*
 * recover.c - a run from its facts: load, fold, claim by fence, go on.
 *
 * The claim is not a step of its own: the first batch of the new attempt checks the head that was
 * read, so either the whole beginning of the attempt commits or another process was faster and
 * nothing happened.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "fact/artifact.h"
#include "rows/load.h"
#include "run/change.h"
#include "run/delivery.h"
#include "run/digest_now.h"
#include "run/engine_priv.h"

#define OWNERS_MAX 3 /* owners in a row that we look at before we leave the run to the others */

/* They differ when the store is damaged, or when another process has just begun an attempt. */
static exs_status check_head(const struct run *run, const struct head *head, exs_err *err)
{
	struct head now;

	if (head->seq == run->state.seq)
		return EXS_OK;
	if (head_read(run->host, run->id, &now, err))
		return err->status;
	if (!head_equal(&now, head))
		return err_set(err, EXS_CONFLICT, 0, "run %s is not taken: another process was faster",
			       run->id);
	return err_set(err, EXS_CORRUPT, 0, "run %s has facts up to %lld, its head says %lld", run->id,
		       (long long)run->state.seq, (long long)head->seq);
}

/* A run that has ended shows what it ended with. */
static exs_status show_ended(struct run *run)
{
	const struct state *s = &run->state;
	struct run_result *r = &run->result;

	r->status = s->status;
	r->reason = s->reason;
	r->artifacts = artifacts_text(s);
	r->output = strdup(s->output ? s->output : "");
	r->error = strdup(s->why && s->status != EXS_ENDED_OK ? s->why : "");
	r->usage = s->usage;
	r->steps = s->step;
	r->attempt = s->attempt;
	r->calls = s->calls_ended;
	r->run_ms = s->run_ms;
	run->phase = RUN_OVER;
	run->over = true;
	return r->output && r->error ? EXS_OK : EXS_NOMEM;
}

/* ---- a retry ---- */

static exs_status needs_more(const struct run *run, const char *what, const char *option, exs_err *err)
{
	return err_set(err, EXS_INVALID, 0,
		       "run %s has used all of its %s and would end at once again: give it more with %s",
		       run->id, what, option);
}

/* Would it only end the same way? */
static exs_status check_retry(const struct run *run, const struct resume_how *how, exs_err *err)
{
	const struct state *s = &run->state;
	int32_t steps = how->steps ? how->steps : s->limits.steps;
	int64_t runtime_ms = how->runtime_ms ? how->runtime_ms : s->limits.runtime_ms;

	if (s->status == EXS_ENDED_OK)
		return err_set(err, EXS_INVALID, 0, "run %s ended well: there is nothing to retry",
			       run->id);
	if (s->step >= steps)
		return needs_more(run, "steps", "--steps", err);
	if (s->run_ms >= runtime_ms)
		return needs_more(run, "time", "--runtime", err);
	return EXS_OK;
}

static void put_retry(const struct resume_how *how, struct buf *body)
{
	buf_puts(body, ",\"retry\":true");
	if (how->steps)
		buf_printf(body, ",\"steps\":%d", (int)how->steps);
	if (how->runtime_ms)
		buf_printf(body, ",\"runtime_ms\":%lld", (long long)how->runtime_ms);
}

static exs_status record_resumed(struct run *run, const struct resume_how *how,
				 const struct digests *now, uint32_t changed, exs_err *err)
{
	const struct state *s = &run->state;
	struct buf body;

	run->info.attempt = run->state.attempt + 1;
	buf_init(&body, RUN_NAME_MAX);
	buf_printf(&body, "{\"owner\":\"%s\",\"parked\":%s,\"digests\":", owner_id(run->e->owner),
		   s->parked ? "true" : "false");
	digests_json(now, &body);
	buf_puts(&body, ",\"changed\":[");
	digests_words(changed, "\"", &body);
	buf_puts(&body, "]");
	if (s->ended)
		put_retry(how, &body);
	buf_puts(&body, "}");
	run->first_seq = run_record(run, EXS_FACT_RUN_RESUMED, str_of(NULL), NULL, NULL, &body);
	if (run->broken)
		return err_set(err, EXS_CORRUPT, 0, "run %s cannot go on: %.180s", run->id,
			       run->result.error ? run->result.error : "no memory");
	return run_info_fill(run, err);
}

/* The head of a run that nobody carries: what it says cannot change under us without a CONFLICT. */
static exs_status quiet_head(struct engine *e, const char *id, struct head *out, exs_err *err)
{
	char owner[ID_MAX];
	exs_status status = head_read(e->host, id, out, err);
	int i;

	if (status == EXS_NOTFOUND)
		return err_set(err, EXS_NOTFOUND, 0,
			       "there is no run '%.40s'; 'executus runs' lists them", id);
	/* Judging an owner may take a while, in which it may go on, end, or lose the run to another. */
	for (i = 0; status == EXS_OK && out->owner[0] && i < OWNERS_MAX; i++) {
		memcpy(owner, out->owner, sizeof owner);
		status = owner_is_dead(e->owner, owner, err);
		if (status == EXS_OK)
			status = head_read(e->host, id, out, err);
		if (status == EXS_OK && strcmp(out->owner, owner) == 0)
			return EXS_OK;
	}
	if (status == EXS_OK && out->owner[0])
		status = err_set(err, EXS_CONFLICT, 0, "other processes take it from each other");
	if (status == EXS_CONFLICT) {
		exs_err why = *err;

		return err_set(err, EXS_CONFLICT, 0, "run %s is not taken: %.180s", id, why.text);
	}
	return status;
}

enum taken { TAKEN, TAKEN_OVER /* it is over */, TAKEN_AS_FORK };

static exs_status take_over(struct run *run, const struct head *head, const struct resume_how *how,
			    enum taken *taken, exs_err *err)
{
	const struct state *s = &run->state;
	struct digests now;
	uint32_t changed;
	bool fork;

	run->durable = true;
	run->head = *head;
	run->head_stored = true;
	run->fence = head->fence + 1;
	run->resumed_run_ms = run->state.run_ms;
	run->turn_sent = !run->state.ended && (run->state.turn_open || run->state.reserved);
	run->agent = conf_agent(run->host->conf, run->state.agent);
	digests_now(run->host, &run->e->tools, run->agent, (const char *const *)s->tools,
		    s->tool_count, &now);
	changed = digests_changed(&s->digests, &now);
	if (change_judge(run, how->flags, changed, &fork, err))
		return err->status;
	*taken = fork ? TAKEN_AS_FORK : TAKEN;
	return fork ? EXS_OK : record_resumed(run, how, &now, changed, err);
}

static exs_status prepare(struct engine *e, struct run *run, const struct resume_how *how,
			  enum taken *taken, exs_err *err)
{
	bool retry = how->flags & RESUME_RETRY;
	struct head head;
	exs_status status = quiet_head(e, run->id, &head, err);

	if (status == EXS_OK)
		status = state_load(run->host, run->id, &run->state, err);
	if (status)
		return status;
	if (retry && !run->state.ended)
		return err_set(err, EXS_INVALID, 0,
			       "run %s has not ended: resume it without --retry", run->id);
	if (run->state.ended && !retry) {
		*taken = TAKEN_OVER;
		return show_ended(run);
	}
	status = retry ? check_retry(run, how, err) : EXS_OK;
	if (status == EXS_OK)
		status = check_head(run, &head, err);
	return status ? status : take_over(run, &head, how, taken, err);
}

exs_status engine_resume(struct engine *e, const char *run_id, const struct resume_how *how,
			 const struct run_listener *listener, struct run **out, exs_err *err)
{
	static const struct resume_how plainly;
	enum taken taken = TAKEN;
	struct run *run;
	exs_status status;

	if (!e->host->store || !e->host->checkpoint)
		return err_set(err, EXS_UNSUPPORTED, 0,
			       "nothing is stored here: bind a store and a checkpoint in the conf");
	if (!id_ok(run_id))
		return err_set(err, EXS_INVALID, 0, "'%.40s' is not the id of a run", run_id);
	status = run_new(e, run_id, listener, &run, err);
	if (status)
		return status;
	status = prepare(e, run, how ? how : &plainly, &taken, err);
	if (status == EXS_OK && taken == TAKEN_AS_FORK)
		status = change_fork(run, listener, out, err);
	else if (status == EXS_OK && taken == TAKEN)
		status = registry_add(e, run, err);
	if (status == EXS_OK && taken != TAKEN_AS_FORK)
		*out = run_ref(run);
	if (status == EXS_OK && taken == TAKEN)
		run_post(run, &run->begin_mail);
	run_unref(run);
	return status;
}
