/* SPDX-License-Identifier: MIT */
/* delivery_kit.h - the parcel of a run that went well, and what a delivery answers to it. */
#ifndef TEST_DELIVERY_KIT_H
#define TEST_DELIVERY_KIT_H

#include "alone_kit.h"

#include <executus/port/delivery.h>

#include "base/cancel.h"

#define POST_SAID_MAX 4096u /* bytes that a delivery may say of where it went */

struct post {
	const exs_delivery *port;
	exs_run_info run;
	exs_parcel parcel;
	struct cancel *cancel;
	struct double_done done; /* of the last delivery */
};

static inline void post_init(struct post *p, const char *kind)
{
	double_done_init(&p->done, POST_SAID_MAX);
	p->cancel = cancel_new(NULL);
	p->run = double_run_info("run-a");
	p->parcel = (exs_parcel){
		.size = sizeof p->parcel,
		.on = EXS_ENDED_OK,
		.attempt = 1,
		.run = &p->run,
		.kind = kind,
		.target = "",
		.id = "run-a.1",
		.status = "ok",
		.output = exs_cstr("It works."),
		.error = exs_cstr(""),
		.result = exs_cstr("{\"status\":\"ok\"}"),
	};
}

static inline exs_status post_open(struct post *p, struct alone *a)
{
	exs_status s = alone_open(a);

	if (s == EXS_OK)
		p->port = a->battery->port(a->self, EXS_PORT_DELIVERY);
	return s;
}

static inline void post_release(struct post *p)
{
	double_done_release(&p->done);
	cancel_unref(p->cancel);
}

#endif
