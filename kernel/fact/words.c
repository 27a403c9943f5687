/* SPDX-License-Identifier: MIT */
/* words.c - tables between numbers and words. */
#include "fact/words.h"

#include "base/auto.h"
#include "base/cancel.h"
#include "base/log.h"

static int32_t find(const char *const *words, size_t n, exs_str word)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (words[i] && str_is(word, words[i]))
			return (int32_t)i;
	return -1;
}

static const char *at(const char *const *words, size_t n, int32_t i, const char *other)
{
	return i >= 0 && (size_t)i < n && words[i] ? words[i] : other;
}

static const char *const fact_words[] = {
#define EXS_X(name, number, word) [number] = word,
	EXS_FACT_LIST(EXS_X)
#undef EXS_X
};

static const char *const effect_words[] = { "unsafe", "pure", "idempotent", "keyed",
					    "reconcilable" };
static const char *const class_words[] = { "none",  "transient", "permanent", "no_model",
					   "limit", "truncated", "not_done" };
static const char *const outcome_words[] = { "ok", "error", "denied", "skipped", "in_doubt" };
static const char *const settled_words[] = { NULL, "done", "not-done", "retry" };
static const char *const verdict_words[] = { "wait", "nudge", "extend", "raise", "kill" };

const char *fact_word(int32_t kind)
{
	return at(fact_words, ARRAY_LEN(fact_words), kind, "fact");
}

bool fact_begins_attempt(int32_t kind)
{
	return kind == EXS_FACT_RUN_RESUMED || kind == EXS_FACT_RUN_FORKED;
}

const char *effect_word(int32_t effect)
{
	return at(effect_words, ARRAY_LEN(effect_words), effect, "unsafe");
}

int32_t effect_of(exs_str word)
{
	return find(effect_words, ARRAY_LEN(effect_words), word);
}

const char *class_word(int32_t klass)
{
	return at(class_words, ARRAY_LEN(class_words), klass, "none");
}

int32_t class_of(exs_str word)
{
	return find(class_words, ARRAY_LEN(class_words), word);
}

int32_t status_of(exs_str word)
{
	int32_t i;

	for (i = 0; i < EXS_STATUS_COUNT; i++)
		if (str_is(word, status_word(i)))
			return i;
	return -1;
}

int32_t cause_of(exs_str word)
{
	int32_t i;

	for (i = EXS_CAUSE_NONE; i <= EXS_CAUSE_BUDGET; i++)
		if (str_is(word, cause_word(i)))
			return i;
	return -1;
}

const char *outcome_word(int32_t outcome)
{
	return at(outcome_words, ARRAY_LEN(outcome_words), outcome, "error");
}

int32_t outcome_of(exs_str word)
{
	return find(outcome_words, ARRAY_LEN(outcome_words), word);
}

const char *verdict_word(int32_t what)
{
	return at(verdict_words, ARRAY_LEN(verdict_words), what, "wait");
}

const char *settled_word(int32_t what)
{
	return at(settled_words, ARRAY_LEN(settled_words), what, "");
}

int32_t settled_of(exs_str word)
{
	return find(settled_words, ARRAY_LEN(settled_words), word);
}
