/* SPDX-License-Identifier: MIT */
/* test_model_script.c - which turn is played, and what it says or does wrong. */
#include "model_script.h"

/* ---- positions, captures, placeholders ---- */

static const char listed[] = "{\"role\":\"tool\",\"results\":[{\"id\":\"call_1_1\",\"name\":\"list_"
			     "dir\",\"status\":\"ok\","
			     "\"content\":\"abi.h\\nabi.c\\nrun \\\"x\\\".h\\n\"}]}";
static const char read_both[] =
	"{\"role\":\"tool\",\"results\":["
	"{\"id\":\"a\",\"name\":\"read_file\",\"status\":\"ok\",\"content\":\"first\\nleft: "
	"grow\"},"
	"{\"id\":\"b\",\"name\":\"read_file\",\"status\":\"ok\",\"content\":\"left: ${shrink}\"}]}";

static void captures_feed_later_calls_and_the_answer(void **state)
{
	struct fixture *f = *state;

	open_shipped(f, "reviewer.yaml");
	assert_string_equal(
		ask(f, "reviewer"),
		"{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"text\":\"Look "
		"first.\"},"
		"{\"type\":\"text\",\"text\":\"I look first.\"}],\"calls\":[{\"id\":\"call_1_1\","
		"\"name\":\"list_dir\",\"arguments\":\"{\\\"path\\\":\\\".\\\"}\"}],"
		"\"stop\":\"calls\",\"model\":\"reviewer\"}");
	assert_int_equal(f->done.progress.n, 0);
	assert_true(f->done.has_usage && f->done.usage.estimated);
	assert_true(f->done.usage.in_tokens > 30 && f->done.usage.out_tokens > 30);

	hear(f, said);
	hear(f, listed);
	says(f, "reviewer",
	     "\"calls\":[{\"id\":\"call_2_1\",\"name\":\"read_file\",\"arguments\":"
	     "\"{\\\"path\\\":\\\"abi.h\\\",\\\"limit\\\":200,\\\"whole\\\":false}\"},"
	     "{\"id\":\"call_2_2\",\"name\":\"read_file\",\"arguments\":"
	     "\"{\\\"path\\\":\\\"run "
	     "\\\\\\\"x\\\\\\\".h\\\",\\\"limit\\\":200,\\\"whole\\\":false}\"}]");

	hear(f, said);
	hear(f, read_both);
	/* What a tool said is never looked at for placeholders. */
	says(f, "reviewer",
	     "\"text\":\"Asked: what is \\\"there\\\"?. 2 headers, to do: grow; ${shrink}. "
	     "First file: first\\nleft: grow\"");
	assert_non_null(strstr(f->done.out.p, "\"stop\":\"end\""));
	assert_null(strstr(f->done.out.p, "\"calls\""));
}

static void the_position_in_the_messages_selects_the_turn_in_every_instance(void **state)
{
	struct fixture *f = *state;

	hear(f, said);
	hear(f, listed);
	open_shipped(f, "reviewer.yaml");
	says(f, "reviewer", "call_2_2");
	says(f, "reviewer", "call_2_2");
	f->messages[1] = exs_cstr("{ \"stop\": \"end\", \"role\": \"assistant\" }");
	says(f, "reviewer", "call_2_2");
}

static void refuses_a_turn_past_the_last_and_names_script_and_count(void **state)
{
	struct fixture *f = *state;

	hear(f, said);
	open_shipped(f, "behaviour.yaml");
	fails(f, "missing", EXS_INVALID, EXS_CLASS_PERMANENT,
	      "script 'missing' has 1 turns and the conversation asks for turn 2");
}

static void refuses_a_conversation_with_a_call_that_has_no_result(void **state)
{
	struct fixture *f = *state;

	hear(f, "{\"role\":\"assistant\",\"calls\":[{\"id\":\"a\"},{\"id\":\"b\"}]}");
	hear(f, "{\"role\":\"tool\",\"results\":[{\"id\":\"a\",\"content\":\"\"}]}");
	open_shipped(f, "reviewer.yaml");
	fails(f, "reviewer", EXS_INVALID, EXS_CLASS_PERMANENT,
	      "call 'b' of message 2 has no result behind it");
	f->n--;
	fails(f, "reviewer", EXS_INVALID, EXS_CLASS_PERMANENT,
	      "call 'a' of message 2 has no result behind it");
}

static void a_last_turn_with_repeat_is_played_for_ever(void **state)
{
	struct fixture *f = *state;

	hear(f, said);
	hear(f, said);
	hear(f, said);
	open_shipped(f, "reviewer.yaml");
	says(f, "greeter", "Hello. ${this} stays.");
}

static void every_kind_of_capture_finds_its_text(void **state)
{
	struct fixture *f = *state;

	hear(f, said);
	hear(f, "{\"role\":\"tool\",\"results\":["
		"{\"id\":\"1\",\"name\":\"one\",\"status\":\"ok\",\"content\":\"a=1\\nb=two\"},"
		"{\"id\":\"2\",\"name\":\"two\",\"status\":\"error\",\"content\":\"c=33\\nd\"}]}");
	open_shipped(f, "behaviour.yaml");
	says(f, "captures", "\"a=1 33 two a+b+c nobody [a=1\\nb=two\\nc=33\\nd]\"");
	hear(f, said);
	hear(f, "{\"role\":\"tool\",\"results\":[{\"id\":\"3\",\"name\":\"one\",\"content\":\"z="
		"9\"}]}");
	says(f, "captures", "still a=1");
}

static void a_missing_name_is_an_error_that_names_it(void **state)
{
	struct fixture *f = *state;

	open_shipped(f, "behaviour.yaml");
	fails(f, "missing", EXS_INVALID, EXS_CLASS_PERMANENT,
	      "script 'missing', turn 1 (line 4): nothing captured the name 'nothing'");
	fails(f, "no_result", EXS_INVALID, EXS_CLASS_PERMANENT, "before any tool has answered");
}

static void for_each_refuses_more_lines_than_it_may_call(void **state)
{
	struct fixture *f = *state;

	open_shipped(f, "behaviour.yaml");
	ask(f, "too_many");
	assert_int_equal(f->done.status, EXS_OK);
	assert_non_null(strstr(f->done.out.p, "call_1_14"));
	f->messages[0] = exs_cstr("{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":"
				  "\"abcdefghijklmnopq\"}]}");
	fails(f, "too_many", EXS_TOOBIG, EXS_CLASS_PERMANENT, "would make 17 calls, at most 16");
}

static void arguments_keep_their_types_and_escape_what_is_put_in(void **state)
{
	struct fixture *f = *state;

	open_shipped(f, "behaviour.yaml");
	says(f, "json_args",
	     "{\\\"text\\\":\\\"<what is "
	     "\\\\\\\"there\\\\\\\"?>\\\",\\\"n\\\":12345678901234567890,"
	     "\\\"list\\\":[1.5,\\\"1.5\\\",\\\"~\\\",true],\\\"none\\\":null,\\\"deep\\\":{"
	     "\\\"x\\\":{}}}");
	says(f, "json_args",
	     "{\"id\":\"mine\",\"name\":\"b\",\"arguments\":\"{\\\"q\\\": \\\"what is "
	     "\\\\\\\"there\\\\\\\"?\\\"}\"}");
	says(f, "json_args", "\"name\":\"c\",\"arguments\":\"{\\\"broken\"");
	says(f, "json_args", "\"name\":\"d\",\"arguments\":\"{}\"");
}

static void refuses_messages_that_are_not_messages(void **state)
{
	struct fixture *f = *state;

	open_shipped(f, "behaviour.yaml");
	hear(f, "{\"role\":\"nobody\"}");
	fails(f, "soon", EXS_INVALID, EXS_CLASS_PERMANENT, "message 2 of 2 is not a message");
	f->messages[1] = exs_cstr("{\"role\":\"tool\",");
	fails(f, "picky", EXS_INVALID, EXS_CLASS_PERMANENT, "message 2 of 2 is not a message");
}

/* ---- failing ---- */

static void fails_as_often_as_written_then_answers(void **state)
{
	struct fixture *f = *state;

	open_shipped(f, "behaviour.yaml");
	fails(f, "flaky", EXS_AGAIN, EXS_CLASS_LIMIT, "slow down");
	assert_int_equal(f->done.err.retry_after_ms, 2000);
	assert_false(f->done.has_usage);
	says(f, "flaky", "\"now\"");
	f->run = double_run_info("run2");
	fails(f, "flaky", EXS_AGAIN, EXS_CLASS_LIMIT, "slow down");
}

static void fails_with_the_class_status_and_usage_that_stand_there(void **state)
{
	struct fixture *f = *state;
	int i;

	open_shipped(f, "behaviour.yaml");
	for (i = 0; i < 3; i++)
		fails(f, "broken", EXS_IO, EXS_CLASS_TRUNCATED, "fails as it is written");
	assert_int_equal(f->done.usage.in_tokens, 7);
	fails(f, "denied", EXS_DENIED, EXS_CLASS_PERMANENT, "no key");
	fails(f, "half", EXS_IO, EXS_CLASS_TRUNCATED, "the line broke");
	assert_string_equal(f->done.progress.p, "half of an ans");
}

static void an_unknown_script_is_not_found(void **state)
{
	struct fixture *f = *state;
	exs_model_info info = { .size = sizeof info };
	exs_err err = EXS_ERR_INIT;

	open_shipped(f, "behaviour.yaml");
	assert_int_equal(f->model->describe(f->self, "nobody", &info, &err), EXS_NOTFOUND);
	assert_non_null(strstr(err.text, "'nobody'"));
	assert_int_equal(info.context_tokens, 0);
	assert_int_equal(f->model->describe(f->self, "soon", &info, &err), EXS_OK);
	assert_int_equal(info.context_tokens, 100000);
	fails(f, "nobody", EXS_NOTFOUND, EXS_CLASS_NO_MODEL, "'nobody'");
}

static void a_file_with_one_script_answers_to_every_name(void **state)
{
	static const char text[] = "turns:\n  - say: hi\n";
	struct fixture *f = *state;
	exs_err err = EXS_ERR_INIT;

	assert_int_equal(open_text(f, text, sizeof text - 1, &err), EXS_OK);
	f->model = f->battery->port(f->self, EXS_PORT_MODEL);
	assert_null(f->battery->port(f->self, "executus.tool/1"));
	says(f, "anything", "\"hi\"");
	says(f, "", "\"hi\"");
	hear(f, said);
	fails(f, "", EXS_INVALID, EXS_CLASS_PERMANENT, "script 'script.yaml' has 1 turns");
}

static void expectations_that_do_not_hold_say_what_was_seen(void **state)
{
	struct fixture *f = *state;

	open_shipped(f, "behaviour.yaml");
	fails(f, "picky", EXS_INVALID, EXS_CLASS_PERMANENT,
	      "expected 'never said' in the newest message and saw 'what is \"there\"?'");
	says(f, "picky_system", "fine");
	says(f, "picky_tools", "fine");
}

static exs_status ask_with(struct fixture *f, const char *script, const char *system,
			   const char *tools)
{
	exs_turn t = turn_of(f, script);

	t.system = exs_cstr(system);
	t.tools = exs_cstr(tools);
	double_done_release(&f->done);
	double_done_init(&f->done, EXS_TURN_ANSWER_MAX);
	f->model->turn(f->self, &t, NULL, f->done.done);
	assert_true(double_done_wait(&f->done, WAIT_MS));
	return f->done.status;
}

static void expectations_of_system_and_tools_can_fail(void **state)
{
	struct fixture *f = *state;

	open_shipped(f, "behaviour.yaml");
	assert_int_equal(ask_with(f, "picky_system", "Be long.", "[]"), EXS_INVALID);
	assert_non_null(strstr(f->done.err.text,
			       "expected '^You are' in the system prompt and saw 'Be long.'"));
	assert_int_equal(ask_with(f, "picky_tools", "", "[{\"name\":\"list_dir\"}]"), EXS_INVALID);
	assert_non_null(strstr(f->done.err.text,
			       "expected the tool 'read_file' and was offered 'list_dir'"));
	assert_int_equal(
		ask_with(f, "picky_tools", "",
			 "[{\"name\":\"list_dir\"},{\"name\":\"read_file\"},{\"name\":\"rm\"}]"),
		EXS_INVALID);
	assert_non_null(strstr(f->done.err.text, "expected 2 tools and was offered 3"));
	assert_int_equal(ask_with(f, "picky_tools", "", "{"), EXS_INVALID);
	assert_non_null(strstr(f->done.err.text, "not a JSON array"));
}

/* ---- misbehaving ---- */

static void puts_raw_bytes_as_they_are(void **state)
{
	struct fixture *f = *state;

	open_shipped(f, "behaviour.yaml");
	assert_string_equal(ask(f, "garbage"), "{\"role\": 12");
	assert_int_equal(f->done.status, EXS_OK);
}

static void ends_twice_lies_and_stops_as_written(void **state)
{
	struct fixture *f = *state;

	open_shipped(f, "behaviour.yaml");
	ask(f, "twice");
	assert_int_equal(f->done.ends, 2);
	assert_int_equal(f->done.status, EXS_OK);
	ask(f, "liar");
	assert_int_equal(f->done.status, 99);
	says(f, "cut", "\"stop\":\"length\"");
	assert_int_equal(f->done.usage.estimated, 0);
	assert_int_equal(f->done.usage.in_tokens, 100);
	assert_int_equal(f->done.usage.out_tokens, 20);
	assert_int_equal(f->done.usage.cache_read_tokens, 40);
	assert_int_equal(f->done.usage.cache_write_tokens, 5);
	assert_int_equal(f->done.usage.reasoning_tokens, 6);
	assert_int_equal(f->done.usage.cost_micro, 7);
}

static void tells_when_the_host_takes_no_answer_of_that_size(void **state)
{
	struct fixture *f = *state;
	exs_turn t = turn_of(f, "soon");

	open_shipped(f, "behaviour.yaml");
	double_done_release(&f->done);
	double_done_init(&f->done, 8);
	f->model->turn(f->self, &t, NULL, f->done.done);
	assert_true(double_done_wait(&f->done, WAIT_MS));
	assert_int_equal(f->done.status, EXS_TOOBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(captures_feed_later_calls_and_the_answer),
		T(the_position_in_the_messages_selects_the_turn_in_every_instance),
		T(refuses_a_turn_past_the_last_and_names_script_and_count),
		T(refuses_a_conversation_with_a_call_that_has_no_result),
		T(a_last_turn_with_repeat_is_played_for_ever),
		T(every_kind_of_capture_finds_its_text),
		T(a_missing_name_is_an_error_that_names_it),
		T(for_each_refuses_more_lines_than_it_may_call),
		T(arguments_keep_their_types_and_escape_what_is_put_in),
		T(refuses_messages_that_are_not_messages),
		T(fails_as_often_as_written_then_answers),
		T(fails_with_the_class_status_and_usage_that_stand_there),
		T(an_unknown_script_is_not_found),
		T(a_file_with_one_script_answers_to_every_name),
		T(expectations_that_do_not_hold_say_what_was_seen),
		T(expectations_of_system_and_tools_can_fail),
		T(puts_raw_bytes_as_they_are),
		T(ends_twice_lies_and_stops_as_written),
		T(tells_when_the_host_takes_no_answer_of_that_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
