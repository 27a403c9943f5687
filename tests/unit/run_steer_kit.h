/* SPDX-License-Identifier: MIT */
/* run_steer_kit.h - the agent of runs that are steered, and a process that dies of it. */
#ifndef TEST_RUN_STEER_KIT_H
#define TEST_RUN_STEER_KIT_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "support/run_kit.h"

static const char agents[] = "agents:\n  t: { tools: [pure], max_runtime: 25s }\n";

/* As kit.on_fact. */
static inline void die_when_steered(struct kit *k, const exs_fact *fact)
{
	(void)k;
	if (fact->kind == EXS_FACT_STEERED)
		kill(getpid(), SIGKILL);
}

#endif
