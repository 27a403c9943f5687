/* SPDX-License-Identifier: MIT */
/* owner_kit.h - rows of the store as they are, and runs that were left to somebody else. */
#ifndef TEST_OWNER_KIT_H
#define TEST_OWNER_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "host/calls.h"
#include "run/engine_priv.h"
#include "support/run_kit.h"

#define KEYS_MAX 64

/* ---- rows ---- */

struct keys {
	char list[KEYS_MAX][128];
	int n;
};

static inline exs_status keep_key(void *arg, exs_str key, exs_str value)
{
	struct keys *k = arg;

	(void)value;
	assert_true(k->n < KEYS_MAX);
	snprintf(k->list[k->n++], sizeof k->list[0], "%.*s", (int)key.n, key.p);
	return EXS_OK;
}

static inline void keys_of(struct kit *k, const char *prefix, struct keys *out)
{
	exs_err err = EXS_ERR_INIT;

	out->n = 0;
	assert_int_equal(call_store_scan(k->host->store, str_of(prefix), str_of(NULL), 0, keep_key,
					 out, &err),
			 EXS_OK);
}

/* NULL: the row goes. */
static inline void set_row(struct kit *k, const char *key, const char *value)
{
	exs_err err = EXS_ERR_INIT;
	struct batch b;

	batch_init(&b);
	if (value)
		assert_int_equal(batch_put(&b, str_of(NULL), str_of(key), str_of(value), &err),
				 EXS_OK);
	else
		assert_int_equal(batch_del(&b, str_of(NULL), str_of(key), &err), EXS_OK);
	assert_int_equal(call_store_commit(k->host->store, &b, &err), EXS_OK);
	batch_release(&b);
}

static inline exs_status get_row(struct kit *k, const char *key, char out[512])
{
	exs_err err = EXS_ERR_INIT;
	struct buf_sink sink;
	struct buf b;
	exs_status status;

	buf_init(&b, 512);
	status = call_store_get(k->host->store, str_of(key), buf_sink_init(&sink, &b), &err);
	snprintf(out, 512, "%.*s", (int)b.n, b.n ? b.p : "");
	buf_release(&b);
	return status;
}

/* ---- runs ---- */

static inline void id_of(struct kit *k, char out[ID_MAX])
{
	snprintf(out, ID_MAX, "%s", run_info(k->run)->run_id);
}

/* A run that was left at its first turn. */
static inline void leave_a_run(struct kit *k, char id[ID_MAX])
{
	kit_start(k, "go");
	id_of(k, id);
	assert_false(engine_wait(k->run, 50));
	engine_shutdown(k->engine);
	kit_wait(k);
	assert_int_equal(k->result->status, EXS_ENDED_INTERRUPTED);
	kit_shut(k);
}

/* -1: it was killed. */
static inline int exit_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void resume_ok(struct kit *k, const char *id, const char *output)
{
	exs_err err = EXS_ERR_INIT;

	if (kit_resume(k, id, &err))
		fail_msg("%s", err.text);
	if (k->result->status != EXS_ENDED_OK)
		fail_msg("%s: %s", k->result->reason, k->result->error);
	assert_string_equal(k->result->output, output);
}

#endif
