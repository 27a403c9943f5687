/* SPDX-License-Identifier: MIT */
/*
 * place.h - puts bytes at a name below a folder: all of them or nothing, durable when it returns.
 *
 * The file is written under a temporary name (".tmp-" and 16 digits) in the same folder and
 * renamed, so a reader sees the old file or the new one. No link is followed below the folder. A
 * kill may leave a temporary file; nothing else does.
 */
#ifndef DELIVERY_FILE_PLACE_H
#define DELIVERY_FILE_PLACE_H

#include <executus/cancel.h>
#include <executus/helper.h>

struct place {
	char *dir;
	int sync;
};

/* Makes the folder (0700) when it is absent; 0600 files go there. */
exs_status place_ready(const struct place *place, exs_err *err);

/* `name` was checked by name_check. Folders in it are made. */
exs_status place_put(const struct place *place, const char *name, const exs_str *pieces, size_t n,
		     const exs_cancel *cancel, exs_err *err);

#endif
