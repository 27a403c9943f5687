/* SPDX-License-Identifier: MIT */
/* limits.h - the list of limits, read from the conf and checked. Constant once it is read. */
#ifndef LEDGER_LIMITS_H
#define LEDGER_LIMITS_H

#include <executus/battery.h>
#include <executus/done.h>
#include <executus/svc/run.h>

#include "window.h"

#define LIMITS_MAX     16
#define LIMIT_NAME_MAX 40
#define PER_TEXT_MAX   16
#define LIMIT_ROWS_MAX 80

enum scope { SCOPE_RUN, SCOPE_TREE, SCOPE_CALLER, SCOPE_AGENT, SCOPE_MODEL, SCOPE_ALL, SCOPES };

enum unit {
	UNIT_TOKENS, /* in and out */
	UNIT_TOKENS_IN,
	UNIT_TOKENS_OUT,
	UNIT_TOKENS_CACHED, /* read from a cache: a part of those in */
	UNIT_USD,	    /* counted in millionths */
	UNIT_TURNS,
	UNIT_SECONDS, /* counted in ms; this one and the next are known afterwards only */
	UNIT_CALLS,
	UNITS
};

struct limit {
	char name[LIMIT_NAME_MAX + 1];
	char rows[LIMIT_ROWS_MAX + 1]; /* what its rows are called: NAME.SCOPE-UNIT-PER */
	enum scope scope;
	enum unit unit;
	struct window per;
	char per_text[PER_TEXT_MAX]; /* as it was written */
	int64_t max, soft;	     /* soft 0: none */
	bool grace;
};

struct limits {
	struct limit list[LIMITS_MAX];
	uint32_t n;
};

extern const char *const scope_words[SCOPES];
extern const char *const unit_words[UNITS];

/* From the option `limits`: INVALID with the place, which limit, and what to write. */
exs_status limits_read(const exs_conf *conf, struct limits *out, exs_err *err);

/* Whether it is kept in rows that runs share. A limit of one run follows from its own tally. */
bool limit_is_shared(const struct limit *l);
/* Whether it can be reserved before it is spent. */
bool unit_is_reserved(enum unit unit);

/* What a turn's usage is in that unit. */
int64_t unit_of_usage(enum unit unit, const exs_usage *u);
/* The most that a turn may be of it, by what it may use at worst. */
int64_t unit_of_worst(enum unit unit, const exs_usage *u);
/* The same of all that a run used. */
int64_t unit_of_tally(enum unit unit, const exs_tally *t);

#define AMOUNT_TEXT_MAX 48
/* "$1.500000", "90.0 seconds", "1200 tokens". */
void amount_text(enum unit unit, int64_t n, char out[AMOUNT_TEXT_MAX]);

/* A decimal number without sign, exact to `digits` behind the point, times 10^digits. */
bool decimal_parse(const char *text, int digits, int64_t *out);

#endif
