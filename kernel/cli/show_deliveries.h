/* SPDX-License-Identifier: MIT */
/* show_deliveries.h - what became of a run's deliveries, for show. */
#ifndef CLI_SHOW_DELIVERIES_H
#define CLI_SHOW_DELIVERIES_H

#include "cli/cli.h"
#include "fact/redact.h"

/* One line each, without what the patterns fit. */
void deliveries_text(struct cli *c, const char *run_id, const struct redact *r, struct buf *out);
/* A JSON array. */
void deliveries_json(struct cli *c, const char *run_id, const struct redact *r, struct buf *out);

#endif
