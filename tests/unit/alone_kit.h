/* SPDX-License-Identifier: MIT */
/* alone_kit.h - one instance of a battery over a double of the host, with the settings of the test.
 */
#ifndef TEST_ALONE_KIT_H
#define TEST_ALONE_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/double.h"

#define ALONE_SET_MAX 5 /* settings of a test, and the end of them */

struct alone {
	struct double_host host;
	const exs_battery *battery;
	exs_self *self; /* NULL: not open */
	exs_err err;
	struct double_setting set[ALONE_SET_MAX];
};

/* Loads the file; `a` is zeroed by the caller, who may fill `set` before it is opened. */
static inline void alone_init(struct alone *a, const char *so, const char *instance)
{
	a->err.size = sizeof a->err;
	a->battery = double_load(so);
	double_host_init(&a->host, instance);
}

static inline exs_status alone_open(struct alone *a)
{
	return a->battery->open(&a->host.host,
				double_host_conf(&a->host, a->battery->options, a->set), &a->self,
				&a->err);
}

static inline void alone_release(struct alone *a)
{
	if (a->self)
		a->battery->close(a->self);
	double_host_release(&a->host);
}

#endif
