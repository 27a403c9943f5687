/* SPDX-License-Identifier: MIT */
/*
 * fork.c - a new run that has the first facts of another one in common with it, up to the end of a
 * step. Nothing is copied: the checkpoint notes where they are, and a pin keeps them there.
 *
 * First the pin, in a batch of its own, then the fork's first batch, which checks the pin: dying in
 * between leaves a pin without a run, which says nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "rows/pin.h"
#include "run/start.h"

/* ---- where ---- */

struct place {
	struct state *state;
	int32_t step; /* wanted; FORK_LAST: the last one */
	int64_t stop; /* fold no further; 0: find it */
	int64_t seq;  /* of the fact that closes the step; 0: not found */
	int32_t found;
	exs_err err;
};

/* What comes behind it may be the budget's or the critic's, and belongs to the next step. */
static bool closes_step(int32_t kind)
{
	return kind == EXS_FACT_RUN_STARTED || kind == EXS_FACT_RUN_FORKED ||
	       kind == EXS_FACT_TURN_ENDED || kind == EXS_FACT_CALL_ENDED;
}

/* CANCELLED: all that is wanted was read. */
static exs_status find_row(void *arg, const exs_fact *f)
{
	struct place *p = arg;
	exs_status status = fold(p->state, f, &p->err);

	if (status)
		return status;
	if (p->stop)
		return f->seq == p->stop ? EXS_CANCELLED : EXS_OK;
	if (p->step != FORK_LAST && p->state->step > p->step)
		return EXS_CANCELLED;
	if (closes_step(f->kind) && state_at_boundary(p->state)) {
		p->seq = f->seq;
		p->found = p->state->step;
	}
	return EXS_OK;
}

/* Damage behind what is wanted does not matter. */
static exs_status read_facts(struct engine *e, const char *run_id, struct place *p, exs_err *err)
{
	exs_status status = call_ckpt_load(e->host->checkpoint, run_id, find_row, p, err);

	if (status == EXS_CANCELLED)
		*err = (exs_err)EXS_ERR_INIT;
	else if (p->err.status)
		*err = p->err; /* the fold knows better what is wrong */
	return status == EXS_CANCELLED ? EXS_OK : status;
}

static exs_status find_step(struct engine *e, const char *run_id, int32_t step, int64_t *seq,
			    exs_err *err)
{
	struct state state;
	struct place p = { .state = &state, .step = step, .err = EXS_ERR_INIT };
	int32_t last;
	exs_status status;

	state_init(&state);
	status = read_facts(e, run_id, &p, err);
	last = state.step;
	state_release(&state);
	*seq = p.seq;
	if (status || (p.seq && (step == FORK_LAST || p.found == step)))
		return status;
	if (last >= step)
		return err_set(err, EXS_INVALID, 0,
			       "run %s has not ended step %d: fork it from an earlier one", run_id,
			       (int)step);
	return err_set(err, EXS_INVALID, 0, "run %s has no step %d: it came to step %d", run_id,
		       (int)step, (int)last);
}

/* ---- what ---- */

static bool asks_anew(const struct run_spec *spec)
{
	return spec->input.n || spec->image_n;
}

static exs_status check_question(const struct run *run, const char *from, bool asks, exs_err *err)
{
	int32_t step = run->state.step;

	if (asks || !run->state.final)
		return EXS_OK;
	return err_set(err, EXS_INVALID, 0,
		       "run %s answered in step %d: fork it with another question, or from an earlier "
		       "step, %s@%d",
		       from, (int)step, from, (int)step - 1);
}

static exs_status find_agent(const struct engine *e, const struct run *run, struct run_spec *spec,
			     exs_err *err)
{
	if (!spec->agent)
		spec->agent = conf_agent(e->host->conf, run->state.agent);
	if (spec->agent)
		return EXS_OK;
	return err_set(err, EXS_NOTFOUND, 0,
		       "agent '%.40s' of the run is not in the conf any more: name another one",
		       run->state.agent);
}

static exs_status first_fact(const struct engine *e, struct run *run, const struct fork_spec *spec,
			     struct buf *body, exs_err *err)
{
	const struct state *s = &run->state;
	struct run_spec mine = spec->run;
	bool asks = asks_anew(&mine);

	if (find_agent(e, run, &mine, err) || check_question(run, spec->from, asks, err))
		return err->status;
	if (!asks)
		mine.input = str_of(s->input);
	if (!mine.caller)
		mine.caller = s->caller;
	if (start_check(e, &mine, err))
		return err->status;
	run->agent = mine.agent;
	start_body(e, &mine, run->id, s, body);
	buf_printf(body, ",\"from\":{\"run\":\"%s\",\"seq\":%lld,\"step\":%d},\"asks\":%s}",
		   spec->from, (long long)s->seq, (int)s->step, asks ? "true" : "false");
	return EXS_OK;
}

static exs_status make(struct engine *e, struct run *run, const struct fork_spec *spec, int64_t seq,
		       struct buf *body, exs_err *err)
{
	struct place p = { .state = &run->state, .stop = seq, .err = EXS_ERR_INIT };
	exs_status status = read_facts(e, spec->from, &p, err);

	if (status == EXS_OK)
		status = first_fact(e, run, spec, body, err);
	return status ? status : pin_put(e->host, spec->from, run->id, spec->why, err);
}

static exs_status check_fork(const struct engine *e, const struct fork_spec *spec, exs_err *err)
{
	if (!e->host->store || !e->host->checkpoint)
		return err_set(err, EXS_UNSUPPORTED, 0,
			       "nothing is stored here: bind a store and a checkpoint in the conf");
	if (!id_ok(spec->from))
		return err_set(err, EXS_INVALID, 0, "'%.40s' is not the id of a run", spec->from);
	if (spec->run.durability == CONF_NONE)
		return err_set(err, EXS_INVALID, 0,
			       "a fork rests on stored facts and cannot have run.durability none");
	return EXS_OK;
}

exs_status engine_fork(struct engine *e, const struct fork_spec *spec,
		       const struct run_listener *listener, struct run **out, exs_err *err)
{
	struct run *run;
	struct buf body;
	int64_t seq = 0;
	exs_status status = check_fork(e, spec, err);

	if (status == EXS_OK)
		status = find_step(e, spec->from, spec->step, &seq, err);
	if (status == EXS_OK)
		status = start_run(e, listener, &run, err);
	if (status)
		return status;
	run->durable = true;
	run->fork_why = spec->why;
	run->fork_closes = spec->closes;
	buf_init(&body, RUN_TEXT_MAX * 2);
	status = make(e, run, spec, seq, &body, err);
	if (status) {
		buf_release(&body);
		run_unref(run);
		return status;
	}
	return start_go(run, EXS_FACT_RUN_FORKED, &body, out, err);
}

/* ---- into the first batch ---- */

/* Together with the fork: it cannot be cancelled for a fork that is not there. */
static exs_status close_base(struct run *run, exs_err *err)
{
	struct buf why;
	exs_status status;

	buf_init(&why, RUN_NAME_MAX);
	buf_printf(&why, "it was made with other things and goes on as run %s", run->id);
	status = inbox_put(run->e, run->state.forked_from, "cancel", buf_view(&why), &run->batch,
			   err);
	buf_release(&why);
	return status;
}

exs_status fork_begin(struct run *run, exs_err *err)
{
	const struct state *s = &run->state;
	exs_status status = call_ckpt_fork(run->host->checkpoint, &run->info, s->forked_from,
					   s->forked_seq - 1, &run->batch, &run->ckpt, err);

	if (status)
		return status;
	if (!run->ckpt)
		return err_set(err, EXS_UNSUPPORTED, 0, "the checkpoint does not keep the fork");
	if (run->fork_closes && close_base(run, err))
		return err->status;
	return pin_check(&run->batch, s->forked_from, run->id, run->fork_why, err);
}
