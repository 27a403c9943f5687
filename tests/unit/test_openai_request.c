/* SPDX-License-Identifier: MIT */
/* test_openai_request.c - the neutral form becomes chat JSON, each segment once; settings become
 * members. */
#include "unit/request_kit.h"

#include "../../plugins/model_openai/request.c"

#define HEAD	"{\"model\":\"m\",\"messages\":["
static const char calls[] =
	"{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"text\":\"r\"}],"
	"\"calls\":[{\"id\":\"c1\",\"name\":\"f\",\"arguments\":"
	"\"{\\\"n\\\": 9007199254740993}\"}],\"stop\":\"calls\"}";
static const char results[] =
	"{\"role\":\"tool\",\"results\":[{\"id\":\"c1\",\"name\":\"f\",\"status\":\"ok\","
	"\"content\":\"a\\n\"},"
	"{\"id\":\"c2\",\"name\":\"f\",\"status\":\"denied\",\"content\":\"no\"},"
	"{\"id\":\"c3\",\"name\":\"f\",\"status\":\"in_doubt\",\"content\":\"?\"}]}";

static int set_up(void **state)
{
	struct fixture *f = fixture_new();

	f->messages[1] = exs_cstr(calls);
	f->messages[2] = exs_cstr(results);
	f->messages[3] = exs_cstr(USER("go on"));
	*state = f;
	return 0;
}

static exs_status write_with(struct fixture *f, uint32_t flags, const char *max, const char *extra)
{
	struct openai own = { max };
	struct settings set = { .own = &own, .extra = (char *)(uintptr_t)extra };

	return write_of(f, &set, flags);
}

static const char *written(struct fixture *f, uint32_t flags, const char *max, const char *extra)
{
	return sound(f, write_with(f, flags, max, extra));
}

static void writes_system_prompt_options_and_cap(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(written(f, 0, "x", ""),
			    HEAD "{\"role\":\"user\",\"content\":\"hi\"}]}");
	f->turn.system = exs_cstr("say \"so\"\n");
	f->turn.max_tokens = 50;
	assert_string_equal(
		written(f, REQUEST_STREAM | REQUEST_USAGE, "max_tokens", ""),
		HEAD "{\"role\":\"system\",\"content\":\"say \\\"so\\\"\\n\"},{\"role\":\"user\","
		     "\"content\":\"hi\"}],\"stream\":true,\"stream_options\":{\"include_usage\":"
		     "true},\"max_tokens\":50}");
	f->turn.max_tokens = 0;
	assert_non_null(
		strstr(written(f, REQUEST_STREAM, "x", ",\"top_k\":1"),
		       "\"stream\":true,\"top_k\":1}"));
}

#define IMAGE(mime, data) "{\"type\":\"image\",\"mime\":\"" mime "\",\"data\":\"" data "\"}"

static void shows_images_behind_the_text_and_alone(void **state)
{
	struct fixture *f = *state;

	f->messages[0] = exs_cstr("{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"what?\"},"
				  IMAGE("image/png", "aGk=") "," IMAGE("image/gif", "eA==") "]}");
	assert_string_equal(
		written(f, 0, "x", ""),
		HEAD "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"what?\"},"
		     "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,aGk=\"}},"
		     "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/gif;base64,eA==\"}}]}]}");
	f->messages[0] = exs_cstr("{\"role\":\"user\",\"parts\":[" IMAGE("image/png", "aGk=") "]}");
	f->turn.transcript_id++;
	assert_string_equal(
		written(f, 0, "x", ""),
		HEAD "{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":"
		     "{\"url\":\"data:image/png;base64,aGk=\"}}]}]}");
	/* One without its bytes is none. */
	f->messages[0] = exs_cstr("{\"role\":\"user\",\"parts\":[{\"type\":\"image\",\"mime\":\"image/png\"},"
				  "{\"type\":\"text\",\"text\":\"hi\"}]}");
	f->turn.transcript_id++;
	assert_string_equal(written(f, 0, "x", ""), HEAD "{\"role\":\"user\",\"content\":\"hi\"}]}");
}

static void an_image_counts_as_what_a_model_sees_in_it(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(image_tokens(&f->turn, 4000), 1000);
	f->messages[0] = exs_cstr("{\"role\":\"user\",\"parts\":[" IMAGE("image/png", "aGk=") "]}");
	assert_int_equal(image_tokens(&f->turn, 4006), 1000 + EXS_IMAGE_TOKENS);
}

static void shows_failed_calls_as_errors_and_keeps_argument_bytes(void **state)
{
	struct fixture *f = *state;

	f->turn.message_count = 3;
	assert_non_null(strstr(
		written(f, 0, "x", ""),
		"{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c1\",\"type\":"
		"\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"n\\\": "
		"9007199254740993}\"}}]},"
		"{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"a\\n\"},"
		"{\"role\":\"tool\",\"tool_call_id\":\"c2\",\"content\":\"ERROR: no\"},"
		"{\"role\":\"tool\",\"tool_call_id\":\"c3\",\"content\":\"OUTCOME UNKNOWN: ?\"}]"));
}

static void writes_tools_as_functions(void **state)
{
	struct fixture *f = *state;

	f->turn.tools =
		exs_cstr("[{\"name\":\"f\",\"description\":\"d\",\"schema\":{\"type\":\"object\"}},"
			 "{\"name\":\"g\"}]");
	assert_non_null(
		strstr(written(f, 0, "x", ""),
		       "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\","
		       "\"description\":\"d\",\"parameters\":{\"type\":\"object\"}}},{\"type\":"
		       "\"function\",\"function\":{\"name\":\"g\",\"parameters\":{"));
}

static void encodes_a_segment_once(void **state)
{
	struct fixture *f = *state;

	(void)written(f, 0, "x", "");
	f->messages[0] = exs_cstr("not read again");
	f->turn.message_count = 4;
	assert_non_null(strstr(written(f, 0, "x", ""), "\"content\":\"go on\"}"));
	assert_int_equal(f->cache.newest->count, 4);
	/* another transcript starts anew */
	f->turn.transcript_id = 8;
	assert_int_equal(write_with(f, 0, "x", ""), EXS_INVALID);
	assert_non_null(strstr(f->err.text, "message 1 "));
}

static void forgets_the_least_recently_used_transcript(void **state)
{
	struct fixture *f = *state;
	struct cache_entry *e;
	static char big[20 << 20];
	uint64_t id;

	for (id = 1; id <= 4; id++) {
		e = cache_take(&f->cache, id, 0);
		assert_non_null(e);
		text_add(&e->text, big, sizeof big);
		cache_give(&f->cache, e);
	}
	assert_true(f->cache.bytes <= CACHE_BYTES_MAX);
	assert_int_equal(f->cache.newest->id, 4);
	e = cache_take(&f->cache, 1, 9);
	assert_int_equal(e->text.mem.n, 0);
	cache_drop(e);
}

static void refuses_a_message_that_is_not_neutral(void **state)
{
	static const char *const bad[] = { "",
					   "{",
					   "[]",
					   "{\"role\":\"king\"}",
					   "{\"role\":\"tool\"}",
					   "{\"role\":\"assistant\",\"calls\":[{\"id\":\"a\"}]}",
					   "{\"role\":\"tool\",\"results\":[{\"id\":\"a\"}]}" };
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		f->messages[0] = exs_cstr(bad[i]);
		assert_int_equal(write_with(f, 0, "x", ""), EXS_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(writes_system_prompt_options_and_cap),
		T(shows_images_behind_the_text_and_alone),
		T(an_image_counts_as_what_a_model_sees_in_it),
		T(shows_failed_calls_as_errors_and_keeps_argument_bytes),
		T(writes_tools_as_functions),
		T(encodes_a_segment_once),
		T(forgets_the_least_recently_used_transcript),
		T(refuses_a_message_that_is_not_neutral),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
