/* SPDX-License-Identifier: MIT */
/* ended.h - how a run ended or waits, as a word: one table for facts, conf and command line. */
#ifndef BASE_ENDED_H
#define BASE_ENDED_H

#include <executus/bytes.h>

const char *ended_word(int32_t status); /* EXS_ENDED_; "unknown" */
int32_t ended_of(exs_str word);		/* -1: none */

#endif
