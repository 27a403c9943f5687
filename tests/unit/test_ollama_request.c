/* SPDX-License-Identifier: MIT */
/* test_ollama_request.c - the neutral form becomes JSON of Ollama's chat API; settings become
 * members of its options. */
#include "unit/request_kit.h"

#include "../../plugins/model_ollama/request.c"

#define CALLING(a)                                                                                 \
	"{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"text\":\"r\"}],"             \
	"\"calls\":[{\"id\":\"c1\",\"name\":\"f\",\"arguments\":\"" a "\"}],\"stop\":\"calls\"}"
#define HEAD "{\"model\":\"m\",\"messages\":["
#define SAID "{\"role\":\"user\",\"content\":\"hi\"}"

static const char results[] =
	"{\"role\":\"tool\",\"results\":[{\"id\":\"c1\",\"name\":\"f\",\"status\":\"ok\","
	"\"content\":\"a\\n\"},"
	"{\"id\":\"c2\",\"name\":\"g\",\"status\":\"denied\",\"content\":\"no\"},"
	"{\"id\":\"c3\",\"status\":\"in_doubt\",\"content\":\"?\"}]}";

static int set_up(void **state)
{
	*state = fixture_new();
	return 0;
}

static exs_status write_with(struct fixture *f, uint32_t flags, int64_t window, const char *options,
			     const char *extra)
{
	struct ollama own = { (char *)(uintptr_t)options };
	struct settings set = { .own = &own,
				.extra = (char *)(uintptr_t)extra,
				.context_tokens = window };

	f->turn.transcript_id++;
	return write_of(f, &set, flags);
}

static const char *written_with(struct fixture *f, uint32_t flags, int64_t window,
				const char *options, const char *extra)
{
	return sound(f, write_with(f, flags, window, options, extra));
}

static const char *written(struct fixture *f)
{
	return written_with(f, REQUEST_STREAM, 0, "", "");
}

#define TAIL "],\"stream\":true,\"options\":{}}"

static void says_the_window_and_the_cap_in_its_options(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(written(f), HEAD SAID TAIL);
	assert_string_equal(written_with(f, 0, 0, "", ""),
			    HEAD SAID "],\"stream\":false,\"options\":{}}");
	f->turn.max_tokens = 50;
	assert_string_equal(written_with(f, REQUEST_STREAM, 32768, ",\"temperature\":0.2",
					 ",\"keep_alive\":\"1h\""),
			    HEAD SAID
			    "],\"stream\":true,\"options\":{\"num_ctx\":32768,\"num_predict\":50,"
			    "\"temperature\":0.2},\"keep_alive\":\"1h\"}");
	assert_string_equal(written_with(f, REQUEST_STREAM, 0, "", ""),
			    HEAD SAID "],\"stream\":true,\"options\":{\"num_predict\":50}}");
	f->turn.max_tokens = 0;
	assert_string_equal(written_with(f, REQUEST_STREAM, 0, ",\"seed\":1", ""),
			    HEAD SAID "],\"stream\":true,\"options\":{\"seed\":1}}");
}

static void puts_the_system_prompt_first_and_tools_behind(void **state)
{
	struct fixture *f = *state;

	f->turn.system = exs_cstr("say \"so\"\n");
	f->turn.tools = exs_cstr(
		"[{\"name\":\"f\",\"description\":\"does\",\"schema\":{\"type\":\"object\"}}]");
	assert_string_equal(written(f),
			    HEAD "{\"role\":\"system\",\"content\":\"say \\\"so\\\"\\n\"}," SAID
				 "],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\","
				 "\"description\":\"does\",\"parameters\":{\"type\":\"object\"}}}],"
				 "\"stream\":true,\"options\":{}}");
	f->turn.tools = exs_cstr("[{}]");
	assert_int_equal(write_with(f, 0, 0, "", ""), EXS_INVALID);
}

static void gives_arguments_as_objects_and_results_with_their_tool(void **state)
{
	struct fixture *f = *state;

	f->messages[1] = exs_cstr(CALLING("{\\\"n\\\": 9007199254740993}"));
	f->messages[2] = exs_cstr(results);
	f->turn.message_count = 3;
	assert_string_equal(
		written(f),
		HEAD SAID ",{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"r\",\"tool_"
			  "calls\":[{\"id\":\"c1\","
			  "\"function\":{\"name\":\"f\",\"arguments\":{\"n\": 9007199254740993}}}]}"
			  ",{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"tool_name\":\"f\","
			  "\"content\":\"a\\n\"}"
			  ",{\"role\":\"tool\",\"tool_call_id\":\"c2\",\"tool_name\":\"g\","
			  "\"content\":\"ERROR: no\"}"
			  ",{\"role\":\"tool\",\"tool_call_id\":\"c3\",\"content\":\"OUTCOME "
			  "UNKNOWN: ?\"}" TAIL);
	/* What a model wrote that is no object. */
	f->messages[1] = exs_cstr(CALLING("[1"));
	assert_non_null(strstr(written(f), "\"arguments\":{\"not_an_object\":\"[1\"}"));
	f->messages[1] = exs_cstr(CALLING(""));
	assert_non_null(strstr(written(f), "\"arguments\":{}"));
}

/* Without a call what it thought is over, and stays away. */
static void keeps_the_answers_of_earlier_turns(void **state)
{
	struct fixture *f = *state;

	f->messages[1] = exs_cstr(
		"{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"text\":\"r\"},"
		"{\"type\":\"text\",\"text\":\"one\"},{\"type\":\"text\",\"text\":\"two\"}],"
		"\"calls\":[],\"stop\":\"end\",\"provider\":{\"anthropic\":[]}}");
	f->messages[2] = exs_cstr(USER("more"));
	f->turn.message_count = 3;
	assert_string_equal(written(f),
			    HEAD SAID ",{\"role\":\"assistant\",\"content\":\"one\\ntwo\"},"
				      "{\"role\":\"user\",\"content\":\"more\"}" TAIL);
}

#define IMAGE(mime, data) "{\"type\":\"image\",\"mime\":\"" mime "\",\"data\":\"" data "\"}"

static void shows_images_as_bare_base64(void **state)
{
	struct fixture *f = *state;

	f->messages[0] = exs_cstr(
		"{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"what?\"}," IMAGE(
			"image/png", "aGk=") "," IMAGE("image/gif", "eA==") "]}");
	assert_string_equal(
		written(f), HEAD
		"{\"role\":\"user\",\"content\":\"what?\",\"images\":[\"aGk=\",\"eA==\"]}" TAIL);
	f->messages[0] = exs_cstr("{\"role\":\"user\",\"parts\":[" IMAGE("image/png", "aGk=") "]}");
	assert_string_equal(written(f),
			    HEAD "{\"role\":\"user\",\"content\":\"\",\"images\":[\"aGk=\"]}" TAIL);
}

static void refuses_what_is_not_in_the_neutral_form(void **state)
{
	static const char *const bad[] = {
		"no",
		"{}",
		"{\"role\":\"system\"}",
		"{\"role\":\"tool\"}",
		"{\"role\":\"tool\",\"results\":[{\"id\":\"c1\"}]}",
		"{\"role\":\"assistant\",\"calls\":[{\"id\":\"c1\"}]}",
		"{\"role\":\"assistant\",\"calls\":[{\"id\":\"c1\",\"name\":\"f\",\"arguments\":{}}"
		"]}",
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		f->messages[0] = exs_cstr(bad[i]);
		if (write_with(f, 0, 0, "", "") != EXS_INVALID)
			fail_msg("%s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_the_window_and_the_cap_in_its_options, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(puts_the_system_prompt_first_and_tools_behind,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			gives_arguments_as_objects_and_results_with_their_tool, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keeps_the_answers_of_earlier_turns, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(shows_images_as_bare_base64, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_what_is_not_in_the_neutral_form, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
