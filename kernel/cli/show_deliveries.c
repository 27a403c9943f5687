/* SPDX-License-Identifier: MIT */
/* show_deliveries.c - see show_deliveries.h. */
#include "cli/show_deliveries.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "rows/outbox_row.h"

#define WIDTH 100u

struct showing {
	struct buf *out;
	const struct redact *redact;
	uint32_t n;
};

/* The text of a member as it may be shown; the caller frees it. Never NULL but without memory. */
static char *text_of(const struct showing *s, exs_str row, const char *key)
{
	auto_free char *text = json_get_textz(row, key, OUTBOX_ROW_MAX);
	struct buf b;
	bool changed;
	char *shown;

	if (!text)
		return strdup("");
	buf_init(&b, OUTBOX_ROW_MAX * 2);
	if (redact_text(s->redact, str_of(text), &b, &changed)) {
		buf_release(&b);
		return strdup("?");
	}
	shown = changed ? buf_take(&b) : take(text);
	buf_release(&b);
	return shown;
}

static void put_one(void *arg, exs_str row)
{
	struct showing *s = arg;
	auto_free char *kind = text_of(s, row, "kind"), *target = text_of(s, row, "target");
	auto_free char *state = text_of(s, row, "state"), *why = text_of(s, row, "why");
	int64_t tries = 0, next = 0;
	char at[CLOCK_TEXT_MAX];

	buf_printf(s->out, "%-10s%s%s", s->n++ ? "" : "delivery", kind ? kind : "?",
		   target && target[0] ? ":" : "");
	text_one_line(s->out, str_of(target), WIDTH);
	json_get_int(row, "tries", &tries);
	json_get_int(row, "next_ms", &next);
	buf_printf(s->out, " %s, %" PRId64 " tr%s", state ? state : "?", tries,
		   tries == 1 ? "y" : "ies");
	if (next > 0) {
		clock_text(next, at);
		buf_printf(s->out, ", again from %s on", at);
	}
	if (why && why[0]) {
		buf_puts(s->out, ": ");
		text_one_line(s->out, str_of(why), WIDTH);
	}
	buf_puts(s->out, "\n");
}

static void put_json(void *arg, exs_str row)
{
	static const char *const texts[] = { "id", "kind", "target", "state", "why" };
	static const char *const ints[] = { "tries", "first_ms", "next_ms", "at_ms" };
	struct showing *s = arg;
	bool first = true;
	int64_t n;
	size_t i;

	buf_puts(s->out, s->n++ ? ",{" : "{");
	for (i = 0; i < ARRAY_LEN(texts); i++) {
		auto_free char *text = text_of(s, row, texts[i]);

		if (!text || !text[0])
			continue;
		buf_printf(s->out, "%s\"%s\":", first ? "" : ",", texts[i]);
		buf_jsonz(s->out, text);
		first = false;
	}
	for (i = 0; i < ARRAY_LEN(ints); i++)
		if (json_get_int(row, ints[i], &n))
			buf_printf(s->out, ",\"%s\":%" PRId64, ints[i], n);
	buf_puts(s->out, "}");
}

static void each(struct cli *c, const char *run_id, struct showing *s,
		 void (*fn)(void *arg, exs_str row))
{
	exs_err err = EXS_ERR_INIT;

	if (outbox_each(c->host, run_id, fn, s, &err))
		log_warn(&c->log, "what became of the deliveries cannot be read: %s", err.text);
}

void deliveries_text(struct cli *c, const char *run_id, const struct redact *r, struct buf *out)
{
	struct showing s = { out, r, 0 };

	each(c, run_id, &s, put_one);
}

void deliveries_json(struct cli *c, const char *run_id, const struct redact *r, struct buf *out)
{
	struct showing s = { out, r, 0 };

	buf_puts(out, "[");
	each(c, run_id, &s, put_json);
	buf_puts(out, "]");
}
