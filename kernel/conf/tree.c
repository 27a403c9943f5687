/* SPDX-License-Identifier: MIT */
/* tree.c - nodes, their memory, and how they are found. */
#include "conf/tree_build.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/text.h"

#define CHUNK_BYTES 16384u /* what is asked from malloc at once */

struct chunk {
	struct chunk *next;
	size_t used, size;
	alignas(max_align_t) char bytes[];
};

struct tree *tree_new(void)
{
	return calloc(1, sizeof(struct tree));
}

void tree_free(struct tree *t)
{
	if (!t)
		return;
	while (t->chunks) {
		struct chunk *c = t->chunks;

		t->chunks = c->next;
		free(c);
	}
	free(t);
}

void *tree_alloc(struct tree *t, size_t n)
{
	size_t need = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	struct chunk *c = t->chunks;
	size_t size;

	if (need < n || need > SIZE_MAX / 2)
		return NULL;
	if (!c || c->size - c->used < need) {
		size = need > CHUNK_BYTES ? need : CHUNK_BYTES;
		c = calloc(1, sizeof *c + size);
		if (!c)
			return NULL;
		c->size = size;
		c->next = t->chunks;
		t->chunks = c;
	}
	c->used += need;
	return c->bytes + (c->used - need);
}

const char *tree_text(struct tree *t, exs_str s)
{
	char *p = tree_alloc(t, s.n + 1);

	if (p && s.n)
		memcpy(p, s.p, s.n);
	return p;
}

exs_status tree_nomem(exs_err *err)
{
	return err_set(err, EXS_NOMEM, 0, "no memory for the configuration");
}

exs_status tree_nomem_at(exs_err *err, const struct source *src)
{
	return err_set(err, EXS_NOMEM, 0, "no memory to read '%.160s'", src->name);
}

const struct node *tree_root(const struct tree *t)
{
	return t->root;
}

const struct source *tree_source(const struct tree *t)
{
	return t->files[0];
}

size_t tree_files(const struct tree *t)
{
	return t->file_n;
}

const struct source *tree_file(const struct tree *t, size_t i)
{
	return i < t->file_n ? t->files[i] : NULL;
}

struct source *source_new(struct tree *t, const char *name, const char *path)
{
	struct source *src = tree_alloc(t, sizeof *src);

	if (!src)
		return NULL;
	src->name = tree_text(t, str_of(name));
	src->real = tree_text(t, str_of(path));
	src->dir = "/";
	if (!src->name || !src->real)
		return NULL;
	t->files[t->file_n++] = src;
	return src;
}

exs_status source_settle(struct tree *t, struct source *src, const char *real, exs_err *err)
{
	const char *slash = strrchr(real, '/');
	size_t n = slash && slash != real ? (size_t)(slash - real) : 1;

	src->real = tree_text(t, str_of(real));
	src->dir = tree_text(t, slash ? str_n(real, n) : str_of("/"));
	if (!src->real || !src->dir)
		return tree_nomem_at(err, src);
	return EXS_OK;
}

void node_add(struct node *parent, struct node *child)
{
	child->parent = parent;
	child->next = NULL;
	if (parent->last)
		parent->last->next = child;
	if (!parent->first)
		parent->first = child;
	parent->last = child;
	parent->count++;
}

void node_remove(struct node *child)
{
	struct node *parent = child->parent;
	struct node *before = NULL;

	for (struct node *n = parent->first; n != child; n = n->next)
		before = n;
	if (before)
		before->next = child->next;
	if (parent->first == child)
		parent->first = child->next;
	if (parent->last == child)
		parent->last = before;
	parent->count--;
	child->next = NULL;
	child->parent = NULL;
}

exs_status node_add_key(struct node *map, struct node *child, exs_err *err)
{
	const struct node *same = node_get(map, child->key);
	char name[SHOWN_MAX];
	char where[WHERE_MAX];

	if (same)
		return node_fail_key(err, child, "duplicate key '%s': it stands already at %s",
				     shown(name, child->key), node_where_key(same, where));
	if (map->count >= TREE_KEYS_MAX)
		return node_fail_key(err, child, "too many keys in one map: at most %u",
				     TREE_KEYS_MAX);
	node_add(map, child);
	return EXS_OK;
}

const struct node *node_get(const struct node *map, const char *key)
{
	if (!map || map->type != NODE_MAP)
		return NULL;
	for (const struct node *n = map->first; n; n = n->next) {
		if (strcmp(n->key, key) == 0)
			return n;
	}
	return NULL;
}

bool node_is_empty(const struct node *n)
{
	return n->type == NODE_SCALAR && n->plain && n->value_n == 0;
}

const char *node_type_word(const struct node *n)
{
	if (n->type == NODE_MAP)
		return "a map";
	if (n->type == NODE_SEQ)
		return "a list";
	return "a text";
}

exs_status tree_parse(const char *name, exs_str text, struct tree **out, exs_err *err)
{
	struct tree *t = tree_new();
	auto_free char *here = getcwd(NULL, 0);
	/* A current folder that is gone leaves "/"; without memory there is no answer. */
	bool nomem = !here && errno == ENOMEM;
	struct source *src;
	exs_status st;

	if (!t)
		return tree_nomem(err);
	src = source_new(t, name, name);
	if (!src) {
		tree_free(t);
		return tree_nomem(err);
	}
	if (here && here[0] == '/')
		src->dir = tree_text(t, str_of(here));
	else if (nomem)
		src->dir = NULL;
	st = src->dir ? yaml_read(t, src, text, &t->root, err) : tree_nomem(err);
	if (!st && !t->root)
		st = place_fail(err, EXS_INVALID, name, 1, 1, "there is nothing in it");
	if (st) {
		tree_free(t);
		return st;
	}
	*out = t;
	return EXS_OK;
}
