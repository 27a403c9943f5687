/* SPDX-License-Identifier: MIT */
/* extra.h - the option `body` and its like: members that the conf adds to every request. */
#ifndef COMMON_MODEL_EXTRA_H
#define COMMON_MODEL_EXTRA_H

#include "../common_json/text.h"

#define EXTRA_MAX (1u << 20) /* bytes of one option */

/*
 * Members out of the conf's tree, as ",\"name\":value" each: its scalars are all strings, and one
 * that reads as a JSON number, true, false or null becomes that. INVALID: not an object, or a
 * member of `ours` (NULL-ended), which the battery sets itself. `option` is its name in the conf.
 */
exs_status extra_write(const char *option, exs_str tree, const char *const *ours, struct text *out, exs_err *err);

#endif
