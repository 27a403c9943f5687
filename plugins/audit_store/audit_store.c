/* SPDX-License-Identifier: MIT */
/*
 * audit_store.c - audit battery: every fact of every run as a row of the store, in the batch of the
 * fact itself. The rows of a run are linked by hashes, and so are the runs that have ended.
 */
#include "ask.h"
#include "forget.h"
#include "seal.h"
#include "trail.h"
#include "verify.h"

static exs_status store_open(const exs_host *host, const exs_conf *conf, exs_self **out,
			     exs_err *err)
{
	const exs_store_svc *store = host->service(host, EXS_SVC_STORE);
	exs_self *self;

	(void)conf;
	if (!store)
		return exs_fail(err, EXS_INVALID, 0,
				"battery '%s' keeps its trail in the store, and no store is bound: "
				"set ports.store",
				host->name);
	self = calloc(1, sizeof *self);
	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for battery '%s'", host->name);
	self->host = host;
	self->store = store;
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->wake, NULL);
	*out = self;
	return EXS_OK;
}

static void store_close(exs_self *self)
{
	seal_end(self);
	pthread_cond_destroy(&self->wake);
	pthread_mutex_destroy(&self->lock);
	free(self);
}

static const exs_audit audit = {
	.size = sizeof audit,
	.start = trail_start,
	.record = trail_record,
	.finish = trail_finish,
	.list = ask_list,
	.read = ask_read,
	.verify = verify_all,
	.head = verify_head,
	.forget = forget_run,
	.holds = verify_holds,
};

static const void *store_port(exs_self *self, const char *port_id)
{
	(void)self;
	return strcmp(port_id, EXS_PORT_AUDIT) == 0 ? &audit : NULL;
}

static const exs_option options[] = { { NULL, 0, 0, NULL, NULL, NULL } };
static const char *const ports[] = { EXS_PORT_AUDIT, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "executus.audit_store", EXECUTUS_VERSION,
		  "keeps each fact as a row of the store, chained by hashes", "MIT", options, ports,
		  store_open, store_close, store_port)
