/* SPDX-License-Identifier: MIT */
/* node_json.c - a part of the conf as JSON text, for options that are trees. */
#include "conf/options_build.h"

#include "base/text.h"

static void put_head(struct buf *out, const struct node *n)
{
	if (n->parent && n->parent->type == NODE_MAP) {
		buf_jsonz(out, n->key);
		buf_puts(out, ":");
	}
	if (n->type == NODE_SCALAR)
		buf_json(out, str_n(n->value, n->value_n));
	else
		buf_puts(out, n->type == NODE_MAP ? "{" : "[");
}

static void put_end(struct buf *out, const struct node *n)
{
	if (n->type != NODE_SCALAR)
		buf_puts(out, n->type == NODE_MAP ? "}" : "]");
}

void node_json(struct buf *out, const struct node *top)
{
	struct node root = *top;
	const struct node *n = &root;

	/* The value alone, without its key: the walk ends where it began. */
	root.parent = NULL;
	put_head(out, n);
	if (!n->first) {
		put_end(out, n);
		return;
	}
	for (n = n->first;;) {
		put_head(out, n);
		if (n->first) {
			n = n->first;
			continue;
		}
		put_end(out, n);
		while (!n->next) {
			n = n->parent;
			put_end(out, n);
			if (n == top)
				return;
		}
		buf_puts(out, ",");
		n = n->next;
	}
}
