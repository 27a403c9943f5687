/* SPDX-License-Identifier: MIT */
/* path.c - from a path that a model wrote to an object below the root, and nowhere else. */
#include "fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

struct finder {
	struct fs_call *call;
	const char *asked; /* for messages */
	struct fs_node *node;
	uint32_t flags;
	unsigned links, steps;
	char rest[FS_PATH_MAX]; /* what is still to be walked */
	char link[FS_PATH_MAX];
};

int fs_step(int folder, const char *name, struct stat *st)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS,
	};
	int fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof how);

	if (fd < 0)
		return -1;
	if (fstat(fd, st) == 0)
		return fd;
	close(fd);
	return -1;
}

int fs_reopen(int fd)
{
	char path[40];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int fs_sync_folder(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int sys = 0;

	if (fd < 0)
		return errno;
	if (fsync(fd) && errno != EINVAL) /* EINVAL: this file system has nothing to sync here */
		sys = errno;
	close(fd);
	return sys;
}

bool fs_cancelled(const struct fs_call *c, exs_err *err)
{
	if (!c->cancel || c->cancel->cause(c->cancel) == EXS_CAUSE_NONE)
		return false;
	exs_fail(err, EXS_CANCELLED, 0, "the call was cancelled");
	err->klass = EXS_CLASS_NOT_DONE;
	return true;
}

/* ---- sentences ---- */

exs_status fs_sys(exs_err *err, int sys, const char *path)
{
	struct text_shown s;
	const char *shown = text_show(&s, path);

	switch (sys) {
	case ENOENT:
		return exs_fail(err, EXS_NOTFOUND, sys,
				"there is no '%s': use list_dir to see the names that exist",
				shown);
	case EACCES:
	case EPERM:
		return exs_fail(err, EXS_DENIED, sys, "'%s' may not be opened by this user", shown);
	case EROFS:
		return exs_fail(err, EXS_DENIED, sys, "'%s' is on a read-only file system", shown);
	case ENOTDIR:
		return exs_fail(
			err, EXS_INVALID, sys,
			"a part of '%s' is a file and not a folder: use list_dir to see the names",
			shown);
	case ENAMETOOLONG:
		return exs_fail(err, EXS_INVALID, sys, "the path '%s' is too long", shown);
	case EXDEV:
		return exs_fail(err, EXS_DENIED, sys, "'%s' leads outside the root", shown);
	case ENOSPC:
	case EDQUOT:
		return exs_fail(err, EXS_IO, sys, "there is no space left on the disk for '%s'",
				shown);
	default:
		return exs_fail(err, EXS_IO, sys, "'%s' cannot be used: %s", shown,
				strerrordesc_np(sys) ? strerrordesc_np(sys) : "unknown error");
	}
}

exs_status fs_not_a_file(exs_err *err, const struct stat *st, const char *path)
{
	struct text_shown s;

	if (S_ISDIR(st->st_mode))
		return exs_fail(err, EXS_INVALID, EISDIR, "'%s' is a folder: use list_dir",
				text_show(&s, path));
	return exs_fail(err, EXS_DENIED, 0,
			"'%s' is a device, a pipe or a socket: only regular files can be used",
			text_show(&s, path));
}

static exs_status outside(const struct finder *f, exs_err *err)
{
	return fs_sys(err, EXDEV, f->asked);
}

/* ---- what is denied ---- */

void fs_deny_load(struct fs_call *c)
{
	size_t i;

	c->denied_n = 0;
	for (i = 0; i < c->self->deny_n; i++) {
		struct stat st;
		struct fs_id *id = &c->denied[c->denied_n];

		if (stat(c->self->deny[i], &st))
			continue; /* it does not exist, so no path can lead to it */
		id->dev = st.st_dev;
		id->ino = st.st_ino;
		id->folder = S_ISDIR(st.st_mode) ? c->self->deny[i] : NULL;
		c->denied_n++;
	}
}

/* True when one of the names in the folder is this object. Looks at names only and opens no file.
 */
static bool stands_in(const char *folder, const struct stat *st)
{
	DIR *dir = opendir(folder);
	const struct dirent *d;
	bool found = false;
	unsigned n = 0;

	if (!dir)
		return true; /* not to be seen: rather refuse a file of several names */
	while (!found && (d = readdir(dir))) {
		struct stat one;

		if (++n > FS_DENY_SCAN) {
			found = true;
			break;
		}
		if (d->d_ino == st->st_ino &&
		    !fstatat(dirfd(dir), d->d_name, &one, AT_SYMLINK_NOFOLLOW))
			found = one.st_dev == st->st_dev && one.st_ino == st->st_ino;
	}
	closedir(dir);
	return found;
}

bool fs_denied(const struct fs_call *c, const struct stat *st)
{
	size_t i;

	for (i = 0; i < c->denied_n; i++) {
		const struct fs_id *id = &c->denied[i];

		if (id->dev == st->st_dev && id->ino == st->st_ino)
			return true;
		/* A hard link is another way to a file of a denied folder. */
		if (id->folder && S_ISREG(st->st_mode) && st->st_nlink > 1 &&
		    id->dev == st->st_dev && stands_in(id->folder, st))
			return true;
	}
	return false;
}

/* ---- finding ---- */

void fs_node_free(struct fs_node *node)
{
	if (!node)
		return;
	if (node->fd >= 0)
		close(node->fd);
	if (node->folder >= 0)
		close(node->folder);
	free(node);
}

/* Moves the node to an object whose descriptor is given away to it. */
static void node_enter(struct fs_node *n, int fd, const struct stat *st)
{
	if (n->folder >= 0)
		close(n->folder);
	n->folder = n->fd;
	n->fd = fd;
	n->st = *st;
}

static exs_status node_to_root(struct finder *f, exs_err *err)
{
	struct fs_node *n = f->node;
	int fd = fcntl(f->call->self->root, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return fs_sys(err, errno, f->asked);
	if (n->fd >= 0)
		close(n->fd);
	if (n->folder >= 0)
		close(n->folder);
	n->folder = -1;
	n->fd = fd;
	n->real[0] = '\0';
	if (fstat(fd, &n->st))
		return fs_sys(err, errno, f->asked);
	return EXS_OK;
}

/* Appends a name to a path; false when it does not fit. */
static bool append(char *path, const char *name)
{
	size_t n = strlen(path), m = strlen(name);

	if (n + m + 2 > FS_PATH_MAX)
		return false;
	if (n)
		path[n++] = '/';
	memcpy(path + n, name, m + 1);
	return true;
}

/* Puts `path` in front of what is left to walk. */
static bool prepend(struct finder *f, const char *path)
{
	size_t n = strlen(path), m = strlen(f->rest);

	if (n + m + 2 > FS_PATH_MAX)
		return false;
	memmove(f->rest + n + 1, f->rest, m + 1);
	memcpy(f->rest, path, n);
	f->rest[n] = '/';
	return true;
}

/* Takes the next name off the rest; false at its end. */
static bool next_name(struct finder *f, char name[static FS_NAME_MAX + 1], exs_err *err)
{
	size_t skip = strspn(f->rest, "/"), n = strcspn(f->rest + skip, "/");

	if (n == 0 || n > FS_NAME_MAX) {
		if (n)
			fs_sys(err, ENAMETOOLONG, f->asked);
		return false;
	}
	memcpy(name, f->rest + skip, n);
	name[n] = '\0';
	memmove(f->rest, f->rest + skip + n, strlen(f->rest + skip + n) + 1);
	return true;
}

static bool at_end(const struct finder *f)
{
	return f->rest[strspn(f->rest, "/")] == '\0';
}

/* The part of an absolute path behind the root; NULL when it is elsewhere. */
static const char *behind_root(const exs_self *self, const char *path)
{
	const char *roots[] = { self->root_real, self->root_text };
	size_t i;

	for (i = 0; i < 2; i++) {
		size_t n = strlen(roots[i]);

		if (strncmp(path, roots[i], n) == 0 &&
		    (path[n] == '/' || path[n] == '\0' || n == 1))
			return path + n;
	}
	return NULL;
}

/* Goes to the folder above: from the root again, so that a folder moved meanwhile leads nowhere
 * else. */
static exs_status go_up(struct finder *f, exs_err *err)
{
	char *slash = strrchr(f->node->real, '/');

	if (!f->node->real[0])
		return outside(f, err);
	if (!S_ISDIR(f->node->st.st_mode))
		return fs_sys(err, ENOTDIR, f->asked);
	if (slash)
		*slash = '\0';
	else
		f->node->real[0] = '\0';
	if (f->node->real[0] && !prepend(f, f->node->real))
		return fs_sys(err, ENAMETOOLONG, f->asked);
	return node_to_root(f, err);
}

static exs_status follow(struct finder *f, int fd, exs_err *err)
{
	struct text_shown s;
	ssize_t n = readlinkat(fd, "", f->link, sizeof f->link - 1);
	const char *to = f->link;

	if (n <= 0)
		return fs_sys(err, n ? errno : ENOENT, f->asked);
	f->link[n] = '\0';
	if (!(f->call->self->flags & FS_FOLLOW))
		return exs_fail(err, EXS_DENIED, ELOOP,
				"'%s' leads over a symbolic link, and links are not followed here",
				text_show(&s, f->asked));
	if (++f->links > FS_LINKS_MAX)
		return exs_fail(err, EXS_INVALID, ELOOP,
				"'%s' leads over more than %u symbolic links: they go in a circle",
				text_show(&s, f->asked), FS_LINKS_MAX);
	if (*to == '/') {
		to = behind_root(f->call->self, to);
		if (!to)
			return outside(f, err);
		if (node_to_root(f, err))
			return err->status;
	}
	return prepend(f, to) ? EXS_OK : fs_sys(err, ENAMETOOLONG, f->asked);
}

/* The name is not there. */
static exs_status missing(struct finder *f, const char *name, exs_err *err)
{
	struct fs_node *n = f->node;
	struct text_shown s;
	int sys;

	if (!(f->flags & FS_MAY_MISS))
		return fs_sys(err, ENOENT, f->asked);
	if (at_end(f)) {
		if (!append(n->real, name))
			return fs_sys(err, ENAMETOOLONG, f->asked);
		node_enter(n, -1, &n->st);
		return EXS_OK;
	}
	if (!(f->flags & FS_MAKE_FOLDERS))
		return exs_fail(err, EXS_NOTFOUND, ENOENT,
				"the folder of '%s' does not exist: set parents to true to make it",
				text_show(&s, f->asked));
	if (mkdirat(n->fd, name, 0777) && errno != EEXIST)
		return fs_sys(err, errno, f->asked);
	sys = fs_sync_folder(n->fd);
	if (sys)
		return fs_sys(err, sys, f->asked);
	return prepend(f, name) ? EXS_OK : fs_sys(err, ENAMETOOLONG, f->asked);
}

static exs_status go_down(struct finder *f, const char *name, exs_err *err)
{
	struct fs_node *n = f->node;
	struct text_shown s;
	struct stat st;
	exs_status status;
	int fd;

	if (!S_ISDIR(n->st.st_mode))
		return fs_sys(err, ENOTDIR, f->asked);
	fd = fs_step(n->fd, name, &st);
	if (fd < 0)
		return errno == ENOENT ? missing(f, name, err) : fs_sys(err, errno, f->asked);
	if (fs_denied(f->call, &st)) {
		close(fd);
		return exs_fail(err, EXS_DENIED, 0, "'%s' is closed to tools: leave it alone",
				text_show(&s, f->asked));
	}
	if (S_ISLNK(st.st_mode)) {
		status = follow(f, fd, err);
		close(fd);
		return status;
	}
	if (!append(n->real, name)) {
		close(fd);
		return fs_sys(err, ENAMETOOLONG, f->asked);
	}
	node_enter(n, fd, &st);
	return EXS_OK;
}

static exs_status walk_names(struct finder *f, exs_err *err)
{
	char name[FS_NAME_MAX + 1];

	err->status = EXS_OK;
	while (f->node->fd >= 0 && next_name(f, name, err)) {
		if (++f->steps > FS_STEPS_MAX)
			return fs_sys(err, ENAMETOOLONG, f->asked);
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0 ? go_up(f, err) : go_down(f, name, err))
			return err->status;
	}
	return err->status;
}

exs_status fs_find(struct fs_call *c, const char *path, uint32_t flags, struct fs_node **out,
		   exs_err *err)
{
	struct finder *f = calloc(1, sizeof *f);
	const char *from = path;
	exs_status status;

	if (f)
		f->node = calloc(1, sizeof *f->node);
	if (!f || !f->node) {
		free(f);
		return exs_fail(err, EXS_NOMEM, 0, "no memory to look at a path");
	}
	f->call = c;
	f->asked = path;
	f->flags = flags;
	f->node->fd = f->node->folder = -1;
	if (*path == '/')
		from = behind_root(c->self, path);
	if (!from)
		status = outside(f, err);
	else if (strlen(from) >= sizeof f->rest)
		status = fs_sys(err, ENAMETOOLONG, path);
	else
		status = node_to_root(f, err);
	if (!status) {
		memcpy(f->rest, from, strlen(from) + 1);
		status = walk_names(f, err);
	}
	if (status)
		fs_node_free(f->node);
	else
		*out = f->node;
	free(f);
	return status;
}
