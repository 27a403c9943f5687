/* SPDX-License-Identifier: MIT */
/* store_lmdb.h - one instance of the battery, and the functions of its table that have a file of
 * their own. */
#ifndef STORE_LMDB_H
#define STORE_LMDB_H

#include "commit.h"

struct exs_self {
	struct env env;
	struct committer committer;
};

/* As in port/store.h. */
exs_status lmdb_scan(exs_self *self, exs_str prefix, exs_str from, uint32_t flags,
		     exs_status (*row)(void *arg, exs_str key,
				       exs_str value) /* [any-thread] of scan */,
		     void *arg, exs_err *err);
exs_status lmdb_stat(exs_self *self, exs_sink *json, exs_err *err);
exs_status lmdb_copy(exs_self *self, const char *path, exs_err *err);
exs_status lmdb_restore(exs_self *self, const char *path, exs_err *err);
exs_status lmdb_compact(exs_self *self, exs_err *err);
exs_status lmdb_check(exs_self *self,
		      exs_status (*say)(void *arg, int32_t kind, exs_str text) /* [any-thread] of check */,
		      void *arg, exs_err *err);

/* copy.c: the whole store, without what is free in it, to an open file that is empty. The caller
 * is inside. */
int copy_to(struct env *env, int fd);

#endif
