/* SPDX-License-Identifier: MIT */
/*
 * pattern.h - does a line match? Expressions of PCRE2 with bounds on time and memory.
 *
 * The pattern comes from a model and the lines from anywhere, so neither may cost more than is
 * known before. PCRE2 counts the steps from one place where a match may begin and counts anew from
 * the next one, and it counts a scan of a whole line as one step: its limit alone lets a line of 64
 * KiB take minutes. So every item of a pattern calls back as well, and there the processor time of
 * the line and the cancel token are looked at. No JIT: its code calls nothing back on these limits.
 */
#ifndef TOOL_FS_PATTERN_H
#define TOOL_FS_PATTERN_H

#include "fs.h"

#define PATTERN_MAX	   1024u	/* bytes of a pattern */
#define PATTERN_CODE_MAX   (32u << 10)	/* bytes of what it compiles to, all counts written out */
#define PATTERN_GROUPS_MAX 64u		/* groups in each other */
#define PATTERN_STEPS_MAX  200000u	/* steps from one place of a line */
#define PATTERN_HEAP_KIB   8192u	/* memory of one match */
#define PATTERN_LINE_NS	   250000000ull /* processor time of one line */
#define PATTERN_LOOK_EVERY 128u /* items of the pattern between two looks at time and token */

enum { PATTERN_NOCASE = 1u };

enum pattern_answer {
	PATTERN_NO,
	PATTERN_YES,
	PATTERN_COSTLY /* given up at a bound: not known */
};

struct pattern;

/* OK: end it with pattern_free. INVALID or TOOBIG with a sentence for the model. */
exs_status pattern_compile(exs_str text, uint32_t flags, struct pattern **out, exs_err *err);
void pattern_free(struct pattern *pattern);

/* Looks for a match in the line. One call at a time. CANCELLED when the call's token fires
 * meanwhile. */
exs_status pattern_match(struct pattern *pattern, const struct fs_call *call, exs_str line,
			 enum pattern_answer *out, exs_err *err);

#endif
