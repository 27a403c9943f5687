/* SPDX-License-Identifier: MIT */
/* begin.c - from the budget gate to the first fact of an attempt. An early exit leaves nothing
 * behind. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "run/engine_priv.h"

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

exs_status run_info_fill(struct run *run, exs_err *err)
{
	const struct state *s = &run->state;
	exs_run_info *i = &run->info;

	if (!s->started)
		return err_set(err, EXS_INVALID, 0, "run %s has no beginning", run->id);
	i->size = sizeof *i;
	i->attempt = s->attempt;
	i->parent_id = or_empty(s->parent);
	i->root_id = s->root && s->root[0] ? s->root : run->id;
	i->agent = s->agent;
	i->caller = s->caller;
	i->channel = s->channel;
	i->tier = s->tier;
	i->input = str_of(s->input);
	i->started_ms = s->started_ms;
	i->max_steps = s->limits.steps;
	i->depth = s->depth;
	i->flags = (run->durable ? EXS_RUN_DURABLE : 0) | (s->retried ? EXS_RUN_RETRIED : 0);
	return EXS_OK;
}

struct instance *target_instance(struct run *run, const char *target, const char **model)
{
	const char *slash = strchr(target, '/');
	char name[CONF_NAME_MAX + 1];
	struct instance *in;

	if (!slash || (size_t)(slash - target) >= sizeof name)
		return NULL;
	memcpy(name, target, (size_t)(slash - target));
	name[slash - target] = '\0';
	in = host_instance(run->host, name);
	*model = slash + 1;
	return in && in->model ? in : NULL;
}

/* Nobody is asked over the network here; but a tier whose every model is certainly missing ends at
 * once. */
static exs_status check_models(struct run *run, exs_err *err)
{
	exs_model_info info;
	struct instance *in;
	const char *model;
	uint32_t i;

	for (i = 0; i < run->state.model_count; i++) {
		in = target_instance(run, run->state.models[i], &model);
		if (!in)
			err_set(err, EXS_NOTFOUND, 0, "no battery fills it");
		else if (call_model_describe(in, model, &info, err) != EXS_NOTFOUND)
			return EXS_OK;
	}
	{
		exs_err why = *err;

		return err_set(err, EXS_NOTFOUND, 0,
			       "tier '%.32s': no model is there (%.60s: %.110s)", run->state.tier,
			       run->state.models[run->state.model_count - 1], why.text);
	}
}

static exs_status begin_checkpoint(struct run *run, exs_err *err)
{
	struct instance *in = run->host->checkpoint;
	exs_status status;

	if (!run->durable)
		return EXS_OK;
	status = run_open_batch(run, err);
	if (status == EXS_OK && run->info.attempt > 1)
		status = call_ckpt_adopt(in, &run->info, &run->batch, &run->ckpt, err);
	else if (status == EXS_OK && run->fork_why)
		status = fork_begin(run, err);
	else if (status == EXS_OK)
		status = call_ckpt_begin(in, &run->info, &run->batch, &run->ckpt, err);
	if (status)
		return status;
	if (!run->ckpt) { /* the battery says: not this one */
		if (run->info.attempt > 1)
			return err_set(err, EXS_UNSUPPORTED, 0,
				       "the checkpoint does not take the run up again");
		batch_release(&run->batch);
		run->durable = false;
		run->info.flags &= ~(uint32_t)EXS_RUN_DURABLE;
		log_info(run->host->log, "run %s is not durable: its checkpoint does not want it",
			 run->id);
	}
	return EXS_OK;
}

static void set_deadline(struct run *run)
{
	int64_t runtime = run->state.limits.runtime_ms, left;

	if (run->watch) /* the critic's deadline is the hard one, under the ceiling */
		runtime = runtime > CEILING_MS ? runtime : CEILING_MS;
	left = runtime - run->resumed_run_ms;
	run_due(run, DUE_DEADLINE, clock_mono_ms() + (left > 0 ? left : 0) + 1);
	cancel_set_deadline(run->token, run->due[DUE_DEADLINE]);
}

static void on_fired(void *arg)
{
	struct run *run = arg;

	run_post(run, &run->cancel_mail);
}

void run_begin(struct run *run)
{
	exs_err err = EXS_ERR_INIT;
	const char *const *names = (const char *const *)run->state.tools;

	if (run->info.attempt == 1 && run->host->budget &&
	    call_budget_check(run->host->budget, &run->info, &err)) {
		finish_refused(run, EXS_ENDED_DENIED, "budget", err.text);
		return;
	}
	if (run->info.attempt == 1 && check_models(run, &err)) {
		finish_refused(run, EXS_ENDED_ERROR, "model", err.text);
		return;
	}
	if (begin_checkpoint(run, &err)) {
		/* What was stored of an earlier attempt stays as it is. */
		finish_refused(run, run->info.attempt > 1 ? EXS_ENDED_PARKED : EXS_ENDED_ERROR,
			       "storage", err.text);
		return;
	}
	if (purse_start(run, &err)) {
		finish_refused(run, EXS_ENDED_DENIED, "budget", err.text);
		return;
	}
	run->phase = RUN_LIVE;
	run->durable_seq = run->durable ? run->first_seq - 1 : INT64_MAX;
	run->durable_step = run->state.step;
	watch_start(run);
	set_deadline(run);
	cancel_notify(run->token, on_fired, run);
	if (toolbox_offer(&run->e->tools, names, run->state.tool_count, &run->offer, &err)) {
		struct action a = { .kind = ACT_END, .status = EXS_ENDED_ERROR, .reason = "setup" };

		memcpy(a.why, err.text, sizeof a.why);
		finish_end(run, &a);
		return;
	}
	inbox_adopt(run);
}
