/* SPDX-License-Identifier: MIT */
/* facts.h - facts that are kept in memory, to be looked at again. */
#ifndef FACT_FACTS_H
#define FACT_FACTS_H

#include <stddef.h>
#include <executus/fact.h>

#define FACTS_MAX	(1u << 22)
#define FACTS_BYTES_MAX ((size_t)512 << 20) /* bodies and names of one list */

struct kept_fact; /* a fact with its own bytes */

struct facts {
	struct kept_fact **list;
	size_t n, cap, bytes;
};

/* From all zero. A copy of the fact; TOOBIG and NOMEM with a sentence. */
exs_status facts_add(struct facts *l, const exs_fact *f, exs_err *err);
void facts_release(struct facts *l);
/* NULL behind the last. Valid until the list is released. */
const exs_fact *facts_at(const struct facts *l, size_t i);
void facts_swap(struct facts *l, size_t i, size_t k);

#endif
