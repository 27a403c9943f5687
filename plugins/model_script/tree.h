/* SPDX-License-Identifier: MIT */
/*
 * tree.h - a YAML file as a flat list of nodes that know their line and column.
 *
 * Nodes stand in the order of the file: a list or map is followed by its children and a NODE_END;
 * `end` leads over them, so that walking needs no recursion. In a map, keys and values take turns;
 * keys are texts and unique. Anchors, aliases, tags and second documents are refused.
 */
#ifndef MODEL_SCRIPT_TREE_H
#define MODEL_SCRIPT_TREE_H

#include <stdbool.h>
#include <executus/helper.h>

#define SCRIPT_BYTES_MAX (1u << 20) /* a script is written by hand */
#define TREE_DEPTH_MAX	 32u
#define TREE_KEYS_MAX	 1024u /* of one map */
#define TREE_PATH_SHOWN	 80u   /* bytes of the path that a message shows: its end */

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP, NODE_END };

struct node {
	enum node_kind kind;
	uint32_t line, column; /* from 1 */
	size_t end;	       /* index of the NODE_END; a text's own index */
	bool plain;	       /* a text without quotes: in tool arguments it may be a number */
	char *text;	       /* NUL-terminated behind n */
	size_t n;
};

struct tree {
	struct node *nodes; /* the first is the root */
	size_t n, cap;
	const char *path; /* borrowed */
};

/* Reads the file. On failure nothing is left behind. */
exs_status tree_read(const char *path, struct tree *out, exs_err *err);
void tree_release(struct tree *tree);

/* Fills err with "file:line:column: sentence" and returns INVALID. */
exs_status tree_fail(const struct tree *tree, const struct node *at, exs_err *err, const char *fmt,
		     ...) EXS_PRINTF(4, 5);

/* The first child, and the node behind a node; the end of a container answers NULL. */
const struct node *tree_child(const struct tree *tree, const struct node *container);
const struct node *tree_next(const struct tree *tree, const struct node *node);
/* Children of a list; members of a map. */
size_t tree_count(const struct tree *tree, const struct node *container);

#endif
