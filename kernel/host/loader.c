/* SPDX-License-Identifier: MIT */
/* loader.c - finds a battery's file, decides whether it may be trusted, and loads it. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/text.h"
#include "base/trust.h"
#include "host/loader.h"

#define SHOWN_MAX  96u	/* letters of a path that a sentence has room for */
#define LOOKED_MAX 120u /* bytes of folders that a sentence lists */
#define PATH_BYTES 4096u

void loader_init(struct loader *ld, const char *const *folders)
{
	ld->folders = folders;
	ld->list = NULL;
}

void loader_release(struct loader *ld)
{
	while (ld->list) {
		struct loaded *l = ld->list;

		ld->list = l->next;
		free(l->path);
		free(l);
	}
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The path as sentences show it: all of it, or its last part where that leaves no room for the
 * reason. */
static const char *shown(const char *path)
{
	const char *part = last_part(path);
	size_t n = strlen(path);

	if (n <= SHOWN_MAX)
		return path;
	return strlen(part) <= SHOWN_MAX ? part : path + n - SHOWN_MAX;
}

/* dir/name as memory of the caller's; NULL: no memory, or too long for any file. */
static char *join(const char *dir, const char *name)
{
	char *path = NULL;

	if (strlen(dir) + strlen(name) + 2 > PATH_BYTES)
		return NULL;
	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

/* ---- the batteries of a folder ---- */

struct names {
	char *v[LOADER_SCAN_MAX + 1]; /* ended by NULL */
	size_t n;
};

static void names_free(struct names *names)
{
	for (size_t i = 0; names && i < names->n; i++)
		free(names->v[i]);
	free(names);
}

static bool is_battery_name(const char *name)
{
	size_t n = strlen(name);

	return n > 3 && n <= LOADER_NAME_MAX && name[0] != '.' && strcmp(name + n - 3, ".so") == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds the folder's NAME.so, sorted. */
static exs_status names_read(struct names *names, const char *dir, exs_err *err)
{
	exs_status status = EXS_OK;
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return err_set(err, errno == ENOENT ? EXS_NOTFOUND : EXS_IO, errno,
			       "the battery folder '%s' cannot be read: %s", shown(dir),
			       strerror(errno));
	while (status == EXS_OK && (e = readdir(d))) {
		char *copy;

		if (!is_battery_name(e->d_name))
			continue;
		copy = names->n < LOADER_SCAN_MAX ? strdup(e->d_name) : NULL;
		if (copy)
			names->v[names->n++] = copy;
		else if (names->n < LOADER_SCAN_MAX)
			status = err_set(err, EXS_NOMEM, 0, "no memory to list '%s'", shown(dir));
		else
			status = err_set(err, EXS_TOOBIG, 0,
					 "'%s' holds more than %u batteries: use a folder of fewer",
					 shown(dir), LOADER_SCAN_MAX);
	}
	closedir(d);
	qsort(names->v, names->n, sizeof names->v[0], by_name);
	return status;
}

/* ---- finding ---- */

/* "no such battery", with what is near. `dirs` are the folders looked in. */
static exs_status missing(const char *name, const char *const *dirs, exs_err *err)
{
	struct names *names = calloc(1, sizeof *names);
	const char *near = NULL;
	struct buf looked;

	buf_init(&looked, LOOKED_MAX);
	for (size_t i = 0; dirs[i]; i++) {
		exs_err ignored = EXS_ERR_INIT;

		buf_printf(&looked, "%s%s", i ? ", " : "", dirs[i]);
		if (names)
			names_read(names, dirs[i],
				   &ignored); /* a folder that is not there has no names */
	}
	if (names)
		near = suggest(name, (const char *const *)names->v);
	if (near)
		err_set(err, EXS_NOTFOUND, 0,
			"no battery '%.40s', did you mean '%.40s'? Looked in %s%s", name, near,
			looked.n ? looked.p : "no folder", buf_ok(&looked) ? "" : ", ...");
	else
		err_set(err, EXS_NOTFOUND, 0,
			"no battery '%.60s': looked in %s%s; name a folder with -B or give a path",
			name, looked.n ? looked.p : "no folder", buf_ok(&looked) ? "" : ", ...");
	buf_release(&looked);
	names_free(names);
	return err->status;
}

/* Only a file that is not there is passed over: any other trouble is told when it is opened. */
static bool absent(const char *path)
{
	struct stat st;

	return stat(path, &st) && (errno == ENOENT || errno == ENOTDIR);
}

static exs_status find_by_path(const char *so, const char *conf_dir, char **out, exs_err *err)
{
	auto_free char *path = so[0] == '/' ? strdup(so) : join(conf_dir, so);
	char *slash;

	if (!path)
		return err_set(err, EXS_TOOBIG, 0,
			       "'%s' cannot be looked for: its path is too long, or no memory",
			       shown(so));
	if (!absent(path)) {
		*out = take(path);
		return EXS_OK;
	}
	slash = strrchr(path, '/');
	*slash = '\0';
	return missing(slash + 1, (const char *const[]){ *path ? path : "/", NULL }, err);
}

static exs_status find_by_name(const struct loader *ld, const char *so, char **out, exs_err *err)
{
	for (size_t i = 0; ld->folders[i]; i++) {
		auto_free char *path = join(ld->folders[i], so);

		if (!path)
			return err_set(err, EXS_TOOBIG, 0,
				       "'%s' cannot be looked for: its path is too long, or no "
				       "memory",
				       shown(so));
		if (absent(path))
			continue;
		*out = take(path);
		return EXS_OK;
	}
	return missing(so, ld->folders, err);
}

static exs_status find(const struct loader *ld, const char *so, const char *conf_dir, char **out,
		       exs_err *err)
{
	const char *name = last_part(so);

	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(err, EXS_INVALID, 0,
			       "'%s' names no file: write the battery's, such as store_lmdb.so",
			       shown(so));
	if (strlen(name) > LOADER_NAME_MAX)
		return err_set(err, EXS_INVALID, 0, "'%.40s...' is too long for a file name", name);
	return name == so ? find_by_name(ld, so, out, err) : find_by_path(so, conf_dir, out, err);
}

/* ---- loading ---- */

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The file under the descriptor and the one under the path are still what was checked. */
static exs_status check_unchanged(int fd, const char *path, const struct stat *before, exs_err *err)
{
	struct stat now, named;

	if (fstat(fd, &now) || stat(path, &named))
		return err_set(err, EXS_IO, errno, "'%s' cannot be looked at again: %s",
			       shown(path), strerror(errno));
	if (!same_file(before, &now) || !same_file(before, &named))
		return err_set(err, EXS_CONFLICT, 0,
			       "'%s' changed while it was loaded: let the installation end and try "
			       "again",
			       shown(path));
	return EXS_OK;
}

/* What dlerror's text most often comes from. */
static const char *usual_cause(const char *text)
{
	if (strstr(text, "undefined symbol"))
		return "built against another library version, or a library missing from its link "
		       "line?";
	if (strstr(text, "cannot open shared object"))
		return "is a library that it needs not installed? ldd names it";
	if (strstr(text, "version `"))
		return "built against newer libraries than these? rebuild it here";
	if (strstr(text, "TLS"))
		return "a library that it needs wants to be loaded at program start";
	return "try: ldd -r FILE";
}

static exs_status dlopen_failed(const char *path, exs_err *err)
{
	const char *text = dlerror();
	size_t n = strlen(path);

	if (!text)
		text = "no reason given";
	/* The linker begins with the path, which the sentence has already. */
	if (strncmp(text, path, n) == 0 && text[n] == ':')
		text += n + 1 + strspn(text + n + 1, " ");
	return err_set(err, EXS_INVALID, 0, "'%s' cannot be loaded: %.100s (%s)", last_part(path),
		       text, usual_cause(text));
}

/* Runs the battery's constructors: everything that can be known without was checked before. */
static exs_status load(struct loaded *l, const struct loader_head *head, exs_err *err)
{
	l->handle = dlopen(l->path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!l->handle)
		return dlopen_failed(l->path, err);
	l->battery = dlsym(l->handle, EXS_BATTERY_SYMBOL);
	if (!l->battery || memcmp(l->battery, head, sizeof *head) != 0)
		return err_set(err, EXS_CONFLICT, 0,
			       "'%s' is not in memory what it is in the file: its "
			       "table " EXS_BATTERY_SYMBOL " must be constant",
			       shown(l->path));
	return loader_check_table(l->battery, shown(l->path), err);
}

static struct loaded *loaded_new(const char *path, const struct stat *st)
{
	auto_free struct loaded *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->path = strdup(path);
	if (!l->path)
		return NULL;
	l->file = last_part(l->path);
	l->owner = st->st_uid;
	l->dev = st->st_dev;
	l->ino = st->st_ino;
	return take(l);
}

static exs_status load_checked(struct loader *ld, int fd, const char *path,
			       const struct loaded **out, exs_err *err)
{
	struct loader_head head;
	struct loaded *l;
	struct stat st;
	exs_status status;

	if (fstat(fd, &st))
		return err_set(err, EXS_IO, errno, "'%s' cannot be looked at: %s", shown(path),
			       strerror(errno));
	for (l = ld->list; l; l = l->next) {
		if (l->dev == st.st_dev && l->ino == st.st_ino) {
			*out = l;
			return EXS_OK;
		}
	}
	if (loader_check_file(fd, shown(path), &head, err) || check_unchanged(fd, path, &st, err))
		return err->status;
	l = loaded_new(path, &st);
	if (!l)
		return err_set(err, EXS_NOMEM, 0, "no memory to load '%s'", shown(path));
	loader_guard_naming(path, "load");
	status = load(l, &head, err);
	loader_guard_naming(NULL, NULL);
	if (status == EXS_OK)
		status = check_unchanged(fd, path, &st, err);
	if (status) {
		free(l->path);
		free(l);
		return status;
	}
	l->next = ld->list;
	ld->list = l;
	*out = l;
	return EXS_OK;
}

exs_status loader_open(struct loader *ld, const char *so, const char *conf_dir,
		       const struct loaded **out, exs_err *err)
{
	auto_free char *path = NULL, *real = malloc(TRUST_PATH_MAX);
	auto_close int fd = -1;

	if (!real)
		return err_set(err, EXS_NOMEM, 0, "no memory to load '%s'", shown(so));
	if (find(ld, so, conf_dir, &path, err) || trust_open(path, real, &fd, err))
		return err->status;
	return load_checked(ld, fd, real, out, err);
}

exs_status loader_scan(struct loader *ld, const char *dir,
		       exs_status (*row)(void *arg, const char *file, const struct loaded *loaded,
					 const exs_err *why),
		       void *arg, exs_err *err)
{
	struct names *names = calloc(1, sizeof *names);
	exs_status status;

	if (!names)
		return err_set(err, EXS_NOMEM, 0, "no memory to list '%s'", shown(dir));
	status = names_read(names, dir, err);
	for (size_t i = 0; status == EXS_OK && i < names->n; i++) {
		const struct loaded *l = NULL;
		exs_err why = EXS_ERR_INIT;
		auto_free char *path = join(dir, names->v[i]);

		if (!path)
			err_set(&why, EXS_TOOBIG, 0, "'%s' has too long a path", names->v[i]);
		else
			loader_open(ld, path, ".", &l, &why); /* a bad file is a row, not the end */
		status = row(arg, names->v[i], l, l ? NULL : &why);
	}
	names_free(names);
	return status;
}
