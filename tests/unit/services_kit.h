/* SPDX-License-Identifier: MIT */
/*
 * services_kit.h - a host that is bound to a real store, to tests/zoo/reentry.c, to a battery
 * beside it, and to an engine that knows one live run.
 */
#ifndef TEST_SERVICES_KIT_H
#define TEST_SERVICES_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include <executus/helper.h>
#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "host/calls.h"
#include "host/guard.h"

#define LIVE_RUN 7u
#define SAID_MAX (256u << 10)
#define HANG_S	 60 /* a deadlock ends the suite */

#define S(text) str_of(text)

static const char *const folders[] = { ZOO, BATTERIES, NULL };

struct box {
	struct log log;
	struct conf *conf;
	struct host *host;
	struct instance *in, *other;
	struct batch facts, own;
	exs_run_info run;
	exs_err err;
	char said[SAID_MAX];
};

/* ---- an engine of one run ---- */

static EXS_UNUSED exs_status is_live(uint64_t run)
{
	return run == LIVE_RUN ? EXS_OK : EXS_NOTFOUND;
}

static EXS_UNUSED exs_status verb_tally(const exs_run_svc *svc, uint64_t run, exs_tally *out)
{
	(void)svc;
	out->step = 3;
	return is_live(run);
}

static EXS_UNUSED exs_status verb_text(const exs_run_svc *svc, uint64_t run, exs_str text)
{
	(void)svc;
	(void)text;
	return is_live(run);
}

static EXS_UNUSED exs_status verb_extend(const exs_run_svc *svc, uint64_t run, int64_t ms)
{
	(void)svc;
	(void)ms;
	return is_live(run);
}

static EXS_UNUSED exs_status verb_raise(const exs_run_svc *svc, uint64_t run, int32_t n)
{
	(void)svc;
	(void)n;
	return is_live(run);
}

static const exs_run_svc verbs = { .size = sizeof verbs,
				   .tally = verb_tally,
				   .steer = verb_text,
				   .extend = verb_extend,
				   .raise_steps = verb_raise,
				   .kill = verb_text,
				   .cancel = verb_text,
				   .artifact = verb_text };

/* ---- the box ---- */

static EXS_UNUSED void open_with(void **state, const char *so)
{
	struct box *b = calloc(1, sizeof *b);
	char text[1024];

	assert_non_null(b);
	alarm(HANG_S);
	log_init(&b->log, memfd_create("log", MFD_CLOEXEC), EXS_INFO);
	b->err = (exs_err)EXS_ERR_INIT;
	snprintf(text, sizeof text,
		 "state: /tmp\nbatteries:\n  re: { so: %s }\n  other: { so: good.so }\n  keep: { "
		 "so: store_memory.so }\n"
		 "ports:\n  store: keep\n  checkpoint: re\n  audit: [re, other]\n  budget: re\n  "
		 "critic: re\n"
		 "  delivery: { out: re }\n",
		 so);
	if (conf_parse("test.yaml", S(text), &b->conf, &b->err) ||
	    host_open(b->conf, HOST_ALL, folders, &b->log, &b->host, &b->err))
		fail_msg("%s", b->err.text);
	b->in = host_instance(b->host, "re");
	b->other = host_instance(b->host, "other");
	b->run = (exs_run_info){
		.size = sizeof b->run, .attempt = 1, .run = LIVE_RUN, .run_id = "run-1"
	};
	batch_init(&b->facts);
	batch_init(&b->own);
	host_set_run(b->host, &verbs, b);
	*state = b;
}

static EXS_UNUSED int setup(void **state)
{
	open_with(state, "reentry.so");
	return 0;
}

static EXS_UNUSED int setup_at_once(void **state)
{
	open_with(state, "reentry_at_once.so");
	return 0;
}

static EXS_UNUSED int teardown(void **state)
{
	struct box *b = *state;

	host_close(b->host);
	conf_free(b->conf);
	batch_release(&b->facts);
	batch_release(&b->own);
	close(b->log.fd);
	free(b);
	alarm(0);
	return 0;
}

#define CASE(name)    cmocka_unit_test_setup_teardown(name, setup, teardown)
#define AT_ONCE(name) cmocka_unit_test_setup_teardown(name, setup_at_once, teardown)

#endif
