/* SPDX-License-Identifier: MIT */
/* allowance.c - see allowance.h. */
#include "fact/allowance.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

void tally_of(const struct state *s, int64_t run_ms, exs_tally *out)
{
	memset(out, 0, sizeof *out);
	out->size = sizeof *out;
	out->step = s->step + (s->turn_open ? 1 : 0);
	out->max_steps = s->limits.steps;
	out->attempt = s->attempt;
	out->calls = s->calls_ended;
	out->run_ms = run_ms;
	out->usage = s->usage;
	out->usage.size = sizeof out->usage;
}

bool soft_body(const struct state *s, const exs_allowance *a, char name[SOFT_NAME_MAX],
	       struct buf *body)
{
	bool last = (a->flags & EXS_ALLOWED_LAST) != 0;
	uint32_t i;

	if (!(a->flags & (EXS_ALLOWED_SOFT | EXS_ALLOWED_LAST)) || !a->words[0])
		return false;
	snprintf(name, SOFT_NAME_MAX, "%s%s", a->limit, last ? " (last)" : "");
	for (i = 0; i < s->soft_count; i++)
		if (strcmp(s->softs[i], name) == 0)
			return false;
	if (s->soft_count == SOFTS_MAX || s->steer_count == STEERS_MAX)
		return false;
	buf_puts(body, "{\"limit\":");
	buf_jsonz(body, name);
	buf_printf(body, ",\"last\":%s,\"text\":", last ? "true" : "false");
	buf_jsonz(body, a->words);
	buf_puts(body, "}");
	return true;
}
