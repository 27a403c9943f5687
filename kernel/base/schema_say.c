/* SPDX-License-Identifier: MIT */
/* schema_say.c - see schema_say.h. */
#include "base/schema_say.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/schema.h"
#include "base/text.h"

#define NAME_SHOWN_MAX	 72u   /* bytes of a place in a sentence */
#define VALUES_SHOWN_MAX 100u  /* of what the schema allows */
#define PLACE_BYTES_MAX	 4096u /* of a place before it is shortened */
#define WORDS_MAX	 64u   /* names that a suggestion is chosen from */

static void put_place(struct buf *out, const struct place *at)
{
	const struct place *way[SCHEMA_DEPTH_MAX + 1];
	size_t n = 0;

	for (; at->up && n < ARRAY_LEN(way); at = at->up)
		way[n++] = at;
	while (n-- > 0) {
		if (!way[n]->name.n) {
			buf_printf(out, "[%zu]", way[n]->index);
			continue;
		}
		if (out->n)
			buf_puts(out, ".");
		json_text(way[n]->name, out);
	}
}

exs_status say_wrong(exs_err *err, const struct place *at, const char *fmt, ...)
{
	char text[sizeof err->text];
	struct buf place, shown;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (!at->up)
		return err_set(err, EXS_INVALID, 0, "the arguments %s", text);
	buf_init(&place, PLACE_BYTES_MAX);
	buf_init(&shown, NAME_SHOWN_MAX);
	put_place(&place, at);
	text_one_line(&shown, buf_view(&place), NAME_SHOWN_MAX);
	if (buf_ok(&place) && buf_ok(&shown))
		err_set(err, EXS_INVALID, 0, "'%s' %s", shown.p, text);
	else
		err_set(err, EXS_INVALID, 0, "a member with a long name %s", text);
	buf_release(&place);
	buf_release(&shown);
	return EXS_INVALID;
}

exs_status say_value(exs_err *err, const struct place *at, const char *how, exs_str allowed)
{
	struct buf shown;

	buf_init(&shown, VALUES_SHOWN_MAX);
	text_one_line(&shown, allowed, VALUES_SHOWN_MAX);
	say_wrong(err, at, "%s %s", how, shown.p);
	buf_release(&shown);
	return EXS_INVALID;
}

struct words {
	struct buf text;
	size_t at[WORDS_MAX], n;
	const char *list[WORDS_MAX + 1];
};

/* The first names of `properties`, decoded. */
static void words_init(struct words *w, exs_str properties)
{
	struct json_iter it;
	exs_str name;

	w->n = 0;
	buf_init(&w->text, WORDS_MAX * (SUGGEST_WORD_MAX + 1));
	for (json_iter_init(&it, properties); w->n < WORDS_MAX && json_next(&it, &name, NULL);) {
		if (name.n - 2 > SUGGEST_WORD_MAX)
			continue;
		w->at[w->n] = w->text.n;
		if (json_text(name, &w->text) != EXS_OK)
			break;
		buf_put(&w->text, "", 1);
		if (!buf_ok(&w->text))
			break;
		w->n++;
	}
	for (size_t i = 0; i < w->n; i++)
		w->list[i] = w->text.p + w->at[i];
	w->list[w->n] = NULL;
}

static exs_status say_known(exs_err *err, const struct place *at, const struct words *w)
{
	struct buf all, shown;

	buf_init(&all, WORDS_MAX * (SUGGEST_WORD_MAX + 2));
	buf_init(&shown, VALUES_SHOWN_MAX);
	for (size_t i = 0; i < w->n; i++)
		buf_printf(&all, "%s%s", i ? ", " : "", w->list[i]);
	text_one_line(&shown, buf_view(&all), VALUES_SHOWN_MAX);
	say_wrong(err, at, "is not known; there %s %s", w->n == 1 ? "is only" : "are", shown.p);
	buf_release(&all);
	buf_release(&shown);
	return EXS_INVALID;
}

exs_status say_unknown(exs_err *err, const struct place *at, exs_str properties)
{
	const char *meant = NULL;
	struct words w;
	struct buf word;

	buf_init(&word, SUGGEST_WORD_MAX);
	words_init(&w, properties);
	if (json_text(at->name, &word) == EXS_OK)
		meant = suggest(word.p, w.list);
	if (meant)
		say_wrong(err, at, "is not known; did you mean '%s'?", meant);
	else if (w.n)
		say_known(err, at, &w);
	else
		say_wrong(err, at, "is not known; nothing may be given there");
	buf_release(&word);
	buf_release(&w.text);
	return EXS_INVALID;
}
