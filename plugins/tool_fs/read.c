/* SPDX-License-Identifier: MIT */
/* read.c - read_file: some lines of a text file, reading no more of it than it needs. */
#include "fs.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

struct slice {
	struct fs_call *c;
	const char *path;
	int fd;
	struct stat st;
	char *chunk; /* FS_CHUNK bytes */
	off_t at;
	int64_t line;	  /* of the next byte */
	int64_t from, to; /* wanted lines */
	exs_membuf raw;	  /* their bytes as they are */
	char last;	  /* byte read; a newline before the first */
	bool more;	  /* bytes follow behind the wanted lines */
	bool full;	  /* the wanted lines do not fit */
};

/* Reads the next bytes; 0 at the end of the file. */
static exs_status next_chunk(struct slice *s, size_t *got, exs_err *err)
{
	ssize_t n;

	if (fs_cancelled(s->c, err))
		return err->status;
	do
		n = pread(s->fd, s->chunk, FS_CHUNK, s->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fs_sys(err, errno, s->path);
	s->at += n;
	*got = (size_t)n;
	return EXS_OK;
}

/* Takes wanted bytes; false when there is nothing more to take. */
static exs_status take(struct slice *s, const char *p, size_t n, exs_err *err)
{
	const char *end = p + n;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl + 1 : end) - p), room = s->raw.max - s->raw.n;

		if (s->line > s->to) {
			s->more = true;
			return EXS_OK;
		}
		if (s->line >= s->from) {
			s->full = len > room;
			if (exs_membuf_put(&s->raw.sink, p, s->full ? room : len))
				return exs_fail(err, EXS_NOMEM, 0,
						"no memory for the lines of a file");
		}
		if (s->full)
			return EXS_OK;
		s->line += nl != NULL;
		p += len;
	}
	s->last = end[-1];
	return EXS_OK;
}

static exs_status collect(struct slice *s, exs_err *err)
{
	struct text_shown shown;
	size_t got = 0;

	do {
		bool first = s->at == 0;

		if (next_chunk(s, &got, err))
			return err->status;
		if (first && text_is_binary(s->chunk, got))
			return exs_fail(
				err, EXS_INVALID, 0,
				"'%s' is a binary file of %jd bytes and cannot be read as text",
				text_show(&shown, s->path), (intmax_t)s->st.st_size);
		if (got && take(s, s->chunk, got, err))
			return err->status;
	} while (got && !s->more && !s->full);
	return EXS_OK;
}

/* How many lines the file has; -1 when it is too long to be counted. */
static exs_status count_lines(struct slice *s, int64_t *out, exs_err *err)
{
	int64_t n = 0;
	size_t got = 0;

	if (!s->more && !s->full) {
		*out = s->line - (s->last == '\n');
		return EXS_OK;
	}
	if (s->st.st_size > s->c->self->max_file) {
		*out = -1;
		return EXS_OK;
	}
	for (s->at = 0;; s->last = s->chunk[got - 1]) {
		const char *p = s->chunk;

		if (next_chunk(s, &got, err))
			return err->status;
		if (got == 0 || s->at > s->c->self->max_file)
			break;
		while ((p = memchr(p, '\n', (size_t)(s->chunk + got - p)))) {
			n++;
			p++;
		}
	}
	*out = got ? -1 : n + (s->last != '\n');
	return EXS_OK;
}

/* Cuts the text to what an answer holds: behind a line, or inside the only one. Gives its last
 * line. */
static int64_t cut_text(struct slice *s, exs_membuf *text, size_t max, bool *partial)
{
	int64_t line = s->from;
	bool over = s->full || text->n > max;
	size_t i;

	text->n = text_cut(text->p, text->n, max);
	*partial = false;
	if (over) {
		const char *nl = memrchr(text->p, '\n', text->n);

		*partial = nl == NULL;
		if (nl)
			text->n = (size_t)(nl + 1 - text->p);
		s->full = true;
	}
	for (i = 0; i + 1 < text->n; i++)
		line += text->p[i] == '\n';
	return line;
}

static exs_status answer(struct slice *s, exs_membuf *text, size_t bad, exs_err *err)
{
	exs_membuf *out = &s->c->out;
	char line[FS_NOTE_MAX / 2], of[48];
	bool partial;
	int64_t last = cut_text(s, text, out->max - FS_NOTE_MAX, &partial), total;
	exs_status st = EXS_OK;

	if (s->from > 1 || s->more || s->full) {
		if (count_lines(s, &total, err))
			return err->status;
		if (total >= 0)
			snprintf(of, sizeof of, "of %" PRId64, total);
		else
			snprintf(of, sizeof of, "of a file of %jd bytes", (intmax_t)s->st.st_size);
		if (partial)
			snprintf(line, sizeof line,
				 "(the first %zu bytes of line %" PRId64 " %s, which is too long; "
				 "ask with offset %" PRId64 " for the next)\n",
				 text->n, last, of, last + 1);
		else if (s->more || s->full)
			snprintf(line, sizeof line,
				 "(lines %" PRId64 "-%" PRId64 " %s; ask with offset %" PRId64
				 " for more)\n",
				 s->from, last, of, last + 1);
		else
			snprintf(line, sizeof line, "(lines %" PRId64 "-%" PRId64 " %s)\n", s->from,
				 last, of);
		st = exs_membuf_put(&out->sink, line, strlen(line));
	}
	if (!st)
		st = exs_membuf_put(&out->sink, text->p, text->n);
	if (!st && bad) {
		snprintf(line, sizeof line,
			 "%s(%zu bytes that are not UTF-8 text are shown as U+FFFD)\n",
			 out->p[out->n - 1] == '\n' ? "" : "\n", bad);
		st = exs_membuf_put(&out->sink, line, strlen(line));
	}
	return st ? exs_fail(err, st, 0, "no room for the lines of a file") : EXS_OK;
}

/* Nothing was read: says why. */
static exs_status nothing(struct slice *s, exs_err *err)
{
	struct text_shown shown;
	int64_t total;

	if (count_lines(s, &total, err))
		return err->status;
	if (total == 0 && s->from == 1)
		return exs_membuf_put(&s->c->out.sink, "(the file is empty)\n", 20)
			       ? exs_fail(err, EXS_NOMEM, 0, "no memory for an answer")
			       : EXS_OK;
	return exs_fail(err, EXS_INVALID, 0,
			"line %" PRId64 " is past the end: '%s' has %" PRId64 " lines", s->from,
			text_show(&shown, s->path), total);
}

static exs_status read_slice(struct slice *s, exs_err *err)
{
	exs_membuf text;
	size_t bad = 0;

	exs_membuf_init(&s->raw,
			s->c->out.max - FS_NOTE_MAX + 4); /* so that a last character is whole */
	if (collect(s, err))
		return err->status;
	if (s->raw.n == 0)
		return nothing(s, err);
	exs_membuf_init(&text, s->raw.n * 3);
	if (s->full) /* half a character at the cut is no fault of the file */
		s->raw.n = text_cut(s->raw.p, s->raw.n, s->raw.n - 4);
	if (text_put(&text, s->raw.p, s->raw.n, &bad))
		exs_fail(err, EXS_NOMEM, 0, "no memory for the lines of a file");
	else
		answer(s, &text, bad, err);
	exs_membuf_release(&text);
	return err->status;
}

exs_status fs_read_file(struct fs_call *c, exs_err *err)
{
	struct slice s = { .c = c, .fd = -1, .line = 1, .last = '\n' };
	struct fs_node *node = NULL;
	int64_t limit;

	s.path = fs_arg_text(c, "path", NULL, err);
	if (!s.path || fs_arg_int(c, "offset", 1, INT64_MAX / 2, &s.from, err) ||
	    fs_arg_int(c, "limit", INT64_MAX / 2, INT64_MAX / 2, &limit, err) ||
	    fs_find(c, s.path, 0, &node, err))
		return err->status;
	s.to = s.from + limit - 1;
	s.st = node->st;
	if (!S_ISREG(node->st.st_mode)) {
		fs_not_a_file(err, &node->st, s.path);
		fs_node_free(node);
		return err->status;
	}
	s.fd = fs_reopen(node->fd);
	if (s.fd < 0)
		fs_sys(err, errno, s.path);
	fs_node_free(node);
	s.chunk = malloc(FS_CHUNK);
	if (s.fd >= 0 && !s.chunk)
		exs_fail(err, EXS_NOMEM, 0, "no memory to read a file");
	else if (s.fd >= 0)
		read_slice(&s, err);
	if (s.fd >= 0)
		close(s.fd);
	free(s.chunk);
	exs_membuf_release(&s.raw);
	return err->status;
}
