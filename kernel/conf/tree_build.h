/* SPDX-License-Identifier: MIT */
/* tree_build.h - what the readers of kernel/conf share to make a tree; nobody else includes it. */
#ifndef CONF_TREE_BUILD_H
#define CONF_TREE_BUILD_H

#include "conf/tree.h"

struct chunk;

struct tree {
	struct chunk *chunks;
	struct node *root;
	struct source *files[TREE_FILES_MAX];
	size_t file_n;
	size_t nodes; /* of all files */
	size_t bytes; /* of all files */
};

struct tree *tree_new(void); /* NULL: no memory */
exs_status tree_nomem(exs_err *err);
exs_status tree_nomem_at(exs_err *err, const struct source *src);

/* One more file. TOOBIG past TREE_FILES_MAX is for the caller to say: NULL means no memory only. */
struct source *source_new(struct tree *t, const char *name, const char *path);
/* Fills real and dir from an absolute path. */
exs_status source_settle(struct tree *t, struct source *src, const char *real, exs_err *err);

/* At the end of a map or list. */
void node_add(struct node *parent, struct node *child);
void node_remove(struct node *child);
/* The same, when the map has no such key yet and still has room; else a sentence with both places.
 */
exs_status node_add_key(struct node *map, struct node *child, exs_err *err);

/* Reads one document; *root is NULL when the text holds none. The nodes belong to the tree. */
exs_status yaml_read(struct tree *t, const struct source *src, exs_str text, struct node **root,
		     exs_err *err);

/* node_fail with the status and sentence of another record: "key: sentence". */
exs_status node_fail_why(exs_err *err, const struct node *n, const char *what, const exs_err *why);

#endif
