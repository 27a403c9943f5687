/* SPDX-License-Identifier: MIT */
/* key.h - keys of rows that belong to a run: what its id may be, and a key made of it. */
#ifndef ROW_KEY_H
#define ROW_KEY_H

#include <executus/helper.h>

#define RUN_ID_MAX  128u
#define ROW_KEY_MAX (RUN_ID_MAX + 64u)

struct key {
	char p[ROW_KEY_MAX];
	size_t n;
};

/* 1 to RUN_ID_MAX letters, digits, '-', '_' and '.'. */
int run_id_ok(const char *id);
/* The key lies in `k`. */
exs_str key_make(struct key *k, const char *fmt, ...) EXS_PRINTF(2, 3);

#endif
