/* SPDX-License-Identifier: MIT */
/*
 * fuzz_redact.c - any body: what was JSON stays JSON, and no text of it holds a secret any more.
 *
 * The copy for watchers is made of what is left, as of a fact of each kind that is looked into.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "fact/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const secrets[] = { "sk-live-0123456789", "pass\"wo\\rd\nline", "aaaaaaaa",
				       "aaaaaaaab" };

static void must(bool held)
{
	if (!held)
		abort();
}

static bool is_unlock(const void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "unlock") == 0;
}

static void build(struct redact *r)
{
	exs_err err = EXS_ERR_INIT;
	size_t i;

	for (i = 0; i < sizeof secrets / sizeof *secrets; i++)
		must(redact_add_secret(r, str_of(secrets[i]), &err) == EXS_OK);
	must(redact_add_pattern(r, "q+[0-9]", &err) == EXS_OK);
	must(redact_add_pattern(r, "^z.*$", &err) == EXS_OK);
}

/* Every text between quotes, names too, by a reader that shares nothing with the writer. */
static void check_texts(exs_str json)
{
	const char *p = json.p, *end = json.p + json.n, *from;
	struct buf text;
	size_t i;

	buf_init(&text, json.n);
	while (p != end && (from = memchr(p, '"', (size_t)(end - p)))) {
		for (p = from + 1; *p != '"'; p++)
			p += *p == '\\';
		p++;
		buf_clear(&text);
		must(json_text(str_n(from, (size_t)(p - from)), &text) == EXS_OK);
		for (i = 0; text.n && i < sizeof secrets / sizeof *secrets; i++)
			must(!memmem(text.p, text.n, secrets[i], strlen(secrets[i])));
	}
	buf_release(&text);
}

static void show(const struct redact *r, exs_str body, bool checked, int32_t kind)
{
	exs_fact fact = { .size = sizeof fact, .kind = kind };
	bool changed = false;
	exs_status status;
	struct buf out;

	fact.name = str_of("unlock");
	fact.body = body;
	buf_init(&out, REDACT_BODY_MAX);
	status = redact_shown(r, &fact, is_unlock, NULL, &out, &changed);
	must(!checked || status == EXS_OK);
	if (checked && changed) {
		must(json_check(buf_view(&out), JSON_DEPTH_MAX, NULL) == EXS_OK);
		check_texts(buf_view(&out));
	}
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct redact r = { 0 };
	exs_err err = EXS_ERR_INIT;
	exs_status status;
	struct buf body;
	bool checked;

	build(&r);
	buf_init(&body, size * 6 + 64);
	buf_put(&body, (const char *)data, size);
	checked = json_check(buf_view(&body), JSON_DEPTH_MAX, NULL) == EXS_OK;
	status = redact_secrets(&r, &body, &err);
	must(!checked || status == EXS_OK || status == EXS_INVALID);
	if (status == EXS_OK) {
		if (checked) {
			must(json_check(buf_view(&body), JSON_DEPTH_MAX, NULL) == EXS_OK);
			check_texts(buf_view(&body));
		}
		show(&r, buf_view(&body), checked, EXS_FACT_TURN_ENDED);
		show(&r, buf_view(&body), checked, EXS_FACT_CALL_STARTED);
		show(&r, buf_view(&body), checked, EXS_FACT_CALL_ENDED);
		show(&r, buf_view(&body), checked, EXS_FACT_RUN_STARTED);
	}
	buf_release(&body);
	redact_release(&r);
	return 0;
}
