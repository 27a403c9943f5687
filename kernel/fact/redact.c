/* SPDX-License-Identifier: MIT */
/* redact.c - see redact.h. */
#include "fact/redact.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/json_scan.h"
#include "base/log.h"
#include "base/pattern.h"
#include "base/text.h"
#include "fact/spans.h"

#define PATTERN_MARK "[redacted]"

/* ---- building ---- */

/* Keeps the list sorted, so that of two secrets of which one begins the other the longer wins. */
static exs_status add_form(struct redact *r, const char *p, size_t n, char *own, exs_err *err)
{
	struct redact_form *forms;
	size_t i = r->form_n;

	if (r->form_n == REDACT_FORMS_MAX)
		return err_set(err, EXS_TOOBIG, 0, "more than %u secrets", REDACT_FORMS_MAX);
	forms = realloc(r->forms, (r->form_n + 1) * sizeof *forms);
	if (!forms)
		return err_set(err, EXS_NOMEM, 0, "no memory for a secret's place");
	r->forms = forms;
	for (; i > 0 && forms[i - 1].n < n; i--)
		forms[i] = forms[i - 1];
	forms[i] = (struct redact_form){ p, n, own };
	r->form_n++;
	r->first[(unsigned char)p[0]] = true;
	return EXS_OK;
}

/* A call's arguments are JSON inside of a text: decoded once, a secret still has its escapes. */
exs_status redact_add_secret(struct redact *r, exs_str secret, exs_err *err)
{
	exs_status status;
	struct buf inner;
	char *own;
	size_t n;

	if (secret.n < REDACT_SECRET_MIN)
		return EXS_OK;
	status = add_form(r, secret.p, secret.n, NULL, err);
	if (status)
		return status;
	buf_init(&inner, secret.n * 6 + 2);
	buf_json(&inner, secret);
	if (!buf_ok(&inner)) {
		buf_release(&inner);
		return err_set(err, EXS_NOMEM, 0, "no memory for a secret's place");
	}
	n = inner.n - 2;
	if (n == secret.n) {
		explicit_bzero(inner.p, inner.n);
		buf_release(&inner);
		return EXS_OK;
	}
	r->odd = true;
	own = buf_take(&inner);
	status = add_form(r, own + 1, n, own, err);
	if (status) {
		explicit_bzero(own, n + 2);
		free(own);
	}
	return status;
}

exs_status redact_add_pattern(struct redact *r, const char *pattern, exs_err *err)
{
	regex_t *list = realloc(r->patterns, (r->pattern_n + 1) * sizeof *list);
	exs_status status;

	if (!list)
		return err_set(err, EXS_NOMEM, 0, "no memory for a pattern");
	r->patterns = list;
	status = pattern_compile(pattern, &list[r->pattern_n], err);
	if (status == EXS_OK)
		r->pattern_n++;
	return status;
}

exs_status redact_add_patterns(struct redact *r, const char *const *patterns, size_t n, exs_err *err)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (redact_add_pattern(r, patterns[i], err))
			return err->status;
	return EXS_OK;
}

void redact_release(struct redact *r)
{
	size_t i;

	for (i = 0; i < r->form_n; i++) {
		if (r->forms[i].own)
			explicit_bzero(r->forms[i].own, r->forms[i].n + 2);
		free(r->forms[i].own);
	}
	for (i = 0; i < r->pattern_n; i++)
		regfree(&r->patterns[i]);
	free(r->forms);
	free(r->patterns);
	memset(r, 0, sizeof *r);
}

/* ---- the texts of a JSON text ---- */

/* Appends what becomes of a decoded text; false: it stays as it is, and out too. */
typedef bool edit_fn(const struct redact *r, exs_str text, bool name, struct buf *out);

/* Behind the closing quote of the text that begins at p, or end. */
static const char *text_end(const char *p, const char *end)
{
	for (p++; p != end && *p != '"'; p++)
		if (*p == '\\' && p + 1 != end)
			p++;
	return p == end ? end : p + 1;
}

static bool is_name(const char *behind, const char *end)
{
	behind = json_skip_space(behind, end);
	return behind != end && *behind == ':';
}

struct edit {
	const struct redact *r;
	edit_fn *fn;
	struct buf text, fresh; /* decoded, and edited */
	bool changed, renamed;
};

static void edit_one(struct edit *e, exs_str token, bool name, struct buf *out)
{
	buf_clear(&e->text);
	buf_clear(&e->fresh);
	if (json_text(token, &e->text) != EXS_OK ||
	    !e->fn(e->r, buf_view(&e->text), name, &e->fresh)) {
		buf_str(out, token);
		return;
	}
	buf_json(out, buf_view(&e->fresh));
	e->changed = true;
	e->renamed = e->renamed || name;
}

/* What could not be decoded, edited or written for want of room is an error, never shown as it was.
 */
static exs_status edit_json(struct edit *e, exs_str json, struct buf *out)
{
	const char *p = json.p, *end = json.p + json.n, *from, *to;
	exs_status status = EXS_OK;

	buf_init(&e->text, json.n);
	buf_init(&e->fresh, REDACT_BODY_MAX);
	while (status == EXS_OK && json.n && p != end) {
		from = memchr(p, '"', (size_t)(end - p));
		buf_put(out, p, (size_t)((from ? from : end) - p));
		if (!from)
			break;
		to = text_end(from, end);
		edit_one(e, str_n(from, (size_t)(to - from)), is_name(to, end), out);
		status = e->fresh.status  ? e->fresh.status
			 : e->text.status ? e->text.status
					  : out->status;
		p = to;
	}
	explicit_bzero(e->text.p, e->text.n);
	buf_release(&e->text);
	buf_release(&e->fresh);
	return status ? status : out->status;
}

/* ---- secrets ---- */

/* The place of the next secret at or behind `at`, or text.n. */
static size_t find_secret(const struct redact *r, exs_str text, size_t at, size_t *len)
{
	size_t i;

	for (; at < text.n; at++) {
		if (!r->first[(unsigned char)text.p[at]])
			continue;
		for (i = 0; i < r->form_n; i++) {
			*len = r->forms[i].n;
			if (*len <= text.n - at && memcmp(text.p + at, r->forms[i].p, *len) == 0)
				return at;
		}
	}
	return text.n;
}

static bool edit_secrets(const struct redact *r, exs_str text, bool name, struct buf *out)
{
	size_t from = 0, len = 0, at = find_secret(r, text, 0, &len);

	(void)name;
	if (at == text.n)
		return false;
	for (; at < text.n; at = find_secret(r, text, from, &len)) {
		buf_put(out, text.p + from, at - from);
		buf_puts(out, SECRET_MARK);
		from = at + len;
	}
	buf_put(out, text.p + from, text.n - from);
	return true;
}

/* A secret without odd bytes hides only behind the two escapes that need not be. */
static bool may_hold_secret(const struct redact *r, exs_str body)
{
	size_t len;

	if (!body.n)
		return false;
	if (find_secret(r, body, 0, &len) < body.n)
		return true;
	return r->odd ? memchr(body.p, '\\', body.n) != NULL
		      : memmem(body.p, body.n, "\\u", 2) || memmem(body.p, body.n, "\\/", 2);
}

exs_status redact_secrets(const struct redact *r, struct buf *body, exs_err *err)
{
	struct edit e = { .r = r, .fn = edit_secrets };
	exs_status status;
	struct buf out;

	if (!r->form_n || !buf_ok(body) || !may_hold_secret(r, buf_view(body)))
		return EXS_OK;
	buf_init(&out, body->max);
	status = edit_json(&e, buf_view(body), &out);
	if (status == EXS_OK && e.renamed &&
	    json_check(buf_view(&out), JSON_DEPTH_MAX, err) != EXS_OK) {
		buf_release(&out);
		return err_set(err, EXS_INVALID, 0,
			       "secrets are the names of members and cannot be taken out");
	}
	if (status || !e.changed) {
		buf_release(&out);
		return status ? err_set(err, status, 0, "a secret cannot be taken out of a fact")
			      : EXS_OK;
	}
	explicit_bzero(body->p, body->n);
	buf_release(body);
	*body = out;
	return EXS_OK;
}

/* ---- patterns ---- */

/* False: the expression gave up on this text. */
static bool mark(const regex_t *re, exs_str text, char *mask)
{
	regmatch_t m;
	size_t at = 0;
	int code = 0;

	while (at < text.n) {
		m.rm_so = (regoff_t)at;
		m.rm_eo = (regoff_t)text.n;
		code = regexec(re, text.p, 1, &m, REG_STARTEND);
		if (code)
			break;
		memset(mask + m.rm_so, 1, (size_t)(m.rm_eo - m.rm_so));
		at = (size_t)m.rm_eo + (m.rm_eo == m.rm_so);
	}
	return code == 0 || code == REG_NOMATCH;
}

static void put_masked(exs_str text, const char *mask, struct buf *out)
{
	size_t i = 0, from;

	while (i < text.n) {
		for (from = i; i < text.n && !mask[i]; i++)
			;
		buf_put(out, text.p + from, i - from);
		if (i < text.n)
			buf_puts(out, PATTERN_MARK);
		while (i < text.n && mask[i])
			i++;
	}
}

/* All of them look at the text as it was: no mark is ever marked again. */
static bool edit_patterns(const struct redact *r, exs_str text, bool name, struct buf *out)
{
	auto_free char *mask = NULL;
	size_t i;

	if (name || !text.n)
		return false;
	mask = calloc(1, text.n);
	for (i = 0; mask && i < r->pattern_n; i++)
		if (!mark(&r->patterns[i], text, mask))
			memset(mask, 1, text.n);
	if (mask && !memchr(mask, 1, text.n))
		return false;
	if (mask)
		put_masked(text, mask, out);
	else
		buf_puts(out, PATTERN_MARK);
	return true;
}

/* The data of images is copied: no pattern finds a word in it, and none is quick with megabytes. */
exs_status redact_json(const struct redact *r, exs_str json, struct buf *out, bool *changed)
{
	struct edit e = { .r = r, .fn = edit_patterns };
	const char *p = json.p, *end = json.p + json.n;
	struct spans images = { .n = 0 };
	exs_status status = EXS_OK;
	size_t before = out->n, i;

	*changed = false;
	if (!r->pattern_n)
		return EXS_OK;
	spans_of_question(json, &images);
	for (i = 0; i < images.n && status == EXS_OK; i++) {
		status = edit_json(&e, str_n(p, (size_t)(images.list[i].at.p - p)), out);
		buf_str(out, images.list[i].at);
		p = images.list[i].at.p + images.list[i].at.n;
	}
	if (status == EXS_OK)
		status = edit_json(&e, str_n(p, (size_t)(end - p)), out);
	*changed = status == EXS_OK && e.changed;
	if (!*changed)
		buf_truncate(out, before);
	return status;
}

exs_status redact_text(const struct redact *r, exs_str text, struct buf *out, bool *changed)
{
	*changed = r->pattern_n && edit_patterns(r, text, false, out);
	return out->status;
}

/* ---- live text ---- */

/* How far the secret at `at` goes; 0: there is none; SIZE_MAX: what is there of it fits, but it may go on. */
static size_t secret_at(const struct redact *r, exs_str text, size_t at)
{
	size_t i, left = text.n - at, n;

	if (!r->first[(unsigned char)text.p[at]])
		return 0;
	for (i = 0; i < r->form_n; i++) { /* the longest first */
		n = r->forms[i].n;
		if (memcmp(text.p + at, r->forms[i].p, n < left ? n : left) == 0)
			return n <= left ? n : SIZE_MAX;
	}
	return 0;
}

size_t redact_ready(const struct redact *r, exs_str text)
{
	size_t at = 0, line = 0, n;

	while (at < text.n) {
		n = secret_at(r, text, at);
		if (n == SIZE_MAX)
			break;
		if (n == 0 && text.p[at] == '\n')
			line = at + 1;
		at += n ? n : 1;
	}
	return r->pattern_n ? line : at;
}

exs_status redact_plain(const struct redact *r, exs_str text, struct buf *out)
{
	struct buf clean;
	exs_status status;
	bool changed;

	buf_init(&clean, out->max);
	if (edit_secrets(r, text, false, &clean))
		text = buf_view(&clean);
	status = clean.status ? clean.status : redact_text(r, text, out, &changed);
	if (status == EXS_OK && !changed)
		buf_str(out, text);
	buf_release(&clean);
	return status ? status : out->status;
}

/* ---- facts ---- */

bool redact_has_images(const exs_fact *fact)
{
	exs_str images;

	return (fact->kind == EXS_FACT_RUN_STARTED || fact->kind == EXS_FACT_RUN_FORKED) &&
	       json_get_array(fact->body, "images", &images);
}

exs_status redact_shown(const struct redact *r, const exs_fact *fact, redact_tool *secret,
			const void *arg, struct buf *out, bool *changed)
{
	struct spans spans = { .n = 0 };
	exs_status status;
	struct buf cut;

	if (secret && fact->kind == EXS_FACT_TURN_ENDED)
		spans_of_calls(fact->body, secret, arg, &spans);
	if (secret && fact->kind == EXS_FACT_CALL_STARTED)
		spans_of_start(fact, secret, arg, &spans);
	if (redact_has_images(fact))
		spans_of_images(fact->body, &spans);
	if (!spans.n)
		return redact_json(r, fact->body, out, changed);
	buf_init(&cut, REDACT_BODY_MAX);
	spans_splice(fact->body, &spans, &cut);
	status = cut.status ? cut.status : redact_json(r, buf_view(&cut), out, changed);
	if (status == EXS_OK && !*changed) {
		buf_str(out, buf_view(&cut));
		*changed = true;
		status = out->status;
	}
	buf_release(&cut);
	return status;
}
