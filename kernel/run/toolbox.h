/* SPDX-License-Identifier: MIT */
/*
 * toolbox.h - every tool of every battery, and the list of tools that an agent offers.
 *
 * Built once after the batteries were opened; its tools never change, so any thread may look them
 * up. Two tools of one name are refused, as is a schema that is no object. Offers are only added.
 */
#ifndef RUN_TOOLBOX_H
#define RUN_TOOLBOX_H

#include <pthread.h>
#include "host/host.h"

#define TOOLBOX_MAX 1024u	/* tools of all batteries */
#define OFFERS_MAX  512u	/* different lists of tools */
#define SCHEMA_MAX  (64u << 10) /* bytes of one schema */
#define ABOUT_MAX   (16u << 10)
#define OFFER_MAX   (4u << 20) /* bytes of one list as JSON */

struct tool {
	struct instance *in;
	char *name, *about, *schema;
	int32_t effect;
	uint32_t flags;
	int64_t timeout_ms;
};

/* The tools of an agent, and the JSON that models get. */
struct offer {
	struct offer *next;
	const struct tool **tools;
	uint32_t n;
	char *json;
	size_t json_n;
};

struct toolbox {
	struct tool *tools;
	uint32_t n;
	pthread_mutex_t lock; /* offers */
	struct offer *offers;
	uint32_t offer_n;
};

/*
 * Asks every bound tool battery for its tools. The sentence names battery, file and tool; nothing
 * is left behind then. [main thread]
 */
exs_status toolbox_init(struct toolbox *t, struct host *h, exs_err *err);
void toolbox_release(struct toolbox *t); /* also of one that is all zero, or whose init failed */
const struct tool *toolbox_find(const struct toolbox *t, const char *name);
/*
 * The offer of these names in their order, each once; lives as long as the toolbox. NOTFOUND names
 * the tool and what was meant.
 */
exs_status toolbox_offer(struct toolbox *t, const char *const *names, size_t n,
			 const struct offer **out, exs_err *err);
const struct tool *offer_find(const struct offer *o, const char *name); /* NULL for no offer */

/*
 * The bytes of a call against the tool: one JSON object, within bounds, as the schema says. INVALID
 * with a sentence that the model can act on; NOMEM.
 */
exs_status tool_check_args(const struct tool *t, exs_str args, exs_err *err);

#endif
