/* SPDX-License-Identifier: MIT */
/*
 * price.h - what a model's tokens cost, from a table in a file.
 *
 * The file is JSON:
 * {"prices":[{"model","in","cache_read","cache_write","out","valid_from","valid_to","source",
 * "source_date"}]}. Prices are US dollars for a million tokens, as texts with at most 6 decimals. A
 * model ends with * to mean all that begin so; the longest name that fits wins, then the youngest
 * valid_from.
 */
#ifndef LEDGER_PRICE_H
#define LEDGER_PRICE_H

#include <stdbool.h>

#include <executus/battery.h>
#include <executus/done.h>

#define PRICES_MAX     4096
#define PRICE_FILE_MAX (4u << 20)

struct prices;

/* NULL when the option `prices` is not given. INVALID names file, entry and member. */
exs_status prices_read(const exs_conf *conf, struct prices **out, exs_err *err);
void prices_free(struct prices *p);

/* Millionths of a dollar, rounded up, the most that it may be when `u` is an estimate; false: there is no price that is valid then.
 * "instance/model", or the model alone. */
bool prices_cost(const struct prices *p, const char *model, int64_t wall_ms, const exs_usage *u,
		 int64_t *out);

#endif
