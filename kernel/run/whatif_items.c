/* SPDX-License-Identifier: MIT */
/* whatif_items.c - the decisions of both sides: those that were recorded, and those of the other configuration. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "fact/body.h"
#include "fact/words.h"
#include "run/whatif_priv.h"

/* ---- what comes out ---- */

exs_status whatif_note(struct whatif *w, struct whatif_items *to, enum whatif_who who, const char *what,
		       const char *tag, const char *words)
{
	size_t cap = to->cap ? to->cap * 2 : 16;
	struct whatif_item *item;
	void *grown;

	if (to->n == WHATIF_ITEMS_MAX)
		return err_set(&w->err, EXS_TOOBIG, 0, "more than %u decisions over this record",
			       WHATIF_ITEMS_MAX);
	if (to->n == to->cap) {
		grown = realloc(to->list, cap * sizeof *to->list);
		if (!grown)
			return err_set(&w->err, EXS_NOMEM, 0, "no memory for %zu decisions", cap);
		to->list = grown;
		to->cap = cap;
	}
	item = &to->list[to->n++];
	*item = (struct whatif_item){ .who = who,
				      .seq = w->seq,
				      .run_ms = w->now_ms,
				      .step = w->r.state.step };
	snprintf(item->what, sizeof item->what, "%s", what);
	snprintf(item->tag, sizeof item->tag, "%s", tag ? tag : "");
	snprintf(item->words, sizeof item->words, "%s", words ? words : "");
	return EXS_OK;
}

bool whatif_same(const struct whatif *w)
{
	size_t i;

	if (w->would.n != w->was.n || w->r.found.any)
		return false;
	for (i = 0; i < w->would.n; i++) {
		const struct whatif_item *a = &w->would.list[i], *b = &w->was.list[i];

		if (a->who != b->who || strcmp(a->what, b->what) != 0 || strcmp(a->tag, b->tag) != 0)
			return false;
	}
	return true;
}

/* ---- the recorded decisions ---- */

static bool cancelled_by(const exs_fact *f, int32_t cause)
{
	return f->kind == EXS_FACT_RUN_CANCELLED && body_word_is(f->body, "cause", cause_word(cause));
}

static exs_status was(struct whatif *w, const exs_fact *f, enum whatif_who who, const char *what_key,
		      const char *tag_key, const char *words_key)
{
	auto_free char *what = json_get_textz(f->body, what_key, RUN_NAME_MAX);
	auto_free char *tag = json_get_textz(f->body, tag_key, RUN_NAME_MAX);
	auto_free char *words = json_get_textz(f->body, words_key, RUN_TEXT_MAX);
	const char *word = f->kind == EXS_FACT_BUDGET_DENIED ? "denied"
			   : f->kind == EXS_FACT_BUDGET_SOFT ? "soft" : what;
	struct whatif_item *item;

	if (whatif_note(w, &w->was, who, word ? word : "", tag, words))
		return w->err.status;
	item = &w->was.list[w->was.n - 1];
	item->seq = f->seq;
	item->run_ms = f->run_ms;
	item->step = f->step;
	return EXS_OK;
}

exs_status whatif_note_recorded(struct whatif *w, const exs_fact *f)
{
	switch (f->kind) {
	case EXS_FACT_CRITIC_DECIDED:
		return was(w, f, WHATIF_CRITIC, "what", "tag", "words");
	case EXS_FACT_BUDGET_DENIED:
	case EXS_FACT_BUDGET_SOFT:
		return was(w, f, WHATIF_BUDGET, "-", "limit", "text");
	case EXS_FACT_RUN_CANCELLED:
		return cancelled_by(f, EXS_CAUSE_TIMEOUT) ? was(w, f, WHATIF_TIME, "cause", "-", "text")
							  : EXS_OK;
	default:
		return EXS_OK;
	}
}

exs_status whatif_expect(struct whatif *w, const exs_fact *f, exs_err *err)
{
	size_t cap = w->expected_cap ? w->expected_cap * 2 : 16;
	void *grown;

	if (f->kind == EXS_FACT_RUN_FORKED) { /* what was before is another run's */
		w->expected_n = 0;
		w->begin_seq = f->seq;
	}
	if (f->kind != EXS_FACT_CRITIC_DECIDED)
		return EXS_OK;
	if (w->expected_n == w->expected_cap) {
		grown = realloc(w->expected, cap * sizeof *w->expected);
		if (!grown)
			return err_set(err, EXS_NOMEM, 0, "no memory for %zu decisions", cap);
		w->expected = grown;
		w->expected_cap = cap;
	}
	w->expected[w->expected_n++] = f->run_ms;
	return EXS_OK;
}

bool whatif_withheld(const struct whatif *w, const exs_fact *f)
{
	switch (f->kind) {
	case EXS_FACT_CRITIC_DECIDED:
	case EXS_FACT_BUDGET_RESERVED:
	case EXS_FACT_BUDGET_SETTLED:
	case EXS_FACT_BUDGET_DENIED:
	case EXS_FACT_BUDGET_SOFT:
		return true;
	case EXS_FACT_STEERED:
	case EXS_FACT_LIMIT_RAISED: /* a verdict takes effect in the fact behind it */
		return w->before_kind == EXS_FACT_CRITIC_DECIDED;
	case EXS_FACT_RUN_CANCELLED:
		return cancelled_by(f, EXS_CAUSE_KILL) || cancelled_by(f, EXS_CAUSE_TIMEOUT) ||
		       cancelled_by(f, EXS_CAUSE_BUDGET);
	default:
		return false;
	}
}
