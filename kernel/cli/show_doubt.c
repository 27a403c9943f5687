/* SPDX-License-Identifier: MIT */
/* show_doubt.c - see show_doubt.h. */
#include "cli/show_doubt.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/text.h"
#include "fact/doubt.h"
#include "fact/words.h"

#define ARGS_SHOWN 400u /* bytes of the arguments in a line */

/* Stale: its process is known to be dead. Else the run may be under way somewhere. */
static bool is_shown(const struct state *s, uint32_t i)
{
	return doubt_calls(s) >> i & 1 && s->calls[i].stage == CALL_STALE;
}

void doubt_lines(const char *run_id, const struct state *s, struct buf *out)
{
	char id[CALL_ID_MAX], when[CLOCK_TEXT_MAX];
	uint32_t i;

	for (i = 0; i < s->call_count; i++) {
		const struct call *c = &s->calls[i];

		if (!is_shown(s, i))
			continue;
		call_id(s, i, id);
		clock_text(c->started_ms, when);
		buf_printf(out, "%-10s%s %s, started %s, key %s\n%-10s", "in doubt", id, c->name, when, c->key, "");
		text_one_line(out, str_n(c->args, c->args_n), ARGS_SHOWN);
		buf_printf(out, "\n%-10sexecutus settle %s %s done|not-done|retry\n", "", run_id, id);
	}
}

void doubt_json(const struct state *s, struct buf *out)
{
	char id[CALL_ID_MAX];
	uint32_t i, n = 0;

	buf_puts(out, ",\"in_doubt\":[");
	for (i = 0; i < s->call_count; i++) {
		const struct call *c = &s->calls[i];

		if (!is_shown(s, i))
			continue;
		call_id(s, i, id);
		buf_printf(out, "%s{\"call\":\"%s\",\"tool\":", n++ ? "," : "", id);
		buf_jsonz(out, c->name);
		buf_puts(out, ",\"arguments\":");
		buf_json(out, str_n(c->args, c->args_n));
		buf_printf(out, ",\"key\":\"%s\",\"effect\":\"%s\",\"tries\":%d,\"started_ms\":%" PRId64 "}",
			   c->key, effect_word(c->effect), (int)c->tries, c->started_ms);
	}
	buf_puts(out, "]");
}
