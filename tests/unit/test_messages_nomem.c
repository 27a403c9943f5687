/* SPDX-License-Identifier: MIT */
/* test_messages_nomem.c - whichever allocation fails, an answer and a request are whole or none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "support/answer_kit.h"
#include "unit/failing_malloc.h"

#include "../../plugins/common_model/arguments.c"
#include "../../plugins/common_model/body.c"
#include "../../plugins/common_model/cache.c"
#include "../../plugins/common_model/image.c"
#include "../../plugins/common_model/segments.c"
#include "../../plugins/common_model/tools.c"
#include "../../plugins/model_anthropic/blocks.c"
#include "../../plugins/model_anthropic/content.c"
#include "../../plugins/model_anthropic/messages.c"
#include "../../plugins/model_anthropic/request.c"

#define ALLOCATIONS_MAX 2000u

static const struct dialect dialect = {
	.answer_own_size = sizeof(struct messages),
	.answer_own_release = messages_release,
	.event = messages_event,
	.whole = messages_whole,
};

#define EVENT(type, rest) "data: {\"type\":\"" type "\"" rest "}\n\n"
#define OPEN(block)	  EVENT("content_block_start", ",\"index\":0,\"content_block\":{" block "}")
#define DELTA(delta)	  EVENT("content_block_delta", ",\"index\":0,\"delta\":{" delta "}")

static const char stream[] =
	OPEN("\"type\":\"thinking\",\"thinking\":\"\"") DELTA("\"thinking\":\"hm\"") DELTA(
		"\"signature\":\"sig\"") OPEN("\"type\":\"redacted_thinking\",\"data\":\"enc\"")
		OPEN("\"type\":\"text\",\"text\":\"a\"") DELTA("\"text\":\"b\"")
			OPEN("\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}")
				DELTA("\"partial_json\":\"{\\\"n\\\":\"")
					DELTA("\"partial_json\":\"\\\"x\\\"}\"")
						EVENT("message_stop", "");

static void an_answer_is_whole_or_none(void **state)
{
	bool failed = true;
	char *full, *got;
	unsigned n;

	(void)state;
	if (!CAN_FAIL)
		skip(); /* a sanitizer's allocator does not fail on demand */
	full = answer_kit_stream(&dialect, stream, sizeof stream - 1, NULL);
	assert_non_null(full);
	for (n = 1; failed && n < ALLOCATIONS_MAX; n++) {
		long before = live;

		left = n;
		got = answer_kit_stream(&dialect, stream, sizeof stream - 1, NULL);
		failed = left == 0;
		left = 0;
		if (got || !failed)
			assert_string_equal(got, full);
		free(got);
		assert_int_equal(live, before);
	}
	assert_true(n > 10 && n < ALLOCATIONS_MAX);
	free(full);
}

static const char *const messages[] = {
	"{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"q\"}]}",
	"{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"ab\"}],\"calls\":[{"
	"\"id\":"
	"\"t\",\"name\":\"f\",\"arguments\":\"{\\\"n\\\":\\\"x\\\"}\"},{\"id\":\"u\",\"name\":"
	"\"f\","
	"\"arguments\":\"no\"}],\"provider\":{\"anthropic\":[{\"type\":\"thinking\"},{\"type\":"
	"\"text\","
	"\"bytes\":1}]}}",
	"{\"role\":\"tool\",\"results\":[{\"id\":\"t\",\"status\":\"ok\",\"content\":\"r\"}]}",
	"{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"go on\"}]}",
};
#define MESSAGES (sizeof messages / sizeof messages[0])

static exs_status write_once(unsigned fail_at, struct body *out)
{
	struct anthropic own = { 4096, true };
	struct settings set = { .own = &own, .extra = (char *)(uintptr_t) "" };
	exs_err err = EXS_ERR_INIT;
	exs_str spans[MESSAGES];
	exs_status status;
	static struct cache cache;
	size_t i;
	exs_turn turn = { sizeof turn,
			  1,
			  NULL,
			  "m",
			  exs_cstr("s"),
			  spans,
			  MESSAGES,
			  7,
			  exs_cstr("[{\"name\":\"f\"}]"),
			  0 };

	for (i = 0; i < MESSAGES; i++)
		spans[i] = exs_cstr(messages[i]);
	cache_init(&cache);
	body_init(out, &cache);
	left = fail_at;
	status = request_write(&set, REQUEST_CACHE | REQUEST_THINKING, &turn, out, &err);
	if (fail_at && left == 0 && status)
		assert_int_equal(status, EXS_NOMEM);
	cache_release(&cache);
	return status;
}

static void a_request_is_whole_or_none(void **state)
{
	struct body full, out;
	bool failed = true;
	unsigned n;

	(void)state;
	if (!CAN_FAIL)
		skip(); /* a sanitizer's allocator does not fail on demand */
	assert_int_equal(write_once(0, &full), EXS_OK);
	for (n = 1; failed && n < ALLOCATIONS_MAX; n++) {
		long before = live;

		if (write_once(n, &out) == EXS_OK)
			assert_true(exs_str_eq(text_view(&out.text), text_view(&full.text)));
		failed = left == 0;
		left = 0;
		body_release(&out);
		assert_int_equal(live, before);
	}
	assert_true(n > 10 && n < ALLOCATIONS_MAX);
	body_release(&full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_whole_or_none),
		cmocka_unit_test(a_request_is_whole_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
