/* SPDX-License-Identifier: MIT */
/*
 * redact.h - what is taken out of a fact's body: secrets for everybody, patterns for watchers.
 *
 * Secrets are gone before a fact is folded or stored. Patterns, the arguments of tools that are
 * marked so, and the data of images are gone from the copy that audits and listeners get; the
 * checkpoint keeps them, because a run is resumed from it. Only texts are searched, decoded: neither
 * numbers nor, for patterns, the names of members. Pure: nothing here knows runs, tools or the
 * configuration.
 */
#ifndef FACT_REDACT_H
#define FACT_REDACT_H

#include <regex.h>
#include <executus/fact.h>
#include "base/buf.h"

#define REDACT_SECRET_MIN 8u /* bytes: a shorter value would be found in innocent texts */
#define REDACT_FORMS_MAX  4096u
#define REDACT_BODY_MAX	  (2u * EXS_FACT_BODY_MAX) /* of a copy for watchers */

/* A secret as it may stand in a text: itself, or as text inside of JSON inside of a text. */
struct redact_form {
	const char *p;
	size_t n;
	char *own; /* NULL: p is the caller's */
};

struct redact {
	struct redact_form *forms; /* the longest first */
	size_t form_n;
	bool first[256]; /* bytes that a form begins with */
	bool odd;	 /* a form has bytes that JSON writes as escapes */
	regex_t *patterns;
	size_t pattern_n;
};

/* Is a tool's name, decoded, that of one whose arguments are nobody's business? */
typedef bool redact_tool(const void *arg, const char *name);

/* From all zero. The secret's bytes stay the caller's and outlive this. TOOBIG, NOMEM. */
exs_status redact_add_secret(struct redact *r, exs_str secret, exs_err *err);
/* As base/pattern.h takes it. */
exs_status redact_add_pattern(struct redact *r, const char *pattern, exs_err *err);
exs_status redact_add_patterns(struct redact *r, const char *const *patterns, size_t n, exs_err *err);
void redact_release(struct redact *r); /* takes what is all zero */

/*
 * Replaces secrets in checked JSON by "[secret]", also in the names of members. After a failure the
 * body must not be used: NOMEM, TOOBIG, or INVALID when two members would have one name.
 */
exs_status redact_secrets(const struct redact *r, struct buf *body, exs_err *err);

/*
 * The body as watchers get it is appended to out, when it is another one: *changed. `secret` may be
 * NULL. After a failure nothing of the body may be shown.
 */
exs_status redact_shown(const struct redact *r, const exs_fact *fact, redact_tool *secret,
			const void *arg, struct buf *out, bool *changed);
/* A first fact with images, whose data is left out of the copy for watchers: their hashes stay. */
bool redact_has_images(const exs_fact *fact);
/* Patterns alone: in the texts of any checked JSON, and in a plain text. The data of a user's images is not searched. */
exs_status redact_json(const struct redact *r, exs_str json, struct buf *out, bool *changed);
exs_status redact_text(const struct redact *r, exs_str text, struct buf *out, bool *changed);

/* ---- live text ---- */

/*
 * Of a plain text that goes on: how many bytes from its beginning may be shown now. No secret has begun
 * in them that may end behind them, and with patterns they are whole lines.
 */
size_t redact_ready(const struct redact *r, exs_str text);
/* The text without secrets and patterns is appended. */
exs_status redact_plain(const struct redact *r, exs_str text, struct buf *out);

#endif
