/* SPDX-License-Identifier: MIT */
/*
 * delta.c - live text: what a model says while it says it, on its way to the listener.
 *
 * Secrets and patterns are taken out as they are of facts, so a piece waits while a secret may have
 * begun in it, and with patterns until its line is whole. What is shown of a turn is always the
 * beginning of its text: after something that did not fit nothing more is shown.
 */
#include <string.h>

#include "base/text.h"
#include "run/engine_priv.h"

void delta_add(struct run *run, exs_str text)
{
	if (!run->listener.delta || !text.n)
		return;
	pthread_mutex_lock(&run->mail_lock);
	run->delta_full = run->delta_full || text.n > DELTA_MAX - run->delta.n;
	if (!run->delta_full)
		buf_str(&run->delta, text);
	run->delta_full = run->delta_full || !buf_ok(&run->delta);
	pthread_mutex_unlock(&run->mail_lock);
	run_post(run, &run->due_mail);
}

/* The turn under way is one more than those that ended. */
static void tell(struct run *run, exs_str text)
{
	run->live_shown = text.n > 0;
	run->listener.delta(run->listener.arg, &run->info, run->state.step + 1, text);
}

/* The first n bytes of what waits. */
static void show(struct run *run, size_t n)
{
	struct buf *live = &run->live, out;
	size_t rest = live->n - n;

	if (!n)
		return;
	buf_init(&out, RUN_TEXT_MAX);
	if (redact_plain(&run->e->redact, str_n(live->p, n), &out) == EXS_OK)
		tell(run, buf_view(&out));
	else
		run->live_stopped = true;
	buf_release(&out);
	memmove(live->p, live->p + n, rest);
	buf_truncate(live, rest);
}

void delta_show(struct run *run, exs_str fresh)
{
	const struct redact *r = &run->e->redact;

	if (!run->listener.delta || !fresh.n || run->live_stopped)
		return;
	if (!r->form_n && !r->pattern_n) {
		tell(run, fresh);
		return;
	}
	buf_str(&run->live, fresh);
	if (buf_ok(&run->live))
		show(run, redact_ready(r, buf_view(&run->live)));
	if (!buf_ok(&run->live) || run->live.n > DELTA_MAX)
		run->live_stopped = true;
}

static void next_turn(struct run *run)
{
	buf_clear(&run->live);
	run->live_shown = run->live_stopped = false;
	pthread_mutex_lock(&run->mail_lock);
	run->delta_full = false;
	pthread_mutex_unlock(&run->mail_lock);
}

static bool is_whole(struct run *run)
{
	bool whole;

	pthread_mutex_lock(&run->mail_lock);
	whole = !run->delta_full && !run->live_stopped;
	pthread_mutex_unlock(&run->mail_lock);
	return whole;
}

void delta_end(struct run *run)
{
	/* Of a line that was cut a pattern would not know what it is. */
	if (is_whole(run))
		show(run, run->live.n);
	next_turn(run);
}

void delta_void(struct run *run)
{
	if (run->live_shown)
		tell(run, str_of(""));
	next_turn(run);
}
