/* SPDX-License-Identifier: MIT */
/* target.c - see target.h. */
#include "conf/target.h"

#include <string.h>

#include <executus/run.h>

#include "base/ended.h"
#include "base/log.h"

#define BIT(status) (1u << (status))

static const uint32_t failed_ends = BIT(EXS_ENDED_ERROR) | BIT(EXS_ENDED_CANCELLED) |
				    BIT(EXS_ENDED_TIMEOUT) | BIT(EXS_ENDED_KILLED) |
				    BIT(EXS_ENDED_DENIED);
static const uint32_t plain_ends = failed_ends | BIT(EXS_ENDED_OK);

bool target_wants(uint32_t ends, int32_t status)
{
	return status > 0 && status < EXS_ENDED_COUNT && (ends & BIT(status)) != 0;
}

static uint32_t ends_of(exs_str word)
{
	const uint32_t all = plain_ends | BIT(EXS_ENDED_PARKED);
	int32_t status = ended_of(word);

	if (str_is(word, "failed"))
		return failed_ends;
	if (str_is(word, "all"))
		return all;
	return status > 0 ? BIT(status) & all : 0;
}

static exs_status parse_ends(exs_str text, uint32_t *out, exs_err *err)
{
	const char *comma;
	exs_str word;

	for (*out = 0;; text = str_n(comma + 1, text.n - word.n - 1)) {
		uint32_t ends;

		comma = text.n ? memchr(text.p, ',', text.n) : NULL;
		word = comma ? str_n(text.p, (size_t)(comma - text.p)) : text;
		ends = ends_of(word);
		if (!ends)
			return err_set(err, EXS_INVALID, 0,
				       "'%.*s' is no end of a run: write ok, error, cancelled, "
				       "timeout, killed, denied, parked, failed or all, with "
				       "commas between them",
				       word.n > 40 ? 40 : (int)word.n, word.n ? word.p : "");
		*out |= ends;
		if (!comma)
			return EXS_OK;
	}
}

exs_status target_parse(exs_str text, struct target *out, exs_err *err)
{
	const char *colon = text.n ? memchr(text.p, ':', text.n) : NULL;
	exs_str head = colon ? str_n(text.p, (size_t)(colon - text.p)) : text;
	const char *equals = head.n ? memchr(head.p, '=', head.n) : NULL;

	out->ends = plain_ends;
	out->kind = head;
	out->target = colon ? str_n(colon + 1, text.n - head.n - 1) : str_n("", 0);
	if (equals) {
		size_t n = (size_t)(equals - head.p);

		if (parse_ends(str_n(head.p, n), &out->ends, err))
			return err->status;
		out->kind = str_n(equals + 1, head.n - n - 1);
	}
	if (out->kind.n == 0)
		return err_set(err, EXS_INVALID, 0,
			       "'%.*s' names no kind: write it as KIND:TARGET, or as "
			       "ENDS=KIND:TARGET",
			       text.n > 40 ? 40 : (int)text.n, text.n ? text.p : "");
	return EXS_OK;
}
