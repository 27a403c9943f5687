/* SPDX-License-Identifier: MIT */
/* yaml.c - the events of libyaml become nodes; whatever a settings file has no use for is refused.
 */
#include "conf/tree_build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/text.h"

struct reader {
	struct tree *t;
	const struct source *src;
	exs_str text;
	struct node *root;
	struct node *top; /* the open map or list; NULL: none */
	const char *key;  /* of the open map, waiting for its value */
	unsigned key_line, key_column;
	unsigned depth, documents;
	yaml_mark_t at; /* of the event */
	exs_err *err;
};

static EXS_PRINTF(2, 3) exs_status refuse(struct reader *r, const char *fmt, ...)
{
	char sentence[sizeof r->err->text];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof sentence, fmt, ap);
	va_end(ap);
	return place_fail(r->err, EXS_INVALID, r->src->name, (unsigned)r->at.line + 1,
			  (unsigned)r->at.column + 1, "%s", sentence);
}

/* Line and column of a byte. */
static exs_status refuse_byte(struct reader *r, size_t offset, const char *what)
{
	r->at.line = r->at.column = 0;
	for (size_t i = 0; i < offset && i < r->text.n; i++) {
		unsigned char c = (unsigned char)r->text.p[i];

		if (c == '\n') {
			r->at.line++;
			r->at.column = 0;
		} else if ((c & 0xc0u) != 0x80u) {
			r->at.column++;
		}
	}
	return refuse(r, "%s", what);
}

/* Is the character at the mark a tab? */
static bool is_tab(const struct reader *r, yaml_mark_t at)
{
	const char *p = r->text.p;
	const char *end = p + r->text.n;

	for (size_t line = 0; p && line < at.line; line++) {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p ? p + 1 : NULL;
	}
	return p && at.column < (size_t)(end - p) && p[at.column] == '\t';
}

static exs_status refuse_yaml(struct reader *r, const yaml_parser_t *y)
{
	const char *context = y->context ? y->context : "";

	if (y->error == YAML_MEMORY_ERROR)
		return tree_nomem_at(r->err, r->src);
	if (y->error == YAML_READER_ERROR)
		return refuse_byte(r, y->problem_offset, "a control character stands here");
	r->at = y->problem_mark;
	if (is_tab(r, r->at))
		return refuse(r, "a tab cannot indent: use blanks");
	if (strstr(context, "anchor") || strstr(context, "alias"))
		return refuse(r, "a text that begins with '*' or '&' needs quotes");
	return refuse(r, "not YAML: %s %s", y->problem ? y->problem : "broken", context);
}

static struct node *node_new(struct reader *r, enum node_type type)
{
	struct node *n = tree_alloc(r->t, sizeof *n);

	if (!n)
		return NULL;
	n->type = type;
	n->source = r->src;
	n->line = n->key_line = (unsigned)r->at.line + 1;
	n->column = n->key_column = (unsigned)r->at.column + 1;
	return n;
}

/* Puts a node where the events stand: under its key, at the end of a list, or at the root. */
static exs_status attach(struct reader *r, struct node *n)
{
	if (!n)
		return tree_nomem_at(r->err, r->src);
	if (++r->t->nodes > TREE_NODES_MAX)
		return refuse(r, "too many settings: at most %u", TREE_NODES_MAX);
	if (!r->top) {
		r->root = n;
		return EXS_OK;
	}
	if (r->top->type == NODE_SEQ) {
		node_add(r->top, n);
		return EXS_OK;
	}
	n->key = r->key;
	n->key_line = r->key_line;
	n->key_column = r->key_column;
	r->key = NULL;
	return node_add_key(r->top, n, r->err);
}

static bool wants_key(const struct reader *r)
{
	return r->top && r->top->type == NODE_MAP && !r->key;
}

static exs_status open_container(struct reader *r, enum node_type type)
{
	struct node *n;
	exs_status st;

	if (wants_key(r))
		return refuse(r, "a key must be a text, not a list or map");
	if (r->depth >= TREE_DEPTH_MAX)
		return refuse(r, "more than %u maps and lists inside each other", TREE_DEPTH_MAX);
	n = node_new(r, type);
	st = attach(r, n);
	if (st)
		return st;
	r->top = n;
	r->depth++;
	return EXS_OK;
}

static exs_status take_scalar(struct reader *r, const yaml_event_t *e)
{
	exs_str s = str_n((const char *)e->data.scalar.value, e->data.scalar.length);
	const char *copy;
	struct node *n;

	if (memchr(s.p, '\0', s.n))
		return refuse(r, "a text must not hold a NUL");
	copy = tree_text(r->t, s);
	if (!copy)
		return tree_nomem_at(r->err, r->src);
	if (wants_key(r)) {
		if (s.n == 0)
			return refuse(r, "a key is missing in front of ':'");
		r->key = copy;
		r->key_line = (unsigned)r->at.line + 1;
		r->key_column = (unsigned)r->at.column + 1;
		return EXS_OK;
	}
	n = node_new(r, NODE_SCALAR);
	if (n) {
		n->value = copy;
		n->value_n = s.n;
		n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	}
	return attach(r, n);
}

static exs_status refuse_features(struct reader *r, const yaml_char_t *anchor,
				  const yaml_char_t *tag)
{
	char name[SHOWN_MAX];

	if (anchor)
		return refuse(
			r, "anchors ('&%s') are not used here: write the value where it is needed",
			shown(name, (const char *)anchor));
	if (tag)
		return refuse(r, "tags ('%s') are not used here: the option knows its type",
			      shown(name, (const char *)tag));
	return EXS_OK;
}

static exs_status begin_document(struct reader *r, const yaml_event_t *e)
{
	if (r->documents++)
		return refuse(r, "a second document begins here: one file holds one ('---' once)");
	if (e->data.document_start.tag_directives.start !=
	    e->data.document_start.tag_directives.end)
		return refuse(r, "%%TAG is not used here");
	return EXS_OK;
}

static exs_status take_event(struct reader *r, const yaml_event_t *e)
{
	exs_status st;

	r->at = e->start_mark;
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return begin_document(r, e);
	case YAML_ALIAS_EVENT:
		return refuse(r, "aliases ('*%.40s') are not used here: write the value itself",
			      (const char *)e->data.alias.anchor);
	case YAML_SCALAR_EVENT:
		st = refuse_features(r, e->data.scalar.anchor, e->data.scalar.tag);
		return st ? st : take_scalar(r, e);
	case YAML_SEQUENCE_START_EVENT:
		st = refuse_features(r, e->data.sequence_start.anchor, e->data.sequence_start.tag);
		return st ? st : open_container(r, NODE_SEQ);
	case YAML_MAPPING_START_EVENT:
		st = refuse_features(r, e->data.mapping_start.anchor, e->data.mapping_start.tag);
		return st ? st : open_container(r, NODE_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->top = r->top->parent;
		r->depth--;
		return EXS_OK;
	default:
		return EXS_OK;
	}
}

static exs_status take_events(struct reader *r, yaml_parser_t *y)
{
	yaml_event_t e;
	bool ended = false;
	exs_status st = EXS_OK;

	while (!ended && !st) {
		if (!yaml_parser_parse(y, &e))
			return refuse_yaml(r, y);
		ended = e.type == YAML_STREAM_END_EVENT;
		st = take_event(r, &e);
		yaml_event_delete(&e);
	}
	return st;
}

exs_status yaml_read(struct tree *t, const struct source *src, exs_str text, struct node **root,
		     exs_err *err)
{
	struct reader r = { .t = t, .src = src, .text = text, .err = err };
	size_t bad = utf8_bad(text.p, text.n);
	yaml_parser_t y;
	exs_status st;

	if (text.n > TREE_FILE_BYTES_MAX)
		return place_fail(err, EXS_TOOBIG, src->name, 1, 1, "too big: at most %u bytes",
				  TREE_FILE_BYTES_MAX);
	t->bytes += text.n;
	if (t->bytes > TREE_BYTES_MAX)
		return place_fail(err, EXS_TOOBIG, src->name, 1, 1,
				  "too big: at most %u bytes with all that is included",
				  TREE_BYTES_MAX);
	if (bad < text.n)
		return refuse_byte(&r, bad, "this is not UTF-8");
	if (!yaml_parser_initialize(&y))
		return tree_nomem_at(err, src);
	yaml_parser_set_encoding(&y, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y, (const unsigned char *)(text.n ? text.p : ""), text.n);
	st = take_events(&r, &y);
	yaml_parser_delete(&y);
	if (!st)
		*root = r.root;
	return st;
}
