/* SPDX-License-Identifier: MIT */
/* help_man.c - the man page in mdoc, and completions for bash. See help.h. */
#include <stdbool.h>
#include <string.h>

#include "cli/exit.h"
#include "cli/help.h"
#include "cli/opts.h"

#define MAN_DATE  "January 1, 2026"
#define MAN_WIDTH 72u

/* Text as it is: roff's escape character, and a line that would begin with a control character. */
static void put_roff(struct buf *out, const char *text, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if ((text[i] == '.' || text[i] == '\'') && (i == 0 || text[i - 1] == '\n'))
			buf_puts(out, "\\&");
		if (text[i] == '\\')
			buf_puts(out, "\\e");
		else if (text[i] == '-')
			buf_puts(out, "\\-");
		else
			buf_put(out, text + i, 1);
	}
}

/* One sentence: it begins a line, as mdoc wants it, and lines stay short. */
static void put_sentence(struct buf *out, const char *text, size_t n)
{
	size_t column = 0, word, i;

	for (i = 0; i < n; i += word) {
		while (i < n && text[i] == ' ')
			i++;
		for (word = 0; i + word < n && text[i + word] != ' '; word++)
			;
		if (column)
			buf_puts(out, column + word < MAN_WIDTH ? " " : "\n");
		column = column && column + word < MAN_WIDTH ? column + word + 1 : word;
		put_roff(out, text + i, word);
	}
	buf_puts(out, "\n");
}

/* Sentence by sentence; paragraphs are divided by .Pp. */
static void put_prose(struct buf *out, const char *text)
{
	while (*text) {
		const char *dot = strstr(text, ". "), *gap = strstr(text, "\n\n");
		bool paragraph = gap && (!dot || gap < dot);
		size_t n = paragraph ? (size_t)(gap - text)
			   : dot     ? (size_t)(dot - text) + 1
				     : strlen(text);

		put_sentence(out, text, n);
		if (paragraph)
			buf_puts(out, ".Pp\n");
		text += n;
		text += strspn(text, " \n");
	}
}

/* An argument of a macro: quoted, so that it is one word. */
static void put_arg(struct buf *out, const char *text)
{
	buf_puts(out, " \"");
	for (; *text; text++)
		buf_put(out, *text == '"' ? "\\(dq" : text, *text == '"' ? 4 : 1);
	buf_puts(out, "\"");
}

static void put_option(struct buf *out, const struct option_row *o)
{
	buf_puts(out, ".It");
	if (o->letter)
		buf_printf(out, " Fl %c ,", o->letter);
	buf_printf(out, " Fl \\-%s", o->name);
	if (o->value) {
		buf_puts(out, " Ar");
		put_arg(out, o->value);
	}
	buf_puts(out, "\n");
	put_prose(out, o->help);
}

static void put_options(struct buf *out, bool (*wanted)(const struct option_row *, int),
			int command)
{
	size_t i, n = 0;

	for (i = 0; i < OPTIONS; i++) {
		if (!wanted(&opts_options[i], command))
			continue;
		if (n++ == 0)
			buf_puts(out, ".Bl -tag -width Ds\n");
		put_option(out, &opts_options[i]);
	}
	if (n)
		buf_puts(out, ".El\n");
}

static bool everywhere(const struct option_row *o, int command)
{
	(void)command;
	return o->commands == CMD_EVERY;
}

static bool of_command(const struct option_row *o, int command)
{
	return o->commands != CMD_EVERY && o->commands & CMD_BIT((unsigned)command);
}

static void put_commands(struct buf *out)
{
	int i;

	buf_puts(out, ".Sh COMMANDS\n");
	for (i = 0; i < COMMANDS; i++) {
		const struct command_row *c = &opts_commands[i];

		buf_printf(out, ".Ss %s\n.Bd -literal\n", c->name);
		put_roff(out, "executus ", 9);
		put_roff(out, c->name, strlen(c->name));
		buf_puts(out, c->args[0] ? " " : "");
		put_roff(out, c->args, strlen(c->args));
		buf_puts(out, "\n.Ed\n.Pp\n");
		put_prose(out, c->about);
		put_options(out, of_command, i);
	}
}

static void put_examples(struct buf *out)
{
	int i;

	buf_puts(out, ".Sh EXAMPLES\n.Bd -literal\n");
	for (i = 0; i < COMMANDS; i++)
		put_roff(out, opts_commands[i].examples, strlen(opts_commands[i].examples));
	buf_puts(out, ".Ed\n");
}

static void put_exits(struct buf *out)
{
	size_t i;

	buf_puts(out, ".Sh EXIT STATUS\n.Bl -tag -width 4n\n");
	for (i = 0; exit_rows[i].meaning; i++) {
		buf_printf(out, ".It %d\n", exit_rows[i].code);
		put_roff(out, exit_rows[i].meaning, strlen(exit_rows[i].meaning));
		buf_puts(out, "\n");
	}
	buf_puts(out, ".El\n");
}

void help_man(struct buf *out)
{
	buf_puts(out,
		 ".Dd " MAN_DATE "\n.Dt EXECUTUS 1\n.Os\n"
		 ".Sh NAME\n.Nm executus\n.Nd run LLM agents durably\n"
		 ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar options\n.Op Ar ...\n"
		 ".Sh DESCRIPTION\n"
		 "The\n.Nm\nutility runs agents that its configuration describes.\n"
		 "Models, tools, stores and everything else that touches the world\nare batteries: "
		 "shared objects that the configuration names.\n"
		 "What a run did is recorded as a list of facts.\n"
		 "A run whose process was killed goes on from the last of them.\n"
		 "Results are written to standard output, everything else to standard error.\n"
		 ".Pp\nOptions of every command:\n");
	put_options(out, everywhere, 0);
	put_commands(out);
	buf_puts(out, ".Sh ENVIRONMENT\n.Bl -tag -width Ds\n"
		      ".It Ev EXECUTUS_CONF\nThe configuration, unless\n.Fl c\nnames one.\n"
		      ".It Ev XDG_CONFIG_HOME\nWhere the configuration is looked for.\n"
		      ".It Ev XDG_STATE_HOME\nWhere state is kept.\n"
		      ".It Ev NO_COLOR\nAny value: no live progress line.\n"
		      ".El\n"
		      ".Sh FILES\n.Bl -tag -width Ds\n"
		      ".It Pa ~/.config/executus/executus.yaml\n"
		      ".It Pa /etc/executus/executus.yaml\nThe configuration.\n"
		      ".It Pa ~/.local/state/executus\nThe store.\n.El\n");
	put_exits(out);
	put_examples(out);
}

/* ---- completions ---- */

/* Of a command; -1: of every command. */
static void put_names(struct buf *out, int command)
{
	size_t i;

	for (i = 0; i < OPTIONS; i++)
		if (command < 0 ? opts_options[i].commands == CMD_EVERY
				: (opts_options[i].commands & CMD_BIT((unsigned)command)) != 0)
			buf_printf(out, " --%s", opts_options[i].name);
}

static void put_value_cases(struct buf *out)
{
	size_t i;
	const char *p;

	for (i = 0; i < OPTIONS; i++) {
		const struct option_row *o = &opts_options[i];

		if (o->choices) {
			buf_printf(out, "\t--%s) COMPREPLY=($(compgen -W \"", o->name);
			for (p = o->choices; *p; p++)
				buf_put(out, *p == '|' ? " " : p, 1);
			buf_puts(out, "\" -- \"$word\")); return ;;\n");
		} else if (o->value && strcmp(o->value, "FILE") == 0) {
			buf_printf(out,
				   "\t--%s) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n",
				   o->name);
		} else if (o->value && strcmp(o->value, "DIR") == 0) {
			buf_printf(out,
				   "\t--%s) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n",
				   o->name);
		} else if (o->value) {
			buf_printf(out, "\t--%s) return ;;\n", o->name);
		}
	}
}

void help_bash(struct buf *out)
{
	int i;

	buf_puts(out, "# bash completion for executus\n"
		      "_executus()\n{\n"
		      "\tlocal word=${COMP_WORDS[COMP_CWORD]} prior=${COMP_WORDS[COMP_CWORD-1]} i "
		      "command=\n"
		      "\tCOMPREPLY=()\n"
		      "\tcase $prior in\n");
	put_value_cases(out);
	buf_puts(out, "\tesac\n\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		      "\t\tcase ${COMP_WORDS[i]} in\n\t\t");
	for (i = 0; i < COMMANDS; i++)
		buf_printf(out, "%s%s", i ? "|" : "", opts_commands[i].name);
	buf_puts(out, ") command=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n"
		      "\tcase $command in\n\t'') COMPREPLY=($(compgen -W \"");
	for (i = 0; i < COMMANDS; i++)
		buf_printf(out, "%s%s", i ? " " : "", opts_commands[i].name);
	put_names(out, -1);
	buf_puts(out, "\" -- \"$word\")) ;;\n");
	for (i = 0; i < COMMANDS; i++) {
		buf_printf(out, "\t%s) COMPREPLY=($(compgen -W \"", opts_commands[i].name);
		put_names(out, i);
		buf_puts(out, "\" -- \"$word\")) ;;\n");
	}
	buf_puts(out,
		 "\tesac\n"
		 "\t[[ $word == -* || -z $command ]] || COMPREPLY+=($(compgen -f -- \"$word\"))\n"
		 "}\n"
		 "complete -F _executus executus\n");
}
