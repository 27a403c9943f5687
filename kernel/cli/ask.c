/* SPDX-License-Identifier: MIT */
/* ask.c - see ask.h. */
#include "cli/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/text.h"
#include "cli/report.h"
#include "cli/stop.h"
#include "conf/target.h"
#include "rows/pin.h"

#define READ_BYTES 65536u

/* ---- the question ---- */

static exs_status read_fd(int fd, const char *name, struct buf *out, exs_err *err)
{
	auto_free char *piece = malloc(READ_BYTES);
	ssize_t n;

	if (!piece)
		return err_set(err, EXS_NOMEM, 0, "no memory to read '%.100s'", name);
	for (;;) {
		n = read(fd, piece, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, EXS_IO, errno, "'%.100s' cannot be read: %s", name,
				       strerror(errno));
		if (n == 0)
			return EXS_OK;
		buf_put(out, piece, (size_t)n);
		if (!buf_ok(out))
			return err_set(err, EXS_TOOBIG, 0,
				       "'%.100s' holds more than %zu bytes: give less to one run",
				       name, out->max);
	}
}

static exs_status read_file(const char *path, struct buf *out, exs_err *err)
{
	auto_close int fd = -1;

	if (strcmp(path, "-") == 0)
		return read_fd(STDIN_FILENO, "standard input", out, err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, EXS_IO, errno, "'%.100s' cannot be opened: %s", path,
			       strerror(errno));
	return read_fd(fd, path, out, err);
}

static exs_status check_question(struct buf *q, bool may_be_empty, exs_err *err)
{
	size_t bad;

	if (q->status)
		return err_set(err, q->status, 0,
			       "the question is larger than %zu bytes, or there is no memory for it",
			       q->max);
	while (q->n && (q->p[q->n - 1] == '\n' || q->p[q->n - 1] == '\r'))
		buf_truncate(q, q->n - 1);
	bad = utf8_bad(q->p, q->n);
	if (bad < q->n || memchr(q->p, '\0', q->n))
		return err_set(err, EXS_INVALID, 0, "the question is not UTF-8 text (byte %zu)",
			       bad < q->n ? bad : strlen(q->p));
	if (!str_trim(buf_view(q)).n && !may_be_empty)
		return err_set(err, EXS_INVALID, 0, "the question is empty");
	return EXS_OK;
}

bool asks(const struct cli *c, const char *word)
{
	return word || opts_value(&c->opts, OPT_INPUT);
}

exs_status ask_question(struct cli *c, const char *word, struct asked *a, exs_err *err)
{
	const char *input = opts_value(&c->opts, OPT_INPUT);
	struct buf *out = &a->question;
	exs_status status = EXS_OK;

	if (input && word)
		return err_set(err, EXS_INVALID, 0,
			       "a question stands on the command line and '--input' names another");
	if (word)
		buf_puts(out, word);
	else if (input)
		status = read_file(input, out, err);
	else if (isatty(STDIN_FILENO) == 1 && !a->image_n)
		status = err_set(err, EXS_INVALID, 0,
				 "no question: executus run \"QUESTION\", or --input FILE");
	else if (isatty(STDIN_FILENO) != 1)
		status = read_fd(STDIN_FILENO, "standard input", out, err);
	return status ? status : check_question(out, a->image_n > 0, err);
}

exs_status ask_images(struct cli *c, struct asked *a, exs_err *err)
{
	const char *names[IMAGES_MAX], *name;
	exs_status status = EXS_OK;
	struct buf *file;
	uint32_t at = 0;

	while (status == EXS_OK && (name = opts_next(&c->opts, OPT_IMAGE, &at))) {
		if (a->image_n == IMAGES_MAX)
			return err_set(err, EXS_TOOBIG, 0, "more than %u images", IMAGES_MAX);
		file = &a->files[a->image_n];
		buf_init(file, IMAGE_BYTES_MAX);
		names[a->image_n] = name;
		status = read_file(name, file, err);
		a->images[a->image_n++] = buf_view(file);
	}
	return status ? status : images_check(a->images, a->image_n, names, err);
}

/* ---- the agent and its deliveries ---- */

static exs_status find_agent(struct cli *c, const char *name, struct asked *a, exs_err *err)
{
	const char *names[CONF_AGENTS_MAX + 1], *near;
	size_t i;

	a->spec.agent = name ? conf_agent(c->conf, name) : c->conf->run.agent;
	if (a->spec.agent)
		return EXS_OK;
	for (i = 0; i < c->conf->agent_n; i++)
		names[i] = c->conf->agents[i].name;
	names[i] = NULL;
	near = suggest(name ? name : "", names);
	if (near)
		return err_set(err, EXS_INVALID, 0, "no agent '%.40s': did you mean '%s'?", name,
			       near);
	return err_set(err, EXS_INVALID, 0, "no agent '%.40s' in %.100s", name ? name : "",
		       c->conf->file);
}

/* Local ones are left out when JSON is printed: standard output is ours then. */
static exs_status add_target(struct cli *c, struct asked *a, const char *text, exs_err *err)
{
	bool json = opts_has(&c->opts, OPT_JSON) || opts_has(&c->opts, OPT_JSONL);
	bool local = report_is_local(c->host, str_of(text));
	struct target t;
	char *owned;

	if (target_parse(str_of(text), &t, err))
		return err->status;
	if (!host_delivery(c->host, t.kind))
		return err_set(err, EXS_INVALID, 0,
			       "nothing is bound to delivery '%.*s': %.100s names the kinds in "
			       "ports.delivery",
			       t.kind.n > 40 ? 40 : (int)t.kind.n, t.kind.p, c->conf->file);
	if (local && json)
		return EXS_OK;
	if (a->deliver_n == CONF_DELIVER_MAX)
		return err_set(err, EXS_INVALID, 0, "more than %u deliveries", CONF_DELIVER_MAX);
	owned = strdup(text);
	if (!owned)
		return err_set(err, EXS_NOMEM, 0, "no memory for a delivery");
	a->local = a->local || local;
	a->deliver[a->deliver_n++] = owned;
	return EXS_OK;
}

static exs_status find_targets(struct cli *c, struct asked *a, exs_err *err)
{
	const struct conf_agent *agent = a->spec.agent;
	exs_status status = EXS_OK;
	const char *given;
	uint32_t at = 0;
	size_t i;

	while (status == EXS_OK && (given = opts_next(&c->opts, OPT_DELIVER, &at)))
		status = add_target(c, a, given, err);
	if (opts_has(&c->opts, OPT_DELIVER))
		return status;
	for (i = 0; status == EXS_OK && i < agent->deliver_n; i++)
		status = add_target(c, a, agent->deliver[i].text, err);
	return status;
}

static int32_t durability_of(struct cli *c)
{
	const char *word = opts_value(&c->opts, OPT_DURABILITY);

	if (!word)
		return c->conf->run.durability;
	return strcmp(word, "none") == 0      ? CONF_NONE
	       : strcmp(word, "relaxed") == 0 ? CONF_RELAXED
					      : CONF_STRICT;
}

/* ---- the run ---- */

static exs_status begin(struct engine *e, const struct asked *a, const struct run_listener *listener,
			struct run **out, exs_err *err)
{
	const struct fork_spec fork = { a->from, a->step, PIN_ASKED, false, a->spec };

	if (a->from)
		return engine_fork(e, &fork, listener, out, err);
	return engine_start(e, &a->spec, listener, out, err);
}

static int carry(struct cli *c, struct asked *a, struct engine *e, struct stop *stop)
{
	exs_err err = EXS_ERR_INIT;
	struct run_listener listener;
	struct reported one;
	struct report rep;
	int code;

	if (report_init(&rep, c, 0, &err)) {
		code = cli_failed(c, &err);
		engine_close(e);
		stop_end(stop);
		return code;
	}
	report_listener(&one, &rep, &listener);
	one.local = a->local;
	if (begin(e, a, &listener, &one.run, &err)) {
		/* The conf does not have what its agent asks for. */
		code = cli_failed(c, &err);
		code = err.status == EXS_NOTFOUND && !a->from ? EXIT_CONF : code;
	} else {
		snprintf(one.id, sizeof one.id, "%s", run_info(one.run)->run_id);
		if (stop_add(stop, one.run, &err))
			log_warn(&c->log, "%s", err.text);
		while (!engine_wait(one.run, LIVE_DRAW_MS))
			live_draw(&rep.live);
		code = report_over(&one);
		report_end(&rep);
	}
	engine_close(e);
	stop_end(stop);
	run_drop(one.run);
	report_release(&rep);
	return code;
}

static int go(struct cli *c, struct asked *a)
{
	exs_err err = EXS_ERR_INIT;
	struct engine *e;
	struct stop stop;
	int code;

	a->spec.caller = opts_value(&c->opts, OPT_CALLER);
	a->spec.channel = "cli";
	a->spec.input = buf_view(&a->question);
	a->spec.images = a->images;
	a->spec.image_n = a->image_n;
	a->spec.deliver = a->deliver;
	a->spec.durability = durability_of(c);
	if (stop_begin(&stop, &c->log, &err))
		return cli_failed(c, &err);
	if (engine_open(c->host, &e, &err)) {
		code = cli_failed(c, &err);
		stop_end(&stop);
		return code;
	}
	stop_engine(&stop, e);
	return carry(c, a, e, &stop);
}

int ask(struct cli *c, const char *agent, struct asked *a)
{
	exs_err err = EXS_ERR_INIT;

	if (find_agent(c, agent, a, &err) || find_targets(c, a, &err))
		return cli_usage(c, "%s", err.text);
	if (agents_check(c, a->spec.agent, &err))
		return cli_conf_mistake(c, &err);
	return go(c, a);
}

void asked_init(struct asked *a)
{
	memset(a, 0, sizeof *a);
	buf_init(&a->question, CLI_INPUT_MAX);
}

void asked_release(struct asked *a)
{
	size_t i;

	for (i = 0; i < a->deliver_n; i++)
		free((void *)(uintptr_t)a->deliver[i]);
	for (i = 0; i < a->image_n; i++)
		buf_release(&a->files[i]);
	buf_release(&a->question);
}
