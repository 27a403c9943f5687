/* SPDX-License-Identifier: MIT */
/*
 * write.c - write_file: the old content or the new one, never a part of it.
 *
 * The content goes to a file of its own in the same folder, is made durable, takes the name, and
 * the folder is made durable. The file's name comes from the call's key, so a call that runs again
 * after a crash sweeps up what its first try left behind.
 */
#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include <executus/svc/run.h>

enum how { REPLACE, CREATE };

struct writing {
	struct fs_call *c;
	const char *path; /* as the model wrote it */
	const char *name; /* in the folder */
	exs_str content;
	struct fs_node *node;
	enum how how;
	char temp[40];
};

/* A failure before the name was taken: nothing happened. */
static exs_status not_done(exs_err *err)
{
	err->klass = EXS_CLASS_NOT_DONE;
	return err->status;
}

static void name_temp(struct writing *w)
{
	const char *key =
		w->c->call->key && *w->c->call->key ? w->c->call->key : w->c->call->call_id;
	uint64_t h = 14695981039346656037u; /* FNV-1a: a name, not a secret */

	for (; key && *key; key++)
		h = (h ^ (unsigned char)*key) * 1099511628211u;
	snprintf(w->temp, sizeof w->temp, ".executus-%016" PRIx64 ".tmp", h);
}

static int write_all(int fd, exs_str content)
{
	while (content.n > 0) {
		ssize_t n = write(fd, content.p, content.n);

		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0) {
			content.p += n;
			content.n -= (size_t)n;
		}
	}
	return fsync(fd) ? errno : 0;
}

/* Makes the new file beside the old one; 0 or an errno, and then nothing is left. */
static int write_temp(struct writing *w)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int folder = w->node->folder, sys = 0, fd;

	if (unlinkat(folder, w->temp, 0) && errno != ENOENT)
		return errno;
	fd = openat(folder, w->temp, flags, 0666);
	if (fd < 0)
		return errno;
	if (w->node->fd >= 0 && fchmod(fd, w->node->st.st_mode & 0777))
		sys = errno;
	if (!sys)
		sys = write_all(fd, w->content);
	if (close(fd) && !sys)
		sys = errno;
	if (sys)
		unlinkat(folder, w->temp, 0);
	return sys;
}

/* Gives the new file its name only if that is free; 0 or an errno. */
static int take_free_name(const struct writing *w)
{
	int folder = w->node->folder;

	if (!renameat2(folder, w->temp, folder, w->name, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	/* This file system cannot: a second name is as exclusive. */
	if (linkat(folder, w->temp, folder, w->name, 0))
		return errno;
	unlinkat(folder, w->temp, 0);
	return 0;
}

static int take_name(const struct writing *w)
{
	if (w->how == CREATE)
		return take_free_name(w);
	return renameat(w->node->folder, w->temp, w->node->folder, w->name) ? errno : 0;
}

/* True when the file holds exactly the content. */
static bool same_content(const struct writing *w, int fd)
{
	char *buf = malloc(w->content.n + 1);
	size_t n = 0;
	ssize_t got = buf ? 1 : -1;
	bool same;

	while (got > 0 && n <= w->content.n) {
		got = pread(fd, buf + n, w->content.n + 1 - n, (off_t)n);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			n += (size_t)got;
	}
	same = got == 0 && n == w->content.n && (n == 0 || memcmp(buf, w->content.p, n) == 0);
	free(buf);
	return same;
}

/* The file is there. When it is what this call would make, an earlier try of it may have: that is
 * success. */
static exs_status exists(struct writing *w, exs_err *err)
{
	struct text_shown s;
	struct stat st;
	int object = fs_step(w->node->folder, w->name, &st);
	int fd = object >= 0 && S_ISREG(st.st_mode) && !fs_denied(w->c, &st) ? fs_reopen(object)
									     : -1;
	bool same = fd >= 0 && same_content(w, fd);

	if (fd >= 0)
		close(fd);
	if (object >= 0)
		close(object);
	if (same)
		return EXS_OK;
	return exs_fail(err, EXS_CONFLICT, EEXIST,
			"'%s' exists with other content: read it first, then use mode replace",
			text_show(&s, w->path));
}

static exs_status tell(struct writing *w, const char *what, exs_err *err)
{
	char line[64];
	exs_membuf *out = &w->c->out;
	exs_status s;

	snprintf(line, sizeof line, "%s: %zu bytes in ", what, w->content.n);
	s = exs_membuf_put(&out->sink, line, strlen(line));
	if (!s)
		s = text_put_name(out, w->node->real);
	if (!s)
		s = exs_membuf_put(&out->sink, "\n", 1);
	return s ? exs_fail(err, s, 0, "no memory for an answer") : EXS_OK;
}

static exs_status store(struct writing *w, exs_err *err)
{
	int sys;

	name_temp(w);
	sys = write_temp(w);
	if (sys) {
		fs_sys(err, sys, w->path);
		return not_done(err);
	}
	if (fs_cancelled(w->c, err)) {
		unlinkat(w->node->folder, w->temp, 0);
		return err->status;
	}
	sys = take_name(w);
	if (sys)
		unlinkat(w->node->folder, w->temp, 0);
	if (sys == EEXIST)
		return exists(w, err) ? not_done(err) : tell(w, "it was already there", err);
	if (sys) {
		fs_sys(err, sys, w->path);
		return not_done(err);
	}
	sys = fs_sync_folder(w->node->folder);
	if (sys)
		return fs_sys(err, sys, w->path);
	return tell(w, w->node->fd >= 0 ? "replaced" : "new file", err);
}

static exs_status put_file(struct writing *w, exs_err *err)
{
	const struct fs_node *n = w->node;
	const char *slash = strrchr(n->real, '/');

	if (n->fd >= 0 && !S_ISREG(n->st.st_mode)) {
		if (!S_ISDIR(n->st.st_mode))
			return fs_not_a_file(err, &n->st, w->path);
		return exs_fail(err, EXS_INVALID, EISDIR,
				"that path is a folder: give the path of a file in it");
	}
	w->name = slash ? slash + 1 : n->real;
	if (w->how == CREATE && n->fd >= 0)
		return exists(w, err) ? err->status : tell(w, "it was already there", err);
	return store(w, err);
}

/* The run's result lists it. A name is where it lies below the root, or the end of that. */
static void announce(const struct writing *w)
{
	const exs_self *self = w->c->self;
	const exs_run_svc *runs = self->host->service(self->host, EXS_SVC_RUN);
	const char *real = w->node->real;
	size_t n = strlen(real);
	cJSON *json = cJSON_CreateObject();
	char path[FS_PATH_MAX * 2], *text;

	while (n > FS_NAME_MAX && strchr(real, '/')) {
		real = strchr(real, '/') + 1;
		n = strlen(real);
	}
	snprintf(path, sizeof path, "%s/%s", self->root_real, w->node->real);
	cJSON_AddStringToObject(json, "name", real);
	cJSON_AddStringToObject(json, "path", path);
	cJSON_AddNumberToObject(json, "bytes", (double)w->content.n);
	text = cJSON_PrintUnformatted(json);
	if (runs && EXS_HAS(runs, artifact) && text && w->c->call->run &&
	    runs->artifact(runs, w->c->call->run->run, exs_cstr(text)))
		exs_logf(self->host, EXS_DEBUG, "'%.200s' is not listed with the result", real);
	cJSON_free(text);
	cJSON_Delete(json);
}

exs_status fs_write_file(struct fs_call *c, exs_err *err)
{
	struct writing w = { .c = c };
	const char *content, *mode;
	uint32_t flags = FS_MAY_MISS | (fs_arg_true(c, "parents") ? FS_MAKE_FOLDERS : 0);

	w.path = fs_arg_text(c, "path", NULL, err);
	content = w.path ? fs_arg_text(c, "content", NULL, err) : NULL;
	mode = content ? fs_arg_text(c, "mode", "replace", err) : NULL;
	if (!mode)
		return err->status;
	w.content = exs_cstr(content);
	w.how = strcmp(mode, "create") == 0 ? CREATE : REPLACE;
	if (w.how == REPLACE && strcmp(mode, "replace") != 0)
		return exs_fail(err, EXS_INVALID, 0, "mode is 'create' or 'replace'");
	if (w.content.n > FS_WRITE_MAX)
		return exs_fail(err, EXS_TOOBIG, 0, "the content is longer than %u bytes",
				FS_WRITE_MAX);
	if (*w.path && w.path[strlen(w.path) - 1] == '/')
		return exs_fail(err, EXS_INVALID, 0,
				"the path ends with '/': give the path of a file");
	if (fs_find(c, w.path, flags, &w.node, err))
		return not_done(err);
	if (put_file(&w, err) == EXS_OK)
		announce(&w);
	fs_node_free(w.node);
	return err->status;
}
