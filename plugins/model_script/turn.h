/* SPDX-License-Identifier: MIT */
/* turn.h - the turns of one script, read from the tree of its file. */
#ifndef MODEL_SCRIPT_TURN_H
#define MODEL_SCRIPT_TURN_H

#include "fields.h"

/* Reads the list of turns; call turns_free also after a failure. */
exs_status turns_read(struct reader *r, const struct node *list, struct script *script);
void turns_free(struct script *script);

#endif
