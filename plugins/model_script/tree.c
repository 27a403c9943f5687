/* SPDX-License-Identifier: MIT */
/* tree.c - see tree.h. Built from libyaml's events. */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "out.h"

struct builder {
	struct tree tree;
	size_t open[TREE_DEPTH_MAX]; /* containers that are not closed yet */
	size_t depth;
	unsigned documents;
	exs_err *err;
};

static exs_status fail_at(const char *path, uint32_t line, uint32_t column, exs_err *err,
			  const char *what)
{
	size_t n = strlen(path);
	bool cut = n > TREE_PATH_SHOWN;

	exs_fail(err, EXS_INVALID, 0, "%s%s:%u:%u: %s", cut ? "..." : "",
		 cut ? path + n - TREE_PATH_SHOWN : path, line, column, what);
	text_repair(err->text);
	err->at = line;
	return EXS_INVALID;
}

exs_status tree_fail(const struct tree *tree, const struct node *at, exs_err *err, const char *fmt,
		     ...)
{
	char what[sizeof err->text];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return fail_at(tree->path, at->line, at->column, err, what);
}

void tree_release(struct tree *tree)
{
	size_t i;

	for (i = 0; i < tree->n; i++)
		free(tree->nodes[i].text);
	free(tree->nodes);
	memset(tree, 0, sizeof *tree);
}

const struct node *tree_child(const struct tree *tree, const struct node *container)
{
	const struct node *first = container + 1;

	(void)tree;
	return first->kind == NODE_END ? NULL : first;
}

const struct node *tree_next(const struct tree *tree, const struct node *node)
{
	const struct node *next = &tree->nodes[node->end + 1];

	return next->kind == NODE_END ? NULL : next;
}

size_t tree_count(const struct tree *tree, const struct node *container)
{
	const struct node *child;
	size_t n = 0;

	for (child = tree_child(tree, container); child; child = tree_next(tree, child))
		n++;
	return container->kind == NODE_MAP ? n / 2 : n;
}

static struct node *add(struct builder *b, enum node_kind kind, const yaml_mark_t *mark)
{
	struct tree *t = &b->tree;
	struct node *node;

	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 256;
		struct node *grown = realloc(t->nodes, cap * sizeof *grown);

		if (!grown) {
			exs_fail(b->err, EXS_NOMEM, 0, "no memory for the script '%s'", t->path);
			return NULL;
		}
		t->nodes = grown;
		t->cap = cap;
	}
	node = &t->nodes[t->n];
	memset(node, 0, sizeof *node);
	node->kind = kind;
	node->line = (uint32_t)mark->line + 1;
	node->column = (uint32_t)mark->column + 1;
	node->end = t->n++;
	return node;
}

static exs_status check_plain_yaml(struct builder *b, const yaml_mark_t *mark,
				   const yaml_char_t *anchor, const yaml_char_t *tag)
{
	uint32_t line = (uint32_t)mark->line + 1, column = (uint32_t)mark->column + 1;

	if (anchor)
		return fail_at(b->tree.path, line, column, b->err,
			       "anchors (&name) are not read; write the value out");
	if (tag)
		return fail_at(b->tree.path, line, column, b->err,
			       "tags (!name) are not read; leave it out");
	return EXS_OK;
}

static exs_status add_text(struct builder *b, const yaml_event_t *event)
{
	size_t n = event->data.scalar.length;
	struct node *node;

	if (check_plain_yaml(b, &event->start_mark, event->data.scalar.anchor,
			     event->data.scalar.tag))
		return b->err->status;
	node = add(b, NODE_TEXT, &event->start_mark);
	if (!node)
		return EXS_NOMEM;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = malloc(n + 1);
	if (!node->text)
		return exs_fail(b->err, EXS_NOMEM, 0, "no memory for the script '%s'",
				b->tree.path);
	memcpy(node->text, event->data.scalar.value, n);
	node->text[n] = '\0';
	node->n = n;
	return EXS_OK;
}

static exs_status open_container(struct builder *b, enum node_kind kind, const yaml_event_t *event,
				 const yaml_char_t *anchor, const yaml_char_t *tag)
{
	struct node *node;

	if (check_plain_yaml(b, &event->start_mark, anchor, tag))
		return b->err->status;
	node = add(b, kind, &event->start_mark);
	if (!node)
		return EXS_NOMEM;
	if (b->depth == TREE_DEPTH_MAX)
		return tree_fail(&b->tree, node, b->err,
				 "lists and maps are nested more than %u deep", TREE_DEPTH_MAX);
	b->open[b->depth++] = node->end;
	return EXS_OK;
}

static exs_status check_key(struct builder *b, const struct node *map, const struct node *key)
{
	const struct tree *t = &b->tree;
	const struct node *other;

	if (key->kind != NODE_TEXT)
		return tree_fail(t, key, b->err, "a key must be a text");
	if (strlen(key->text) != key->n)
		return tree_fail(t, key, b->err, "a key must not hold a NUL");
	for (other = map + 1; other != key; other = &t->nodes[t->nodes[other->end + 1].end + 1])
		if (other->n == key->n && memcmp(other->text, key->text, key->n) == 0)
			return tree_fail(t, key, b->err,
					 "the key '%.40s' stands here twice, first in line %u",
					 key->text, other->line);
	return EXS_OK;
}

static exs_status close_container(struct builder *b, const yaml_event_t *event)
{
	const struct tree *t = &b->tree;
	size_t at = b->open[--b->depth];
	const struct node *key;
	size_t keys = 0;

	if (!add(b, NODE_END, &event->start_mark))
		return EXS_NOMEM;
	t->nodes[at].end = t->n - 1;
	if (t->nodes[at].kind != NODE_MAP)
		return EXS_OK;
	for (key = tree_child(t, &t->nodes[at]); key; key = tree_next(t, tree_next(t, key))) {
		if (++keys > TREE_KEYS_MAX)
			return tree_fail(t, key, b->err, "a map has more than %u keys",
					 TREE_KEYS_MAX);
		if (check_key(b, &t->nodes[at], key))
			return b->err->status;
	}
	return EXS_OK;
}

static exs_status on_event(struct builder *b, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return add_text(b, e);
	case YAML_SEQUENCE_START_EVENT:
		return open_container(b, NODE_LIST, e, e->data.sequence_start.anchor,
				      e->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return open_container(b, NODE_MAP, e, e->data.mapping_start.anchor,
				      e->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_container(b, e);
	case YAML_ALIAS_EVENT:
		return check_plain_yaml(b, &e->start_mark, e->data.alias.anchor, NULL);
	case YAML_DOCUMENT_START_EVENT:
		if (b->documents++ == 0)
			return EXS_OK;
		return fail_at(b->tree.path, (uint32_t)e->start_mark.line + 1, 1, b->err,
			       "a second document begins; a script is one document");
	default:
		return EXS_OK;
	}
}

static exs_status parse(struct builder *b, yaml_parser_t *parser)
{
	yaml_event_t event;
	exs_status s = EXS_OK;
	bool last = false;

	while (s == EXS_OK && !last) {
		if (!yaml_parser_parse(parser, &event)) {
			if (parser->error == YAML_MEMORY_ERROR)
				return exs_fail(b->err, EXS_NOMEM, 0,
						"no memory for the script '%s'", b->tree.path);
			return fail_at(b->tree.path, (uint32_t)parser->problem_mark.line + 1,
				       (uint32_t)parser->problem_mark.column + 1, b->err,
				       parser->problem ? parser->problem : "this is not YAML");
		}
		last = event.type == YAML_STREAM_END_EVENT;
		s = on_event(b, &event);
		yaml_event_delete(&event);
	}
	if (s == EXS_OK && b->tree.n == 0)
		return fail_at(b->tree.path, 1, 1, b->err,
			       "the script is empty; it needs turns or scripts");
	return s;
}

/* The whole file into memory of the caller's. */
static exs_status slurp(const char *path, char **out, size_t *out_n, exs_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *p = NULL;
	ssize_t got = 0;
	size_t n = 0;

	if (fd < 0 || fstat(fd, &st) != 0) {
		exs_fail(err, errno == ENOENT ? EXS_NOTFOUND : EXS_IO, errno,
			 "cannot open the script '%.120s': %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		exs_fail(err, EXS_INVALID, 0, "the script '%.120s' is not a regular file", path);
	} else if (!(p = malloc(SCRIPT_BYTES_MAX + 1))) {
		exs_fail(err, EXS_NOMEM, 0, "no memory for the script '%.120s'", path);
	} else {
		while (n <= SCRIPT_BYTES_MAX &&
		       (got = read(fd, p + n, SCRIPT_BYTES_MAX + 1 - n)) > 0)
			n += (size_t)got;
		if (got < 0)
			exs_fail(err, EXS_IO, errno, "cannot read the script '%.120s': %s", path,
				 strerror(errno));
		else if (n > SCRIPT_BYTES_MAX)
			exs_fail(err, EXS_TOOBIG, 0, "the script '%.120s' is larger than %u bytes",
				 path, SCRIPT_BYTES_MAX);
		else
			err->status = EXS_OK;
	}
	if (fd >= 0)
		close(fd);
	if (err->status) {
		free(p);
		return err->status;
	}
	*out = p;
	*out_n = n;
	return EXS_OK;
}

exs_status tree_read(const char *path, struct tree *out, exs_err *err)
{
	struct builder b = { .tree = { .path = path }, .err = err };
	yaml_parser_t parser;
	char *text;
	size_t n;
	exs_status s;

	if (slurp(path, &text, &n, err))
		return err->status;
	if (!yaml_parser_initialize(&parser)) {
		free(text);
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the script '%s'", path);
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	s = parse(&b, &parser);
	yaml_parser_delete(&parser);
	free(text);
	if (s) {
		tree_release(&b.tree);
		return s;
	}
	*out = b.tree;
	return EXS_OK;
}
