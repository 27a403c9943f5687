/* SPDX-License-Identifier: MIT */
/*
 * items.h - what a list of output items says: texts, calls, reasoning, and what must go back
 * unchanged (docs/MESSAGES.md has the form of `provider`).
 */
#ifndef MODEL_OPENAI_RESPONSES_ITEMS_H
#define MODEL_OPENAI_RESPONSES_ITEMS_H

#include "../common_model/answer.h"

#define ITEMS_MEMBER "openai_responses" /* of `provider`: a list of entries */
#define ITEMS_TEXT   "text"		/* an entry: here stood the message */
#define ITEMS_CALL   "call"		/* an entry: here stood the next call */

/* Appends the texts of a message's content: what it says, and what it says instead. */
void items_message(exs_str item, struct text *text, struct text *refusal);
/* Appends the texts of a reasoning item, its summary first. */
void items_reasoning(exs_str item, struct text *out);
/*
 * Adds the call of an item, or more of it, under `number`, which is its own in this answer. TOOBIG,
 * NOMEM.
 */
exs_status items_call(struct calls *calls, exs_str item, int64_t number);

/*
 * Replaces texts, reasoning and calls by what the list says. How much of the text was shown stays
 * as it was, but for what is gone. Statuses as in answer.h.
 */
exs_status items_take(struct answer *a, exs_str list);
/* Writes the answer's `provider`, when the list holds more than parts and calls can say. */
void items_keep(struct answer *a, exs_str list);

#endif
