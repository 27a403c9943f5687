/* SPDX-License-Identifier: MIT */
/* mail.c - what arrives at a run, and the one timer that reminds it of itself. */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"

/* mail_lock is held. False: a worker has it already, or will have. */
static bool put_in(struct run *run, struct mail *mail)
{
	if (mail->posted)
		return false;
	mail->posted = true;
	mail->next = NULL;
	*run->mail_tail = mail;
	run->mail_tail = &mail->next;
	if (run->scheduled)
		return false;
	run->scheduled = true;
	run_ref(run); /* run_pass gives it back */
	run->job.run = run_pass;
	return true;
}

void run_post_locked(struct run *run, struct mail *mail)
{
	exs_err err = EXS_ERR_INIT;

	/* The pool has a thread since the engine was opened and keeps it while a run is live. */
	if (put_in(run, mail) && pool_submit(&run->host->steps, &run->job, &err))
		abort();
}

void run_post(struct run *run, struct mail *mail)
{
	exs_err err = EXS_ERR_INIT;
	bool first;

	pthread_mutex_lock(&run->mail_lock);
	first = put_in(run, mail);
	pthread_mutex_unlock(&run->mail_lock);
	/* The engine is closed: the run is over, and the mail is only put away. */
	if (first && pool_submit(&run->host->steps, &run->job, &err))
		run_pass(&run->job);
}

void note_free(struct note *n)
{
	if (n) {
		free(n->text);
		free(n->who);
	}
	free(n);
}

exs_status run_note(struct run *run, enum note_what what, int64_t number, exs_str text)
{
	struct note *n = calloc(1, sizeof *n);
	exs_status status = EXS_OK;

	if (!n)
		return EXS_NOMEM;
	n->mail.kind = MAIL_NOTE;
	n->what = what;
	n->number = number;
	n->text = str_dup(text);
	pthread_mutex_lock(&run->mail_lock);
	if (run->over || run->closed)
		status = EXS_NOTFOUND;
	else if (!n->text)
		status = EXS_NOMEM;
	else if (run->note_n >= STEERS_MAX)
		status = EXS_AGAIN;
	if (status == EXS_OK) { /* counted and in the box at once: an empty box means that none is
				   on its way */
		run->note_n++;
		run_post_locked(run, &n->mail);
	}
	pthread_mutex_unlock(&run->mail_lock);
	if (status)
		note_free(n);
	return status;
}

void run_close_mail(struct run *run)
{
	pthread_mutex_lock(&run->mail_lock);
	run->closed = true;
	pthread_mutex_unlock(&run->mail_lock);
}

struct mail *run_take_mail(struct run *run, struct buf *delta)
{
	struct mail *m;
	struct buf swap;

	pthread_mutex_lock(&run->mail_lock);
	m = run->mails;
	if (m) {
		run->mails = m->next;
		if (!run->mails)
			run->mail_tail = &run->mails;
		m->posted = false;
	}
	swap = *delta;
	*delta = run->delta;
	run->delta = swap;
	if (!m && delta->n == 0) {
		run->scheduled = false;
		if (run->state.steer_count == 0)
			run->note_n = 0; /* what was accepted has reached the transcript */
	}
	pthread_mutex_unlock(&run->mail_lock);
	return m;
}

void run_due(struct run *run, enum due which, int64_t mono_ms)
{
	run->due[which] = mono_ms;
}

bool run_is_due(struct run *run, enum due which, int64_t now)
{
	if (!run->due[which] || run->due[which] > now)
		return false;
	run->due[which] = 0;
	return true;
}

void run_arm(struct run *run)
{
	int64_t first = 0;
	int i;

	for (i = 0; i < DUES; i++)
		if (run->due[i] && (!first || run->due[i] < first))
			first = run->due[i];
	/* A timer that fires too early finds nothing due and is set again: cheaper than moving it
	 * later. */
	if (!first || (run->armed_ms && run->armed_ms <= first) || run->phase == RUN_OVER)
		return;
	run->armed_ms = first;
	timer_set(&run->host->timers, &run->timer, first);
}

void run_timer_fired(struct timer *t)
{
	struct run *run = container_of(t, struct run, timer);

	run_post(run, &run->due_mail);
}

int64_t run_active_ms(const struct run *run)
{
	return run->resumed_run_ms + (clock_mono_ms() - run->resumed_mono_ms);
}

void run_touch(struct run *run)
{
	atomic_store_explicit(&run->activity_ms, clock_coarse_ms(), memory_order_relaxed);
}
