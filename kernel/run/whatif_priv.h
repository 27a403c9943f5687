/* SPDX-License-Identifier: MIT */
/* whatif_priv.h - for whatif*.c alone. */
#ifndef RUN_WHATIF_PRIV_H
#define RUN_WHATIF_PRIV_H

#include "host/calls.h"
#include "run/whatif.h"

/* ---- whatif_items.c ---- */
exs_status whatif_note(struct whatif *w, struct whatif_items *to, enum whatif_who who, const char *what,
		       const char *tag, const char *words);
/* The decision that the fact records, when it records one, for the side that was. */
exs_status whatif_note_recorded(struct whatif *w, const exs_fact *f);
/* What the run's own critic and budget did, and the clock under its own limits: not part of what would have been. */
bool whatif_withheld(const struct whatif *w, const exs_fact *f);

/* ---- whatif.c ---- */
/* A fact that the other configuration would have recorded now. Takes the body. */
exs_status whatif_record(struct whatif *w, int32_t kind, const char *name, struct buf *body);
void whatif_clock(struct whatif *w, int64_t run_ms);

/* ---- whatif_critic.c ---- */
exs_status whatif_watch(struct whatif *w);
void whatif_observe(struct whatif *w, const exs_fact *f);
/* Asks the critic until that time. */
exs_status whatif_wait(struct whatif *w, int64_t until_ms);
void whatif_unwatch(struct whatif *w);

/* ---- whatif_budget.c ---- */
exs_status whatif_purse(struct whatif *w, bool sent);
/* Before a turn with that target. */
exs_status whatif_reserve(struct whatif *w, const char *target, int64_t in_tokens);
/* Behind it. */
exs_status whatif_settle(struct whatif *w, const exs_fact *f);
exs_status whatif_settle_unused(struct whatif *w);
exs_status whatif_purse_finish(struct whatif *w, int32_t how);

#endif
