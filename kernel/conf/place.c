/* SPDX-License-Identifier: MIT */
/* place.c - sentences that begin with file:line:column and fit into exs_err. */
#include "conf/tree_build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

#define PATH_ROOM_MIN 48u /* bytes of the path that a long sentence leaves */
#define SENTENCE_MAX  sizeof(((exs_err *)0)->text)

/* The path, or "..." and its tail, in at most room bytes. */
static void path_tail(char *out, size_t room, const char *path)
{
	size_t n = strlen(path);

	if (n <= room) {
		memcpy(out, path, n + 1);
		return;
	}
	path += n - (room - 3);
	while (((unsigned char)*path & 0xc0u) == 0x80u)
		path++;
	memcpy(out, "...", 3);
	memcpy(out + 3, path, strlen(path) + 1);
}

static const char *where(const char *name, unsigned line, unsigned column, char out[WHERE_MAX])
{
	char place[32];
	int n = snprintf(place, sizeof place, ":%u:%u", line, column);

	path_tail(out, WHERE_MAX - 1 - (size_t)n, name);
	memcpy(out + strlen(out), place, (size_t)n + 1);
	return out;
}

const char *node_where(const struct node *n, char out[WHERE_MAX])
{
	return where(n->source->name, n->line, n->column, out);
}

const char *node_where_key(const struct node *n, char out[WHERE_MAX])
{
	return where(n->source->name, n->key_line, n->key_column, out);
}

const char *shown(char out[SHOWN_MAX], const char *text)
{
	size_t n = strlen(text);
	size_t keep = n;

	if (n > SHOWN_MAX - 1)
		keep = utf8_cut(str_n(text, n), SHOWN_MAX - 4);
	for (size_t i = 0; i < keep; i++) {
		unsigned char c = (unsigned char)text[i];

		out[i] = c < 0x20u || c == 0x7fu ? ' ' : (char)c;
	}
	memcpy(out + keep, "...", keep < n ? 4 : 0);
	if (keep == n)
		out[keep] = '\0';
	return out;
}

static exs_status place_vfail(exs_err *err, exs_status status, const char *name, unsigned line,
			      unsigned column, const char *fmt, va_list ap)
{
	char sentence[SENTENCE_MAX];
	char path[SENTENCE_MAX];
	char place[32];
	size_t room, n;

	vsnprintf(sentence, sizeof sentence, fmt, ap);
	room = SENTENCE_MAX - 1 - (size_t)snprintf(place, sizeof place, ":%u:%u: ", line, column);
	n = strlen(sentence);
	if (n > room - PATH_ROOM_MIN) {
		size_t used = strlen(name) < PATH_ROOM_MIN ? strlen(name) : PATH_ROOM_MIN;

		n = utf8_cut(str_n(sentence, n), room - used);
		sentence[n] = '\0';
	}
	path_tail(path, room - n, name);
	return err_set(err, status, 0, "%s%s%s", path, place, sentence);
}

exs_status place_fail(exs_err *err, exs_status status, const char *name, unsigned line,
		      unsigned column, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	place_vfail(err, status, name, line, column, fmt, ap);
	va_end(ap);
	return status;
}

exs_status node_fail(exs_err *err, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	place_vfail(err, EXS_INVALID, n->source->name, n->line, n->column, fmt, ap);
	va_end(ap);
	return EXS_INVALID;
}

exs_status node_fail_key(exs_err *err, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	place_vfail(err, EXS_INVALID, n->source->name, n->key_line, n->key_column, fmt, ap);
	va_end(ap);
	return EXS_INVALID;
}

exs_status node_fail_why(exs_err *err, const struct node *n, const char *what, const exs_err *why)
{
	if (why->status == EXS_NOMEM)
		return err_set(err, EXS_NOMEM, 0, "%s", why->text);
	return place_fail(err, why->status, n->source->name, n->line, n->column, "%s: %s", what,
			  why->text);
}
