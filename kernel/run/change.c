/* SPDX-License-Identifier: MIT */
/* change.c - see change.h. */
#include "run/change.h"

#include "base/text.h"
#include "fact/plan.h"
#include "rows/pin.h"

/* Asking for the step again would do what its calls have done once more. */
static bool has_effects(const struct state *s)
{
	uint32_t i;

	for (i = 0; i < s->call_count; i++)
		if (s->calls[i].stage != CALL_PLANNED && s->calls[i].effect != EXS_EFFECT_PURE)
			return true;
	return false;
}

/* A fork of it may be there from an earlier time. */
static exs_status judge_fork(struct run *run, const char *words, bool *fork, exs_err *err)
{
	char fork_id[ID_MAX];
	struct action next;
	exs_status status;

	status = pin_find(run->host, run->id, PIN_CHANGED, fork_id, err);
	if (status == EXS_OK && run->state.ended)
		return err_set(err, EXS_INVALID, 0, "run %s goes on as run %s: retry that one",
			       run->id, fork_id);
	if (status != EXS_NOTFOUND)
		return status; /* it is there: this one is about to end */
	plan(&run->state, &next);
	if (next.kind == ACT_END) /* nobody is asked any more */
		return EXS_OK;
	if (has_effects(&run->state))
		return err_set(err, EXS_INVALID, 0,
			       "run %s was made with other: %s; its last step has not ended and has "
			       "calls with effects, which a fork would do again: go on with "
			       "--accept-changes, or cancel it",
			       run->id, words);
	*fork = true;
	return EXS_OK;
}

static exs_status judge(struct run *run, uint32_t flags, const char *words, bool *fork, exs_err *err)
{
	enum conf_change policy =
		flags & RESUME_ACCEPT ? CONF_CHANGE_ACCEPT : run->host->conf->run.on_change;

	if (policy == CONF_CHANGE_FORK)
		return judge_fork(run, words, fork, err);
	if (policy == CONF_CHANGE_REFUSE)
		return err_set(err, EXS_INVALID, 0,
			       "run %s was made with other: %s; put back what it was, or go on with "
			       "--accept-changes",
			       run->id, words);
	log_info(run->host->log, "run %s goes on, but not with the same: %s", run->id, words);
	return EXS_OK;
}

exs_status change_judge(struct run *run, uint32_t flags, uint32_t changed, bool *fork, exs_err *err)
{
	struct buf words;
	exs_status status;

	*fork = false;
	if (!changed)
		return EXS_OK;
	buf_init(&words, RUN_NAME_MAX);
	digests_words(changed, "", &words);
	status = judge(run, flags, words.p ? words.p : "", fork, err);
	buf_release(&words);
	return status;
}

exs_status change_fork(struct run *run, const struct run_listener *listener, struct run **out,
		       exs_err *err)
{
	const struct state *s = &run->state;
	const char *deliver[DELIVER_MAX + 1] = { NULL };
	const struct fork_spec spec = {
		.from = run->id,
		.step = FORK_LAST,
		.why = PIN_CHANGED,
		.closes = !s->ended,
		.run = { .channel = s->channel,
			 .deliver = deliver,
			 .durability = s->relaxed ? CONF_RELAXED : CONF_STRICT },
	};
	exs_status status;
	uint32_t i;

	for (i = 0; i < s->deliver_count; i++)
		deliver[i] = s->deliver[i];
	status = engine_fork(run->e, &spec, listener, out, err);
	if (status == EXS_OK)
		log_info(run->host->log,
			 "run %s was made with other things and goes on as run %s, a fork of it",
			 run->id, run_info(*out)->run_id);
	return status;
}
