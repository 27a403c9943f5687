/* SPDX-License-Identifier: MIT */
/* conf_build.h - the steps that make a struct conf from its tree; nobody else includes it. */
#ifndef CONF_CONF_BUILD_H
#define CONF_CONF_BUILD_H

#include "conf/conf.h"
#include "conf/tree_build.h"

/*
 * Each takes its section of the file, NULL when it is not there, in this order: batteries, ports,
 * tiers, run's header (for the prompts), agents, run's agent.
 */
exs_status build_batteries(struct conf *c, struct node *section, exs_err *err);
exs_status build_ports(struct conf *c, const struct node *section, exs_err *err);
exs_status build_tiers(struct conf *c, const struct node *section, exs_err *err);
exs_status build_run(struct conf *c, const struct node *section, exs_err *err);
exs_status build_agents(struct conf *c, const struct node *section, exs_err *err);
exs_status build_run_agent(struct conf *c, const struct node *section, exs_err *err);
exs_status build_retention(struct conf *c, const struct node *section, exs_err *err);

/* Letters, digits, '-' and '_', at most CONF_NAME_MAX. `what`: "a battery". */
exs_status check_name(const struct node *n, const char *what, exs_err *err);
/* A section with nothing in it counts as absent; anything else must be a map of at most max
 * members. */
exs_status check_section(const struct node *section, const char *name, size_t max, exs_err *err);

/* A name of a record. All records that are found by name begin with it. */
typedef const char *name_at(const struct conf *c, size_t i);
const char *battery_name(const struct conf *c, size_t i);
const char *tier_name(const struct conf *c, size_t i);
const char *agent_name(const struct conf *c, size_t i);
/* "no battery 'x': did you mean 'y'?" at the value's place; `before` begins the sentence. */
exs_status unknown_name(const struct conf *c, exs_err *err, const struct node *n,
			const char *before, const char *text, const char *what, name_at *at,
			size_t count);

#endif
