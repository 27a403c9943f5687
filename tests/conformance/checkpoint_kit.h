/* SPDX-License-Identifier: MIT */
/* checkpoint_kit.h - writes runs through the checkpoint port and reads them back, for the port's
 * suite. */
#ifndef TEST_CHECKPOINT_KIT_H
#define TEST_CHECKPOINT_KIT_H

#include "conformance/subject.h"

#include <executus/port/checkpoint.h>

#define KEPT_MAX 512u

extern struct subject subject; /* from the command line */

/* Facts that were given back. */
struct kept {
	exs_fact fact;
	exs_usage usage;
	char *call_id, *name, *body;
};

struct reading {
	struct kept *kept;
	size_t n;
	size_t stop_after; /* 0: never */
};

exs_status load_run(struct opened *o, const char *run, struct reading *r, exs_err *err);
void forget(struct reading *r);
int same_fact(const exs_fact *a, const exs_fact *b);
exs_fact fact_of(int32_t kind, int64_t seq, const char *body);

/* A JSON object of n bytes; free it. */
char *long_body(size_t n);

/* Each fails the case when the battery does. */
exs_ckpt *begin_run(struct opened *o, const char *id, struct double_batch *b);
exs_ckpt *adopt_run(struct opened *o, const char *id, int32_t attempt, struct double_batch *b);
void append_plain(struct opened *o, exs_ckpt *ckpt, int64_t from, int64_t to,
		  struct double_batch *b);
void end_run(struct opened *o, exs_ckpt *ckpt, int32_t how, const char *status,
	     struct double_batch *b);
/* A whole run of n plain facts, or of these facts, committed in one batch. */
void write_run(struct opened *o, const char *id, int64_t n, int32_t how, const char *status);
void write_facts(struct opened *o, const char *id, const exs_fact *facts, size_t n);

void assert_given_back(struct opened *o, const char *id, const exs_fact *facts, size_t n);
void assert_seqs(struct opened *o, const char *id, int64_t last); /* facts 1 to last, no more */

/* The runs as the battery lists them. */
struct listing {
	char run[16][64];
	char status[16][32];
	bool ended[16];
	int n;
};
void list_runs(struct opened *o, uint32_t flags, struct listing *l);

/* The other parts: how many cases failed. */
int checkpoint_damage(void);
int checkpoint_forget(void);
int checkpoint_fork(void);

#endif
