/* SPDX-License-Identifier: MIT */
/*
 * webhook.c - delivers a result by a signed POST, as the Standard Webhooks have it.
 *
 * The target is the URL. deliver waits for the answer on the worker that called it; the host's
 * outbox keeps the table of pauses, so here a try is either done, for later, or for good.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include <executus/helper.h>
#include <executus/port/delivery.h>

#include "body.h"
#include "gone.h"
#include "send.h"
#include "settings.h"
#include "sign.h"

struct exs_self {
	const exs_host *host;
	const exs_store_svc *store; /* NULL: none is bound */
	struct settings set;
};

static exs_status check_gone(exs_self *self, const char *url, exs_err *err)
{
	int64_t since = gone_since(self->host, self->store, url, self->set.gone_ms);
	time_t t = (time_t)(since / 1000);
	char day[32] = "";
	struct tm tm;

	if (!since)
		return EXS_OK;
	if (gmtime_r(&t, &tm))
		strftime(day, sizeof day, "%Y-%m-%d", &tm);
	return exs_fail(err, EXS_NOTFOUND, 0,
			"the receiver answered 410 on %s and is left alone until gone_for is over",
			day);
}

static exs_status post(exs_self *self, const exs_parcel *p, const char *body, exs_cancel *cancel,
		       long *code, exs_err *err)
{
	char signature[SIGNATURE_MAX];
	struct letter l = {
		.url = p->target, .id = p->id, .signature = signature, .body = exs_cstr(body)
	};
	exs_status status;

	l.seconds =
		self->host->wall_ms(self->host) / 1000; /* of this try: receivers refuse old ones */
	status = sign(self->set.keys, 2, l.id, l.seconds, l.body, signature, err);
	if (status == EXS_OK)
		status = send_letter(&self->set, &l, cancel, code, err);
	if (*code == 410)
		gone_put(self->host, self->store, p->target);
	return status;
}

static void deliver(exs_self *self, const exs_parcel *p, exs_cancel *cancel, exs_done receipt)
{
	exs_err err = EXS_ERR_INIT;
	char *body = NULL, said[48];
	long code = 0;
	exs_status status = check_gone(self, p->target, &err);

	if (status == EXS_OK)
		status = body_make(p, self->set.link, (size_t)self->set.max_body,
				   self->host->wall_ms(self->host), &body, &err);
	if (status == EXS_OK)
		status = post(self, p, body, cancel, &code, &err);
	free(body);
	if (status) {
		exs_end_err(receipt, &err);
		return;
	}
	snprintf(said, sizeof said, "{\"status\":%ld}", code);
	exs_end(receipt, exs_put(receipt, said));
}

/* ---- the battery ---- */

static exs_status hook_open(const exs_host *host, const exs_conf *conf, exs_self **out,
			    exs_err *err)
{
	exs_self *self;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return exs_fail(err, EXS_IO, 0, "libcurl cannot start");
	self = calloc(1, sizeof *self);
	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the instance");
	self->host = host;
	self->store = host->service(host, EXS_SVC_STORE);
	if (settings_read(host, conf, &self->set, err)) {
		free(self);
		return err->status;
	}
	*out = self;
	return EXS_OK;
}

static void hook_close(exs_self *self)
{
	settings_release(&self->set);
	free(self);
}

static const exs_delivery table = { .size = sizeof table, .deliver = deliver };

static const void *port(exs_self *self, const char *port_id)
{
	(void)self;
	return strcmp(port_id, EXS_PORT_DELIVERY) == 0 ? &table : NULL;
}

static const char *const ports[] = { EXS_PORT_DELIVERY, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "executus.delivery_webhook", EXECUTUS_VERSION,
		  "delivers results by signed webhooks", "MIT", webhook_options, ports, hook_open,
		  hook_close, port)
