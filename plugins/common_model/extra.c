/* SPDX-License-Identifier: MIT */
/* extra.c - see extra.h. */
#include "extra.h"

#include "../common_json/scan.h"

/* The text between the quotes, when it reads as a JSON number, true, false or null. */
static bool is_literal(exs_str inner)
{
	char c = inner.n ? inner.p[0] : 0;

	return (c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' || c == 'n') &&
	       scan_is_value(inner) && !strchr(" \t\r\n", inner.p[inner.n - 1]);
}

/* Copies a value; its strings that are values, not names, and read as literals lose their quotes.
 */
static void add_value(struct text *out, exs_str value)
{
	const char *p = value.p, *end = value.p + value.n;

	while (p < end) {
		const char *stop = *p == '"' ? scan_skip(p, end) : p + 1;
		const char *next = stop;
		exs_str inner;

		while (next < end && strchr(" \t\r\n", *next))
			next++;
		inner = exs_bytes(p + 1, *p == '"' ? (size_t)(stop - p) - 2 : 0);
		if (*p == '"' && (next == end || *next != ':') && is_literal(inner))
			text_add(out, inner.p, inner.n);
		else
			text_add(out, p, (size_t)(stop - p));
		p = stop;
	}
}

exs_status extra_write(const char *option, exs_str tree, const char *const *ours, struct text *out, exs_err *err)
{
	struct scan_iter it;
	exs_str key, value;
	size_t i;

	if (scan_kind(tree) == 'n')
		return EXS_OK;
	if (scan_kind(tree) != '{' || !scan_is_value(tree))
		return exs_fail(err, EXS_INVALID, 0, "%s must be a map of members and values", option);
	scan_begin(&it, tree);
	while (scan_next(&it, &key, &value)) {
		for (i = 0; ours[i]; i++)
			if (scan_is(key, ours[i]))
				return exs_fail(
					err, EXS_INVALID, 0,
					"%s must not hold '%s': this battery sets it itself",
					option, ours[i]);
		text_adds(out, ",");
		text_add(out, key.p, key.n);
		text_adds(out, ":");
		add_value(out, value);
	}
	return out->status ? exs_fail(err, out->status, 0, "%s is over %u bytes", option, EXTRA_MAX)
			   : EXS_OK;
}
