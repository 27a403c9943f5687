/* SPDX-License-Identifier: MIT */
/* test_responses_request.c - the neutral form becomes items, and what an answer kept goes back in
 * its place. */
#include "unit/request_kit.h"

#include "../../plugins/common_model/calls.c"
#include "../../plugins/model_openai_responses/items.c"
#include "../../plugins/model_openai_responses/request.c"

/* Items.c reads answers too; nothing here does. */
exs_status answer_status(const struct answer *a)
{
	return a->text.status;
}

#define ITEM(type) "{\"type\":\"" type "\","
#define INPUT(t)                                                                                   \
	ITEM("message")                                                                            \
	"\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"" t "\"}]}"
#define SAID(t)                                                                                    \
	ITEM("message")                                                                            \
	"\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":\"" t "\"}]}"
#define CALL(id, args)                                                                             \
	ITEM("function_call") "\"call_id\":\"" id "\",\"name\":\"f\",\"arguments\":\"" args "\"}"
#define OUTPUT(id, t) ITEM("function_call_output") "\"call_id\":\"" id "\",\"output\":\"" t "\"}"
#define HEAD	      "{\"model\":\"m\",\"store\":false,"
#define BIG	      "{\\\"n\\\": 9007199254740993}"

#define ANSWER(provider)                                                                           \
	"{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"text\":\"r\"},{\"type\":"    \
	"\"text\",\"text\":\"a\"}],\"calls\":[{\"id\":\"c1\",\"name\":\"f\",\"arguments\":\"" BIG  \
	"\"},{\"id\":\"c2\",\"name\":\"f\",\"arguments\":\"{}\"}],\"stop\":\"calls\"" provider "}"
#define KEPT(entries) ANSWER(",\"provider\":{\"openai_responses\":[" entries "]}")
#define PLAIN	      SAID("a") "," CALL("c1", BIG) "," CALL("c2", "{}")

static const char results[] =
	"{\"role\":\"tool\",\"results\":[{\"id\":\"c1\",\"name\":\"f\",\"status\":\"ok\","
	"\"content\":\"a\\n\"},"
	"{\"id\":\"c2\",\"name\":\"f\",\"status\":\"denied\",\"content\":\"no\"},"
	"{\"id\":\"c3\",\"name\":\"f\",\"status\":\"in_doubt\",\"content\":\"?\"}]}";

static int set_up(void **state)
{
	struct fixture *f = fixture_new();

	f->messages[1] = exs_cstr(ANSWER(""));
	f->messages[2] = exs_cstr(results);
	*state = f;
	return 0;
}

static exs_status write_with(struct fixture *f, uint32_t flags, const char *extra)
{
	struct settings set = { .extra = (char *)(uintptr_t)extra };

	return write_of(f, &set, flags);
}

static const char *written(struct fixture *f, uint32_t flags, const char *extra)
{
	return sound(f, write_with(f, flags, extra));
}

static void is_stateless_and_asks_for_what_it_sends_back(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(written(f, 0, ""), HEAD "\"input\":[" INPUT("hi") "]}");
	f->turn.system = exs_cstr("say \"so\"\n");
	f->turn.max_tokens = 50;
	assert_string_equal(
		written(f, REQUEST_STREAM | REQUEST_ENCRYPTED | REQUEST_ITEMS, ",\"top_p\":1"),
		HEAD "\"include\":[\"reasoning.encrypted_content\"],\"instructions\":\"say "
		     "\\\"so\\\"\\n\",\"input\":[" INPUT(
			     "hi") "],\"stream\":true,\"max_output_tokens\":50,\"top_p\":1}");
}

static void writes_items_and_keeps_argument_bytes(void **state)
{
	struct fixture *f = *state;

	f->turn.message_count = 3;
	assert_string_equal(written(f, REQUEST_ITEMS, ""), HEAD
			    "\"input\":[" INPUT("hi") "," PLAIN "," OUTPUT("c1", "a\\n") "," OUTPUT(
				    "c2", "ERROR: no") "," OUTPUT("c3", "OUTCOME UNKNOWN: ?") "]}");
	f->turn.message_count = 1;
	f->turn.transcript_id++;
	f->messages[0] =
		exs_cstr("{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"a\"},"
			 "{\"type\":\"x\"},{\"type\":\"text\",\"text\":\"b\"}]}");
	assert_non_null(strstr(written(f, 0, ""), "{\"type\":\"input_text\",\"text\":\"a\"},"
						  "{\"type\":\"input_text\",\"text\":\"b\"}]"));
}

static void shows_images_of_users_alone(void **state)
{
	struct fixture *f = *state;

#define IMAGE "{\"type\":\"image\",\"mime\":\"image/png\",\"data\":\"aGk=\"}"
#define SEEN  "{\"type\":\"input_image\",\"detail\":\"auto\",\"image_url\":\"data:image/png;base64,aGk=\"}"
	f->messages[0] = exs_cstr("{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"a\"}," IMAGE "]}");
	assert_non_null(strstr(written(f, 0, ""),
			       "[{\"type\":\"input_text\",\"text\":\"a\"}," SEEN "]}]}"));
	f->turn.transcript_id++;
	f->messages[0] = exs_cstr("{\"role\":\"user\",\"parts\":[" IMAGE "," IMAGE "]}");
	assert_non_null(strstr(written(f, 0, ""), "\"content\":[" SEEN "," SEEN "]}]}"));
	f->turn.transcript_id++;
	f->messages[0] = exs_cstr("{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"a\"}," IMAGE "]}");
	assert_string_equal(written(f, 0, ""), HEAD "\"input\":[" SAID("a") "]}");
#undef IMAGE
#undef SEEN
}

static void writes_flat_tools_that_are_not_strict(void **state)
{
	struct fixture *f = *state;

	f->turn.tools =
		exs_cstr("[{\"name\":\"f\",\"description\":\"d\",\"schema\":{\"type\":\"object\"}},"
			 "{\"name\":\"g\"}]");
	assert_non_null(strstr(
		written(f, 0, ""),
		",\"tools\":[{\"type\":\"function\",\"name\":\"f\",\"description\":\"d\","
		"\"parameters\":{\"type\":\"object\"},\"strict\":false},{\"type\":\"function\","
		"\"name\":\"g\",\"parameters\":{\"type\":\"object\",\"properties\":{}},"
		"\"strict\":false}]}"));
	f->turn.tools = exs_cstr("[{\"name\":null}]");
	assert_int_equal(write_with(f, 0, ""), EXS_INVALID);
}

/* What `message` becomes, as part of a request. */
static const char *becomes(struct fixture *f, uint32_t flags, const char *message)
{
	f->turn.transcript_id++;
	f->turn.message_count = 2;
	f->messages[1] = exs_cstr(message);
	return written(f, flags, "");
}

#define WITH(items) HEAD "\"input\":[" INPUT("hi") "," items "]}"

static void sends_kept_items_back_in_their_place(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(
		becomes(f, REQUEST_ITEMS,
			KEPT("\"{\\\"e\\\":\\\"x\\\\u0041\\\", \\\"n\\\":1.0}\",\"call\","
			     "\"{\\\"e\\\":2}\",\"text\",\"call\"")),
		WITH("{\"e\":\"x\\u0041\", \"n\":1.0}," CALL("c1", BIG) ",{\"e\":2}," SAID(
			"a") "," CALL("c2", "{}")));
	/* unless the server refused such items */
	assert_string_equal(becomes(f, 0, KEPT("\"{\\\"e\\\":1}\",\"text\",\"call\",\"call\"")),
			    WITH(PLAIN));
}

static void passes_over_what_does_not_fit_the_message(void **state)
{
	static const char *const others[] = {
		ANSWER(",\"provider\":{}"),
		ANSWER(",\"provider\":{\"openai_responses\":7}"),
		ANSWER(",\"provider\":{\"of_another\":[\"call\"]}"),
		KEPT("\"text\",\"call\""),
		KEPT("\"text\",\"call\",\"call\",\"call\""),
		KEPT("\"text\",\"call\",\"call\",\"other\""),
		KEPT("\"text\",\"call\",\"call\",\"{\""),
		KEPT("\"text\",\"call\",\"call\",\"{} {}\""),
		KEPT("\"text\",\"call\",\"call\",\"[1]\""),
		KEPT("\"text\",\"call\",\"call\",\"\""),
		KEPT("\"text\",\"call\",\"call\",{\"e\":1}"),
		KEPT("\"text\",\"call\",\"call\",null"),
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_string_equal(becomes(f, REQUEST_ITEMS, others[i]), WITH(PLAIN));
}

/* The server refused the items of others in the middle of a run. */
static void both_forms_of_a_transcript_are_kept_apart(void **state)
{
	struct fixture *f = *state;

	f->turn.message_count = 2;
	f->messages[1] = exs_cstr(KEPT("\"{\\\"e\\\":1}\",\"text\",\"call\",\"call\""));
	assert_non_null(strstr(written(f, REQUEST_ITEMS, ""), "{\"e\":1}"));
	assert_null(strstr(written(f, 0, ""), "{\"e\":1}"));
	f->messages[0] = f->messages[1] = exs_cstr("not read again");
	assert_null(strstr(written(f, 0, ""), "{\"e\":1}"));
	assert_non_null(strstr(written(f, REQUEST_ITEMS, ""), "{\"e\":1}"));
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
		"{\"role\":\"assistant\",\"calls\":[{\"id\":\"a\"}],\"provider\":"
		"{\"openai_responses\":[\"call\"]}}",
		"{\"role\":\"tool\",\"results\":[{\"id\":\"a\"}]}",
		"{\"role\":\"tool\",\"results\":[{\"id\":\"a\",\"status\":\"ok\",\"content\":1}]}"
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		f->messages[0] = exs_cstr(bad[i]);
		assert_int_equal(write_with(f, REQUEST_ITEMS, ""), EXS_INVALID);
		assert_non_null(strstr(f->err.text, "message 1 "));
	}
}

static void knows_what_a_server_refuses(void **state)
{
	static const struct {
		long http;
		const char *body;
		uint32_t flags;
	} refusals[] = {
		{ 400, "{\"error\":{\"param\":\"include\"}}", REQUEST_ENCRYPTED },
		{ 422, "{\"detail\":[{\"loc\":[\"body\",\"include\"]}]}", REQUEST_ENCRYPTED },
		{ 400, "no such value: reasoning.encrypted_content", REQUEST_ENCRYPTED },
		{ 400, "{\"error\":{\"code\":\"invalid_encrypted_content\"}}", REQUEST_ITEMS },
		{ 500, "{\"error\":{\"param\":\"include\"}}", 0 },
		{ 400, "{\"error\":{\"param\":\"input\"}}", 0 },
		{ 400, "", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
		assert_int_equal(request_refused(refusals[i].http, exs_cstr(refusals[i].body)),
				 refusals[i].flags);
}

static void says_when_a_request_is_too_big(void **state)
{
	struct fixture *f = *state;

	text_init(&f->body.text, 64);
	assert_int_equal(write_with(f, 0, ""), EXS_TOOBIG);
	assert_non_null(strstr(f->err.text, "the request is over"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		T(is_stateless_and_asks_for_what_it_sends_back),
		T(writes_items_and_keeps_argument_bytes),
		T(shows_images_of_users_alone),
		T(writes_flat_tools_that_are_not_strict),
		T(sends_kept_items_back_in_their_place),
		T(passes_over_what_does_not_fit_the_message),
		T(both_forms_of_a_transcript_are_kept_apart),
		T(refuses_a_message_that_is_not_neutral),
		T(knows_what_a_server_refuses),
		T(says_when_a_request_is_too_big),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
