/* SPDX-License-Identifier: MIT */
/*
 * cli.h - what the sub-commands share: the command line, where things lie, standard output, and the
 * host.
 *
 * A sub-command is a function in a file of its own that returns the exit status. Results go to
 * standard output through `out`, everything else to standard error through `log`.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>
#include "cli/exit.h"
#include "cli/opts.h"
#include "run/engine.h"

#define FOLDERS_MAX   32u	   /* battery folders */
#define CLI_PATH_MAX  4096u	   /* bytes of a path with its NUL */
#define CLI_JSON_MAX  (256u << 20) /* bytes of one JSON value that is printed */
#define CLI_INPUT_MAX (4u << 20)   /* bytes of a question */
#define CLI_STAT_MAX  (64u << 10)  /* bytes of the store's figures */

/* Standard output. The first failure sticks. */
struct out {
	int fd;
	bool terminal, failed;
};

struct cli {
	struct opts opts;
	struct log log;
	struct out out;
	const char *folders[FOLDERS_MAX + 1]; /* ended by NULL */
	char *beside;			      /* the folder of a build tree; owned */
	char *conf_path;		      /* owned */
	struct conf *conf;
	struct host *host;
};

/* ---- setup.c ---- */

/* After the command line was read. False: an exit status is in *code and the reason was said. */
bool cli_init(struct cli *c, int *code);
void cli_release(struct cli *c);
bool cli_load_conf(struct cli *c, int *code);
/* The conf, the tool roots and the batteries; for commands that look and for those that run. */
bool cli_open_host(struct cli *c, int *code);
/* The same, and a checkpoint is bound. */
bool cli_open_runs(struct cli *c, int *code);
/* Only the store and the checkpoint: nobody's secrets are asked for. */
bool cli_open_past(struct cli *c, int *code);
/* Those and the budget, which is bound. */
bool cli_open_budget(struct cli *c, int *code);
/* Those and the audits; *out is the first one that can be asked for runs. */
bool cli_open_audit(struct cli *c, struct instance **out, int *code);
/* A mistake of conf or battery, as it stands: "file:line:column: what". Returns EXIT_CONF. */
int cli_conf_mistake(struct cli *c, const exs_err *err);
/* Any other failure. Returns its exit status. */
int cli_failed(struct cli *c, const exs_err *err);
/* A mistake on the command line. Returns EXIT_USAGE. */
int cli_usage(struct cli *c, const char *fmt, ...) EXS_PRINTF(2, 3);

/* ---- out.c ---- */

void out_init(struct out *o);
/* As it is. */
void out_raw(struct out *o, exs_str text);
/* Text that a model, a tool or a file may have written: harmless on a terminal. */
void out_text(struct out *o, exs_str text);
/* The same with a newline at its end, unless it is there; nothing for an empty text. */
void out_paragraph(struct out *o, exs_str text);
void out_printf(struct out *o, const char *fmt, ...) EXS_PRINTF(2, 3);
/* What was built, when it fits; else a failure that sticks. The buffer is released. */
void out_buf(struct out *o, struct buf *b);
/* Characters of a line on that descriptor: of the terminal, else `other`. */
unsigned out_width(int fd, unsigned other);
/*
 * Standard output is ours alone from here on: what a battery prints goes nowhere. For JSON, which
 * one more line would break.
 */
exs_status out_claim(struct out *o, exs_err *err);

/* ---- json.c ---- */

/* One object: {"run":...,"status":...,...}. */
void json_result(struct buf *out, const char *run_id, const struct run_result *r);
/* One fact as one object on one line, without a newline. */
void json_fact(struct buf *out, const char *run_id, const exs_fact *f);
void json_usage(struct buf *out, const exs_usage *u);

/* ---- roots.c ---- */

/* Before any battery is opened: no tool root may hold what the store will write. */
exs_status roots_check_conf(struct cli *c, exs_err *err);
/* The same, by what the opened store says. */
exs_status roots_check_host(struct cli *c, exs_err *err);

/* ---- agents.c ---- */

/* Every tool of that agent, NULL: of all, is brought by a battery. */
exs_status agents_check(struct cli *c, const struct conf_agent *only, exs_err *err);

/* ---- the sub-commands: cmd_NAME.c ---- */

int cmd_run(struct cli *c);
int cmd_resume(struct cli *c);
int cmd_fork(struct cli *c);
int cmd_replay(struct cli *c);
int cmd_diff(struct cli *c);
int cmd_runs(struct cli *c);
int cmd_show(struct cli *c);
int cmd_cancel(struct cli *c);
int cmd_steer(struct cli *c);
int cmd_settle(struct cli *c);
int cmd_check(struct cli *c);
int cmd_batteries(struct cli *c);
int cmd_store(struct cli *c);
int cmd_budget(struct cli *c);
int cmd_hold(struct cli *c);
int cmd_release(struct cli *c);
int cmd_audit(struct cli *c);
int cmd_audit_purge(struct cli *c);
int cmd_help(struct cli *c);

/* ---- the verbs of store, which cmd_store calls when the store is open ---- */

int store_restore(struct cli *c);
int store_verify(struct cli *c);
int store_fsck(struct cli *c);
int store_prune(struct cli *c);

#endif
