/* SPDX-License-Identifier: MIT */
/* grep.c - grep: the lines below a folder, or of one file, that match an expression. */
#include "fs.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <unistd.h>

#include "pattern.h"

#define BUF	   (2 * FS_GREP_LINE)
#define LOOK_EVERY 1000 /* lines between two looks at the cancel token */

struct search {
	struct fs_call *c;
	exs_err *err;
	const char *prefix; /* the folder's path with its '/', or "" */
	const char *glob;   /* NULL: files of any name */
	struct pattern *pattern;
	char *buf; /* BUF bytes */
	int64_t found, max;
	size_t files, binary, big, unreadable, long_lines, costly_lines;
	bool full;     /* no further line may be answered */
	bool too_many; /* files */
	bool stopped;  /* err holds why */
};

struct scan {
	const char *path; /* shown */
	int fd;
	int64_t line, total;
	size_t n;      /* bytes in the buffer */
	bool skipping; /* the rest of a line that is too long */
};

static exs_status put_line(exs_membuf *out, const struct scan *sc, const char *p, size_t n)
{
	size_t shown = text_cut(p, n, FS_GREP_SHOWN), bad = 0;
	char number[32];
	exs_status s = text_put_name(out, sc->path);

	snprintf(number, sizeof number, ":%" PRId64 ": ", sc->line);
	if (!s)
		s = exs_membuf_put(&out->sink, number, strlen(number));
	if (!s)
		s = text_put(out, p, shown, &bad);
	if (!s && shown < n)
		s = exs_membuf_put(&out->sink, "...", 3);
	return s ? s : exs_membuf_put(&out->sink, "\n", 1);
}

static void put_match(struct search *g, const struct scan *sc, const char *p, size_t n)
{
	exs_membuf *out = &g->c->out;
	size_t before = out->n;

	/* One match more than is shown is looked for, so that "stopped" is only said when there is
	 * more. */
	if (g->found == g->max || put_line(out, sc, p, n) || out->n + FS_NOTE_MAX > out->max) {
		out->n = before;
		g->full = true;
		return;
	}
	g->found++;
}

/* A few such lines are skipped and counted; more would take a time that nobody waits for. */
static exs_status count_costly(struct search *g, const struct scan *sc)
{
	struct text_shown s;

	if (++g->costly_lines < FS_GREP_COSTLY)
		return EXS_OK;
	return exs_fail(
		g->err, EXS_TOOBIG, 0,
		"the pattern is too expensive, %u lines were given up: repeat no group that "
		"repeats inside, as (a+)+ does, and use fewer .* (last: line %" PRId64 " of '%s')",
		FS_GREP_COSTLY, sc->line, text_show(&s, sc->path));
}

static exs_status test_line(struct search *g, const struct scan *sc, const char *p, size_t n)
{
	enum pattern_answer answer = PATTERN_NO;

	if (n > FS_GREP_LINE) {
		g->long_lines++;
		return EXS_OK;
	}
	if (n > 0 && p[n - 1] == '\r')
		n--;
	if (pattern_match(g->pattern, g->c, exs_bytes(p, n), &answer, g->err))
		return g->err->status;
	if (answer == PATTERN_COSTLY)
		return count_costly(g, sc);
	if (answer == PATTERN_YES)
		put_match(g, sc, p, n);
	return EXS_OK;
}

/* Tests the whole lines of the buffer and keeps the begun one. */
static exs_status test_lines(struct search *g, struct scan *sc)
{
	const char *p = g->buf, *end = g->buf + sc->n, *nl;

	while (!g->full && (nl = memchr(p, '\n', (size_t)(end - p)))) {
		if (++sc->line % LOOK_EVERY == 0 && fs_cancelled(g->c, g->err))
			return g->err->status;
		if (!sc->skipping && test_line(g, sc, p, (size_t)(nl - p)))
			return g->err->status;
		sc->skipping = false;
		p = nl + 1;
	}
	sc->n = (size_t)(end - p);
	if (sc->n > FS_GREP_LINE || sc->skipping) {
		g->long_lines += !sc->skipping;
		sc->skipping = true;
		sc->n = 0;
	}
	memmove(g->buf, p, sc->n);
	return EXS_OK;
}

static exs_status scan_file(struct search *g, struct scan *sc)
{
	while (!g->full) {
		ssize_t got;

		if (fs_cancelled(g->c, g->err))
			return g->err->status;
		got = pread(sc->fd, g->buf + sc->n, BUF - sc->n, sc->total);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || sc->total > g->c->self->max_file) {
			g->unreadable++;
			return EXS_OK;
		}
		if (sc->total == 0 && text_is_binary(g->buf, (size_t)got)) {
			g->binary++;
			return EXS_OK;
		}
		sc->total += got;
		sc->n += (size_t)got;
		if (got == 0) {
			sc->line++;
			return sc->n > 0 ? test_line(g, sc, g->buf, sc->n) : EXS_OK;
		}
		if (test_lines(g, sc))
			return g->err->status;
	}
	return EXS_OK;
}

static exs_status search_file(struct search *g, const char *path, int object, const struct stat *st)
{
	struct scan sc = { .path = path };
	exs_status s;

	if (st->st_size > g->c->self->max_file) {
		g->big++;
		return EXS_OK;
	}
	sc.fd = fs_reopen(object);
	if (sc.fd < 0) {
		g->unreadable++;
		return EXS_OK;
	}
	s = scan_file(g, &sc);
	close(sc.fd);
	return s;
}

static int visit(void *arg, const struct fs_entry *e)
{
	struct search *g = arg;
	char path[FS_PATH_MAX];
	struct stat st;
	int fd;

	if (!S_ISREG(e->st.st_mode) || (g->glob && fnmatch(g->glob, e->name, 0)))
		return FS_GO;
	if (g->files == FS_GREP_FILES) {
		g->too_many = true;
		return FS_STOP;
	}
	g->files++;
	if ((size_t)snprintf(path, sizeof path, "%s%s", g->prefix, e->path) >= sizeof path) {
		g->unreadable++;
		return FS_GO;
	}
	fd = fs_step(e->folder, e->name, &st);
	if (fd < 0 || !S_ISREG(st.st_mode) || fs_denied(g->c, &st)) {
		if (fd >= 0)
			close(fd);
		g->unreadable++;
		return FS_GO;
	}
	g->stopped = search_file(g, path, fd, &st) != EXS_OK;
	close(fd);
	return g->stopped || g->full ? FS_STOP : FS_GO;
}

struct note {
	char s[FS_NOTE_MAX];
	size_t n;
};

static void note(struct note *to, size_t count, const char *what)
{
	int n;

	if (count == 0 || to->n >= sizeof to->s)
		return;
	n = snprintf(to->s + to->n, sizeof to->s - to->n, "%s%zu %s",
		     to->n ? ", " : "(skipped: ", count, what);
	to->n += (size_t)n;
}

static void put_notes(const struct search *g, const struct fs_walk *w)
{
	exs_membuf *out = &g->c->out;
	struct note skipped = { .n = 0 };
	char big[48];

	snprintf(big, sizeof big, "files over %" PRId64 " bytes", g->c->self->max_file);
	note(&skipped, g->binary, "binary files");
	note(&skipped, g->big, big);
	note(&skipped, g->long_lines, "lines over 65536 bytes");
	note(&skipped, g->costly_lines, "lines given up because the pattern is expensive");
	note(&skipped, g->unreadable + w->unreadable, "unreadable files or folders");
	note(&skipped, w->hidden, "hidden or closed names");
	if (g->found == 0 && !g->full)
		exs_membuf_put(&out->sink, "(no matches)\n", 13);
	if (skipped.n) {
		exs_membuf_put(&out->sink, skipped.s, strlen(skipped.s));
		exs_membuf_put(&out->sink, ")\n", 2);
	}
	if (g->full)
		exs_membuf_put(&out->sink,
			       "(there are more matches: narrow the pattern, path or glob)\n", 59);
	else if (g->too_many || w->cut)
		exs_membuf_put(&out->sink,
			       "(there are more files than one search takes: narrow the path)\n",
			       62);
}

static exs_status search(struct search *g, struct fs_node *node, const char *path)
{
	struct fs_walk w = { .call = g->c, .depth = FS_DEPTH_MAX, .visit = visit, .arg = g };
	char prefix[FS_PATH_MAX + 1];
	exs_status s;

	if (S_ISREG(node->st.st_mode)) {
		s = search_file(g, node->real, node->fd, &node->st);
	} else if (S_ISDIR(node->st.st_mode)) {
		snprintf(prefix, sizeof prefix, "%s%s", node->real, node->real[0] ? "/" : "");
		g->prefix = prefix;
		s = fs_walk(&w, node->fd, g->err);
		g->prefix = NULL;
	} else {
		return fs_not_a_file(g->err, &node->st, path);
	}
	if (g->stopped)
		s = g->err->status;
	if (!s)
		put_notes(g, &w);
	return s;
}

static exs_status check_glob(const char *glob, exs_err *err)
{
	struct text_shown s;

	if (strpbrk(glob, "/{"))
		return exs_fail(err, EXS_INVALID, 0,
				"the glob '%s' has a '/' or a '{': it knows names with * ? [a-z] "
				"only; give the folder as path, and search once for each kind",
				text_show(&s, glob));
	if (strlen(glob) > PATTERN_MAX)
		return exs_fail(err, EXS_TOOBIG, 0,
				"the glob has more than %u bytes: write it like *.c", PATTERN_MAX);
	return EXS_OK;
}

exs_status fs_grep(struct fs_call *c, exs_err *err)
{
	struct search g = { .c = c, .err = err };
	struct fs_node *node = NULL;
	const char *pattern = fs_arg_text(c, "pattern", NULL, err);
	const char *path = pattern ? fs_arg_text(c, "path", ".", err) : NULL;
	const char *glob = path ? fs_arg_text(c, "glob", "", err) : NULL;
	uint32_t flags = fs_arg_true(c, "ignore_case") ? PATTERN_NOCASE : 0;
	exs_status s;

	if (!glob || fs_arg_int(c, "max", c->self->max_results, c->self->max_results, &g.max, err))
		return err->status;
	g.glob = *glob ? glob : NULL;
	s = check_glob(glob, err);
	if (!s)
		s = pattern_compile(exs_cstr(pattern), flags, &g.pattern, err);
	if (!s)
		s = fs_find(c, path, 0, &node, err);
	if (!s) {
		g.buf = malloc(BUF);
		s = g.buf ? search(&g, node, path)
			  : exs_fail(err, EXS_NOMEM, 0, "no memory to search a file");
	}
	fs_node_free(node);
	free(g.buf);
	pattern_free(g.pattern);
	return s;
}
