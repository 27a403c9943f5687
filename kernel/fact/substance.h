/* SPDX-License-Identifier: MIT */
/*
 * substance.h - what a fact says, apart from when, under which ids and at which price: so that two
 * runs can be compared.
 */
#ifndef FACT_SUBSTANCE_H
#define FACT_SUBSTANCE_H

#include <stdbool.h>
#include "base/buf.h"
#include "fact/facts.h"
#include "fact/state.h"

/* Has it a part in what the run said and did? Bookkeeping has none. */
bool fact_counts(const exs_fact *f);
/* The word of what differs first ("kind", "step", "arguments", "text"), or NULL: nothing. */
const char *facts_differ(const exs_fact *a, const exs_fact *b);
/*
 * Keeps a fact that counts. Calls of a step go out together and come back in any order, so they are kept in the order
 * in which they were asked for. NOMEM, TOOBIG.
 */
exs_status substance_add(struct facts *l, const exs_fact *f, exs_err *err);

/* What two runs began with: each word of what differs is appended, with commas. */

void begins_differ(const struct state *a, const struct state *b, struct buf *out);

#endif
