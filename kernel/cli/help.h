/* SPDX-License-Identifier: MIT */
/* help.h - help, man page and completions, made from the table of opts.h. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "base/buf.h"

#define HELP_MAX (64u << 10) /* bytes of any of them */

void help_all(struct buf *out);
void help_command(struct buf *out, int command);
void help_man(struct buf *out);	 /* mdoc */
void help_bash(struct buf *out); /* to be sourced */

#endif
