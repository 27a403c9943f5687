/* SPDX-License-Identifier: MIT */
/* readers.c - see readers.h. */
#include "readers.h"

static void keep(struct readers *r, struct reader new)
{
	uint64_t at = r->n;

	r->count++;
	while (at > 0 && new.txn < r->oldest[at - 1].txn)
		at--;
	if (at == READERS_NAMED)
		return;
	if (r->n < READERS_NAMED)
		r->n++;
	memmove(&r->oldest[at + 1], &r->oldest[at], (r->n - at - 1) * sizeof *r->oldest);
	r->oldest[at] = new;
}

/* A line of mdb_reader_list: process, thread, transaction or '-'; the first is a heading. */
static int read_line(const char *line, void *arg)
{
	unsigned long long txn;
	char word[32];
	long pid;

	if (sscanf(line, "%ld %*s %31s", &pid, word) == 2 && sscanf(word, "%llu", &txn) == 1)
		keep(arg, (struct reader){ pid, txn });
	return 0;
}

int readers_list(const struct env *env, struct readers *out)
{
	memset(out, 0, sizeof *out);
	return mdb_reader_list(env->mdb, read_line, out) < 0 ? MDB_BAD_RSLOT : 0;
}
