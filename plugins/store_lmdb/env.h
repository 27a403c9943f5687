/* SPDX-License-Identifier: MIT */
/*
 * env.h - one open LMDB environment, and the rules that keep it healthy.
 *
 * Reading threads enter before they touch it and leave at once: env_read, look, env_read_end. The
 * committer writes; it alone may repair, which closes the environment and opens it again while
 * nobody is inside. When a repair fails the environment is dead: each call answers LOST with the
 * reason.
 *
 * WRITEMAP is never used: a stray write of another battery then faults and does not reach the file.
 */
#ifndef STORE_ENV_H
#define STORE_ENV_H

#include <stdbool.h>
#include <lmdb.h>
#include <pthread.h>
#include <executus/helper.h>

#define READERS_MAX   512u	    /* reading at the same time, over all processes */
#define MAP_MIN	      (16ull << 20) /* less address space than this is no store */
#define LIMIT_MIN     (1ull << 20)
#define RESERVE_PARTS 20u /* 1/20 of the limit, and of the map, is kept for ends */
#define DBS_MAX	      2u

struct env {
	const exs_host *host;
	char *path;
	int owner_fd;
	pthread_rwlock_t lock; /* held for reading while inside, for writing while repaired */
	pthread_mutex_t writing; /* held by the committer for a group, by compact; before `lock` */
	MDB_env *mdb;	       /* NULL: dead */
	MDB_dbi rows;
	uint64_t map_bytes, limit_bytes;
	uint32_t page_bytes;
	bool sync;
	uint64_t told_txn;  /* the last commit that was acknowledged */
	bool unproved;	    /* opened again, and nothing was written since */
	char dead[160]; /* why it is dead */
};

exs_status env_open(struct env *env, const exs_host *host, const exs_conf *conf, exs_err *err);
void env_close(struct env *env);

/* A short look at committed data. On OK env_read_end must follow, soon. [any-thread] */
exs_status env_read(struct env *env, MDB_txn **out, exs_err *err);
void env_read_end(struct env *env, MDB_txn *txn);

/* For longer work that makes its own transaction (a copy). [any-thread] */
exs_status env_enter(struct env *env, exs_err *err);
void env_leave(struct env *env);

/* Closes, opens, checks. Not OK: dead from now on. [committer] */
exs_status env_repair(struct env *env, exs_err *err);

/* Closes, lets `change` work on the files, opens again. `writing` is held. Not OK of the opening:
 * dead from now on. */
exs_status env_reopen(struct env *env, exs_status (*change)(struct env *env, exs_err *err),
		      exs_err *err);

/*
 * What was acknowledged is there, and a commit becomes durable: what a commit that failed left behind in the
 * cache is no proof of either. Not OK: as LMDB says, or MDB_CORRUPTED when acknowledged commits are gone.
 */
int env_prove(struct env *env);

/* Closes for good: it failed again right after a repair. [committer] */
void env_die(struct env *env, const char *why);

/* Frees the slots of readers that died; says so. [committer] */
void env_check_readers(struct env *env);

/* The sentence for an answer of LMDB; `what` was being done. */
exs_status env_fail(const struct env *env, exs_err *err, int rc, const char *what);

/* birth.c: makes the data file when there is none. */
exs_status env_birth(const struct env *env, exs_err *err);

/* schema.c: opens the two maps inside, makes them in a new file, refuses what is not ours or is
 * newer. */
exs_status schema_open(struct env *env, exs_err *err);

/* Writes the row that says whose file this is once more. LMDB's answer. */
int schema_rewrite(const struct env *env);

/* OK when that value of the "schema" row is of a store that this battery reads. `path` is for the
 * sentence. */
exs_status schema_check(const char *path, const MDB_val *value, exs_err *err);
#define SCHEMA_KEY "schema"

/* tail.c: CORRUPT when the file ends before pages that are in use. */
exs_status tail_check(const struct env *env, exs_err *err);

#endif
