/* SPDX-License-Identifier: MIT */
/* calls_session.c - see calls_session.h. */
#include "host/calls_session.h"

exs_status session_begin(struct session *s, struct instance *in, struct batch *b, const char *what,
			 exs_err *err)
{
	exs_status status = guard_enter(&s->g, in, what, err);

	s->b = b;
	if (status == EXS_OK && b) {
		s->mark = batch_mark(b);
		b->open_to = &in->store_svc;
	}
	return status;
}

exs_status session_end(struct session *s, exs_status status, exs_err *err)
{
	status = guard_leave(&s->g, status, err);
	if (s->b) {
		s->b->open_to = NULL;
		if (status)
			batch_rollback(s->b, s->mark);
	}
	return status;
}

exs_batch *session_rows(struct batch *b)
{
	return b ? batch_public(b) : NULL;
}
