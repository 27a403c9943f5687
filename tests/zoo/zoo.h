/* SPDX-License-Identifier: MIT */
/* zoo.h - a good audit battery in pieces, so that each bad one differs from it in one thing. */
#ifndef ZOO_H
#define ZOO_H

#include <executus/helper.h>
#include <executus/port/audit.h>

struct exs_self {
	const exs_host *host;
};

static EXS_UNUSED exs_status zoo_open(const exs_host *host, const exs_conf *conf, exs_self **out,
				      exs_err *err)
{
	exs_self *self = calloc(1, sizeof *self);

	(void)conf;
	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory");
	self->host = host;
	*out = self;
	return EXS_OK;
}

static EXS_UNUSED void zoo_close(exs_self *self)
{
	free(self);
}

static EXS_UNUSED exs_status zoo_start(exs_self *self, const exs_run_info *run, exs_trail **out,
				       exs_err *err)
{
	(void)self;
	(void)run;
	(void)err;
	*out = NULL;
	return EXS_OK;
}

static EXS_UNUSED exs_status zoo_record(exs_trail *trail, const exs_fact *fact, exs_batch *batch,
					exs_err *err)
{
	(void)trail;
	(void)fact;
	(void)batch;
	(void)err;
	return EXS_OK;
}

static EXS_UNUSED exs_status zoo_finish(exs_trail *trail, exs_err *err)
{
	(void)trail;
	(void)err;
	return EXS_OK;
}

static EXS_UNUSED const void *zoo_port(exs_self *self, const char *port_id)
{
	static const exs_audit audit = {.size = sizeof audit, .flags = 0, .start = zoo_start, .record = zoo_record, .finish = zoo_finish };

	(void)self;
	return strcmp(port_id, EXS_PORT_AUDIT) == 0 ? &audit : NULL;
}

static EXS_UNUSED const exs_option zoo_options[] = {
	{ "note", EXS_OPT_TEXT, 0, "none", "any text", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};
static EXS_UNUSED const char *const zoo_ports[] = { EXS_PORT_AUDIT, NULL };

/* The whole table with another head: ABI, size, size of an option. */
#define ZOO_BATTERY(abi_, size_, option_size_)                                                     \
	extern EXS_EXPORT const exs_battery executus_battery;                                      \
	EXS_EXPORT const exs_battery executus_battery = { (abi_),                                  \
							  (uint32_t)(size_),                       \
							  (uint32_t)(option_size_),                \
							  0,                                       \
							  "org.example.zoo",                       \
							  "1.0",                                   \
							  "a bad one",                             \
							  "MIT",                                   \
							  zoo_options,                             \
							  zoo_ports,                               \
							  zoo_open,                                \
							  zoo_close,                               \
							  zoo_port }

/* A battery with other options, ports or functions. */
#define ZOO_WITH(options_, ports_, open_, port_)                                                   \
	EXS_BATTERY("org.example.zoo", "1.0", "a bad one", "MIT", options_, ports_, open_,         \
		    zoo_close, port_)

#endif
