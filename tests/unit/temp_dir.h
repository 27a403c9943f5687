/* SPDX-License-Identifier: MIT */
/* temp_dir.h - a folder of the test's own, removed with all that is in it, and files in it. */
#ifndef TEST_TEMP_DIR_H
#define TEST_TEMP_DIR_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>

#define TEMP_DIR_FDS 8 /* held open while a tree is removed */

/* Makes a folder whose name begins with `name` under $TMPDIR or /tmp; 0, or -1. */
static inline int temp_dir_make(const char *name, char *out, size_t size)
{
	const char *base = getenv("TMPDIR");
	int n = snprintf(out, size, "%s/executus-%s-XXXXXX", base && *base ? base : "/tmp", name);

	return n > 0 && (size_t)n < size && mkdtemp(out) ? 0 : -1;
}

static inline int temp_dir_remove_one(const char *path, const struct stat *st, int kind,
				      struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

/* Removes it with all that is in it; 0, or -1. */
static inline int temp_dir_remove(const char *dir)
{
	return nftw(dir, temp_dir_remove_one, TEMP_DIR_FDS, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file anew. */
static inline void spit(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

#endif
