/* SPDX-License-Identifier: MIT */
/* talk.h - the conversation of a run, for people and for scripts. */
#ifndef CLI_TALK_H
#define CLI_TALK_H

#include "cli/past.h"

#define TALK_RESULT_SHOW 1200u /* bytes of one tool result that people see */

/* Roles, texts, calls with their arguments, results cut with a note. */
void talk_text(struct out *out, const struct past *p);
/* {"run":...,"system":...,"messages":[...]}, as docs/MESSAGES.md says. */
void talk_json(struct out *out, const struct past *p);

#endif
