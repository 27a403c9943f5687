/* SPDX-License-Identifier: MIT */
/* critic_kit.h - a kit whose run has the critic of the tests. */
#ifndef TEST_CRITIC_KIT_H
#define TEST_CRITIC_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"
#include "support/run_kit.h"

#define SAYS "critic.log"

static inline void open_with_critic(struct kit *k, const char *script, enum kit_store store,
			     const char *limits, const char *options)
{
	char batteries[1024], agents[256];
	struct kit_extra extra = { batteries, "  critic: eye\n" };

	snprintf(batteries, sizeof batteries, "  eye: { so: critic.so, log: critic.log%s }\n",
		 options);
	snprintf(agents, sizeof agents, "agents:\n  t: { tools: [pure], %s }\n", limits);
	kit_open_with(k, script, store, agents, NULL, &extra);
}

#endif
