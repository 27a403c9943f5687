/* SPDX-License-Identifier: MIT */
/* test_openai_settings.c - what the conf may say, what is refused and how, what becomes of extra
 * members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "unit/settings_kit.h"

static void refuses(const char *key, const char *value, const char *says)
{
	refuses_setting(BATTERIES "/model_openai.so", key, value, says);
}

static void refuses_settings_that_cannot_work(void **state)
{
	(void)state;
	refuses("base_url", "not an address", "https://api.openai.com/v1");
	refuses("base_url", "ftp://127.0.0.1/v1", "http");
	refuses("base_url", "http://example.org/v1", "in the clear");
	refuses("base_url", "http://127.0.0.1.example.org/v1", "in the clear");
	refuses("base_url", "https://me:pw@example.org/v1", "user name");
	refuses("base_url", "https://example.org/v1?x=1", "'?'");
	refuses("headers", "no colon", "Name: value");
	refuses("headers", "X: a\r\nY: b", "Name: value");
	refuses("body", "[\"1\"]", "map");
	refuses("body", "{\"stream\":\"true\"}", "'stream'");
	refuses("retries", "-1", "retries");
	refuses("key", "a\nb", "control characters");
	refuses("key_header", "no such name: x", "key_header is neither");
	refuses("key_header", ": Bearer", "key_header is neither");
	refuses("key_header", "X-Key\r\nY: z", "key_header is neither");
}

static void opens_with_settings_that_can_work(void **state)
{
	static const struct double_setting sets[][3] = {
		{ { "base_url", "https://api.example.org/v1/" }, { "key", "k\n" }, { NULL, NULL } },
		{ { "base_url", "http://[::1]:1/v1" }, { NULL, NULL } },
		{ { "base_url", "http://localhost/v1/chat/completions" }, { NULL, NULL } },
		{ { "base_url", "http://example.org" }, { "insecure", "true" }, { NULL, NULL } },
		{ { "body", "{\"a\":{\"b\":[\"1\",\"x\"]}}" },
		  { "stream", "false" },
		  { NULL, NULL } },
	};
	const exs_battery *b = double_load(BATTERIES "/model_openai.so");
	exs_err err = EXS_ERR_INIT;
	struct double_host h;
	exs_self *self;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof sets / sizeof sets[0]; i++) {
		double_host_init(&h, "local");
		if (b->open(&h.host, double_host_conf(&h, b->options, sets[i]), &self, &err))
			fail_msg("%s", err.text);
		b->close(self);
		double_host_release(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_settings_that_cannot_work),
		cmocka_unit_test(opens_with_settings_that_can_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
