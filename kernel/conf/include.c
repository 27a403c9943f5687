/* SPDX-License-Identifier: MIT */
/*
 * include.c - a conf file and all that it includes become one tree.
 *
 * Files wait in tree.files and are read in order, so nothing recurses: a file that is read appends
 * what it includes. Its sections are merged into the sections of the first file.
 */
#include "conf/tree_build.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/text.h"
#include "base/trust.h"
#include "conf/file.h"

#define CHAIN_MAX 200u /* the names of a cycle in a sentence */

static exs_status include_fail(exs_err *err, const struct source *src, exs_status status,
			       const char *sentence)
{
	if (!src->parent || status == EXS_NOMEM)
		return err_set(err, status, 0, "%s", sentence);
	return place_fail(err, status, src->parent->name, src->line, src->column, "include: %s",
			  sentence);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "a.yaml -> b.yaml -> a.yaml", from the file that is included again down to it. */
static exs_status refuse_cycle(exs_err *err, const struct source *src, const struct source *again)
{
	const struct source *way[TREE_INCLUDES_DEPTH_MAX + 2];
	char chain[CHAIN_MAX];
	size_t n = 0;
	size_t used = 0;

	for (const struct source *s = src; s != again; s = s->parent)
		way[n++] = s;
	way[n++] = again;
	used = utf8_cut(str_of("include cycle: "), sizeof chain - 1);
	memcpy(chain, "include cycle: ", used + 1);
	while (n-- > 0) {
		int more = snprintf(chain + used, sizeof chain - used, "%s%s",
				    base_name(way[n]->name), n ? " -> " : "");

		used += (size_t)more;
		if (used >= sizeof chain)
			break;
	}
	return place_fail(err, EXS_INVALID, src->parent->name, src->line, src->column, "%s", chain);
}

/* Was this file read before? An ancestor is a cycle, any other a second copy. */
static exs_status check_again(const struct tree *t, const struct source *src, exs_err *err)
{
	char sentence[CHAIN_MAX];
	const struct source *other;

	for (other = src->parent; other; other = other->parent) {
		if (strcmp(other->real, src->real) == 0)
			return refuse_cycle(err, src, other);
	}
	for (size_t i = 0; t->files[i] != src; i++) {
		other = t->files[i];
		if (strcmp(other->real, src->real) != 0)
			continue;
		snprintf(sentence, sizeof sentence,
			 "'%.60s' is included already by '%.60s', line %u", base_name(src->name),
			 base_name(other->parent->name), other->line);
		return include_fail(err, src, EXS_INVALID, sentence);
	}
	return EXS_OK;
}

static exs_status read_source(struct tree *t, struct source *src, struct node **root, exs_err *err)
{
	auto_free char *text = malloc(TREE_FILE_BYTES_MAX);
	char real[TRUST_PATH_MAX];
	exs_err why = EXS_ERR_INIT;
	size_t n = 0;
	exs_status st;

	if (!text)
		return tree_nomem_at(err, src);
	if (src->depth > TREE_INCLUDES_DEPTH_MAX) {
		err_set(&why, EXS_INVALID, 0, "more than %u files that include each other",
			TREE_INCLUDES_DEPTH_MAX);
		return include_fail(err, src, EXS_INVALID, why.text);
	}
	st = file_read(src->real, 0, text, TREE_FILE_BYTES_MAX, &n, real, &why);
	if (st)
		return include_fail(err, src, st, why.text);
	st = source_settle(t, src, real, err);
	if (!st)
		st = check_again(t, src, err);
	if (!st)
		st = yaml_read(t, src, str_n(text, n), root, err);
	return st;
}

/* The name that the person will read: beside the including file's own. */
static char *name_beside(const struct source *parent, const char *item)
{
	size_t n = (size_t)(base_name(parent->name) - parent->name);
	size_t item_n = strlen(item) + 1;
	char *name;

	if (*item == '/' || *item == '~')
		n = 0;
	name = malloc(n + item_n);
	if (name) {
		memcpy(name, parent->name, n);
		memcpy(name + n, item, item_n);
	}
	return name;
}

/* One more file waits. */
static exs_status add_source(struct tree *t, const struct node *item, const char *name,
			     const char *path, exs_err *err)
{
	struct source *src;

	if (t->file_n == TREE_FILES_MAX)
		return node_fail(err, item, "include: too many files: at most %u", TREE_FILES_MAX);
	src = source_new(t, name, path);
	if (!src)
		return tree_nomem_at(err, item->source);
	src->parent = item->source;
	src->depth = item->source->depth + 1;
	src->line = item->line;
	src->column = item->column;
	return EXS_OK;
}

static exs_status add_path(struct tree *t, const struct node *item, const char *text, exs_err *err)
{
	auto_free char *path = NULL;
	auto_free char *name = name_beside(item->source, text);
	exs_err why = EXS_ERR_INIT;

	if (!name)
		return tree_nomem_at(err, item->source);
	if (file_path(item->source, text, &path, &why))
		return node_fail_why(err, item, "include", &why);
	return add_source(t, item, name, path, err);
}

/* The folder's own name is no pattern. */
static char *glob_pattern(const struct source *src, const char *text)
{
	const char *dir = *text == '/' ? "" : src->dir;
	size_t text_n = strlen(text) + 1;
	char *pattern = malloc(2 * strlen(dir) + 1 + text_n);
	char *to = pattern;

	if (!pattern)
		return NULL;
	for (; *dir; dir++) {
		if (strchr("*?[]\\", *dir))
			*to++ = '\\';
		*to++ = *dir;
	}
	if (to != pattern && to[-1] != '/')
		*to++ = '/';
	memcpy(to, text, text_n);
	return pattern;
}

/* A pattern may match nothing; a plain path must be there. */
static exs_status add_glob(struct tree *t, const struct node *item, exs_err *err)
{
	auto_free char *pattern = glob_pattern(item->source, item->value);
	const char *dir = item->source->dir;
	size_t skip = strlen(dir) + (dir[1] ? 1 : 0);
	exs_status st = EXS_OK;
	glob_t found = { 0 };
	int rc;

	if (!pattern)
		return tree_nomem_at(err, item->source);
	if (*item->value == '/')
		skip = 0;
	rc = glob(pattern, 0, NULL, &found);
	if (rc == GLOB_NOSPACE)
		st = tree_nomem_at(err, item->source);
	for (size_t i = 0; !rc && i < found.gl_pathc && !st; i++)
		st = add_path(t, item, found.gl_pathv[i] + skip, err);
	globfree(&found);
	return st;
}

static exs_status add_include(struct tree *t, const struct node *item, exs_err *err)
{
	if (item->type != NODE_SCALAR)
		return node_fail(err, item, "include: expected a path, found %s",
				 node_type_word(item));
	if (item->value_n == 0)
		return node_fail(err, item, "include: the path is empty");
	if (item->value_n > FILE_PATH_MAX / 4)
		return node_fail(err, item, "include: the path is too long");
	if (strpbrk(item->value, "*?["))
		return add_glob(t, item, err);
	return add_path(t, item, item->value, err);
}

static exs_status take_includes(struct tree *t, struct node *root, exs_err *err)
{
	struct node *inc = root->first;
	exs_status st = EXS_OK;

	while (inc && strcmp(inc->key, "include") != 0)
		inc = inc->next;
	if (!inc)
		return EXS_OK;
	node_remove(inc);
	if (inc->type == NODE_MAP)
		return node_fail(err, inc,
				 "include: expected a path or a list of paths, found a map");
	if (inc->type == NODE_SCALAR)
		return add_include(t, inc, err);
	for (const struct node *item = inc->first; item && !st; item = item->next)
		st = add_include(t, item, err);
	return st;
}

/* The members of `from` go to the end of `to`. */
static exs_status merge_map(struct node *to, struct node *from, exs_err *err)
{
	exs_status st = EXS_OK;

	while (from->first && !st) {
		struct node *n = from->first;

		node_remove(n);
		st = node_add_key(to, n, err);
	}
	return st;
}

static exs_status merge_section(struct node *root, struct node *section, exs_err *err)
{
	struct node *have = root->first;

	while (have && strcmp(have->key, section->key) != 0)
		have = have->next;
	if (have && section->type == NODE_MAP && node_is_empty(have)) {
		have->type = NODE_MAP;
		have->value = NULL;
	}
	if (have && have->type == NODE_MAP && node_is_empty(section))
		return EXS_OK;
	if (have && have->type == NODE_MAP && section->type == NODE_MAP)
		return merge_map(have, section, err);
	return node_add_key(root, section, err);
}

static exs_status merge(struct tree *t, struct node *root, exs_err *err)
{
	exs_status st = EXS_OK;

	if (!t->root) {
		t->root = root;
		return EXS_OK;
	}
	while (root->first && !st) {
		struct node *section = root->first;

		node_remove(section);
		st = merge_section(t->root, section, err);
	}
	return st;
}

/* A file without anything but comments is an empty map. */
static struct node *empty_map(struct tree *t, const struct source *src)
{
	struct node *n = tree_alloc(t, sizeof *n);

	if (!n)
		return NULL;
	n->type = NODE_MAP;
	n->source = src;
	n->line = n->column = n->key_line = n->key_column = 1;
	return n;
}

static exs_status load_one(struct tree *t, struct source *src, exs_err *err)
{
	struct node *root = NULL;
	exs_status st = read_source(t, src, &root, err);

	if (st)
		return st;
	if (!root || node_is_empty(root))
		root = empty_map(t, src);
	if (!root)
		return tree_nomem_at(err, src);
	if (root->type != NODE_MAP)
		return node_fail(err, root, "expected sections such as 'batteries:', found %s",
				 node_type_word(root));
	st = take_includes(t, root, err);
	return st ? st : merge(t, root, err);
}

exs_status tree_load(const char *path, struct tree **out, exs_err *err)
{
	struct tree *t = tree_new();
	exs_status st = EXS_OK;

	if (!t || !source_new(t, path, path))
		st = tree_nomem(err);
	for (size_t i = 0; !st && i < t->file_n; i++)
		st = load_one(t, t->files[i], err);
	if (st) {
		tree_free(t);
		return st;
	}
	*out = t;
	return EXS_OK;
}
