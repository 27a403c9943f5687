/* SPDX-License-Identifier: MIT */
/*
 * ref.h - $env:NAME and $file:PATH, and the memory that secrets live in.
 *
 * A secret's bytes exist in one place of this process: pages of their own that stay out of core
 * dumps. vault_release wipes and unmaps them.
 */
#ifndef CONF_REF_H
#define CONF_REF_H

#include "conf/tree.h"

#define REF_BYTES_MAX (64u << 10) /* what a reference may bring in */
#define VAULT_MAX     256u	  /* secrets of one table */

struct vault {
	exs_str *list; /* the values, NUL-terminated */
	size_t n;
};

void vault_release(struct vault *v);

/* Does the text begin like a reference? */
bool ref_is(const char *text);

/*
 * The scalar's text, or what its reference brings in: NUL-terminated UTF-8 of the caller's (free).
 * `what` begins the sentence: "battery 'fs': 'root'".
 */
exs_status ref_text(const struct node *n, const char *what, char **out, exs_err *err);
/* What the reference brings in, kept in the vault. A scalar that is no reference is refused unseen.
 */
exs_status ref_secret(const struct node *n, const char *what, struct vault *v, exs_str *out,
		      exs_err *err);

#endif
