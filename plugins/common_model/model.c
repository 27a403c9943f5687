/* SPDX-License-Identifier: MIT */
/* model.c - see model.h. */
#include "model.h"

#include "image.h"
#include "turn.h"

struct exs_self {
	struct io io;
};

static exs_status describe(exs_self *self, const char *model, exs_model_info *out, exs_err *err)
{
	exs_model_info info = { 0 };

	(void)model, (void)err;
	info.context_tokens = self->io.set.context_tokens;
	exs_fill(out, out->size, &info, sizeof info);
	return EXS_OK;
}

static void on_cancel(void *arg)
{
	io_poke(arg);
}

/* Some local servers cut a prompt over their window in silence, so the person must hear of it. */
static void watch_window(struct io *io, const struct turn *t)
{
	int64_t tokens = (int64_t)t->body_bytes / 4;

	if (io->set.context_tokens && tokens > io->set.context_tokens)
		tokens = image_tokens(t->ask, t->body_bytes);
	if (io->set.context_tokens && tokens > io->set.context_tokens &&
	    !atomic_exchange(&io->warned_window, 1))
		exs_logf(io->host, EXS_WARN,
			 "a request of about %lld tokens goes to model '%s', whose window is "
			 "context_tokens: %lld; some servers cut it in silence",
			 (long long)tokens, t->ask->model, (long long)io->set.context_tokens);
}

static void refuse(struct io *io, struct turn *t, const exs_turn *ask, exs_done done, exs_err *err)
{
	if (t) {
		body_release(&t->body);
		io_turn_free(io, t);
	}
	err->klass = EXS_CLASS_PERMANENT;
	if (err->status == EXS_AGAIN)
		err->klass = EXS_CLASS_TRANSIENT;
	exs_logf(io->host, EXS_DEBUG, "turn %d was not sent: %s", (int)ask->step, err->text);
	exs_end_err(done, err);
}

static void turn(exs_self *self, const exs_turn *ask, exs_cancel *cancel, exs_done done)
{
	struct io *io = &self->io;
	struct turn *t = io_turn_new(io);
	exs_err err = EXS_ERR_INIT;

	if (!t) {
		(void)exs_fail(
			&err, EXS_AGAIN, 0,
			"model '%s' at %s was not asked: %u turns are in flight or memory ran "
			"out",
			ask->model, io->set.server, TURNS_MAX);
		refuse(io, NULL, ask, done, &err);
		return;
	}
	t->ask = ask;
	t->cancel = cancel;
	t->done = done;
	t->flags = io->dialect->options & ~atomic_load(&io->refused);
	if (io->set.stream)
		t->flags |= REQUEST_STREAM;
	if (io->dialect->request(&io->set, t->flags, ask, &t->body, &err)) {
		refuse(io, t, ask, done, &err);
		return;
	}
	t->body_bytes = body_size(&t->body);
	watch_window(io, t);
	t->must_poll = cancel->notify(cancel, on_cancel, t) != EXS_OK;
	io_submit(io, t);
}

static const exs_model model_table = { sizeof model_table, 0, describe, turn };

exs_status model_open(const struct dialect *dialect, const exs_host *host, const exs_conf *conf,
		      exs_self **out, exs_err *err)
{
	exs_self *self;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return exs_fail(err, EXS_IO, 0, "libcurl cannot start");
	self = calloc(1, sizeof *self);
	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the instance");
	self->io.host = host;
	self->io.dialect = dialect;
	cache_init(&self->io.cache);
	if (settings_read(&self->io.set, dialect, conf, err) == EXS_OK &&
	    io_open(&self->io, err) == EXS_OK) {
		*out = self;
		return EXS_OK;
	}
	settings_release(&self->io.set);
	cache_release(&self->io.cache);
	free(self);
	return err->status;
}

void model_close(exs_self *self)
{
	io_close(&self->io);
	settings_release(&self->io.set);
	cache_release(&self->io.cache);
	free(self);
}

const void *model_port(exs_self *self, const char *port_id)
{
	(void)self;
	return strcmp(port_id, EXS_PORT_MODEL) == 0 ? &model_table : NULL;
}
