/* SPDX-License-Identifier: MIT */
/* words.h - the words that stand in facts and on the terminal, and the numbers behind them. */
#ifndef FACT_WORDS_H
#define FACT_WORDS_H

#include <executus/fact.h>
#include "base/ended.h"
#include "base/text.h"

const char *fact_word(int32_t kind);	/* "run_started"; "fact" for a kind of a newer release */
/* run_resumed, and run_forked: what comes behind is of an attempt of its own, and no end before it counts. */
bool fact_begins_attempt(int32_t kind);
const char *effect_word(int32_t effect);
int32_t effect_of(exs_str word); /* -1 */
const char *class_word(int32_t klass);
int32_t class_of(exs_str word);	 /* -1 */
int32_t status_of(exs_str word); /* exs_status by status_word; -1 */
int32_t cause_of(exs_str word);	 /* EXS_CAUSE_; -1 */
const char *verdict_word(int32_t what);

/* How a call ended. */
enum { CALL_OK, CALL_ERROR, CALL_DENIED, CALL_SKIPPED, CALL_IN_DOUBT, CALL_OUTCOMES };
const char *outcome_word(int32_t outcome);
int32_t outcome_of(exs_str word); /* -1 */

/* What a person said of a call in doubt. */
enum { SETTLED_NOT, SETTLED_DONE, SETTLED_NOT_DONE, SETTLED_RETRY };
const char *settled_word(int32_t what);
int32_t settled_of(exs_str word); /* -1 */

#endif
