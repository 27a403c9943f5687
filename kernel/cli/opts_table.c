/* SPDX-License-Identifier: MIT */
/* opts_table.c - the words of the command line. See opts.h. */
#include "cli/opts.h"

#define ASKS	  (CMD_BIT(CMD_RUN) | CMD_BIT(CMD_FORK))
#define RUNS_RUNS (ASKS | CMD_BIT(CMD_RESUME))
#define HAS_JSON                                                                                   \
	(RUNS_RUNS | CMD_BIT(CMD_RUNS) | CMD_BIT(CMD_SHOW) | CMD_BIT(CMD_BATTERIES) |              \
	 CMD_BIT(CMD_STORE) | CMD_BIT(CMD_BUDGET) | CMD_BIT(CMD_AUDIT) | CMD_BIT(CMD_REPLAY) |     \
	 CMD_BIT(CMD_DIFF))
#define LISTS_RUNS (CMD_BIT(CMD_RUNS) | CMD_BIT(CMD_AUDIT))

#define CLEARS (CMD_BIT(CMD_AUDIT) | CMD_BIT(CMD_STORE))

const struct option_row opts_options[OPTIONS] = {
	[OPT_CONF] = { 'c', "conf", "FILE", NULL, CMD_EVERY, 0, 0,
		       "the configuration; else $EXECUTUS_CONF, else executus/executus.yaml in "
		       "$XDG_CONFIG_HOME, ~/.config or /etc" },
	[OPT_BATTERY_DIR] = { 'B', "battery-dir", "DIR", NULL, CMD_EVERY, 0, OPT_REPEATS,
			      "look for batteries here first" },
	[OPT_QUIET] = { 'q', "quiet", NULL, NULL, CMD_EVERY, OPT_BIT(OPT_VERBOSE), 0,
			"errors only on standard error, no progress" },
	[OPT_VERBOSE] = { 'v', "verbose", NULL, NULL, CMD_EVERY, OPT_BIT(OPT_QUIET), 0,
			  "say more on standard error" },
	[OPT_HELP] = { 'h', "help", NULL, NULL, CMD_EVERY, 0, 0, "show how to use it" },
	[OPT_VERSION] = { 'V', "version", NULL, NULL, CMD_EVERY, 0, 0,
			  "print version and battery ABI" },
	[OPT_AGENT] = { 'a', "agent", "NAME", NULL,
			ASKS | LISTS_RUNS | CMD_BIT(CMD_STORE), 0, 0,
			"the agent; without it run.agent of the configuration, or its first; of a fork, the one "
			"of the run" },
	[OPT_CALLER] = { 0, "caller", "NAME", NULL, ASKS | CMD_BIT(CMD_BUDGET) | LISTS_RUNS,
			 0, 0, "who asks: what budgets and the audit trail call you" },
	[OPT_INPUT] = { 'i', "input", "FILE", NULL, ASKS, 0, 0,
			"read the question from a file; - is standard input" },
	[OPT_IMAGE] = { 0, "image", "FILE", NULL, ASKS, 0, OPT_REPEATS,
			"a picture that the question comes with: PNG, JPEG, GIF or WebP; up to 16, 5 MiB together" },
	[OPT_DELIVER] = { 'd', "deliver", "[ENDS=]KIND:TARGET", NULL, ASKS, 0, OPT_REPEATS,
			  "who gets the result, instead of what the agent says" },
	[OPT_DURABILITY] = { 0, "durability", "HOW", "strict|relaxed|none", ASKS, 0, 0,
			     "strict, relaxed or none, instead of what the configuration says" },
	[OPT_ALL] = { 0, "all", NULL, NULL, CMD_BIT(CMD_RESUME), OPT_BIT(OPT_RETRY), 0,
		      "every run whose process is gone, and deliveries that are due" },
	[OPT_ACCEPT] = { 0, "accept-changes", NULL, NULL, CMD_BIT(CMD_RESUME), 0, 0,
			 "also when the run was made with other tools, whatever run.on_change says" },
	[OPT_RETRY] = { 0, "retry", NULL, NULL, CMD_BIT(CMD_RESUME), OPT_BIT(OPT_ALL), 0,
			"go on with a run that failed, as a new attempt from its last good step" },
	[OPT_STEPS] = { 0, "steps", "N", NULL, CMD_BIT(CMD_RESUME), 0, OPT_NUMBER,
			"with --retry: its new limit of steps, those of earlier attempts included" },
	[OPT_RUNTIME] = { 0, "runtime", "TIME", NULL, CMD_BIT(CMD_RESUME), 0, 0,
			  "with --retry: its new limit of active time, likewise: 20m" },
	[OPT_NOW] = { 0, "now", NULL, NULL, CMD_BIT(CMD_RESUME), 0, 0,
		      "with --all: also deliveries that are not due yet" },
	[OPT_OPEN] = { 'o', "open", NULL, NULL, LISTS_RUNS, 0, 0,
		       "only runs that have not ended" },
	[OPT_LIMIT] = { 'n', "limit", "N", NULL, LISTS_RUNS, 0, OPT_NUMBER,
			"at most this many, 100 without it" },
	[OPT_STATUS] = { 's', "status", "STATUS", NULL, LISTS_RUNS | CMD_BIT(CMD_STORE), 0, 0,
			 "only runs of that status" },
	[OPT_PARENT] = { 0, "parent", "RUN", NULL, LISTS_RUNS,
			 OPT_BIT(OPT_ANCESTORS) | OPT_BIT(OPT_TOP), 0,
			 "only runs that RUN started" },
	[OPT_ANCESTORS] = { 0, "ancestors", "RUN", NULL, LISTS_RUNS,
			    OPT_BIT(OPT_PARENT) | OPT_BIT(OPT_TOP), 0,
			    "RUN, the run that started it, the one that started that, and so on" },
	[OPT_TOP] = { 0, "top", NULL, NULL, LISTS_RUNS,
		      OPT_BIT(OPT_PARENT) | OPT_BIT(OPT_ANCESTORS), 0,
		      "only runs that no other run started" },
	[OPT_SINCE] = { 0, "since", "WHEN", NULL, LISTS_RUNS, 0, 0,
			"only runs that started then or later: 2026-01-31, 2026-01-31T12:00 (UTC), or "
			"7d ago" },
	[OPT_UNTIL] = { 0, "until", "WHEN", NULL, LISTS_RUNS, 0, 0,
			"only runs that started before" },
	[OPT_MIN_COST] = { 0, "min-cost", "USD", NULL, LISTS_RUNS, 0, 0,
			   "only runs that cost that much or more; needs an audit that can be asked" },
	[OPT_LAST] = { 0, "last", NULL, NULL, LISTS_RUNS, 0, 0,
		       "only the newest run of each agent" },
	[OPT_HEAD] = { 0, "head", "FILE|HASH", NULL, CMD_BIT(CMD_AUDIT), 0, 0,
		       "verify also that the trail still holds what 'audit head' once printed" },
	[OPT_OLDER_THAN] = { 0, "older-than", "TIME", NULL, CLEARS, 0, 0,
			     "runs that ended longer ago than that: 30d" },
	[OPT_KEEP] = { 0, "keep", "N", NULL, CLEARS, 0, OPT_NUMBER,
		       "all but the newest N" },
	[OPT_MAX_BYTES] = { 0, "max-bytes", "SIZE", NULL, CLEARS, 0, 0,
			    "the oldest until the rest has no more than that: 1g" },
	[OPT_DRY_RUN] = { 0, "dry-run", NULL, NULL, CLEARS, 0, 0,
			  "only say what would go" },
	[OPT_FORCE] = { 0, "force", NULL, NULL, CMD_BIT(CMD_STORE), 0, 0,
			"restore into a store that is not empty; a copy of it is kept beside it" },
	[OPT_FACTS] = { 0, "facts", NULL, NULL, CMD_BIT(CMD_SHOW) | CMD_BIT(CMD_REPLAY),
			OPT_BIT(OPT_TRANSCRIPT), 0, "every fact, one a line; of replay, with what was planned" },
	[OPT_TRANSCRIPT] = { 't', "transcript", NULL, NULL, CMD_BIT(CMD_SHOW), OPT_BIT(OPT_FACTS),
			     0, "the conversation" },
	[OPT_WITH] = { 0, "with", "FILE", NULL, CMD_BIT(CMD_REPLAY), 0, 0,
		       "what the critic, the budget and the agent's limits of another configuration would have decided" },
	[OPT_JSON] = { 'j', "json", NULL, NULL, HAS_JSON, OPT_BIT(OPT_JSONL), 0,
		       "one JSON value on standard output instead of text" },
	[OPT_JSONL] = { 0, "jsonl", NULL, NULL, RUNS_RUNS, OPT_BIT(OPT_JSON), 0,
			"every fact on standard output as it becomes durable, and what the model says as it "
			"comes, one JSON object a line" },
	[OPT_MAN] = { 0, "man", NULL, NULL, CMD_BIT(CMD_HELP), OPT_BIT(OPT_BASH), 0,
		      "the man page, as mdoc source" },
	[OPT_BASH] = { 0, "bash", NULL, NULL, CMD_BIT(CMD_HELP), OPT_BIT(OPT_MAN), 0,
		       "completions for bash" },
};

const struct command_row opts_commands[COMMANDS] = {
	[CMD_RUN] = { "run", "[QUESTION]", 0, 1, "ask an agent and wait for its answer",
		      "Without a question on the command line it is read from --input, or from "
		      "standard input when that is no terminal.\n"
		      "\n"
		      "An interrupt (Ctrl-C) cancels the run; a termination signal parks it, so "
		      "that "
		      "'executus resume' can go on with it. A second signal of any kind ends the "
		      "process at once, which a durable run survives as well.",
		      "executus run \"Which headers does this folder have?\"\n"
		      "executus run -c demo.yaml --agent surveyor --json < question.txt\n"
		      "executus run --deliver file:report.md \"Write a report\"\n"
		      "executus run --image plan.png \"Which rooms have no door?\"\n" },
	[CMD_RESUME] = { "resume", "[RUN]", 0, 1, "go on with a run that was left or killed",
			 "Goes on from the last recorded fact: finished tool calls are not run "
			 "again. A run that has ended prints its result. A run that a live process "
			 "carries is left alone.\n"
			 "\n"
			 "With --retry a run that failed, was cancelled or refused goes on with a new attempt: what it "
			 "has done stays done, what made it end counts from zero again. Its result is delivered "
			 "anew.",
			 "executus resume 01jabcdefghjkmnpqrstvwxyz0\n"
			 "executus resume --retry --steps 30 01jabcdefghjkmnpqrstvwxyz0\n"
			 "executus resume --all\n" },
	[CMD_FORK] = { "fork", "RUN[@STEP] [QUESTION]", 1, 2, "go on from a step of another run, as a new run",
		       "The new run begins with the conversation up to the end of that step, without STEP of the last one that "
		       "has ended; 0 is before the first. Its calls are not run again. Limits, budget and clock are the new run's "
		       "own, and the other one is left as it is.\n"
		       "\n"
		       "A question, from the command line or --input, is what the model hears next. A step that ended in the "
		       "answer needs one.",
		       "executus fork 01jabcdefghjkmnpqrstvwxyz0@2\n"
		       "executus fork 01jabcdefghjkmnpqrstvwxyz0 \"Now the same for the tests.\"\n"
		       "executus fork --agent critic 01jabcdefghjkmnpqrstvwxyz0@4 --input ask.txt\n" },
	[CMD_REPLAY] = { "replay", "RUN", 1, 1, "take the decisions of a run again, from its facts",
			 "Nothing is asked, sent or written: the recorded facts stand for the world. Ends with status 1 and "
			 "names the first fact that is not what is planned there.\n"
			 "\n"
			 "With --with the critic and the budget of another configuration see the same facts by the recorded "
			 "clock, and what they and its limits for the run's agent decide is held against the record. The "
			 "budget begins with an empty ledger in memory.",
			 "executus replay 01jabcdefghjkmnpqrstvwxyz0\n"
			 "executus replay --facts 01jabcdefghjkmnpqrstvwxyz0\n"
			 "executus replay --with stricter.yaml --json 01jabcdefghjkmnpqrstvwxyz0\n" },
	[CMD_DIFF] = { "diff", "RUN OTHER", 2, 2, "show where two runs begin to differ",
		       "The first fact of each that says something else: what was asked, called, answered or decided. Ids, times, "
		       "tokens and keys do not count. Ends with status 1 when there is one. A fork and the run that it was forked "
		       "from are the same up to where it begins.",
		       "executus diff 01jabcdefghjkmnpqrstvwxyz0 01jabcdefghjkmnpqrstvwxyz1\n" },
	[CMD_RUNS] = { "runs", "", 0, 0, "list runs, newest first",
		       "A run is 'open' when it has not ended: a process carries it, or it waits "
		       "to be resumed.",
		       "executus runs --open\n"
		       "executus runs --status error --since 7d --json\n"
		       "executus runs --last\n" },
	[CMD_SHOW] = { "show", "RUN", 1, 1, "show what happened in a run",
		       "Without an option: a summary with the answer.",
		       "executus show 01jabcdefghjkmnpqrstvwxyz0\n"
		       "executus show --transcript 01jabcdefghjkmnpqrstvwxyz0\n"
		       "executus show --facts --json 01jabcdefghjkmnpqrstvwxyz0\n" },
	[CMD_CANCEL] = { "cancel", "RUN [WHY]", 1, 2, "cancel a run that another process carries",
			 "The wish is stored before the command returns. Who carries the run reads "
			 "it within seconds; a run that nobody carries, when it is resumed.",
			 "executus cancel 01jabcdefghjkmnpqrstvwxyz0 \"asked the wrong agent\"\n" },
	[CMD_STEER] = { "steer", "RUN TEXT", 2, 2, "say something to a run that goes on",
			"The text reaches the model with its next turn.",
			"executus steer 01jabcdefghjkmnpqrstvwxyz0 \"Leave the tests out.\"\n" },
	[CMD_SETTLE] = { "settle", "RUN CALL done|not-done|retry [TEXT]", 3, 4,
			 "say what became of a call in doubt",
			 "A call is in doubt when its process died behind its start and its tool cannot be repeated "
			 "without harm. 'show RUN' lists such calls with what was sent. Find out what happened, say it here, "
			 "then resume the run. Until then another word replaces the first.\n"
			 "\n"
			 "done: it happened, the model hears TEXT as its result. not-done: it did not, the model hears "
			 "TEXT as its error and may ask again. retry: run it again, with the same key.",
			 "executus settle 01jabcdefghjkmnpqrstvwxyz0 3.0 done \"Ticket 4711 was opened.\"\n"
			 "executus settle 01jabcdefghjkmnpqrstvwxyz0 3.1 retry\n" },
	[CMD_CHECK] = { "check", "", 0, 0, "check configuration and batteries, show what is bound",
			"Reads the configuration, loads and opens every battery, and prints what "
			"is "
			"bound, or the first mistake as FILE:LINE:COLUMN and what was probably "
			"meant.",
			"executus check -c executus.yaml\n" },
	[CMD_BATTERIES] = { "batteries", "[FILE.so ...]", 0, OPTS_ARGS_MAX,
			    "list batteries; of a file, all its options",
			    "Without a file: every battery in the battery folders. A file that "
			    "cannot be loaded is listed with the reason.",
			    "executus batteries\n"
			    "executus batteries tool_fs.so\n" },
	[CMD_STORE] = { "store", "VERB [FILE]", 1, 2, "look after the store",
			"stat: where it is, how much of it is used, and whether it survives a "
			"restart. verify: reads every row and every run, and names what is "
			"damaged. fsck: looks below the rows, whether each page of the file is in one "
			"place and in order; who writes waits meanwhile, and nothing is mended.\n"
			"\n"
			"backup FILE: a consistent copy while runs go on. restore FILE: takes such "
			"a copy back. compact: gives free room back to the file system.\n"
			"\n"
			"prune: takes ended runs out of the store, by the section 'retention' of "
			"the configuration or by the options instead of it. What is held, goes on "
			"or owes a delivery stays.",
			"executus store stat --json\n"
			"executus store backup /backup/monday.mdb\n"
			"executus store prune --older-than 30d --dry-run\n" },
	[CMD_BUDGET] = { "budget", "", 0, 0, "what may still be spent",
			 "Each limit with what is used, what runs hold in reserve, what is left, "
			 "and when there is room again.",
			 "executus budget\n"
			 "executus budget --caller alice --json\n" },
	[CMD_AUDIT] = { "audit", "list|show RUN|verify [RUN]|head|purge", 1, 2,
			"what the audit trail says, and whether it is intact",
			"Asks the first audit of the configuration that can be asked. 'list' takes "
			"the filters of 'runs'. 'show' prints the log of a run. 'verify' looks for "
			"rows that were changed, cut or moved; it ends with status 73 when there are "
			"any. 'head' prints what to keep elsewhere, so that 'verify --head' finds a "
			"trail that was shortened or replaced as a whole. 'purge' takes ended runs "
			"out of the trail, by age, number or bytes; that they were there stays in "
			"the chain.",
			"executus audit list --caller alice --min-cost 0.50\n"
			"executus audit show 01jabcdefghjkmnpqrstvwxyz0\n"
			"executus audit head > kept.json\n"
			"executus audit verify --head kept.json\n"
			"executus audit purge --older-than 90d --status ok --dry-run\n" },
	[CMD_HOLD] = { "hold", "RUN [WHY]", 1, 2, "keep a run, whatever retention says",
		       "No prune takes a run that is held, not even one that is under way.",
		       "executus hold 01jabcdefghjkmnpqrstvwxyz0 \"case 4711\"\n" },
	[CMD_RELEASE] = { "release", "RUN", 1, 1, "end the hold of a run",
			  "From then on retention says again how long it stays.",
			  "executus release 01jabcdefghjkmnpqrstvwxyz0\n" },
	[CMD_HELP] = { "help", "[COMMAND]", 0, 1, "show how to use a command",
		       "Also makes the man page and the completions, from the same table.",
		       "executus help run\n"
		       "executus help --man > executus.1\n"
		       "executus help --bash > executus.bash\n" },
};
