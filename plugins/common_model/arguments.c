/* SPDX-License-Identifier: MIT */
/* arguments.c - see arguments.h. */
#include "arguments.h"

#include "dialect.h"

/* How many bytes of a JSON string are not UTF-8 when it is decoded. */
static size_t count_bad(exs_str string, struct text *out)
{
	struct text text, clean;
	size_t bad;

	text_init(&text, REQUEST_MAX);
	text_init(&clean, REQUEST_MAX);
	(void)scan_text(string, &text);
	bad = text_add_repaired(&clean, text_view(&text));
	text_inherit(out, &text);
	text_inherit(out, &clean);
	text_release(&text);
	text_release(&clean);
	return bad;
}

/* An object of which every text is one that a strict reader takes. */
static bool is_sound(exs_str args, struct text *out)
{
	const char *p = args.p, *end = args.p + args.n;

	if (scan_kind(args) != '{' || !scan_is_value(args))
		return false;
	while (p < end) {
		const char *next = *p == '"' ? scan_skip(p, end) : p + 1;

		if (*p == '"' && count_bad(exs_bytes(p, (size_t)(next - p)), out))
			return false;
		p = next;
	}
	return true;
}

void arguments_add_object(struct text *out, exs_str value)
{
	struct text args;
	exs_str v;

	text_init(&args, REQUEST_MAX);
	(void)scan_text(value, &args);
	v = text_view(&args);
	if (is_sound(v, out)) {
		text_add(out, v.p, v.n);
	} else if (v.n == 0) {
		text_adds(out, "{}");
	} else {
		text_adds(out, "{\"not_an_object\":");
		text_add(out, value.p, value.n);
		text_adds(out, "}");
	}
	text_inherit(out, &args);
	text_release(&args);
}
