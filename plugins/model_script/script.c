/* SPDX-License-Identifier: MIT */
/* script.c - see script.h. The file and its scripts; turn.c reads their turns. */
#include "script.h"

#include "turn.h"

static exs_status read_only(struct reader *r, const struct node *value, void *at)
{
	struct script_file *f = at;
	const char *slash = strrchr(r->tree->path, '/');
	const char *name = slash ? slash + 1 : r->tree->path;

	f->scripts = calloc(1, sizeof *f->scripts);
	if (!f->scripts)
		return exs_fail(r->err, EXS_NOMEM, 0, "no memory for the script '%.120s'",
				r->tree->path);
	f->n = 1;
	f->only = true;
	f->scripts->name.p = strdup(name);
	if (!f->scripts->name.p)
		return exs_fail(r->err, EXS_NOMEM, 0, "no memory for the script '%.120s'",
				r->tree->path);
	f->scripts->name.n = strlen(name);
	return turns_read(r, value, f->scripts);
}

static exs_status read_scripts(struct reader *r, const struct node *value, void *at)
{
	struct script_file *f = at;
	const struct node *key;
	size_t n;

	if (value->kind != NODE_MAP || tree_count(r->tree, value) == 0)
		return tree_fail(r->tree, value, r->err,
				 "scripts is a map of names, each with its list of turns");
	n = tree_count(r->tree, value);
	f->scripts = calloc(n, sizeof *f->scripts);
	if (!f->scripts)
		return exs_fail(r->err, EXS_NOMEM, 0, "no memory for the script '%.120s'",
				r->tree->path);
	for (key = tree_child(r->tree, value); key;
	     key = tree_next(r->tree, tree_next(r->tree, key))) {
		struct script *s = &f->scripts[f->n++];

		if (field_name(r, key, &s->name) || turns_read(r, tree_next(r->tree, key), s))
			return r->err->status;
	}
	return EXS_OK;
}

static exs_status read_file(struct reader *r, struct script_file *f)
{
	static const struct field fields[] = {
		{ "turns", read_only, 0 },
		{ "scripts", read_scripts, 0 },
		{ NULL, NULL, 0 },
	};
	const struct node *root = r->tree->nodes;

	if (root->kind == NODE_MAP && tree_count(r->tree, root) != 1)
		return tree_fail(r->tree, root, r->err,
				 "a script file has 'turns' or 'scripts', one of them");
	return fields_read(r, root, "a script file", fields, f);
}

exs_status script_open(const char *path, struct script_file *out, exs_err *err)
{
	struct script_file file = { NULL, 0, false };
	struct tree tree;
	struct reader r = { &tree, err, 0 };
	exs_status s;

	if (tree_read(path, &tree, err))
		return err->status;
	s = read_file(&r, &file);
	tree_release(&tree);
	if (s) {
		script_close(&file);
		return s;
	}
	*out = file;
	return EXS_OK;
}

const struct script *script_find(const struct script_file *file, const char *model)
{
	size_t i;

	if (file->only)
		return file->scripts;
	for (i = 0; i < file->n; i++)
		if (strcmp(file->scripts[i].name.p, model) == 0)
			return &file->scripts[i];
	return NULL;
}

void script_close(struct script_file *file)
{
	size_t i;

	for (i = 0; i < file->n; i++) {
		turns_free(&file->scripts[i]);
		free(file->scripts[i].name.p);
	}
	free(file->scripts);
	memset(file, 0, sizeof *file);
}
