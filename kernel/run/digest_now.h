/* SPDX-License-Identifier: MIT */
/* digest_now.h - what a run would be made with if it began now: the digests of fact/digest.h out of conf, tools and batteries. */
#ifndef RUN_DIGEST_NOW_H
#define RUN_DIGEST_NOW_H

#include "fact/digest.h"
#include "run/toolbox.h"

struct conf_agent;

/* As they are now. `agent` NULL: the conf has it no more, which is a change as well. */
void digests_now(const struct host *h, const struct toolbox *t, const struct conf_agent *agent,
		 const char *const *tools, size_t tool_n, struct digests *out);

#endif
