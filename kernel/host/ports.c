/* SPDX-License-Identifier: MIT */
/* ports.c - the required functions of each port, as a table. */
#include "host/ports.h"

#include <stddef.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"

#define REQUIRED_MAX 8

struct required {
	const char *name;
	size_t offset;
};

struct port_rule {
	const char *id;
	uint32_t size; /* of revision 1 */
	struct required fn[REQUIRED_MAX];
};

/* Up to the last member of revision 1; what came later is asked for with EXS_CAN. */
#define UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)NULL)->member))
#define FN(type, member)                                                                           \
	{                                                                                          \
#member, offsetof(type, member)                                                    \
	}

static const struct port_rule rules[] = {
	{ EXS_PORT_STORE,
	  offsetof(exs_store, restore), /* which may be missing, as what follows it */
	  { FN(exs_store, get), FN(exs_store, scan), FN(exs_store, submit), FN(exs_store, stat) } },
	{ EXS_PORT_CHECKPOINT,
	  offsetof(exs_checkpoint, forget), /* which may be missing */
	  { FN(exs_checkpoint, begin), FN(exs_checkpoint, adopt), FN(exs_checkpoint, append),
	    FN(exs_checkpoint, end), FN(exs_checkpoint, load), FN(exs_checkpoint, list) } },
	{ EXS_PORT_AUDIT,
	  UP_TO(exs_audit, finish),
	  { FN(exs_audit, start), FN(exs_audit, record), FN(exs_audit, finish) } },
	{ EXS_PORT_BUDGET,
	  offsetof(exs_budget, explain), /* which may be missing */
	  { FN(exs_budget, check), FN(exs_budget, start), FN(exs_budget, reserve),
	    FN(exs_budget, settle), FN(exs_budget, finish) } },
	{ EXS_PORT_CRITIC,
	  sizeof(exs_critic),
	  { FN(exs_critic, watch), FN(exs_critic, observe), FN(exs_critic, tick),
	    FN(exs_critic, deadline_ms), FN(exs_critic, unwatch) } },
	{ EXS_PORT_DELIVERY, sizeof(exs_delivery), { FN(exs_delivery, deliver) } },
	{ EXS_PORT_MODEL, sizeof(exs_model), { FN(exs_model, describe), FN(exs_model, turn) } },
	{ EXS_PORT_TOOL, sizeof(exs_tool), { FN(exs_tool, list), FN(exs_tool, call) } },
};

static exs_status check_rule(const struct port_rule *rule, const void *table, const char *name,
			     const char *file, exs_err *err)
{
	uint32_t size;
	size_t i;

	memcpy(&size, table, sizeof size);
	if (size < rule->size)
		return err_set(err, EXS_INVALID, 0,
			       "battery '%s' (%s) fills port '%s' with a table of %u bytes; it has "
			       "%u: rebuild the battery",
			       name, file, rule->id, size, rule->size);
	for (i = 0; i < REQUIRED_MAX && rule->fn[i].name; i++) {
		void (*fn)(void);

		memcpy(&fn, (const char *)table + rule->fn[i].offset, sizeof fn);
		if (!fn)
			return err_set(
				err, EXS_INVALID, 0,
				"battery '%s' (%s) fills port '%s' without its function '%s'", name,
				file, rule->id, rule->fn[i].name);
	}
	return EXS_OK;
}

exs_status port_check(const char *port_id, const void *table, const char *name, const char *file,
		      exs_err *err)
{
	size_t i;

	if (!table)
		return err_set(err, EXS_INVALID, 0,
			       "battery '%s' (%s) lists port '%s' but gives no table for it", name,
			       file, port_id);
	for (i = 0; i < ARRAY_LEN(rules); i++)
		if (strcmp(rules[i].id, port_id) == 0)
			return check_rule(&rules[i], table, name, file, err);
	return err_set(err, EXS_UNSUPPORTED, 0, "no port '%s' is known", port_id);
}
