/* SPDX-License-Identifier: MIT */
/*
 * run_kit.h - real runs in a test: a configuration and a script as text, the real batteries, the
 * real kernel.
 *
 *	struct kit k;
 *	kit_open(&k, "turns:\n  - say: hello\n", KIT_LMDB, "agents: ...");
 *	kit_run(&k, "what is there?");
 *	assert_string_equal(k.result->output, "hello");
 *	kit_close(&k);
 *
 * The folder survives kit_reopen, which is what a restarted process sees.
 */
#ifndef TEST_RUN_KIT_H
#define TEST_RUN_KIT_H

#include "base/ids.h"
#include "base/log.h"
#include "conf/conf.h"
#include "host/host.h"
#include "run/engine.h"

#define KIT_FACTS 512

/* FLAKY: tests/batteries/flaky_store.c, ruled by the file "control"; its log is effects.log. */
enum kit_store { KIT_NONE, KIT_MEMORY, KIT_LMDB, KIT_FLAKY };

struct kit_fact {
	int32_t kind, step, attempt;
	char name[64], call[24], body[1024];
};

struct kit {
	char dir[64];
	enum kit_store store;
	char conf_text[8192];
	struct log log;
	struct conf *conf;
	struct host *host;
	struct engine *engine;
	const struct resume_how *how; /* of the next kit_resume; NULL: plainly */
	struct run *run;
	const struct run_result *result;
	pthread_mutex_t lock;
	struct kit_fact facts[KIT_FACTS]; /* as the listener saw them */
	int fact_n;
	char delta[4096];
	void (*on_fact)(struct kit *k, const exs_fact *fact);
};

/* `agents` is the conf's agents section, or NULL for one agent with every tool of the effects
 * battery. `more` is put behind it (may be NULL). Fails the test with the sentence when something
 * does not open. */
void kit_open(struct kit *k, const char *script, enum kit_store store, const char *agents,
	      const char *more);
/* Expects a failure of conf, host or engine; returns the sentence in k->delta. */
void kit_open_fails(struct kit *k, const char *script, enum kit_store store, const char *agents,
		    const char *more);
/*
 * With more batteries and ports: lines of their sections, two spaces deep ("  purse: { so:
 * budget.so }\n", "  budget: purse\n"); each may be NULL. Paths in them are relative to the kit's
 * folder.
 */
struct kit_extra {
	const char *batteries, *ports;
};
void kit_open_with(struct kit *k, const char *script, enum kit_store store, const char *agents,
		   const char *more, const struct kit_extra *extra);
void kit_shut(struct kit *k);	      /* engine, host and conf, as a process that ends */
void kit_reopen(struct kit *k);	      /* on the same folder */
void kit_reopen_fails(struct kit *k); /* the sentence is in k->delta */
void kit_close(struct kit *k);	      /* and the folder is gone */
void kit_script(struct kit *k, const char *script); /* another script for the next reopen */
/* What the flaky store does wrong from now on: "facts io 1 3"; "": nothing. */
void kit_control(struct kit *k, const char *order);

void kit_start(struct kit *k, const char *input); /* k->run */
void kit_wait(struct kit *k);			  /* k->result; fails the test after 30 s */
void kit_run(struct kit *k, const char *input);	  /* both */
exs_status kit_resume(struct kit *k, const char *run_id, exs_err *err);
void kit_drop(struct kit *k); /* the run */
/*
 * A process of its own runs it and must be killed by SIGKILL on the way. The kit is shut after
 * that, as for the process that comes next.
 */
void kit_run_dies(struct kit *k, const char *input);

/* What the listener saw. */
int kit_count(const struct kit *k, int32_t kind);
const struct kit_fact *kit_fact(const struct kit *k, int32_t kind, int nth);
bool kit_body_has(const struct kit_fact *f, const char *part);
/* The run that began last, as the checkpoint lists it; fails the test when there is none. */
void kit_newest(struct kit *k, char out[ID_MAX]);
/* How many rows of the store have keys that begin so. */
int kit_rows(struct kit *k, const char *prefix);
/* Lines of the effects log that begin with the tool's name. */
int kit_effects(const struct kit *k, const char *tool);
/* The same of any file in the kit's folder; NULL: all lines. 0 when there is no file. */
int kit_lines(const struct kit *k, const char *file, const char *first);
/* The n-th such line without its end, 0 first; false: there is none. */
bool kit_line(const struct kit *k, const char *file, const char *first, int nth, char out[512]);
/* Until there are n such lines; fails the test after 30 s. */
void kit_wait_lines(const struct kit *k, const char *file, const char *first, int n);

#endif
