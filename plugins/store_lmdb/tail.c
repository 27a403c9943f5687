/* SPDX-License-Identifier: MIT */
/*
 * tail.c - tells a file that was cut from one that is only short.
 *
 * LMDB never writes pages that were freed in the commit that took them, so a sound file may end
 * before its last page. Every page behind its end is then in the list of free pages. If one is not,
 * the file was cut, for instance by a copy that broke off, and reading it would be a SIGBUS.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "env.h"

struct tail {
	int fd;
	uint64_t size;	       /* of the file */
	uint64_t have, should; /* whole pages in the file, pages in all */
};

static int measure(const struct env *env, struct tail *t)
{
	MDB_envinfo info;
	struct stat st;
	int rc = mdb_env_info(env->mdb, &info);

	if (!rc)
		rc = mdb_env_get_fd(env->mdb, &t->fd);
	if (!rc && fstat(t->fd, &st))
		rc = errno;
	if (rc)
		return rc;
	t->size = (uint64_t)st.st_size;
	t->have = t->size / env->page_bytes;
	t->should = (uint64_t)info.me_last_pgno + 1;
	return 0;
}

/* How many pages from `first` on are free. */
static int count_free(const struct env *env, uint64_t first, uint64_t *out)
{
	MDB_val key, value;
	MDB_cursor *cursor;
	MDB_txn *txn;
	uint64_t n = 0;
	int rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &txn);

	if (rc)
		return rc;
	rc = mdb_cursor_open(txn, 0,
			     &cursor); /* map 0: for each commit the count, then the pages */
	if (!rc) {
		while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
			const size_t *pages = value.mv_data;
			size_t i, count = value.mv_size / sizeof *pages;

			for (i = 1; i < count && i <= pages[0]; i++)
				n += pages[i] >= first;
		}
		mdb_cursor_close(cursor);
	}
	mdb_txn_abort(txn);
	if (rc != MDB_NOTFOUND)
		return rc;
	*out = n;
	return 0;
}

static exs_status check_short(const struct env *env, exs_err *err)
{
	struct tail t;
	uint64_t unwritten = 0;
	int rc = measure(env, &t);

	if (rc || t.have >= t.should)
		return rc ? env_fail(env, err, rc, "be measured") : EXS_OK;
	/* As long as it should be, it can be read; fallocate never shortens. */
	if (fallocate(t.fd, 0, (off_t)((t.should - 1) * env->page_bytes), (off_t)env->page_bytes)) {
		exs_logf(env->host, EXS_WARN,
			 "the file of the store is short and cannot be extended: %s",
			 strerror(errno));
		return EXS_OK;
	}
	rc = count_free(env, t.have, &unwritten);
	if (rc == 0 && unwritten == t.should - t.have)
		return EXS_OK;
	if (ftruncate(t.fd, (off_t)t.size)) /* as it was, so that the next start sees it too */
		exs_logf(env->host, EXS_WARN, "the file of the store cannot be cut again: %s",
			 strerror(errno));
	return exs_fail(err, EXS_CORRUPT, 0,
			"the store in '%s' was cut: it has %llu of %llu pages, restore a copy",
			env->path, (unsigned long long)t.have, (unsigned long long)t.should);
}

exs_status tail_check(const struct env *env, exs_err *err)
{
	struct tail t;
	MDB_txn *writing;
	exs_status s;
	int rc = measure(env, &t);

	if (rc)
		return env_fail(env, err, rc, "be measured");
	if (t.have >= t.should)
		return EXS_OK;
	rc = mdb_txn_begin(env->mdb, NULL, 0, &writing); /* so that nobody writes meanwhile */
	if (rc)
		return env_fail(env, err, rc, "be checked");
	s = check_short(env, err);
	mdb_txn_abort(writing);
	return s;
}
