/* SPDX-License-Identifier: MIT */
/*
 * tree.h - a conf file as a tree of nodes that know where they stand.
 *
 * YAML is read strictly: no anchors, aliases, tags, second documents or duplicate keys, and every
 * scalar is a text; what it means is for the declared options to say. Nothing here recurses: depth,
 * nodes, keys and bytes have bounds, so a hostile file costs a sentence and not the process.
 *
 * A tree owns its nodes, their texts and whatever tree_alloc gave; all of it goes with tree_free. A
 * tree that was built is never written again, so any thread may read it.
 */
#ifndef CONF_TREE_H
#define CONF_TREE_H

#include <stdbool.h>
#include <executus/bytes.h>

#define TREE_DEPTH_MAX		32u	   /* maps and lists inside each other */
#define TREE_NODES_MAX		65536u	   /* of all files together */
#define TREE_KEYS_MAX		1024u	   /* of one map: duplicates are found by looking at each */
#define TREE_FILE_BYTES_MAX	(1u << 20) /* of one file */
#define TREE_BYTES_MAX		(8u << 20) /* of all files together */
#define TREE_FILES_MAX		128u	   /* a conf file and all that it includes */
#define TREE_INCLUDES_DEPTH_MAX 8u	   /* a file that includes a file that includes ... */

enum node_type { NODE_SCALAR, NODE_SEQ, NODE_MAP };

/* One file, or a text that stands for one. */
struct source {
	const char *name;	     /* as the person wrote it: for messages */
	const char *real;	     /* without symlinks; the name where no file is behind it */
	const char *dir;	     /* absolute folder of `real`: relative paths start here */
	const struct source *parent; /* the file that includes it; NULL: the first */
	unsigned depth;		     /* 0: the first */
	unsigned line, column;	     /* in the parent: of the include */
};

struct node {
	enum node_type type;
	bool plain; /* scalar without quotes: `key:` with nothing behind it is plain and empty */
	const char *key;   /* member of a map; else NULL */
	const char *value; /* SCALAR: NUL-terminated, without a NUL inside; else NULL */
	size_t value_n;
	const struct source *source;
	unsigned line, column;	       /* of the value, from 1 */
	unsigned key_line, key_column; /* of the key; of the value where there is no key */
	size_t count;		       /* children */
	struct node *first, *last, *next, *parent;
};

struct tree;

/* The file and all that it includes, merged; the root is a map. */
exs_status tree_load(const char *path, struct tree **out, exs_err *err);
/* One text; `include` is a key like any other and the root may be of any type. */
exs_status tree_parse(const char *name, exs_str text, struct tree **out, exs_err *err);
void tree_free(struct tree *t); /* takes NULL */

const struct node *tree_root(const struct tree *t);
const struct source *tree_source(const struct tree *t); /* the first file */
/* Every file that was read, in the order of reading. */
size_t tree_files(const struct tree *t);
const struct source *tree_file(const struct tree *t, size_t i);

/* Zeroed memory, or a copy of a text, that lives as long as the tree. NULL: no memory. */
void *tree_alloc(struct tree *t, size_t n);
const char *tree_text(struct tree *t, exs_str s);

/* The member of a map, or NULL. */
const struct node *node_get(const struct node *map, const char *key);
/* A key with nothing behind it: stands for an empty map or list where one is expected. */
bool node_is_empty(const struct node *n);
const char *node_type_word(const struct node *n); /* "a text", "a list", "a map" */

/* ---- messages ---- */

#define WHERE_MAX 96u /* "...tail/of/the/file.yaml:12:3" with its NUL */
#define SHOWN_MAX 64u /* a piece of the person's text inside a sentence */

/* "file:line:column" of the value, or of the key. A long path is shortened from the left. Returns
 * out. */
const char *node_where(const struct node *n, char out[WHERE_MAX]);
const char *node_where_key(const struct node *n, char out[WHERE_MAX]);
/* The text on one line, without control characters, cut with "...". Returns out. */
const char *shown(char out[SHOWN_MAX], const char *text);

/* "file:line:column: sentence" into err; returns status. The sentence keeps its room, the path is
 * shortened. */
exs_status place_fail(exs_err *err, exs_status status, const char *name, unsigned line,
		      unsigned column, const char *fmt, ...) EXS_PRINTF(6, 7);
exs_status node_fail(exs_err *err, const struct node *n, const char *fmt, ...)
	EXS_PRINTF(3, 4); /* at the value */
exs_status node_fail_key(exs_err *err, const struct node *n, const char *fmt, ...)
	EXS_PRINTF(3, 4); /* at the key */

#endif
