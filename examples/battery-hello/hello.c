/* SPDX-License-Identifier: MIT */
/* hello.c - an audit battery that counts the facts of each run and says so when the run has ended.
 */
#include <executus/helper.h>
#include <executus/port/audit.h>

struct exs_self {
	const exs_host *host;
	exs_str greeting; /* of the conf, valid until close */
};

struct exs_trail {
	const exs_self *self;
	int64_t facts;
};

static exs_status start(exs_self *self, const exs_run_info *run, exs_trail **out, exs_err *err)
{
	exs_trail *trail = calloc(1, sizeof *trail);

	(void)run;
	if (!trail)
		return exs_fail(err, EXS_NOMEM, 0, "no memory to count facts");
	trail->self = self;
	*out = trail;
	return EXS_OK;
}

static exs_status record(exs_trail *trail, const exs_fact *fact, exs_batch *batch, exs_err *err)
{
	(void)fact;
	(void)batch; /* rows that must commit with the fact would go in here */
	(void)err;
	trail->facts++;
	return EXS_OK;
}

static exs_status finish(exs_trail *trail, exs_err *err)
{
	(void)err;
	exs_logf(trail->self->host, EXS_INFO, "%s: %lld facts", trail->self->greeting.p,
		 (long long)trail->facts);
	free(trail);
	return EXS_OK;
}

static const exs_audit audit = {
	.size = sizeof audit,
	.start = start,
	.record = record,
	.finish = finish,
};

static exs_status hello_open(const exs_host *host, const exs_conf *conf, exs_self **out,
			     exs_err *err)
{
	exs_self *self = calloc(1, sizeof *self);

	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for '%s'", host->name);
	self->host = host;
	self->greeting = conf->text(conf, "greeting");
	*out = self;
	return EXS_OK;
}

static void hello_close(exs_self *self)
{
	free(self);
}

static const void *hello_port(exs_self *self, const char *port_id)
{
	(void)self;
	return strcmp(port_id, EXS_PORT_AUDIT) == 0 ? &audit : NULL;
}

static const exs_option options[] = {
	{ "greeting", EXS_OPT_TEXT, 0, "hello", "what the line begins with", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};
static const char *const ports[] = { EXS_PORT_AUDIT, NULL };

EXS_BATTERY("org.example.hello", "1.0", "counts the facts of each run", "MIT", options, ports,
	    hello_open, hello_close, hello_port)
