/* SPDX-License-Identifier: MIT */
/* args.c - the arguments of a call, from YAML or JSON text to JSON text with placeholders. See
 * fields.h. */
#include "fields.h"

#include <cjson/cJSON.h>

#include "fill.h"
#include "out.h"

#define ARGS_MAX (6u * SCRIPT_BYTES_MAX) /* every byte of the script as \u00XX */

/* A text without quotes that JSON knows as a number, true, false or null. */
static bool is_literal(const struct node *node)
{
	static const char *const words[] = { "true", "false", "null", NULL };
	const char *p = node->text;
	const char *const *w;

	if (!node->plain)
		return false;
	for (w = words; *w; w++)
		if (strcmp(p, *w) == 0)
			return true;
	p += *p == '-';
	if (*p == '0' && p[1] >= '0' && p[1] <= '9')
		return false;
	if (strspn(p, "0123456789") == 0)
		return false;
	p += strspn(p, "0123456789");
	if (*p == '.') {
		if (strspn(++p, "0123456789") == 0)
			return false;
		p += strspn(p, "0123456789");
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '+' || *p == '-';
		if (strspn(p, "0123456789") == 0)
			return false;
		p += strspn(p, "0123456789");
	}
	return p == node->text + node->n;
}

/* Where in a list or map the writer stands. */
struct place {
	bool map, after_key;
	size_t written;
};

static void separate(struct out *o, struct place *in)
{
	if (in->map && in->after_key)
		out_puts(o, ":");
	else if (in->written++)
		out_puts(o, ",");
	in->after_key = in->map && !in->after_key;
}

static exs_status write_scalar(struct reader *r, const struct node *node, const struct place *in,
			       struct out *o)
{
	const char *wrong = fill_check(node->text, node->n);

	if (wrong)
		return tree_fail(r->tree, node, r->err, "%s", wrong);
	/* separate() has moved on: after_key now says that this text is the key. */
	if (!in->after_key && node->plain && node->n == 0)
		out_puts(o, "null");
	else if (!in->after_key && is_literal(node))
		out_put(o, node->text, node->n);
	else
		out_json(o, node->text, node->n);
	return EXS_OK;
}

/* The nodes stand in the order in which JSON is written, so one walk over them does it. */
static exs_status write_json(struct reader *r, const struct node *root, struct out *o)
{
	struct place stack[TREE_DEPTH_MAX + 1] = { { false, false, 0 } };
	struct place *in = stack;
	const struct node *node;

	for (node = root; node <= &r->tree->nodes[root->end]; node++) {
		if (node->kind == NODE_END) {
			out_puts(o, in->map ? "}" : "]");
			in--;
			continue;
		}
		separate(o, in);
		if (node->kind == NODE_TEXT) {
			if (write_scalar(r, node, in, o))
				return r->err->status;
			continue;
		}
		*++in = (struct place){ .map = node->kind == NODE_MAP };
		out_puts(o, in->map ? "{" : "[");
	}
	return EXS_OK;
}

static exs_status args_as_text(struct reader *r, const struct node *value, void *at)
{
	const char *end = NULL;
	cJSON *json = cJSON_ParseWithLengthOpts(value->text, value->n, &end, 0);
	bool good = json && end + strspn(end, " \t\r\n") == value->text + value->n;

	cJSON_Delete(json);
	if (!good)
		return tree_fail(
			r->tree, value, r->err,
			"args is a map or JSON text; args_raw sends bytes that are not JSON");
	return field_template(r, value, at);
}

exs_status field_args(struct reader *r, const struct node *value, void *at)
{
	struct text *out = at;
	struct out o;
	exs_status s;

	if (value->kind == NODE_TEXT)
		return args_as_text(r, value, at);
	if (value->kind != NODE_MAP)
		return tree_fail(r->tree, value, r->err, "args is a map or JSON text");
	out_init(&o, ARGS_MAX);
	s = write_json(r, value, &o);
	if (s == EXS_OK)
		out->p = out_take(&o, &out->n);
	out_release(&o);
	if (s == EXS_OK && !out->p)
		s = exs_fail(r->err, EXS_NOMEM, 0, "no memory for the script '%.120s'",
			     r->tree->path);
	return s;
}
