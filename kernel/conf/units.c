/* SPDX-License-Identifier: MIT */
/* units.c - texts that mean numbers: integers, booleans, sizes, durations. */
#include "conf/units.h"

#include <stdbool.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"
#include "conf/tree.h"

/* Longer is a mistake, and any clock plus this still fits. */
#define DURATION_MAX_MS (36500 * INT64_C(86400000))

struct unit {
	const char *suffix;
	int64_t factor;
};

/* Reads digits; *rest is what follows them. false: they do not fit. */
static bool digits(const char *p, int64_t *value, const char **rest)
{
	int64_t v = 0;
	bool fits = true;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *p - '0', &v))
			fits = false;
	}
	*value = v;
	*rest = p;
	return fits;
}

static exs_status not_a(exs_err *err, const char *text, const char *what)
{
	char s[SHOWN_MAX];

	return err_set(err, EXS_INVALID, 0, "'%s' is not %s", shown(s, text), what);
}

static exs_status too_big(exs_err *err, const char *text, const char *most)
{
	char s[SHOWN_MAX];

	return err_set(err, EXS_INVALID, 0, "'%s' is too big: at most %s", shown(s, text), most);
}

exs_status units_int(const char *text, int64_t *out, exs_err *err)
{
	const char *first = text + (*text == '-');
	int64_t v = 0;

	if (!*first || first[strspn(first, "0123456789")])
		return not_a(err, text, "a whole number");
	for (const char *p = first; *p; p++) {
		int64_t digit = first == text ? *p - '0' : '0' - *p;

		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v))
			return too_big(err, text, "64 bits");
	}
	*out = v;
	return EXS_OK;
}

exs_status units_bool(const char *text, int64_t *out, exs_err *err)
{
	static const char *const yes[] = { "yes", "on", "y", "true", "1" };
	static const char *const no[] = { "no", "off", "n", "false", "0" };
	char s[SHOWN_MAX];

	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
		*out = text[0] == 't';
		return EXS_OK;
	}
	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0)
			return err_set(err, EXS_INVALID, 0,
				       "'%s' is not a boolean here: write true", shown(s, text));
		if (strcasecmp(text, no[i]) == 0)
			return err_set(err, EXS_INVALID, 0,
				       "'%s' is not a boolean here: write false", shown(s, text));
	}
	return not_a(err, text, "a boolean: write true or false");
}

static const struct unit *unit_find(const struct unit *units, size_t n, const char *suffix)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(units[i].suffix, suffix) == 0)
			return &units[i];
	}
	return NULL;
}

exs_status units_size(const char *text, int64_t *out, exs_err *err)
{
	static const struct unit units[] = {
		{ "", 1 }, { "k", 1 << 10 }, { "m", 1 << 20 }, { "g", 1 << 30 }
	};
	const struct unit *u;
	const char *suffix;
	int64_t v;
	bool fits = digits(text, &v, &suffix);

	u = suffix == text ? NULL : unit_find(units, ARRAY_LEN(units), suffix);
	if (!u)
		return not_a(err, text,
			     "a size: write bytes, or a number with k, m or g, such as 64m");
	if (!fits || __builtin_mul_overflow(v, u->factor, &v))
		return too_big(err, text, "8589934591g");
	*out = v;
	return EXS_OK;
}

exs_status units_duration(const char *text, int64_t *out, exs_err *err)
{
	static const struct unit units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 }
	};
	const struct unit *u;
	const char *suffix;
	char s[SHOWN_MAX];
	int64_t v;
	bool fits = digits(text, &v, &suffix);

	if (suffix != text && !*suffix) {
		if (v || !fits)
			return err_set(err, EXS_INVALID, 0,
				       "'%s' has no unit: write %ss for seconds (or ms, m, h, d)",
				       shown(s, text), shown(s, text));
		*out = 0;
		return EXS_OK;
	}
	u = suffix == text ? NULL : unit_find(units, ARRAY_LEN(units), suffix);
	if (!u)
		return not_a(err, text,
			     "a duration: write a whole number with ms, s, m, h or d, such as 90s");
	if (!fits || __builtin_mul_overflow(v, u->factor, &v) || v > DURATION_MAX_MS)
		return too_big(err, text, "36500d");
	*out = v;
	return EXS_OK;
}
