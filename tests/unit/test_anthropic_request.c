/* SPDX-License-Identifier: MIT */
/* test_anthropic_request.c - the neutral form becomes a request of the Messages API: turns in
 * turns, results first, thinking back in its place, and nothing that the API refuses. */
#include "../../plugins/model_anthropic/request.h"

#define FIXTURE_OWN struct anthropic own; const char *extra;
#include "unit/request_kit.h"

#include "../../plugins/model_anthropic/content.c"
#include "../../plugins/model_anthropic/request.c"

#define PART(t)	    "{\"type\":\"text\",\"text\":\"" t "\"}"
#define SAID(t)	    "{\"role\":\"assistant\",\"parts\":[" PART(t) "],\"stop\":\"end\"}"
#define HEAD	    "{\"model\":\"m\",\"max_tokens\":4096,\"messages\":["
#define BY(who, in) "{\"content\":[" in "],\"role\":\"" who "\"}"
#define MARK	    ",\"cache_control\":{\"type\":\"ephemeral\"}"

#define CALL(id, name, args) "{\"id\":\"" id "\",\"name\":\"" name "\",\"arguments\":\"" args "\"}"
#define CALLING(calls)                                                                             \
	"{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"text\":\"r\"}],\"calls\":"   \
	"[" calls "],\"stop\":\"calls\"}"
#define USE(id, name, in)                                                                          \
	"{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"" name "\",\"input\":" in "}"
#define RESULT(id, status, content)                                                                \
	"{\"id\":\"" id "\",\"name\":\"f\",\"status\":\"" status "\",\"content\":\"" content "\"}"
#define TOOL(results)	    "{\"role\":\"tool\",\"results\":[" results "]}"
#define GIVES(id, rest)	    "{\"type\":\"tool_result\",\"tool_use_id\":\"" id "\"" rest "}"
#define FAILS(id, content)  GIVES(id, ",\"is_error\":true,\"content\":\"" content "\"")
#define WORKED(id, content) GIVES(id, ",\"content\":\"" content "\"")

static int set_up(void **state)
{
	struct fixture *f = fixture_new();

	f->own = (struct anthropic){ 4096, true };
	f->extra = "";
	f->turn.message_count = 0;
	*state = f;
	return 0;
}

static exs_status try(struct fixture *f, uint32_t flags)
{
	struct settings set = { .own = &f->own, .extra = (char *)(uintptr_t)f->extra };

	return write_of(f, &set, flags);
}

static const char *written(struct fixture *f, uint32_t flags)
{
	return sound(f, try(f, flags));
}

/* A transcript of its own, ended by NULL. */
static void tell(struct fixture *f, const char *const *messages)
{
	f->turn.transcript_id++;
	for (f->turn.message_count = 0; messages[f->turn.message_count]; f->turn.message_count++)
		f->messages[f->turn.message_count] = exs_cstr(messages[f->turn.message_count]);
}

#define TELL(f, ...) tell(f, (const char *const[]){ __VA_ARGS__, NULL })

static void writes_system_prompt_cap_and_stream(void **state)
{
	struct fixture *f = *state;

	TELL(f, USER("hi"));
	assert_string_equal(written(f, 0), HEAD BY("user", PART("hi")) "]}");
	f->turn.system = exs_cstr("say \"so\"\n");
	f->turn.max_tokens = 50;
	f->extra = ",\"top_k\":1";
	assert_string_equal(
		written(f, REQUEST_STREAM),
		"{\"model\":\"m\",\"max_tokens\":50,\"system\":\"say \\\"so\\\"\\n\","
		"\"messages\":[" BY("user", PART("hi")) "],\"stream\":true,\"top_k\":1}");
}

static void shows_images_and_marks_the_last_for_the_cache(void **state)
{
	struct fixture *f = *state;

#define IMAGE "{\"type\":\"image\",\"mime\":\"image/png\",\"data\":\"aGk=\"}"
#define SEEN  "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"aGk=\"}"
	TELL(f, "{\"role\":\"user\",\"parts\":[" PART("a") "," IMAGE "," PART(" ") "," IMAGE "]}");
	assert_string_equal(written(f, 0), HEAD BY("user", PART("a") "," SEEN "}," SEEN "}") "]}");
	assert_string_equal(written(f, REQUEST_CACHE),
			    HEAD BY("user", PART("a") "," SEEN "}," SEEN MARK "}") "]}");
	TELL(f, "{\"role\":\"user\",\"parts\":[" IMAGE "]}");
	assert_string_equal(written(f, 0), HEAD BY("user", SEEN "}") "]}");
#undef IMAGE
#undef SEEN
}

static void writes_tools_with_their_schema(void **state)
{
	struct fixture *f = *state;

	TELL(f, USER("hi"));
	f->turn.tools =
		exs_cstr("[{\"name\":\"f\",\"description\":\"d\",\"schema\":{\"type\":\"object\"}},"
			 "{\"name\":\"g\"}]");
	assert_non_null(strstr(written(f, 0),
			       "\"tools\":[{\"name\":\"f\",\"description\":\"d\",\"input_schema\":{"
			       "\"type\":\"object\"}},{\"name\":\"g\",\"input_schema\":{\"type\":"
			       "\"object\",\"properties\":{}}}],\"messages\""));
	f->turn.tools = exs_cstr("[{}]");
	assert_int_equal(try(f, 0), EXS_INVALID);
}

static void merges_what_one_role_says_and_puts_results_first(void **state)
{
	struct fixture *f = *state;

	TELL(f, USER("a"), USER("b"), CALLING(CALL("c1", "f", "{\\\"n\\\": 9007199254740993}")),
	     TOOL(RESULT("c1", "ok", "x\\n") "," RESULT("c2", "ok", "")), USER("steer"),
	     USER("more"), SAID("one"), SAID("two"));
	assert_string_equal(
		written(f, 0),
		HEAD BY("user", PART("a") "," PART("b")) "," BY("assistant", USE("c1", "f", "{\"n\": 9007199254740993}")) "," BY(
			"user",
			WORKED("c1", "x\\n") "," WORKED("c2", "") "," PART("steer") "," PART(
				"more")) "," BY("assistant", PART("one") "," PART("two")) "]}");
}

static void shows_failed_calls_as_errors(void **state)
{
	struct fixture *f = *state;

	TELL(f, USER("a"), CALLING(CALL("c1", "f", "{}")),
	     TOOL(RESULT("c1", "denied", "no") "," RESULT("c2", "in_doubt", "?") "," RESULT(
		     "c3", "error", "") "," RESULT("c4", "skipped", "s")));
	assert_non_null(strstr(written(f, 0),
			       FAILS("c1", "no") "," FAILS("c2", "OUTCOME UNKNOWN: ?") "," FAILS(
				       "c3", "error") "," FAILS("c4", "s")));
}

static void leaves_out_texts_that_say_nothing(void **state)
{
	struct fixture *f = *state;

	TELL(f, USER(""), USER("a"), SAID(" \\n\\t"), USER("b"),
	     "{\"role\":\"assistant\",\"parts\":[],\"stop\":\"end\"}");
	assert_string_equal(
		written(f, REQUEST_CACHE),
		HEAD BY("user", PART("a") ",{\"type\":\"text\",\"text\":\"b\"" MARK "}") "]}");
}

static void brings_what_the_api_refuses_into_shape(void **state)
{
	struct fixture *f = *state;

	/* ids and names of another dialect, arguments that a model wrote badly */
	TELL(f, USER("a"),
	     CALLING(CALL("functions.f:0", "a.b", "") "," CALL("c2", "f", "[1,2]") "," CALL(
		     "c3", "f",
		     "{\\\"p\\\":") "," CALL("c4", "f",
					     "{\\\"p\\\":\\\"\\\\ud83d\\\"}") "," CALL("c5", "f",
										       "{\\\"\\\\u0"
										       "000\\\":"
										       "1}")),
	     TOOL(RESULT("functions.f:0", "ok", "x")));
	(void)written(f, 0);
	assert_non_null(strstr(f->out.mem.p, USE("functions_f_0", "a_b", "{}")));
	assert_non_null(strstr(f->out.mem.p, USE("c2", "f", "{\"not_an_object\":\"[1,2]\"}")));
	assert_non_null(strstr(f->out.mem.p, "{\"not_an_object\":\"{\\\"p\\\":\"}"));
	assert_non_null(
		strstr(f->out.mem.p, "{\"not_an_object\":\"{\\\"p\\\":\\\"\\\\ud83d\\\"}\"}"));
	assert_non_null(strstr(f->out.mem.p, "{\"not_an_object\":\"{\\\"\\\\u0000\\\":1}\"}"));
	assert_non_null(strstr(f->out.mem.p, WORKED("functions_f_0", "x")));
	/* good escapes stay what they are */
	TELL(f, USER("a"), CALLING(CALL("c1", "f", "{\\\"p\\\":\\\"\\\\ud83d\\\\ude00\\\"}")));
	assert_non_null(strstr(written(f, 0), "\"input\":{\"p\":\"\\ud83d\\ude00\"}"));
}

static void cuts_a_name_to_what_the_api_takes(void **state)
{
	struct fixture *f = *state;
	char message[512], name[101], want[160];

	memset(name, 'n', 100);
	name[100] = '\0';
	snprintf(message, sizeof message,
		 "{\"role\":\"assistant\",\"calls\":[{\"id\":\"c\",\"name\":\"%s\",\"arguments\":"
		 "\"\"}]}",
		 name);
	snprintf(want, sizeof want, "\"name\":\"%.64s\"", name);
	TELL(f, USER("a"), message);
	assert_non_null(strstr(written(f, 0), want));
}

/* ---- thinking ---- */

#define THOUGHT "{\"type\":\"thinking\",\"thinking\":\"h\",\"signature\":\"s=\"}"
#define HIDDEN	"{\"type\":\"redacted_thinking\",\"data\":\"enc\"}"
#define KEPT(text, calls, blocks)                                                                  \
	"{\"role\":\"assistant\",\"parts\":[" PART(text) "],\"calls\":[" calls                     \
							 "],\"provider\":{\"anthropic\":[" blocks  \
							 "]}}"
#define NEXT(n) "{\"type\":\"text\",\"bytes\":" n "}"
#define CALLED	"{\"type\":\"tool_use\"}"

static void sends_thinking_back_unchanged_and_in_its_place(void **state)
{
	struct fixture *f = *state;

	TELL(f, USER("a"),
	     KEPT("one\xc3\xa9two", CALL("c1", "f", "{}") "," CALL("c2", "g", "{}"),
		  THOUGHT "," NEXT("5") "," HIDDEN "," CALLED "," THOUGHT
					"," NEXT("3") "," CALLED));
	assert_non_null(strstr(
		written(f, REQUEST_THINKING),
		BY("assistant",
		   THOUGHT "," PART("one\xc3\xa9") "," HIDDEN "," USE(
			   "c1", "f", "{}") "," THOUGHT "," PART("two") "," USE("c2", "g", "{}"))));
	/* a server refused it: the same without */
	assert_non_null(strstr(written(f, 0),
			       BY("assistant", PART("one\xc3\xa9two") "," USE(
						       "c1", "f", "{}") "," USE("c2", "g", "{}"))));
	/* and with it again: each has its own place in the cache */
	assert_non_null(strstr(written(f, REQUEST_THINKING), HIDDEN));
}

static void blocks_that_do_not_fit_the_message_lose_nothing(void **state)
{
	struct fixture *f = *state;

	/* half a character, more calls than there are, no names for the rest */
	TELL(f, USER("a"),
	     KEPT("x\xc3\xa9y", CALL("c1", "f", "{}"),
		  THOUGHT "," NEXT("2") ",{\"type\":\"from_the_future\"},7," CALLED "," CALLED
					"," NEXT("99")));
	assert_non_null(strstr(written(f, REQUEST_THINKING),
			       BY("assistant", THOUGHT
				  "," PART("x") "," USE("c1", "f", "{}") "," PART("\xc3\xa9y"))));
	TELL(f, USER("a"), KEPT("x", CALL("c1", "f", "{}"), THOUGHT));
	assert_non_null(strstr(written(f, REQUEST_THINKING),
			       BY("assistant", THOUGHT "," PART("x") "," USE("c1", "f", "{}"))));
}

static void no_message_ends_in_thinking(void **state)
{
	struct fixture *f = *state;

	TELL(f, USER("a"), KEPT("x", "", THOUGHT "," NEXT("1") "," THOUGHT "," HIDDEN), USER("b"),
	     KEPT(" ", "", THOUGHT "," NEXT("1")), USER("c"));
	assert_string_equal(
		written(f, REQUEST_THINKING),
		HEAD BY("user", PART("a")) "," BY("assistant", THOUGHT "," PART("x")) "," BY(
			"user", PART("b") "," PART("c")) "]}");
}

static void what_another_battery_kept_is_passed_over(void **state)
{
	struct fixture *f = *state;

	TELL(f, USER("a"),
	     "{\"role\":\"assistant\",\"parts\":[" PART(
		     "x") "],\"provider\":{\"openai_responses\":[\"text\"]}}");
	assert_non_null(strstr(written(f, REQUEST_THINKING), BY("assistant", PART("x"))));
}

/* ---- the server's cache, and ours ---- */

static void marks_prompt_and_last_block_for_the_cache(void **state)
{
	struct fixture *f = *state;

	f->turn.system = exs_cstr("s");
	TELL(f, USER("a"), CALLING(CALL("c1", "f", "{}")), TOOL(RESULT("c1", "ok", "x")));
	(void)written(f, REQUEST_CACHE);
	assert_non_null(
		strstr(f->out.mem.p, "\"system\":[{\"type\":\"text\",\"text\":\"s\"" MARK "}]"));
	assert_non_null(strstr(f->out.mem.p, "\"content\":\"x\"" MARK "}],\"role\":\"user\"}]}"));
	/* the next turn marks its own end alone */
	f->messages[f->turn.message_count++] = exs_cstr(USER("b"));
	(void)written(f, REQUEST_CACHE);
	assert_non_null(
		strstr(f->out.mem.p, WORKED("c1", "x") ",{\"type\":\"text\",\"text\":\"b\"" MARK));
	f->own.cache = false;
	assert_null(strstr(written(f, REQUEST_CACHE), "cache_control"));
}

/* Of a history that is sent from the cache's entry the end is cut off for the mark. */
static void marks_the_end_of_a_long_history(void **state)
{
	static char message[3 * BODY_KEPT_MAX], letters[2 * BODY_KEPT_MAX];
	struct fixture *f = *state;
	const char *out;

	memset(letters, 'z', sizeof letters - 1);
	snprintf(message, sizeof message, USER("%s"), letters);
	TELL(f, message);
	out = written(f, REQUEST_CACHE);
	assert_int_equal(strspn(strchr(out, 'z'), "z"), sizeof letters - 1);
	assert_non_null(strstr(out, "[{\"content\":[{\"type\":\"text\",\"text\":\"zzz"));
	assert_non_null(strstr(out, "zzz\"" MARK "}],\"role\":\"user\"}]}"));
}

/* Neutral messages of every kind, in any order that a transcript may have. */
static const char *const kinds[] = {
	USER("q"),
	USER(""),
	"{\"role\":\"user\",\"parts\":[" PART("],\\\"role\\\":\\\"user\\\"}") "," PART("2") "]}",
	SAID("],\\\"role\\\":\\\"assistant\\\"}"),
	SAID(""),
	CALLING(CALL("c1", "f", "{\\\"a\\\":[1,2]}") "," CALL("c2", "f", "no")),
	KEPT("one\xc3\xa9", CALL("c1", "f", ""), THOUGHT "," NEXT("3") "," HIDDEN "," CALLED),
	TOOL(RESULT("c1", "ok", "x") "," RESULT("c2", "in_doubt", "")),
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static void roles_alternate(const char *request)
{
	exs_str messages = { 0 }, key, message, role = { 0 };
	struct scan_iter it;
	bool user = false;
	size_t n = 0;

	assert_true(scan_get(exs_cstr(request), "messages", &messages));
	scan_begin(&it, messages);
	while (scan_next(&it, &key, &message)) {
		assert_true(scan_get(message, "role", &role));
		assert_true(n++ == 0 || user != scan_is(role, "user"));
		user = scan_is(role, "user");
	}
}

static void a_transcript_that_grew_is_written_as_one_that_is_new(void **state)
{
	static const uint32_t flags[] = { 0, REQUEST_CACHE, REQUEST_THINKING,
					  REQUEST_CACHE | REQUEST_THINKING };
	struct fixture *f = *state;
	uint64_t grown = 1000, fresh = 1000000;
	unsigned seed = 1, round, i;
	char *want;

	for (round = 0; round < 300; round++, grown++) {
		for (i = 0; i < MESSAGES_MAX; i++) {
			seed = seed * 1103515245u + 12345u;
			f->messages[i] = exs_cstr(kinds[(seed >> 16) % KINDS]);
		}
		/* as turns do: some messages more each time */
		for (i = 1; i <= MESSAGES_MAX; i += 1 + seed % 3) {
			f->turn.message_count = i;
			f->turn.transcript_id = fresh++;
			want = strdup(written(f, flags[round % 4]));
			roles_alternate(want);
			f->turn.transcript_id = grown;
			assert_string_equal(written(f, flags[round % 4]), want);
			free(want);
		}
	}
}

static void refuses_a_message_that_is_not_neutral(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{\"role\":\"king\"}",
		"{\"role\":\"tool\"}",
		"{\"role\":\"assistant\",\"calls\":[{\"id\":\"a\"}]}",
		CALLING(CALL("", "f", "")),
		CALLING(CALL("a", "", "")),
		"{\"role\":\"assistant\",\"calls\":[{\"id\":\"a\",\"name\":\"f\",\"arguments\":{}}]"
		"}",
		KEPT("x", "{\"id\":1}", CALLED),
		TOOL("{\"id\":\"a\"}"),
		TOOL("{\"id\":\"a\",\"status\":7}"),
		TOOL("{\"id\":7,\"status\":\"ok\"}"),
		TOOL("{\"id\":\"a\",\"status\":\"ok\",\"content\":{}}"),
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		TELL(f, USER("a"), bad[i]);
		assert_int_equal(try(f, REQUEST_THINKING), EXS_INVALID);
		assert_non_null(strstr(f->err.text, "message 2 "));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(writes_system_prompt_cap_and_stream),
		T(shows_images_and_marks_the_last_for_the_cache),
		T(writes_tools_with_their_schema),
		T(merges_what_one_role_says_and_puts_results_first),
		T(shows_failed_calls_as_errors),
		T(leaves_out_texts_that_say_nothing),
		T(brings_what_the_api_refuses_into_shape),
		T(cuts_a_name_to_what_the_api_takes),
		T(sends_thinking_back_unchanged_and_in_its_place),
		T(blocks_that_do_not_fit_the_message_lose_nothing),
		T(no_message_ends_in_thinking),
		T(what_another_battery_kept_is_passed_over),
		T(marks_prompt_and_last_block_for_the_cache),
		T(marks_the_end_of_a_long_history),
		T(a_transcript_that_grew_is_written_as_one_that_is_new),
		T(refuses_a_message_that_is_not_neutral),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
