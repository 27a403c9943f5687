/* SPDX-License-Identifier: MIT */
/*
 * ask.h - what run and fork have in common: the question, whom it goes to, who gets the answer, and
 * the wait for it.
 *
 *	struct asked a;
 *	asked_init(&a);
 *	if (ask_images(c, &a, &err) == EXS_OK && ask_question(c, word, &a, &err) == EXS_OK &&
 *	    cli_open_host(c, &code))
 *		code = ask(c, agent, &a);
 *	asked_release(&a);
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "cli/cli.h"
#include "fact/image.h"

struct asked {
	struct buf question;
	struct buf files[IMAGES_MAX]; /* the images */
	exs_str images[IMAGES_MAX];
	size_t image_n;
	const char *from; /* a run to fork from; NULL: a new one */
	int32_t step;	  /* after which step of it */
	struct run_spec spec;
	const char *deliver[CONF_DELIVER_MAX + 1]; /* texts are ours */
	size_t deliver_n;
	bool local; /* one of them prints on the terminal */
};

void asked_init(struct asked *a);
void asked_release(struct asked *a);
/* The files of --image. A mistake is one of the command line. */
exs_status ask_images(struct cli *c, struct asked *a, exs_err *err);
/* Is there a question, apart from what standard input has? `word`: of the command line, or NULL. */
bool asks(const struct cli *c, const char *word);
/*
 * That, else --input, else standard input; with images it may be empty. A mistake is one of the command
 * line.
 */
exs_status ask_question(struct cli *c, const char *word, struct asked *a, exs_err *err);
/* Begins the run and waits for it; the host is open. `agent` NULL: the conf's own. Returns the exit status. */
int ask(struct cli *c, const char *agent, struct asked *a);

#endif
