/* SPDX-License-Identifier: MIT */
/* facts.c - see facts.h. */
#include "fact/facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

struct kept_fact {
	exs_fact fact;
	exs_usage usage;
	char text[];
};

static exs_str keep_text(char **at, exs_str s)
{
	exs_str kept = str_n(*at, s.n);

	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return kept;
}

static exs_status make_room(struct facts *l, size_t bytes, exs_err *err)
{
	size_t cap = l->cap ? l->cap * 2 : 64;
	void *grown;

	if (l->n == FACTS_MAX || bytes > FACTS_BYTES_MAX - l->bytes)
		return err_set(err, EXS_TOOBIG, 0, "the run has more facts than are kept in memory at once");
	if (l->n < l->cap)
		return EXS_OK;
	grown = realloc(l->list, cap * sizeof(struct kept_fact *));
	if (!grown)
		return err_set(err, EXS_NOMEM, 0, "no memory for %zu facts", cap);
	l->list = grown;
	l->cap = cap;
	return EXS_OK;
}

exs_status facts_add(struct facts *l, const exs_fact *f, exs_err *err)
{
	size_t n = f->call_id.n + f->name.n + f->body.n;
	struct kept_fact *k;
	char *at;

	if (make_room(l, n, err))
		return err->status;
	k = malloc(sizeof *k + n);
	if (!k)
		return err_set(err, EXS_NOMEM, 0, "no memory for a fact of %zu bytes", n);
	at = k->text;
	k->fact = *f;
	k->fact.call_id = keep_text(&at, f->call_id);
	k->fact.name = keep_text(&at, f->name);
	k->fact.body = keep_text(&at, f->body);
	if (f->usage) {
		k->usage = *f->usage;
		k->fact.usage = &k->usage;
	}
	l->list[l->n++] = k;
	l->bytes += n;
	return EXS_OK;
}

void facts_release(struct facts *l)
{
	while (l->n)
		free(l->list[--l->n]);
	free(l->list);
	*l = (struct facts){ NULL, 0, 0, 0 };
}

const exs_fact *facts_at(const struct facts *l, size_t i)
{
	return i < l->n ? &l->list[i]->fact : NULL;
}

void facts_swap(struct facts *l, size_t i, size_t k)
{
	struct kept_fact *kept = l->list[i];

	l->list[i] = l->list[k];
	l->list[k] = kept;
}
