/* SPDX-License-Identifier: MIT */
/* help.c - what --help and 'executus help' print. See help.h. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/exit.h"
#include "cli/opts.h"

#define WIDTH	     80u
#define SYNOPSIS_MAX 64u /* bytes of "-c, --conf FILE" */
#define OPTION_GAP   28u /* column of an option's text */

/* Words of a paragraph, broken before WIDTH, each line behind `indent` spaces. */
static void put_wrapped(struct buf *out, const char *text, size_t n, unsigned indent, size_t column)
{
	const char *end = text + n;

	while (text < end) {
		size_t word = strcspn(text, " \n");

		if (text + word > end)
			word = (size_t)(end - text);
		if (column > indent && column + 1 + word > WIDTH) {
			buf_printf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			buf_puts(out, " ");
			column++;
		}
		buf_put(out, text, word);
		column += word;
		text += word;
		while (text < end && (*text == ' ' || *text == '\n'))
			text++;
	}
	buf_puts(out, "\n");
}

static void put_paragraphs(struct buf *out, const char *text)
{
	while (*text) {
		const char *gap = strstr(text, "\n\n");
		size_t n = gap ? (size_t)(gap - text) : strlen(text);

		put_wrapped(out, text, n, 0, 0);
		text += n;
		while (*text == '\n')
			text++;
		if (*text)
			buf_puts(out, "\n");
	}
}

static void put_lines(struct buf *out, const char *lines)
{
	while (*lines) {
		size_t n = strcspn(lines, "\n");

		buf_puts(out, "  ");
		buf_put(out, lines, n);
		buf_puts(out, "\n");
		lines += n + (lines[n] == '\n');
	}
}

static void put_option(struct buf *out, const struct option_row *o)
{
	char head[SYNOPSIS_MAX];
	int n;

	n = snprintf(head, sizeof head, "  %c%c%s--%s%s%s", o->letter ? '-' : ' ',
		     o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
		     o->value ? " " : "", o->value ? o->value : "");
	buf_printf(out, "%-*s", (int)OPTION_GAP, head);
	if ((size_t)n >= OPTION_GAP)
		buf_printf(out, "\n%*s", (int)OPTION_GAP, "");
	put_wrapped(out, o->help, strlen(o->help), OPTION_GAP, OPTION_GAP);
}

static bool is_global(const struct option_row *o)
{
	return o->commands == CMD_EVERY;
}

void help_all(struct buf *out)
{
	size_t i;

	buf_puts(out, "executus runs LLM agents durably: a killed run goes on where it was.\n"
		      "\n"
		      "Examples:\n"
		      "  executus check -c executus.yaml\n"
		      "  executus run -c executus.yaml \"Which headers does this folder have?\"\n"
		      "  executus resume --all\n"
		      "\n"
		      "Usage: executus COMMAND [OPTIONS] [...]\n"
		      "\n"
		      "Commands:\n");
	for (i = 0; i < COMMANDS; i++)
		buf_printf(out, "  %-12s%s\n", opts_commands[i].name, opts_commands[i].summary);
	buf_puts(out, "\nOptions of every command:\n");
	for (i = 0; i < OPTIONS; i++)
		if (is_global(&opts_options[i]))
			put_option(out, &opts_options[i]);
	buf_puts(out, "\nExit status:\n");
	for (i = 0; exit_rows[i].meaning; i++)
		buf_printf(out, "  %-4d%s\n", exit_rows[i].code, exit_rows[i].meaning);
	buf_puts(out, "\n'executus help COMMAND' shows its options.\n");
}

void help_command(struct buf *out, int command)
{
	const struct command_row *c = &opts_commands[command];
	size_t i, own = 0;

	buf_printf(out, "executus %s: %s\n\nExamples:\n", c->name, c->summary);
	put_lines(out, c->examples);
	buf_printf(out, "\nUsage: executus %s [OPTIONS]%s%s\n\n", c->name, c->args[0] ? " " : "",
		   c->args);
	put_paragraphs(out, c->about);
	for (i = 0; i < OPTIONS; i++) {
		const struct option_row *o = &opts_options[i];

		if (is_global(o) || !(o->commands & CMD_BIT((unsigned)command)))
			continue;
		buf_puts(out, own++ ? "" : "\nOptions:\n");
		put_option(out, o);
	}
	buf_puts(out, "\nOptions of every command:\n");
	for (i = 0; i < OPTIONS; i++)
		if (is_global(&opts_options[i]))
			put_option(out, &opts_options[i]);
}
