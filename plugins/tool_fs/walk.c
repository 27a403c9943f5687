/* SPDX-License-Identifier: MIT */
/* walk.c - what is below a folder, in the order of the paths, with every bound named. Links are not
 * followed. */
#include "fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* One folder on the way down. A name is kept with one byte before it: '/' for a folder, else NUL.
 */
struct level {
	int fd; /* O_PATH */
	char **names;
	size_t n, cap, i;
	size_t path_n; /* length of the walk's path up to here */
};

struct walker {
	struct fs_walk *w;
	struct level levels[FS_DEPTH_MAX];
	unsigned n;
	char path[FS_PATH_MAX];
};

/* By path: a folder's name counts with the '/' that follows it in the paths of what it holds. */
static int by_path(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	size_t i = 1;
	int p, q;

	while (x[i] && x[i] == y[i])
		i++;
	p = x[i] ? (unsigned char)x[i] : (unsigned char)x[0];
	q = y[i] ? (unsigned char)y[i] : (unsigned char)y[0];
	return p < q ? -1 : p > q;
}

static bool keep(struct level *l, const char *name, char kind)
{
	size_t n = strlen(name) + 1, cap = l->cap ? l->cap * 2 : 64;
	char *copy = malloc(n + 1);
	char **more = l->names;

	if (copy && l->n == l->cap) {
		more = realloc(l->names, cap * sizeof *more);
		if (more) {
			l->names = more;
			l->cap = cap;
		}
	}
	if (!copy || !more) {
		free(copy);
		return false;
	}
	copy[0] = kind;
	memcpy(copy + 1, name, n);
	l->names[l->n++] = copy;
	return true;
}

static char kind_of(int folder, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_DIR ? '/' : '\0';
	if (fstatat(folder, d->d_name, &st, AT_SYMLINK_NOFOLLOW))
		return '\0';
	return S_ISDIR(st.st_mode) ? '/' : '\0';
}

static exs_status read_names(struct fs_walk *w, struct level *l, DIR *dir, exs_err *err)
{
	const struct dirent *d;

	while ((d = readdir(dir))) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (l->n == FS_FOLDER_MAX || w->seen == FS_WALK_MAX) {
			w->cut = true;
			break;
		}
		w->seen++;
		if (d->d_name[0] == '.' && !(w->call->self->flags & FS_HIDDEN)) {
			w->hidden++;
			continue;
		}
		if (!keep(l, d->d_name, kind_of(dirfd(dir), d)))
			return exs_fail(err, EXS_NOMEM, 0, "no memory for the names of a folder");
	}
	if (l->n > 1)
		qsort(l->names, l->n, sizeof *l->names, by_path);
	return EXS_OK;
}

static void level_release(struct level *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->names[i]);
	free(l->names);
	close(l->fd);
}

/* Goes into a folder, whose descriptor is given away. One that cannot be read is counted. */
static exs_status push(struct walker *k, int fd, exs_err *err)
{
	struct level *l = &k->levels[k->n];
	int readable = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = readable >= 0 ? fdopendir(readable) : NULL;
	exs_status s;

	if (!dir) {
		k->w->unreadable++;
		if (readable >= 0)
			close(readable);
		close(fd);
		return EXS_OK;
	}
	memset(l, 0, sizeof *l);
	l->fd = fd;
	l->path_n = strlen(k->path);
	k->n++;
	s = read_names(k->w, l, dir, err);
	closedir(dir);
	return s;
}

/* One name: shows it, and goes into it. */
static exs_status enter(struct walker *k, struct level *l, const char *name, int *go, exs_err *err)
{
	struct fs_entry e = { .path = k->path, .name = name, .folder = l->fd };
	size_t n = strlen(name);
	int fd;

	if (l->path_n + n + 2 > sizeof k->path) {
		k->w->cut = true;
		return EXS_OK;
	}
	memcpy(k->path + l->path_n, name, n + 1);
	if (fstatat(l->fd, name, &e.st, AT_SYMLINK_NOFOLLOW))
		return EXS_OK; /* gone meanwhile */
	if (fs_denied(k->w->call, &e.st)) {
		k->w->hidden++;
		return EXS_OK;
	}
	*go = k->w->visit(k->w->arg, &e);
	if (*go != FS_GO || !S_ISDIR(e.st.st_mode) || k->n >= k->w->depth)
		return EXS_OK;
	fd = fs_step(l->fd, name, &e.st);
	if (fd < 0) {
		k->w->unreadable++;
		return EXS_OK;
	}
	if (!S_ISDIR(e.st.st_mode) || fs_denied(k->w->call, &e.st)) {
		close(fd); /* it was put in another's place meanwhile */
		return EXS_OK;
	}
	memcpy(k->path + l->path_n + n, "/", 2);
	return push(k, fd, err);
}

exs_status fs_walk(struct fs_walk *w, int folder, exs_err *err)
{
	struct walker *k = calloc(1, sizeof *k);
	int go = FS_GO, fd = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	exs_status s;

	if (!k || fd < 0) {
		free(k);
		if (fd >= 0)
			close(fd);
		return exs_fail(err, EXS_NOMEM, 0, "no memory or descriptor to walk a folder");
	}
	k->w = w;
	s = push(k, fd, err);
	while (!s && k->n > 0 && go == FS_GO) {
		struct level *l = &k->levels[k->n - 1];

		if (l->i == l->n) {
			level_release(l);
			k->n--;
			continue;
		}
		s = fs_cancelled(w->call, err) ? err->status
					       : enter(k, l, l->names[l->i++] + 1, &go, err);
	}
	while (k->n > 0)
		level_release(&k->levels[--k->n]);
	free(k);
	return s;
}
