/* SPDX-License-Identifier: MIT */
/*
 * port_model.c - the contract of the model port, held against any battery that fills it.
 *
 * The battery is set up so that every turn is answered well. @model=NAME is the model that is
 * asked.
 */
#include "conformance/subject.h"

#include <executus/port/model.h>

#include "base/cancel.h"
#include "base/json.h"

#define CROWD	50
#define WAIT_MS 20000

static struct subject subject;

struct asked {
	exs_turn turn;
	exs_run_info run;
	exs_str message;
	struct cancel *token;
	struct double_done done;
};

static void prepare(struct asked *a, uint64_t transcript)
{
	memset(a, 0, sizeof *a);
	a->run = double_run_info("run-1");
	a->message =
		exs_cstr("{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"hello\"}]}");
	a->turn = (exs_turn){ .size = sizeof a->turn,
			      .step = 1,
			      .run = &a->run,
			      .model = subject_word(&subject, "model", "default"),
			      .system = exs_cstr("Be brief."),
			      .messages = &a->message,
			      .message_count = 1,
			      .transcript_id = transcript,
			      .tools = exs_cstr("[]") };
	a->token = cancel_new(NULL);
	assert_non_null(a->token);
	double_done_init(&a->done, EXS_TURN_ANSWER_MAX);
}

static void ask(struct opened *o, struct asked *a)
{
	const exs_model *model = o->port;

	model->turn(o->self, &a->turn, cancel_public(a->token), a->done.done);
}

static void finish(struct asked *a)
{
	assert_true(double_done_wait(&a->done, WAIT_MS));
	assert_int_equal(a->done.ends, 1);
}

static void drop(struct asked *a)
{
	double_done_release(&a->done);
	cancel_unref(a->token);
}

static exs_str member(exs_str object, const char *name, enum json_type type)
{
	exs_str v = { "", 0 };

	assert_int_equal(json_get(object, name, &v), EXS_OK);
	assert_int_equal(json_type(v), type);
	return v;
}

static void check_parts(exs_str message)
{
	struct json_iter it;
	exs_str key, part, parts;

	if (!json_get_array(message, "parts", &parts))
		return;
	for (json_iter_init(&it, parts); json_next(&it, &key, &part);) {
		(void)member(part, "type", JSON_STRING);
		(void)member(part, "text", JSON_STRING);
	}
}

static void check_calls(exs_str message)
{
	struct json_iter it;
	exs_str key, call, list;
	int n = 0;

	if (!json_get_array(message, "calls", &list))
		return;
	for (json_iter_init(&it, list); json_next(&it, &key, &call); n++) {
		assert_true(member(call, "id", JSON_STRING).n > 2);
		(void)member(call, "name", JSON_STRING);
		(void)member(call, "arguments", JSON_STRING);
	}
	assert_true(n <= 64);
}

/* One message of docs/MESSAGES.md, behind the gate that the kernel puts in front. */
static void check_answer(const struct asked *a)
{
	static const char *const stops[] = { "\"end\"", "\"calls\"", "\"length\"", "\"refusal\"",
					     "\"filter\"" };
	exs_str message = exs_bytes(a->done.out.p, a->done.out.n), stop;
	exs_err err = EXS_ERR_INIT;
	size_t i;

	if (json_check_object(message, JSON_DEPTH_MAX, &err))
		fail_msg("the answer is not strict JSON: %s", err.text);
	assert_true(exs_str_eq(member(message, "role", JSON_STRING), exs_cstr("\"assistant\"")));
	check_parts(message);
	check_calls(message);
	stop = member(message, "stop", JSON_STRING);
	for (i = 0; i < sizeof stops / sizeof stops[0]; i++)
		if (exs_str_eq(stop, exs_cstr(stops[i])))
			return;
	fail_msg("'%.*s' is no word for stop", (int)stop.n, stop.p);
}

static void describes_a_model_without_the_network(void **state)
{
	exs_model_info info = { .size = sizeof info };
	exs_err err = EXS_ERR_INIT;
	struct opened o;

	(void)state;
	subject_open(&subject, EXS_PORT_MODEL, &o);
	assert_int_equal(
		((const exs_model *)o.port)
			->describe(o.self, subject_word(&subject, "model", "default"), &info, &err),
		EXS_OK);
	assert_int_equal(info.size, sizeof info);
	assert_true(info.context_tokens >= 0 && info.max_out_tokens >= 0);
	subject_close(&o);
}

static void describe_writes_no_more_than_the_caller_has_room_for(void **state)
{
	struct {
		exs_model_info info;
	} small;
	exs_err err = EXS_ERR_INIT;
	struct opened o;

	(void)state;
	subject_open(&subject, EXS_PORT_MODEL, &o);
	memset(&small, 0x5a, sizeof small);
	small.info.size = offsetof(exs_model_info, context_tokens);
	assert_int_equal(((const exs_model *)o.port)
				 ->describe(o.self, subject_word(&subject, "model", "default"),
					    &small.info, &err),
			 EXS_OK);
	assert_int_equal(small.info.context_tokens, 0x5a5a5a5a5a5a5a5all);
	subject_close(&o);
}

static void a_turn_ends_once_with_one_neutral_message(void **state)
{
	struct opened o;
	struct asked a;

	(void)state;
	subject_open(&subject, EXS_PORT_MODEL, &o);
	prepare(&a, 1);
	ask(&o, &a);
	finish(&a);
	if (a.done.status)
		fail_msg("%s", a.done.err.text);
	check_answer(&a);
	if (a.done.has_usage)
		assert_true(a.done.usage.in_tokens >= a.done.usage.cache_read_tokens &&
			    a.done.usage.out_tokens >= a.done.usage.reasoning_tokens);
	drop(&a);
	subject_close(&o);
}

static void an_answer_goes_back_in_the_next_turn(void **state)
{
	struct opened o;
	struct asked first, second;
	exs_str messages[3];

	(void)state;
	subject_open(&subject, EXS_PORT_MODEL, &o);
	prepare(&first, 1);
	ask(&o, &first);
	finish(&first);
	assert_int_equal(first.done.status, EXS_OK);
	prepare(&second, 1);
	messages[0] = first.message;
	messages[1] = exs_bytes(first.done.out.p, first.done.out.n);
	messages[2] = first.message;
	second.turn.messages = messages;
	second.turn.message_count = 3;
	second.turn.step = 2;
	ask(&o, &second);
	finish(&second);
	if (second.done.status)
		fail_msg("%s", second.done.err.text);
	check_answer(&second);
	drop(&first);
	drop(&second);
	subject_close(&o);
}

static void a_token_that_fired_ends_the_turn_soon(void **state)
{
	struct opened o;
	struct asked a;

	(void)state;
	subject_open(&subject, EXS_PORT_MODEL, &o);
	prepare(&a, 1);
	cancel_fire(a.token, EXS_CAUSE_CALLER);
	ask(&o, &a);
	finish(&a);
	assert_true(a.done.status == EXS_CANCELLED || a.done.status == EXS_OK);
	if (a.done.status == EXS_OK)
		check_answer(&a);
	drop(&a);
	subject_close(&o);
}

static void a_token_that_fires_during_the_turn_does_no_harm(void **state)
{
	struct opened o;
	struct asked a;
	int i;

	(void)state;
	subject_open(&subject, EXS_PORT_MODEL, &o);
	for (i = 0; i < 20; i++) {
		prepare(&a, (uint64_t)i + 1);
		ask(&o, &a);
		cancel_fire(a.token, EXS_CAUSE_KILL);
		finish(&a);
		assert_true(a.done.status == EXS_CANCELLED || a.done.status == EXS_OK);
		drop(&a);
	}
	subject_close(&o);
}

static void fifty_turns_at_once_all_end(void **state)
{
	static struct asked crowd[CROWD];
	struct opened o;
	int i;

	(void)state;
	subject_open(&subject, EXS_PORT_MODEL, &o);
	for (i = 0; i < CROWD; i++) {
		prepare(&crowd[i], (uint64_t)i + 1);
		ask(&o, &crowd[i]);
	}
	for (i = 0; i < CROWD; i++) {
		finish(&crowd[i]);
		if (crowd[i].done.status)
			fail_msg("turn %d: %s", i, crowd[i].done.err.text);
		check_answer(&crowd[i]);
		drop(&crowd[i]);
	}
	subject_close(&o);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(describes_a_model_without_the_network),
		cmocka_unit_test(describe_writes_no_more_than_the_caller_has_room_for),
		cmocka_unit_test(a_turn_ends_once_with_one_neutral_message),
		cmocka_unit_test(an_answer_goes_back_in_the_next_turn),
		cmocka_unit_test(a_token_that_fired_ends_the_turn_soon),
		cmocka_unit_test(a_token_that_fires_during_the_turn_does_no_harm),
		cmocka_unit_test(fifty_turns_at_once_all_end),
	};
	int status = subject_args(&subject, argc, argv);

	return status ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
