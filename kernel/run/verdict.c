/* SPDX-License-Identifier: MIT */
/* verdict.c - see verdict.h. */
#include "run/verdict.h"

#include "fact/words.h"
#include "run/run.h"

bool verdict_counts(const exs_verdict *v)
{
	if (v->what < EXS_VERDICT_WAIT || v->what > EXS_VERDICT_KILL)
		return false;
	return v->what != EXS_VERDICT_WAIT || v->words[0];
}

void verdict_body(const exs_verdict *v, struct buf *out)
{
	buf_printf(out, "{\"what\":\"%s\",\"extend_ms\":%lld,\"raise_steps\":%lld,\"words\":",
		   verdict_word(v->what), (long long)v->extend_ms, (long long)v->raise_steps);
	buf_jsonz(out, v->words);
	buf_puts(out, ",\"tag\":");
	buf_jsonz(out, v->tag);
	buf_puts(out, "}");
}

int64_t verdict_pause_ms(const exs_verdict *v, bool has_deadline, int64_t left_ms)
{
	int64_t next = TICK_MS;

	if (v->next_tick_ms > 0)
		next = v->next_tick_ms < CEILING_MS ? v->next_tick_ms : CEILING_MS;
	if (has_deadline && left_ms < next)
		next = left_ms;
	return next > TICK_MIN_MS ? next : TICK_MIN_MS;
}

int64_t verdict_runtime_ms(int64_t was, int64_t extend_ms)
{
	int64_t ceiling = was > CEILING_MS ? was : CEILING_MS;

	return extend_ms > ceiling - was ? ceiling : was + extend_ms;
}

int32_t verdict_steps(int32_t was, int64_t raise)
{
	return raise > INT32_MAX - was ? INT32_MAX : was + (int32_t)raise;
}
