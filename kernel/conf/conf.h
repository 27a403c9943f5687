/* SPDX-License-Identifier: MIT */
/*
 * conf.h - the whole configuration: what can be checked without loading a battery is checked.
 *
 * conf_load reads the file with all that it includes, and answers with the first mistake as
 * "file:line:column: what, and what was probably meant". The records below point into the conf:
 * they are never NULL unless their comment says so, never change, and live until conf_free. Any
 * thread may read them. docs/CONF.md is the manual for the person who writes the file.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "conf/options.h"
#include "conf/tree.h"

#define CONF_NAME_MAX	     32u /* letters of the name of a battery, tier or agent */
#define CONF_BATTERIES_MAX   128u
#define CONF_BINDINGS_MAX    128u
#define CONF_TIERS_MAX	     64u
#define CONF_TIER_MODELS_MAX 8u
#define CONF_AGENTS_MAX	     256u
#define CONF_TOOLS_MAX	     256u /* of one agent */
#define CONF_DELIVER_MAX     16u  /* of one agent */
#define CONF_REDACT_MAX	     32u  /* patterns */
#define CONF_RETENTION_MAX   64u  /* rules */
#define CONF_PATTERN_MAX     256u /* bytes of one */

/* batteries: NAME: { so: FILE, ...options } */
struct conf_battery {
	const char *name;
	const char *so;		    /* file name to search, or an absolute path when so_is_path */
	bool so_is_path;	    /* it was written with a slash */
	const struct node *options; /* NODE_MAP without `so`; its place is the entry's */
	const struct node *place;   /* the entry: node_fail_key(err, b->place, ...) */
	const struct node *so_place;
};

enum conf_port {
	CONF_STORE,
	CONF_CHECKPOINT,
	CONF_AUDIT,
	CONF_BUDGET,
	CONF_CRITIC,
	CONF_DELIVERY,
	CONF_PORTS
};

/* One line of ports, or one item of it. */
struct conf_binding {
	enum conf_port port;
	const char *port_id; /* EXS_PORT_STORE and so on */
	const char *kind;    /* delivery: "stdout"; else NULL */
	const struct conf_battery *battery;
	const struct node *place;
};

/* One candidate of a tier: "local/qwen3-4b". */
struct conf_model {
	const struct conf_battery *battery; /* "local" */
	const char *model;		    /* "qwen3-4b": everything behind the first slash */
	const char *text;		    /* both */
	const struct node *place;
};

struct conf_tier {
	const char *name;
	const struct conf_model *models; /* head first; no two alike */
	size_t model_n;			 /* 1 .. CONF_TIER_MODELS_MAX */
	const struct node *place;
};

/* "stdout" or "ok,parked=file:out/report.md": see target.h */
struct conf_target {
	const char *text; /* as it stands in the conf: "ok=file:out/report.md" */
	const char *kind;
	const char *target;		     /* behind the first colon; may be empty */
	const struct conf_binding *delivery; /* the battery of that kind */
};

enum conf_in_doubt { CONF_TELL, CONF_PARK };

struct conf_agent {
	const char *name;
	const char *about;  /* for whoever chooses an agent; may be empty */
	const char *prompt; /* run.header, a blank line, the agent's own; may be empty */
	/* NULL only for the agent of a conf that gives no agents and no tier "fast". */
	const struct conf_tier *tier;
	const char *tier_name;
	const char *const *tools; /* names, each once */
	size_t tool_n;
	const struct conf_target *deliver;
	size_t deliver_n;
	int32_t max_steps;	  /* > 0 */
	int32_t max_same_calls;	  /* > 0 */
	int32_t max_failed_steps; /* > 0 */
	int32_t max_retries;	  /* >= 0 */
	int64_t max_runtime_ms;	  /* > 0 */
	int64_t max_tokens;	  /* of one answer; 0: the model's own */
	enum conf_in_doubt in_doubt;
	bool critic;			/* watched when the port is bound */
	const struct node *place;	/* NULL: no agents are given */
	const struct node *tools_place; /* for a tool that no battery has; NULL: none given */
};

enum conf_change { CONF_CHANGE_ACCEPT, CONF_CHANGE_REFUSE, CONF_CHANGE_FORK };
enum conf_durability { CONF_STRICT, CONF_RELAXED, CONF_NONE };

struct conf_run {
	enum conf_durability durability;
	const struct conf_agent *agent; /* when the caller names none */
	const char *agent_name;		/* as the file says; empty: it does not */
	int32_t attempts;		/* recoveries before the dead letter */
	int64_t lease_ms;
	int64_t call_timeout_ms;
	int64_t storage_wait_ms; /* while the store refuses; then the run is parked */
	const char *header; /* may be empty; already part of each agent's prompt */
	const char *const *redact; /* extended regular expressions that compile */
	size_t redact_n;
	enum conf_change on_change; /* a run that was made with other things is taken up */
};

/* One item of retention: which runs `store prune` lets go. 0: no such bound. */
struct conf_retain {
	int64_t older_than_ms, keep, max_bytes;
	uint32_t statuses;	  /* 1 << EXS_ENDED_ together; 0: all */
	const char *agent;	  /* NULL: all */
	const struct node *place;
};

struct conf {
	struct tree *tree;
	const char *file;		      /* as it was given */
	const char *state_dir;		      /* absolute; need not exist yet */
	const struct conf_battery *batteries; /* in the order of the file */
	size_t battery_n;
	const struct conf_binding *bindings;
	size_t binding_n;
	const struct conf_tier *tiers;
	size_t tier_n;
	const struct conf_agent *agents; /* at least one */
	size_t agent_n;
	struct conf_run run;
	const struct conf_retain *retention; /* in the order of the file */
	size_t retention_n;
};

exs_status conf_load(const char *path, struct conf **out, exs_err *err);
/* A text that stands for a file in the current folder; `include` is refused. */
exs_status conf_parse(const char *name, exs_str text, struct conf **out, exs_err *err);
void conf_free(struct conf *c); /* takes NULL */

/* By name, or NULL. */
const struct conf_battery *conf_battery(const struct conf *c, const char *name);
const struct conf_tier *conf_tier(const struct conf *c, const char *name);
const struct conf_agent *conf_agent(const struct conf *c, const char *name);
/* The battery behind a port that takes one, or NULL: not bound. */
const struct conf_battery *conf_bound(const struct conf *c, enum conf_port port);
/* The delivery of that kind, or NULL. */
const struct conf_binding *conf_delivery(const struct conf *c, const char *kind);
const char *conf_port_word(enum conf_port port); /* "store" */
const char *conf_port_id(enum conf_port port);	 /* "executus.store/1" */

/* The kernel's own options, ended by a NULL key: help and defaults are printed from here. */
extern const exs_option conf_agent_options[];
extern const exs_option conf_run_options[];
extern const exs_option conf_retention_options[];

/* The bit of a word that a run can end with ("ok", "error"), or 0. */
uint32_t conf_retention_status(const char *word);

#endif
