/* SPDX-License-Identifier: MIT */
/* expect.h - what a script asserts about the turn that it was asked for. */
#ifndef MODEL_SCRIPT_EXPECT_H
#define MODEL_SCRIPT_EXPECT_H

#include "convo.h"
#include "script.h"

/* INVALID with what was expected and what was seen, when an expectation of the turn does not hold.
 */
exs_status expect_check(const struct turn *turn, const struct convo *convo, exs_err *err);

#endif
