/* SPDX-License-Identifier: MIT */
/* load.c - see load.h. */
#include "rows/load.h"

#include "host/calls.h"

struct load {
	struct state *state;
	exs_err err;
};

static exs_status fold_row(void *arg, const exs_fact *fact)
{
	struct load *l = arg;

	return fold(l->state, fact, &l->err);
}

exs_status state_load(struct host *h, const char *run_id, struct state *out, exs_err *err)
{
	struct load l = { out, EXS_ERR_INIT };
	exs_status status = call_ckpt_load(h->checkpoint, run_id, fold_row, &l, err);

	if (status && l.err.status)
		*err = l.err; /* the fold knows better what is wrong */
	return status;
}
