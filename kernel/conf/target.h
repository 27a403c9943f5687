/* SPDX-License-Identifier: MIT */
/*
 * target.h - who gets a result, and on which ends: "[ENDS=]KIND[:TARGET]".
 *
 *	stdout				every end
 *	file:reports/{run}.md		the same; what stands behind the first colon is the kind's
 *own ok=file:report.md failed,parked=webhook:https://example.org/alarm
 *
 * ENDS are words with commas between them: ok, error, cancelled, timeout, killed, denied; parked:
 *it waits for a person; failed: every end but ok; all: every end, and parked.
 */
#ifndef CONF_TARGET_H
#define CONF_TARGET_H

#include <executus/status.h>

#include "base/text.h"

struct target {
	uint32_t ends; /* bit 1 << EXS_ENDED_ */
	exs_str kind;  /* into the text that was parsed, as the next is */
	exs_str target;
};

/* INVALID with a sentence that names the word. */
exs_status target_parse(exs_str text, struct target *out, exs_err *err);
/* `status` is EXS_ENDED_. */
bool target_wants(uint32_t ends, int32_t status);

#endif
