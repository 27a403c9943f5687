/* SPDX-License-Identifier: MIT */
/* service.c - executus.svc.run/1: leaf locks only, enqueue and return. */
#include "fact/artifact.h"
#include "run/engine_priv.h"

#include <string.h>

#include "base/auto.h"
#include "base/text.h"

static struct run *find(const exs_run_svc *svc, uint64_t handle)
{
	struct host *h = container_of(svc, struct host, run_svc);

	return handle ? registry_find(h->engine, handle) : NULL;
}

static exs_status svc_tally(const exs_run_svc *svc, uint64_t handle, exs_tally *out)
{
	struct run *run = find(svc, handle);
	exs_tally t;
	uint32_t n;

	if (!run)
		return EXS_NOTFOUND;
	pthread_mutex_lock(&run->mail_lock);
	t = run->tally;
	pthread_mutex_unlock(&run->mail_lock);
	t.run_ms = run_active_ms(run);
	t.left_ms = cancel_public(run->token)->left_ms(cancel_public(run->token));
	n = out->size < sizeof t ? out->size : (uint32_t)sizeof t;
	if (n > sizeof t.size)
		memcpy((char *)out + sizeof t.size, (const char *)&t + sizeof t.size,
		       n - sizeof t.size);
	run_unref(run);
	return EXS_OK;
}

static exs_status note(const exs_run_svc *svc, uint64_t handle, enum note_what what, int64_t number,
		       exs_str text)
{
	struct run *run = find(svc, handle);
	exs_status status;

	if (!run)
		return EXS_NOTFOUND;
	status = run_note(run, what, number, text);
	run_unref(run);
	return status;
}

static exs_status svc_steer(const exs_run_svc *svc, uint64_t handle, exs_str text)
{
	if (text.n == 0 || !utf8_ok(text))
		return EXS_INVALID;
	if (text.n > EXS_STEER_MAX)
		return EXS_TOOBIG;
	return note(svc, handle, NOTE_STEER, 0, text);
}

static exs_status svc_extend(const exs_run_svc *svc, uint64_t handle, int64_t ms)
{
	return ms > 0 ? note(svc, handle, NOTE_EXTEND, ms, str_of(NULL)) : EXS_INVALID;
}

static exs_status svc_raise(const exs_run_svc *svc, uint64_t handle, int32_t n)
{
	return n > 0 ? note(svc, handle, NOTE_RAISE, n, str_of(NULL)) : EXS_INVALID;
}

static exs_status fire(const exs_run_svc *svc, uint64_t handle, int32_t cause, exs_str why)
{
	struct run *run = find(svc, handle);
	auto_free char *text = NULL;

	if (!run)
		return EXS_NOTFOUND;
	text = str_dup(str_n(why.p, utf8_cut(why, RUN_NAME_MAX)));
	run_cancel(run, cause, text);
	run_unref(run);
	return EXS_OK;
}

static exs_status svc_kill(const exs_run_svc *svc, uint64_t handle, exs_str why)
{
	return fire(svc, handle, EXS_CAUSE_KILL, why);
}

static exs_status svc_cancel(const exs_run_svc *svc, uint64_t handle, exs_str why)
{
	return fire(svc, handle, EXS_CAUSE_CALLER, why);
}

static exs_status svc_artifact(const exs_run_svc *svc, uint64_t handle, exs_str json)
{
	exs_err ignored = EXS_ERR_INIT;
	struct buf body;
	exs_status status;

	if (json.n > EXS_ARTIFACT_MAX)
		return EXS_TOOBIG;
	status = artifact_read(json, &body, &ignored);
	if (status == EXS_OK)
		status = note(svc, handle, NOTE_ARTIFACT, 0, buf_view(&body));
	buf_release(&body);
	return status;
}

void run_service_init(struct engine *e)
{
	static const exs_run_svc verbs = { .size = sizeof verbs,
					   .tally = svc_tally,
					   .steer = svc_steer,
					   .extend = svc_extend,
					   .raise_steps = svc_raise,
					   .kill = svc_kill,
					   .cancel = svc_cancel,
					   .artifact = svc_artifact };

	host_set_run(e->host, &verbs, e);
}
