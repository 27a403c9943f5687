/* SPDX-License-Identifier: MIT */
/* readers.c - see readers.h. */
#include "readers.h"

#include <fcntl.h>
#include <unistd.h>

#include "room.h"

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

const char *reader_process(long pid, char out[PROCESS_NAME])
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%ld/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, out, PROCESS_NAME - 1);
	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return out;
}

static int look(const struct env *env, struct room *room, struct readers *readers)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &txn);

	if (rc)
		return rc;
	rc = room_measure(env, txn, room);
	mdb_txn_abort(txn);
	return rc ? rc : readers_list(env, readers);
}

static void name_oldest(struct env *env, struct reader_watch *w)
{
	const struct reader *r;
	struct readers readers;
	char name[PROCESS_NAME];
	struct room room;

	if (look(env, &room, &readers) || readers.n == 0)
		return;
	r = &readers.oldest[0];
	if (room.last_txn < r->txn + READER_OLD || room.held < HELD_LOUD ||
	    (r->pid == w->named.pid && r->txn == w->named.txn))
		return;
	w->named = *r;
	exs_logf(env->host, EXS_WARN,
		 "process %ld '%s' reads the store as it was %llu commits ago: %llu bytes cannot be "
		 "used again until it goes on or ends, and the file grows",
		 r->pid, reader_process(r->pid, name), (unsigned long long)(room.last_txn - r->txn),
		 (unsigned long long)room.held);
}

void readers_watch(struct env *env, struct reader_watch *w)
{
	MDB_envinfo info;

	if (!env->mdb)
		return;
	env_check_readers(env);
	name_oldest(env, w);
	(void)mdb_env_info(env->mdb, &info); /* fails only for NULL */
	w->pages = info.me_last_pgno;
}

void readers_watch_growth(struct env *env, struct reader_watch *w)
{
	MDB_envinfo info;

	if (!env->mdb)
		return;
	(void)mdb_env_info(env->mdb, &info);
	if (info.me_last_pgno >= w->pages + LOOK_PAGES)
		readers_watch(env, w);
}
