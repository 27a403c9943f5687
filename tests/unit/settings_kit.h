/* SPDX-License-Identifier: MIT */
/* settings_kit.h - one option with a value that cannot work: the battery does not open, and says which and where. */
#ifndef TEST_SETTINGS_KIT_H
#define TEST_SETTINGS_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "support/double.h"

static inline void refuses_setting(const char *battery, const char *key, const char *value,
				   const char *says)
{
	struct double_setting set[] = { { key, value }, { NULL, NULL } };
	const exs_battery *b = double_load(battery);
	exs_err err = EXS_ERR_INIT;
	exs_self *self = NULL;
	struct double_host h;

	double_host_init(&h, "local");
	assert_int_equal(b->open(&h.host, double_host_conf(&h, b->options, set), &self, &err),
			 EXS_INVALID);
	assert_null(self);
	if (!strstr(err.text, says) || !strstr(err.text, "test.yaml:1:1"))
		fail_msg("'%s' does not say '%s'", err.text, says);
	double_host_release(&h);
}

#endif
