/* SPDX-License-Identifier: MIT */
/* past.c - see past.h. */
#include "cli/past.h"

#include "fact/words.h"
#include "host/calls.h"

void past_init(struct past *p, const char *run_id)
{
	*p = (struct past){ .id = run_id, .damage = EXS_ERR_INIT };
	state_init(&p->state);
}

void past_release(struct past *p)
{
	state_release(&p->state);
}

static exs_status take_fact(void *arg, const exs_fact *fact)
{
	struct past *p = arg;
	exs_status status = p->each ? p->each(p->arg, fact) : EXS_OK;

	p->facts++;
	p->last_ms = fact->at_ms;
	if (fact->kind == EXS_FACT_RUN_ENDED)
		p->ended_ms = fact->at_ms;
	if (fact_begins_attempt(fact->kind))
		p->ended_ms = 0; /* a retry, or what was before a fork */
	/* A fact that cannot follow spoils the state, but the facts behind it may still be shown.
	 */
	if (!p->damage.status)
		fold(&p->state, fact, &p->damage);
	return status;
}

exs_status past_load(struct past *p, struct cli *c, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	exs_status status;

	if (!id_ok(p->id))
		return err_set(err, EXS_NOTFOUND, 0, "'%.40s' is not the id of a run", p->id);
	status = call_ckpt_load(c->host->checkpoint, p->id, take_fact, p, &why);
	if (status == EXS_NOTFOUND)
		return err_set(err, EXS_NOTFOUND, 0,
			       "there is no run '%.40s': 'executus runs' lists them", p->id);
	if (status && !p->facts) {
		*err = why;
		return status;
	}
	if (status && !p->damage.status)
		p->damage = why;
	return EXS_OK;
}
