/* SPDX-License-Identifier: MIT */
/*
 * opts.h - the commands and options of `executus`: one table, from which the parser, the help, the
 *man page and the completions are made, so that they cannot disagree.
 *
 *	struct opts o;
 *	if (opts_parse(argc, argv, &o, &err))
 *		...usage, exit 2
 *	if (opts_has(&o, OPT_JSON)) ...
 */
#ifndef CLI_OPTS_H
#define CLI_OPTS_H

#include <stdbool.h>
#include <executus/status.h>

#define OPTS_GIVEN_MAX 64u /* options of one command line */
#define OPTS_ARGS_MAX  64u /* words of one command line that are no options */

enum command_id {
	CMD_RUN,
	CMD_RESUME,
	CMD_FORK,
	CMD_REPLAY,
	CMD_DIFF,
	CMD_RUNS,
	CMD_SHOW,
	CMD_CANCEL,
	CMD_STEER,
	CMD_SETTLE,
	CMD_CHECK,
	CMD_BATTERIES,
	CMD_STORE,
	CMD_BUDGET,
	CMD_AUDIT,
	CMD_HOLD,
	CMD_RELEASE,
	CMD_HELP,
	COMMANDS
};

enum option_id {
	OPT_CONF,
	OPT_BATTERY_DIR,
	OPT_QUIET,
	OPT_VERBOSE,
	OPT_HELP,
	OPT_VERSION,
	OPT_AGENT,
	OPT_CALLER,
	OPT_INPUT,
	OPT_IMAGE,
	OPT_DELIVER,
	OPT_DURABILITY,
	OPT_ALL,
	OPT_NOW,
	OPT_ACCEPT,
	OPT_RETRY,
	OPT_STEPS,
	OPT_RUNTIME,
	OPT_OPEN,
	OPT_LIMIT,
	OPT_STATUS,
	OPT_PARENT,
	OPT_ANCESTORS,
	OPT_TOP,
	OPT_SINCE,
	OPT_UNTIL,
	OPT_MIN_COST,
	OPT_LAST,
	OPT_HEAD,
	OPT_OLDER_THAN,
	OPT_KEEP,
	OPT_MAX_BYTES,
	OPT_DRY_RUN,
	OPT_FORCE,
	OPT_FACTS,
	OPT_TRANSCRIPT,
	OPT_WITH,
	OPT_JSON,
	OPT_JSONL,
	OPT_MAN,
	OPT_BASH,
	OPTIONS
};
_Static_assert(OPTIONS <= 64, "an OPT_BIT has 64 bits");

#define CMD_BIT(id) (1u << (id))
#define CMD_EVERY   (CMD_BIT(COMMANDS) - 1u)
#define OPT_BIT(id) (1ull << (id))

/* Flags of options. */
enum {
	OPT_REPEATS = 1u, /* each of them counts; of the others the last one does */
	OPT_NUMBER = 2u	  /* a whole number from 1 on */
};

struct option_row {
	char letter;	     /* 0: none */
	const char *name;    /* without the dashes */
	const char *value;   /* word for its value; NULL: takes none */
	const char *choices; /* "a|b|c"; NULL: anything */
	uint32_t commands;   /* CMD_BIT of those that take it */
	uint64_t excludes;   /* OPT_BIT of those that it cannot stand beside */
	uint32_t flags;
	const char *help;
};

struct command_row {
	const char *name;
	const char *args; /* as the usage shows them */
	uint32_t args_min, args_max;
	const char *summary;
	const char *about;    /* paragraphs, divided by an empty line */
	const char *examples; /* one a line */
};

extern const struct option_row opts_options[OPTIONS];
extern const struct command_row opts_commands[COMMANDS];

struct given {
	enum option_id id;
	const char *value; /* NULL: takes none */
};

struct opts {
	int command; /* enum command_id; -1: none was given */
	struct given given[OPTS_GIVEN_MAX];
	uint32_t given_n;
	const char *args[OPTS_ARGS_MAX];
	uint32_t arg_n;
};

/* INVALID with a sentence: what is wrong, and what was probably meant. `out` borrows from argv. */
exs_status opts_parse(int argc, char *const *argv, struct opts *out, exs_err *err);

bool opts_has(const struct opts *o, enum option_id id);
/* The last value, or NULL: not given. */
const char *opts_value(const struct opts *o, enum option_id id);
/* The next value of an option that repeats, from *at = 0 on; NULL: no more. */
const char *opts_next(const struct opts *o, enum option_id id, uint32_t *at);
/* The name of one that was given and is not among `takes` (OPT_BIT) nor those of every command; NULL: none. */
const char *opts_foreign(const struct opts *o, uint64_t takes);
/* -1: no such command. */
int opts_command(const char *name);

#endif
