/* SPDX-License-Identifier: MIT */
/*
 * trust.h - files that may be believed: conf and batteries are as powerful as the program that
 * reads them.
 *
 * A trusted file is a regular file of root's or the effective user's that nobody else may write, in
 * folders up to the root of which the same holds, so that nobody else can put another file in its
 * place. A sticky folder that others may write (like /tmp) is accepted on the way, but not as the
 * folder of the file itself.
 *
 * Every refusal names the path, what was found there and the command that mends it.
 */
#ifndef BASE_TRUST_H
#define BASE_TRUST_H

#include <executus/status.h>

#define TRUST_PATH_MAX 4096u /* PATH_MAX: no real path is longer */

/*
 * Opens a trusted file for reading. `real` gets its real path (no links, no dots), `fd` a
 * descriptor of the caller's that is closed on exec. DENIED: not to be trusted; NOTFOUND: there is
 * none; IO.
 */
exs_status trust_open(const char *path, char real[TRUST_PATH_MAX], int *fd, exs_err *err);

/* A folder of the effective user's own that nobody else may write: for state. Same outcomes. */
exs_status trust_dir(const char *path, exs_err *err);

#endif
