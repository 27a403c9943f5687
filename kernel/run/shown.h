/* SPDX-License-Identifier: MIT */
/* shown.h - facts as those see them who only watch: audits, and whoever listens to the run. */
#ifndef RUN_SHOWN_H
#define RUN_SHOWN_H

#include "run/run.h"

/* What the engine takes out of facts: every secret of its batteries, the conf's patterns. */
exs_status shown_open(struct engine *e, exs_err *err);
void shown_close(struct engine *e);

/* The fact itself, or a copy without what is nobody's business: made once, lives as long. */
const exs_fact *fact_shown(const struct run *run, struct fact_rec *f);

#endif
