/* SPDX-License-Identifier: MIT */
/* calls_audit.c - see calls.h: what can be asked of a trail. */
#include "host/calls.h"

#include "base/log.h"
#include "host/calls_session.h"

/* A function of ours that the battery calls back for each row. */
struct reader {
	struct guard g;
	exs_status (*row)(void *, exs_str);
	void *arg;
};

static exs_status read_row(void *arg, exs_str json)
{
	struct reader *r = arg;
	exs_status status = guard_resume(&r->g, r->row(r->arg, json));

	guard_pause(&r->g);
	return status;
}

static exs_status cannot(struct instance *in, const char *what, exs_err *err)
{
	return err_set(err, EXS_UNSUPPORTED, 0, "audit '%s' cannot %s", in->conf->name, what);
}

exs_status call_audit_list(struct instance *in, const exs_audit_filter *filter,
			   exs_status (*row)(void *, exs_str), void *arg, exs_err *err)
{
	struct reader r = { .row = row, .arg = arg };

	if (!EXS_CAN(in->audit, list))
		return cannot(in, "list runs", err);
	if (guard_enter_unwatched(&r.g, in, "audit.list", err))
		return err->status;
	return guard_leave(&r.g, in->audit->list(in->self, filter, read_row, &r, err), err);
}

exs_status call_audit_read(struct instance *in, const char *run_id,
			   exs_status (*row)(void *, exs_str), void *arg, exs_err *err)
{
	struct reader r = { .row = row, .arg = arg };

	if (!EXS_CAN(in->audit, read))
		return cannot(in, "read a log", err);
	if (guard_enter_unwatched(&r.g, in, "audit.read", err))
		return err->status;
	return guard_leave(&r.g, in->audit->read(in->self, run_id, read_row, &r, err), err);
}

exs_status call_audit_verify(struct instance *in, const char *run_id,
			     exs_status (*row)(void *, exs_str), void *arg, exs_err *err)
{
	struct reader r = { .row = row, .arg = arg };

	if (!EXS_CAN(in->audit, verify))
		return cannot(in, "be verified", err);
	if (guard_enter_unwatched(&r.g, in, "audit.verify", err))
		return err->status;
	return guard_leave(&r.g, in->audit->verify(in->self, run_id, read_row, &r, err), err);
}

exs_status call_audit_head(struct instance *in, exs_sink *json, exs_err *err)
{
	struct guard g;

	if (!EXS_CAN(in->audit, head))
		return cannot(in, "give its head", err);
	if (guard_enter(&g, in, "audit.head", err))
		return err->status;
	return guard_leave(&g, in->audit->head(in->self, json, err), err);
}

exs_status call_audit_holds(struct instance *in, exs_str hash, int64_t entries, exs_err *err)
{
	struct guard g;

	if (!EXS_CAN(in->audit, holds))
		return cannot(in, "compare a head that was kept", err);
	if (guard_enter_unwatched(&g, in, "audit.holds", err))
		return err->status;
	return guard_leave(&g, in->audit->holds(in->self, hash, entries, err), err);
}

exs_status call_audit_forget(struct instance *in, const char *run_id, struct batch *own, bool *more,
			     exs_err *err)
{
	struct session s;
	exs_status status;
	int32_t left = 0;

	if (!EXS_CAN(in->audit, forget))
		return cannot(in, "forget a run", err);
	own->bounds_allowed = true;
	if (session_begin(&s, in, own, "audit.forget", err))
		return err->status;
	status = session_end(&s, in->audit->forget(in->self, run_id, session_rows(own), &left, err),
			     err);
	if (status == EXS_OK)
		*more = left != 0;
	return status;
}
