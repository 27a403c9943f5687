/* SPDX-License-Identifier: MIT */
/*
 * outbox.c - the rows of deliveries that this process is at, from the terminal batch on.
 *
 * The row of a delivery names us. A batch that leaves it checks that it still does: if we slept and
 * were taken for dead, another process may be at it now.
 */
#include "run/delivery.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "rows/aside.h"
#include "run/engine_priv.h"

/* As the terminal batch put it. Borrows. */
static void our_row(struct run *run, const struct delivery_target *t, struct outbox_row *out)
{
	memset(out, 0, sizeof *out);
	snprintf(out->id, sizeof out->id, "%s", t->id);
	snprintf(out->run_id, sizeof out->run_id, "%s", run->id);
	snprintf(out->owner, sizeof out->owner, "%s", owner_id(run->e->owner));
	out->kind = (char *)(uintptr_t)t->kind;
	out->target = (char *)(uintptr_t)t->target;
	out->tries = 1;
	out->first_ms = run->queued_ms;
}

exs_status outbox_queue(struct run *run, const struct delivery_target *t, exs_err *err)
{
	char key[OUTBOX_KEY_MAX];
	struct outbox_row row;
	struct buf text;
	exs_status status;

	our_row(run, t, &row);
	outbox_key(OUTBOX_PREFIX, t->id, key);
	outbox_text(&row, &text);
	status = batch_put(&run->batch, str_of(NULL), str_of(key), buf_view(&text), err);
	buf_release(&text);
	return status;
}

void outbox_done(struct run *run, const struct delivery_target *t, int32_t tries,
		 const struct delivery_answer *a)
{
	bool arrived = a->outcome == DELIVERY_ARRIVED;
	char key[OUTBOX_KEY_MAX], sent[OUTBOX_KEY_MAX];
	exs_err err = EXS_ERR_INIT;
	struct outbox_row row;
	struct buf text;
	struct batch b;

	if (!run->durable)
		return;
	our_row(run, t, &row);
	row.tries = tries;
	outbox_key(OUTBOX_PREFIX, t->id, key);
	outbox_key(SENT_PREFIX, t->id, sent);
	sent_text(&row, arrived ? OUTBOX_DELIVERED : OUTBOX_FAILED, clock_wall_ms(),
		  arrived ? "" : a->why.text, arrived ? a->receipt : "", &text);
	batch_init(&b);
	if (batch_del(&b, str_of(NULL), str_of(key), &err) ||
	    batch_put(&b, str_of(NULL), str_of(sent), buf_view(&text), &err)) {
		log_warn(run->host->log, "the outbox row '%s' stays: %s", key, err.text);
		batch_release(&b);
	}
	aside_send(run->host, &b, "the end of a delivery");
	buf_release(&text);
}

void outbox_leave(struct run *run, const struct delivery_target *t, int32_t tries,
		  const exs_err *why)
{
	char key[OUTBOX_KEY_MAX];
	exs_err err = EXS_ERR_INIT;
	struct outbox_row row;
	struct buf mine, left;
	struct batch b;

	if (!run->durable)
		return;
	our_row(run, t, &row);
	outbox_text(&row, &mine);
	row.owner[0] = '\0';
	row.tries = tries;
	row.next_ms = outbox_next_ms(tries, why->retry_after_ms, clock_wall_ms());
	snprintf(row.why, sizeof row.why, "%.*s", (int)sizeof row.why - 1, why->text);
	outbox_text(&row, &left);
	outbox_key(OUTBOX_PREFIX, t->id, key);
	batch_init(&b);
	if (batch_check(&b, str_of(key), buf_view(&mine), &err) ||
	    batch_put(&b, str_of(NULL), str_of(key), buf_view(&left), &err)) {
		log_warn(run->host->log, "run %s: a delivery waits for this process: %s", run->id,
			 err.text);
		batch_release(&b);
	}
	aside_send(run->host, &b, "that a delivery is for others");
	buf_release(&mine);
	buf_release(&left);
}
