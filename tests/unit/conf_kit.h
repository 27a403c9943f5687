/* SPDX-License-Identifier: MIT */
/* conf_kit.h - conf files in a folder of the suite, and the words that refuse them. */
#ifndef TEST_CONF_KIT_H
#define TEST_CONF_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include <executus/helper.h>

#include "conf/tree.h"
#include "temp_dir.h"

static char folder[256]; /* of the whole suite */

static inline int make_folder(void **state)
{
	(void)state;
	return temp_dir_make("conf", folder, sizeof folder);
}

static inline int remove_folder(void **state)
{
	(void)state;
	return temp_dir_remove(folder);
}

/* Writes a file into the folder; its path holds until the next one. */
static inline const char *put_bytes(const char *name, const char *p, size_t n, unsigned mode)
{
	static char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static inline const char *put(const char *name, const char *text)
{
	return put_bytes(name, text, strlen(text), 0600);
}

static inline void assert_says(const exs_err *err, const char *part)
{
	if (!strstr(err->text, part))
		fail_msg("expected \"%s\" in \"%s\"", part, err->text);
}

/* Reading that file of the folder is refused at that place, with those words. */
static inline void refuse_file(const char *name, const char *place, const char *words)
{
	exs_err err = EXS_ERR_INIT;
	struct tree *t = NULL;
	char path[512];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	assert_int_not_equal(tree_load(path, &t, &err), EXS_OK);
	assert_null(t);
	assert_says(&err, place);
	assert_says(&err, words);
}

#endif
