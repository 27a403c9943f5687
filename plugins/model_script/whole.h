/* SPDX-License-Identifier: MIT */
/* whole.h - a conversation as every provider wants it: each call has its result. */
#ifndef MODEL_SCRIPT_WHOLE_H
#define MODEL_SCRIPT_WHOLE_H

#include <executus/port/model.h>

/*
 * Refuses a turn whose newest assistant message has a call without a result behind it. Those before
 * were looked at when they were the newest.
 */
exs_status whole_check(const exs_turn *turn, exs_err *err);

#endif
