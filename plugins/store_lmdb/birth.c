/* SPDX-License-Identifier: MIT */
/*
 * birth.c - a new data file, whole from its first moment.
 *
 * LMDB makes a file and writes its first pages then. A power failure in between can leave a part of
 * them, which nothing opens ever again. So they are written and synced under another name first. A
 * crash leaves that file; it is small and in nobody's way.
 */
#include "env.h"

#include <errno.h>
#include <unistd.h>

#include "folder.h"

#define PART_MAX (FOLDER_PATH_MAX + 64u)

static int write_first_pages(const char *part)
{
	MDB_env *mdb;
	int rc = mdb_env_create(&mdb);

	if (rc)
		return rc;
	rc = mdb_env_open(mdb, part, MDB_NOSUBDIR | MDB_NOLOCK, FILE_MODE);
	if (!rc)
		rc = mdb_env_sync(mdb, 1);
	mdb_env_close(mdb);
	return rc;
}

/* link and not rename: another process may have been quicker, and have rows already. */
static int give_birth(const char *part, const char *file)
{
	int rc = write_first_pages(part);

	/* Where no links are, LMDB makes the file itself. */
	if (!rc && link(part, file) && errno != EEXIST && errno != EPERM && errno != EOPNOTSUPP)
		rc = errno;
	unlink(part);
	return rc;
}

exs_status env_birth(const struct env *env, exs_err *err)
{
	char part[PART_MAX], *file;
	int rc;

	if (folder_join(env->path, DATA_FILE, &file, err))
		return err->status;
	if (access(file, F_OK)) {
		/* The process id keeps two that begin at once apart. */
		snprintf(part, sizeof part, "%s.new.%ld", file, (long)getpid());
		unlink(part);
		rc = give_birth(part, file);
		if (rc)
			env_fail(env, err, rc, "be made");
	}
	free(file);
	return err->status;
}
