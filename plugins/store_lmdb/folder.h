/* SPDX-License-Identifier: MIT */
/* folder.h - the folder that the store lives in: where it is, whether it may be used, who has it
 * open. */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include <executus/helper.h>

#define FOLDER_PATH_MAX 4000u /* leaves room for the file names behind it */
#define FOLDER_MODE	0700
#define FILE_MODE	0600
#define DATA_FILE	"data.mdb" /* LMDB's names for the files of a folder */
#define OWNERS_FILE	"owners.lock"

/* The conf's 'path', else STATE_DIR/INSTANCE. `out` is the caller's to free. */
exs_status folder_of(const exs_host *host, const exs_conf *conf, char **out, exs_err *err);

/* Makes it if need be; DENIED when others may write to it, UNSUPPORTED on a shared file system. */
exs_status folder_prepare(const char *path, exs_err *err);

/*
 * Claims the folder for this process until *out is closed: CONFLICT when this process has it open
 * already, which LMDB does not bear. Other processes are welcome. The claim is a lock on the byte
 * at the process id.
 */
exs_status folder_claim(const char *path, int *out, exs_err *err);

/*
 * Shuts the folder for all other processes until folder_share: AGAIN while one has it open. `fd` is
 * what folder_claim gave.
 */
exs_status folder_shut(const char *path, int fd, exs_err *err);
void folder_share(int fd);

/* DENIED when the file is there and others may read or write it. */
exs_status folder_check_file(const char *path, const char *name, exs_err *err);

/* The name of a file or folder is durable when the folder that it stands in is. -1: errno. */
int folder_sync_for(const char *path);

/* PATH/NAME; `out` is the caller's to free. */
exs_status folder_join(const char *path, const char *name, char **out, exs_err *err);

#endif
