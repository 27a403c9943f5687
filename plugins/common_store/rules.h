/* SPDX-License-Identifier: MIT */
/*
 * rules.h - the part of the store contract that does not depend on where the rows live: the bounds
 * of keys and values, the form of a batch, and whether its conditions hold. Shared by the bundled
 * stores, so that they cannot disagree. Nothing here keeps state; any thread.
 */
#ifndef STORE_RULES_H
#define STORE_RULES_H

#include <stdbool.h>
#include <executus/helper.h>
#include <executus/port/store.h>

#define COUNTER_BYTES 8u  /* an ADD row: int64, little-endian */
#define KEY_TEXT_MAX  80u /* a key as it stands in a sentence */

/* The key as text: bytes that cannot be printed become \xNN, a long one ends in "...". Returns out.
 */
const char *rules_key_text(exs_str key, char out[KEY_TEXT_MAX]);

/* A key of 1 to EXS_STORE_KEY_MAX bytes, or INVALID, TOOBIG. */
exs_status rules_key(exs_str key, exs_err *err);

/* A batch that may be tried; else INVALID or TOOBIG, `at` names the operation. */
exs_status rules_batch(const exs_op *const *ops, uint64_t n, exs_err *err);

/*
 * Whether the condition of an operation holds when the row is as given (value is looked at only
 * when found). OK for operations without one, CONFLICT, or CORRUPT for an ADD on a row that is no
 * counter.
 */
exs_status rules_condition(const exs_op *op, bool found, exs_str value, exs_err *err);

/* The sum of an ADD, its bound not looked at. CONFLICT when it leaves int64, CORRUPT as above. */
exs_status rules_sum(const exs_op *op, bool found, exs_str value, int64_t *out, exs_err *err);

/* A counter as it is stored. */
void rules_counter(int64_t sum, char out[COUNTER_BYTES]);

#endif
