/* SPDX-License-Identifier: MIT */
/* list.c - list_dir: what stands in a folder. */
#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

struct listing {
	struct fs_call *c;
	int64_t shown, more;
	bool full; /* the answer holds no further line */
};

static exs_status put_link(exs_membuf *out, const struct fs_entry *e)
{
	char to[FS_PATH_MAX];
	ssize_t n = readlinkat(e->folder, e->name, to, sizeof to - 1);
	exs_status s = exs_membuf_put(&out->sink, " -> ", 4);

	to[n > 0 ? n : 0] = '\0';
	return s ? s : text_put_name(out, to);
}

static exs_status put_entry(exs_membuf *out, const struct fs_entry *e)
{
	char tail[40] = "";
	exs_status s = text_put_name(out, e->path);

	if (S_ISDIR(e->st.st_mode))
		snprintf(tail, sizeof tail, "/");
	else if (S_ISREG(e->st.st_mode))
		snprintf(tail, sizeof tail, "  %jd", (intmax_t)e->st.st_size);
	else if (!S_ISLNK(e->st.st_mode))
		snprintf(tail, sizeof tail, "  (not a file)");
	if (!s && S_ISLNK(e->st.st_mode))
		s = put_link(out, e);
	if (!s)
		s = exs_membuf_put(&out->sink, tail, strlen(tail));
	return s ? s : exs_membuf_put(&out->sink, "\n", 1);
}

static int visit(void *arg, const struct fs_entry *e)
{
	struct listing *l = arg;
	exs_membuf *out = &l->c->out;
	size_t before = out->n;

	if (!l->full && l->shown < l->c->self->max_results && !put_entry(out, e) &&
	    out->n + FS_NOTE_MAX <= out->max) {
		l->shown++;
		return FS_GO;
	}
	out->n = before;
	l->full = true;
	l->more++;
	return FS_GO;
}

static void put_notes(const struct listing *l, const struct fs_walk *w)
{
	exs_membuf *out = &l->c->out;
	char line[FS_NOTE_MAX];
	int n = 0;

	line[0] = '\0';
	if (l->shown == 0 && l->more == 0 && !w->cut && !w->unreadable)
		n += snprintf(line, sizeof line, "(the folder is empty)\n");
	if (l->more || w->cut)
		n += snprintf(line + n, sizeof line - (size_t)n, "... %s%" PRId64 " more\n",
			      w->cut ? "at least " : "", l->more + w->cut);
	if (w->hidden)
		n += snprintf(line + n, sizeof line - (size_t)n,
			      "(%zu hidden or closed names are left out)\n", w->hidden);
	if (w->unreadable)
		snprintf(line + n, sizeof line - (size_t)n, "(%zu folders could not be read)\n",
			 w->unreadable);
	exs_membuf_put(&out->sink, line, strlen(line)); /* fits: room was kept for it */
}

exs_status fs_list_dir(struct fs_call *c, exs_err *err)
{
	struct listing l = { .c = c };
	struct fs_walk w = { .call = c, .visit = visit, .arg = &l };
	const char *path = fs_arg_text(c, "path", ".", err);
	struct fs_node *node = NULL;
	struct text_shown shown;
	int64_t depth;
	exs_status s;

	if (!path || fs_arg_int(c, "depth", 1, FS_LIST_DEPTH, &depth, err) ||
	    fs_find(c, path, 0, &node, err))
		return err->status;
	if (!S_ISDIR(node->st.st_mode)) {
		s = exs_fail(err, EXS_INVALID, 0, "'%s' is not a folder: use read_file",
			     text_show(&shown, path));
		fs_node_free(node);
		return s;
	}
	if (faccessat(node->fd, ".", R_OK | X_OK, AT_EACCESS))
		s = fs_sys(err, EACCES, path);
	else
		s = EXS_OK;
	w.depth = (unsigned)depth;
	if (!s)
		s = fs_walk(&w, node->fd, err);
	fs_node_free(node);
	if (!s)
		put_notes(&l, &w);
	return s;
}
