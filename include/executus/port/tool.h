/* SPDX-License-Identifier: MIT */
/*
 * port/tool.h - what can be done?
 *
 * Any number may be bound; each battery brings any number of tools. The kernel checks the arguments against the
 * tool's schema first. A failure is told to the model as an error, which may try something else. What a call may
 * change outside decides what recovery does with one whose outcome is unknown: be honest.
 */
#ifndef EXECUTUS_PORT_TOOL_H
#define EXECUTUS_PORT_TOOL_H

#include <executus/battery.h>
#include <executus/cancel.h>
#include <executus/done.h>
#include <executus/run.h>

EXS_BEGIN

#define EXS_PORT_TOOL "executus.tool/1"
#define EXS_TOOL_NAME_MAX 64u              /* letters, digits, _ and - */
#define EXS_TOOL_RESULT_MAX (1u << 20)     /* bytes a call may put */
#define EXS_TOOL_ARGS_MAX (1u << 20)       /* bytes of arguments */

/* What a call may change outside. */
enum {
	EXS_EFFECT_UNSAFE = 0,     /* unknown or dangerous to repeat: in doubt after a crash */
	EXS_EFFECT_PURE = 1,       /* nothing: run again freely, dispatched without waiting for the disk */
	EXS_EFFECT_IDEMPOTENT = 2, /* twice is the same as once: run again */
	EXS_EFFECT_KEYED = 3,      /* the receiver drops a second one with the same key: run again with it */
	EXS_EFFECT_RECONCILABLE = 4 /* reconcile can find out what happened */
};

/* Flags of a tool. */
enum { EXS_TOOL_SECRET_ARGS = 1u /* arguments may hold secrets: shown nowhere but to the tool */ };

typedef struct exs_tool_spec {
	uint32_t size;
	int32_t effect; /* EXS_EFFECT_ */
	const char *name;
	const char *about;  /* for the model: what it does, what it returns */
	exs_str schema;     /* JSON Schema of the arguments, an object; see docs/PORTS.md for the subset */
	int64_t timeout_ms; /* 0: the host's default */
	uint32_t flags;     /* EXS_TOOL_ */
	uint32_t reserved;
} exs_tool_spec;

typedef struct exs_call {
	uint32_t size;
	int32_t attempt; /* 1: first dispatch; more: recovery runs it again */
	const exs_run_info *run;
	const char *tool;
	const char *call_id; /* unique in the run */
	const char *key;     /* idempotency key: stable over retries and resumes, unknown to the model */
	exs_str args;        /* one JSON object, byte for byte as the model sent it, checked */
} exs_call;

typedef struct exs_tool {
	uint32_t size;
	uint32_t reserved;
	/* Gives each tool to `each`, which copies it and ends the list by any status but OK. [main-thread] */
	exs_status (*list)(exs_self *self,
			   exs_status (*each)(void *arg, const exs_tool_spec *spec) /* [main-thread] of list */,
			   void *arg, exs_err *err);
	/*
	 * Runs one call. Puts the text for the model, ends OK. Not OK: the error's sentence is what the model
	 * reads. CANCELLED, AGAIN, IO, LOST or INTERNAL of a call that is not pure leaves it in doubt, unless
	 * the class is NOT_DONE. [worker-thread]
	 */
	void (*call)(exs_self *self, const exs_call *call, exs_cancel *cancel, exs_done done);
	/*
	 * RECONCILABLE: what became of this call? OK: it happened, with its result put; NOTFOUND: it did not;
	 * anything else: unknown. May be NULL when no tool needs it. [worker-thread]
	 */
	void (*reconcile)(exs_self *self, const exs_call *call, exs_cancel *cancel, exs_done done);
	/* The run ended: drop what was kept for it. May be NULL. [worker-thread] */
	void (*run_ended)(exs_self *self, const char *run_id);
} exs_tool;

EXS_END

#endif
