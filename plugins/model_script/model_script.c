/* SPDX-License-Identifier: MIT */
/* model_script.c - a model that plays turns from a file, without any network. README.md is its
 * manual. */
#include <executus/helper.h>
#include <executus/port/model.h>

#include "answer.h"
#include "pending.h"
#include "script.h"
#include "whole.h"

#define CONTEXT_TOKENS 100000
#define FAILURES_MAX                                                                               \
	8192u /* turns with `times` that are remembered; the oldest is forgotten first */

/* How often turns with `times` have failed. A key is a hash of run and turn. */
struct failures {
	pthread_mutex_t lock;
	uint64_t keys[FAILURES_MAX];
	uint32_t counts[FAILURES_MAX];
	size_t n, next;
};

struct exs_self {
	struct script_file file;
	struct pending pending;
	struct failures failures;
};

/* ---- failures that stop after some times ---- */

static uint64_t failure_key(const char *run_id, const struct turn *turn)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */
	const char *p;

	for (p = run_id; *p; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	return (h ^ turn->number) * 1099511628211u;
}

/* Counts one failure and returns true, or returns false when the turn has failed that often
 * already. */
static bool fails_again(struct failures *f, const char *run_id, const struct turn *turn)
{
	uint64_t key = failure_key(run_id, turn);
	size_t i;
	bool again;

	pthread_mutex_lock(&f->lock);
	for (i = 0; i < f->n && f->keys[i] != key; i++)
		;
	if (i == f->n) {
		i = f->next;
		f->next = (f->next + 1) % FAILURES_MAX;
		f->n += f->n < FAILURES_MAX;
		f->keys[i] = key;
		f->counts[i] = 0;
	}
	again = f->counts[i] < (uint64_t)turn->fail.times;
	f->counts[i] += again;
	pthread_mutex_unlock(&f->lock);
	return again;
}

static const struct failure *failure_of(exs_self *self, const struct turn *turn,
					const exs_turn *asked)
{
	if (!turn->has_fail)
		return NULL;
	if (turn->fail.times >= 0 &&
	    !fails_again(&self->failures, asked->run ? asked->run->run_id : "", turn))
		return NULL;
	return &turn->fail;
}

/* ---- the port ---- */

static exs_status no_script(const char *model, exs_err *err)
{
	exs_fail(err, EXS_NOTFOUND, 0, "the script file has no script '%.100s'", model);
	err->klass = EXS_CLASS_NO_MODEL;
	return EXS_NOTFOUND;
}

static exs_status describe(exs_self *self, const char *model, exs_model_info *out, exs_err *err)
{
	const exs_model_info info = { .size = sizeof info, .context_tokens = CONTEXT_TOKENS };

	if (!script_find(&self->file, model))
		return no_script(model, err);
	exs_fill(out, out->size, &info, sizeof info);
	return EXS_OK;
}

/* Says the answer now when nothing in the turn takes time, else lets it wait. Takes the answer. */
static exs_status play(exs_self *self, const struct turn *turn, struct answer *answer,
		       exs_cancel *cancel, exs_done done, exs_err *err)
{
	struct wait wait = { done, turn->ignore_cancel ? NULL : cancel, answer, turn->stall_ms };
	size_t shown = 0;
	exs_status s;

	if (wait.wait_ms != STALL_FOREVER)
		wait.wait_ms += turn->delay_ms;
	if (wait.wait_ms || (answer->live && answer->every_ms)) {
		s = pending_add(&self->pending, &wait, err);
		if (s)
			answer_free(answer);
		return s;
	}
	while (answer_show(answer, &shown, done))
		;
	answer_finish(answer, done);
	answer_free(answer);
	return EXS_OK;
}

static exs_status choose_and_play(exs_self *self, const exs_turn *asked, exs_cancel *cancel,
				  exs_done done, exs_err *err)
{
	const struct script *script = script_find(&self->file, asked->model);
	const struct turn *turn;
	struct answer *answer;
	struct convo convo;
	exs_status s;

	if (!script)
		return no_script(asked->model, err);
	if (whole_check(asked, err) || convo_open(asked, &convo, err))
		return err->status;
	s = answer_pick(script, &convo, &turn, err);
	if (s == EXS_OK)
		s = answer_make(script, turn, failure_of(self, turn, asked), &convo, &answer, err);
	convo_close(&convo);
	return s ? s : play(self, turn, answer, cancel, done, err);
}

static void turn(exs_self *self, const exs_turn *asked, exs_cancel *cancel, exs_done done)
{
	exs_err err = EXS_ERR_INIT;

	if (choose_and_play(self, asked, cancel, done, &err))
		exs_end_err(done, &err);
}

/* ---- the battery ---- */

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	exs_self *self = calloc(1, sizeof *self);

	(void)host;
	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the battery");
	if (script_open(conf->text(conf, "script").p, &self->file, err))
		goto undo_self;
	if (pending_start(&self->pending, err))
		goto undo_file;
	pthread_mutex_init(&self->failures.lock, NULL);
	*out = self;
	return EXS_OK;
undo_file:
	script_close(&self->file);
undo_self:
	free(self);
	return err->status;
}

static void close_(exs_self *self)
{
	pending_stop(&self->pending);
	script_close(&self->file);
	pthread_mutex_destroy(&self->failures.lock);
	free(self);
}

static const void *port(exs_self *self, const char *port_id)
{
	static const exs_model model = { sizeof model, 0, describe, turn };

	(void)self;
	return strcmp(port_id, EXS_PORT_MODEL) == 0 ? &model : NULL;
}

static const exs_option options[] = {
	{ "script", EXS_OPT_PATH, EXS_REQUIRED, NULL, "YAML file with the turns to play", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

static const char *const ports[] = { EXS_PORT_MODEL, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT | EXS_RETURNS_AT_ONCE, "executus.model_script", EXECUTUS_VERSION,
		  "plays turns from a YAML file", "MIT", options, ports, open_, close_, port)
