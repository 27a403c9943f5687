/* SPDX-License-Identifier: MIT */
/*
 * prune.h - finds the runs that may go, and takes one out of the store.
 *
 *	struct prune p;
 *	if (prune_read(&p, host, PRUNE_BYTES, &err) == EXS_OK) {
 *		prune_pick(&p, rules, n, clock_wall_ms());
 *		for (i = 0; i < p.n; i++)
 *			if (p.gone[i])
 *				prune_run(host, p.items[i].run, &err);
 *	}
 *	prune_release(&p);
 */
#ifndef ROWS_PRUNE_H
#define ROWS_PRUNE_H

#include "base/ids.h"
#include "host/host.h"
#include "rows/retain.h"

#define PRUNE_RUNS_MAX (1u << 20)
#define PRUNE_HEAD_MAX (64u << 10)

enum { PRUNE_BYTES = 1u /* sizes are wanted, for which every run is read */ };

struct prune_run {
	char id[ID_MAX], parent[ID_MAX];
	char base[ID_MAX]; /* what it was forked from */
	int64_t base_seq;  /* up to which fact */
	char *agent;
};

struct prune {
	struct host *host;
	struct prune_run *runs;
	struct retain_item *items; /* newest first, as the checkpoint lists them */
	bool *gone;
	bool *wanted; /* some rule would let it go, but it must stay: retain_why_kept */
	size_t n, cap;
};

exs_status prune_read(struct prune *out, struct host *h, uint32_t flags, exs_err *err);
/* Fills gone and wanted; returns how many go. A parent goes only when all its children and forks do. Without
 * memory nothing goes. */
size_t prune_pick(struct prune *p, const struct retain_rule *rules, size_t rule_n, int64_t now_ms);
void prune_release(struct prune *p);

/*
 * Takes one run out, for good: its facts, its head and the kernel's rows of it. CONFLICT: it is
 * held, goes on, owes a delivery again, or another run is forked from it; nothing was changed.
 */
exs_status prune_run(struct host *h, const char *run_id, exs_err *err);
/* Clears away what an interrupted prune has left. *out: whether there was something. */
exs_status prune_finish(struct host *h, bool *out, exs_err *err);

#endif
