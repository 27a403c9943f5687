/* SPDX-License-Identifier: MIT */
/*
 * options.h - a map of the conf, checked and converted against a table of declared options.
 *
 *	struct settings *s;
 *	if (settings_new(b->options, b->option_size, entry->options, "battery 'fs'", &s, err))
 *		return err->status;
 *	b->open(host, settings_public(s), &self, err);
 *	...
 *	settings_free(s);
 *
 * References ($env:NAME, $file:PATH) are resolved here, once. What belongs to a SECRET lives in
 *pages of its own that stay out of core dumps and are wiped by settings_free. Settings never change
 *after settings_new and may be read by any thread. The table and the tree must outlive them.
 */
#ifndef CONF_OPTIONS_H
#define CONF_OPTIONS_H

#include <executus/battery.h>
#include "base/log.h"
#include "conf/tree.h"

#define OPTIONS_MAX	256u	   /* of one table */
#define OPTION_JSON_MAX (8u << 20) /* one TREE as JSON */

struct settings;

/*
 * Is the table itself right? No key twice, known types and flags, defaults that parse, choices that
 * hold the default. option_size is the stride of the table: an older one may end before `choices`.
 * A NULL table is an empty one. The sentence names the key, not a place.
 */
exs_status options_check(const exs_option *options, uint32_t option_size, exs_err *err);

/*
 * `map` may be NULL: every default holds. `what` begins the sentences: "battery 'fs'", "agent
 * 'reviewer'". INVALID with file:line:column for everything that the person can mend; the table
 * must have passed options_check.
 */
exs_status settings_new(const exs_option *options, uint32_t option_size, const struct node *map,
			const char *what, struct settings **out, exs_err *err);
void settings_free(struct settings *s); /* takes NULL */

/* What a battery gets. Valid until settings_free. */
const exs_conf *settings_public(const struct settings *s);
/* Where a battery's wrong questions are logged; without it they are answered in silence. */
void settings_log_to(struct settings *s, struct log *log);
/* Every secret's value, for redaction. Valid until settings_free. */
size_t settings_secrets(const struct settings *s, const exs_str **out);

#endif
