/* SPDX-License-Identifier: MIT */
/* rule.h - which runs may go, by the options of the command line. */
#ifndef CLI_RULE_H
#define CLI_RULE_H

#include "cli/opts.h"
#include "rows/retain.h"

/*
 * --older-than, --keep, --max-bytes, and --status and --agent to choose among runs; texts are
 * borrowed. *given: there is a bound at all. INVALID with a sentence that names the option.
 */
exs_status rule_read(const struct opts *o, struct retain_rule *out, bool *given, exs_err *err);

#endif
