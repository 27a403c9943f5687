/* SPDX-License-Identifier: MIT */
/*
 * file.h - paths of the conf, and small files that it trusts.
 *
 * The sentences name no place: the caller adds it.
 */
#ifndef CONF_FILE_H
#define CONF_FILE_H

#include <executus/status.h>
#include "conf/tree.h"

#define FILE_PATH_MAX 4096u /* bytes of a path with its NUL */

/*
 * "~/x" is in the home folder, "/x" stays, anything else starts at src->dir. The result is
 * absolute, without
 * "//" and "/./" ("..", which may cross a symlink, stays) and belongs to the caller (free).
 */
exs_status file_path(const struct source *src, const char *text, char **out, exs_err *err);

/* Flags of file_read. */
enum { FILE_PRIVATE = 1u /* group and others must have no access */ };

/*
 * Fills buf with the whole file; TOOBIG with more than cap bytes. Opened through trust_open,
 * regular files only. `real` (TRUST_PATH_MAX bytes, may be NULL) gets the path without symlinks.
 */
exs_status file_read(const char *path, unsigned flags, char *buf, size_t cap, size_t *n, char *real,
		     exs_err *err);

#endif
