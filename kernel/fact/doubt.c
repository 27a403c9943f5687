/* SPDX-License-Identifier: MIT */
/* doubt.c - see doubt.h. */
#include "fact/doubt.h"

#include <stdio.h>

bool doubt_of(const struct call *c)
{
	return (c->stage == CALL_STARTED || c->stage == CALL_STALE) &&
	       (c->effect == EXS_EFFECT_UNSAFE || c->effect == EXS_EFFECT_RECONCILABLE);
}

uint64_t doubt_calls(const struct state *s)
{
	uint64_t mask = 0;
	uint32_t i;

	for (i = 0; i < s->call_count && !s->ended; i++)
		if (doubt_of(&s->calls[i]))
			mask |= (uint64_t)1 << i;
	return mask;
}

void doubt_text(const struct state *s, uint64_t calls, char *out, size_t size)
{
	char id[CALL_ID_MAX] = "";
	uint32_t i, n = 0;
	struct buf b;

	buf_init(&b, RUN_TEXT_MAX);
	for (i = 0; i < s->call_count; i++) {
		if (!(calls >> i & 1))
			continue;
		call_id(s, i, id);
		if (n < DOUBT_NAMED_MAX)
			buf_printf(&b, "%s%s (%.64s)", n ? ", " : "", id, s->calls[i].name);
		n++;
	}
	if (n > DOUBT_NAMED_MAX)
		buf_printf(&b, " and %u more", n - DOUBT_NAMED_MAX);
	snprintf(out, size,
		 "call%s %s %s started before a crash and nobody knows whether %s happened: look, say it "
		 "with 'executus settle RUN %s done|not-done|retry', then resume",
		 n == 1 ? "" : "s", b.p ? b.p : "", n == 1 ? "was" : "were", n == 1 ? "it" : "they",
		 n == 1 ? id : "CALL");
	buf_release(&b);
}
