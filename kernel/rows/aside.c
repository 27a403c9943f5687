/* SPDX-License-Identifier: MIT */
/* aside.c - see aside.h. The record owns itself and goes with the store's answer. */
#include "rows/aside.h"

#include <stdlib.h>

#include "base/auto.h"
#include "host/calls.h"

struct aside {
	struct pending pending;
	struct batch batch;
	struct log *log;
	const char *what;
};

static void aside_ended(struct pending *p)
{
	struct aside *a = container_of(p, struct aside, pending);

	if (p->status)
		log_warn(a->log, "%s cannot be stored: %s", a->what, p->err.text);
	batch_release(&a->batch);
	buf_release(&p->out);
	free(a);
}

void aside_send(struct host *h, struct batch *b, const char *what)
{
	struct aside *a;
	exs_err err = EXS_ERR_INIT;

	if (!h->store || b->n == 0) {
		batch_release(b);
		return;
	}
	a = calloc(1, sizeof *a);
	if (!a) {
		log_warn(h->log, "%s cannot be stored: no memory", what);
		batch_release(b);
		return;
	}
	a->batch = *b; /* the store reads it until it has answered */
	batch_init(b);
	a->batch.ends = true; /* what was used, and what became of deliveries */
	a->log = h->log;
	a->what = what;
	a->pending.ended = aside_ended;
	if (call_store_submit(h->store, &a->batch, &a->pending, &err)) {
		a->pending.status = err.status;
		a->pending.err = err;
		aside_ended(&a->pending);
	}
}
