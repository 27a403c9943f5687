/* SPDX-License-Identifier: MIT */
/* test_ollama_chat.c - lines of Ollama's chat API become one neutral message, and what broke off
 * never does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "support/answer_kit.h"

#include "../../plugins/model_ollama/chat.c"

static const struct dialect dialect = {
	.lines = true,
	.event = chat_line,
};

#include "unit/reader_kit.h"

#define LINE(message)  "{\"message\":" message ",\"done\":false}\n"
#define SAYS(t)	       LINE("{\"role\":\"assistant\",\"content\":\"" t "\"}")
#define DONE(why)      "{\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"" why "\"}\n"
#define CALLS(list)    LINE("{\"content\":\"\",\"tool_calls\":[" list "]}")
#define CALL(id, args) "{" id "\"function\":{\"index\":0,\"name\":\"f\",\"arguments\":" args "}}"
#define WITH(calls)    "{\"role\":\"assistant\",\"parts\":[],\"calls\":[" calls "],\"stop\":\"calls\"}"
#define TEXT(t, stop)                                                                              \
	"{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"" t                      \
	"\"}],\"stop\":\"" stop "\"}"

static void joins_text_and_says_why_it_stopped(void **state)
{
	(void)state;
	gives(SAYS("a\\nb") SAYS("c") DONE("stop"), TEXT("a\\nbc", "end"));
	gives(SAYS("a") DONE("length"), TEXT("a", "length"));
	gives(SAYS("a") "{\"done\":true}", TEXT("a", "end"));
	gives(DONE("load"), "{\"role\":\"assistant\",\"parts\":[],\"stop\":\"end\"}");
	gives("{\"model\":\"q\",\"message\":{\"content\":\"a\"},\"done\":true}",
	      "{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"a\"}],\"stop\":"
	      "\"end\","
	      "\"model\":\"q\"}");
	/* Whatever comes behind the end. */
	gives(SAYS("a") DONE("stop") SAYS("b") "{\"error\":\"late\"}\nno", TEXT("a", "end"));
}

static void keeps_thinking_apart(void **state)
{
	(void)state;
	gives(LINE("{\"content\":\"\",\"thinking\":\"h\"}")
		      LINE("{\"content\":\"\",\"thinking\":\"m\"}") SAYS("a") DONE("stop"),
	      "{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"text\":\"hm\"},"
	      "{\"type\":\"text\",\"text\":\"a\"}],\"stop\":\"end\"}");
}

static void takes_calls_with_and_without_ids(void **state)
{
	(void)state;
	gives(CALLS(CALL("\"id\":\"c1\",", "{\"n\": 9007199254740993}")) DONE("stop"),
	      WITH("{\"id\":\"c1\",\"name\":\"f\",\"arguments\":\"{\\\"n\\\": "
		   "9007199254740993}\"}"));
	/* Two of the same, in one line and in two, are two. */
	gives(CALLS(CALL("", "{}") "," CALL("", "{}")) DONE("stop"),
	      WITH("{\"id\":\"call_3_1\",\"name\":\"f\",\"arguments\":\"{}\"},"
		   "{\"id\":\"call_3_2\",\"name\":\"f\",\"arguments\":\"{}\"}"));
	gives(CALLS(CALL("", "{}")) CALLS(CALL("", "{}")) DONE("stop"),
	      WITH("{\"id\":\"call_3_1\",\"name\":\"f\",\"arguments\":\"{}\"},"
		   "{\"id\":\"call_3_2\",\"name\":\"f\",\"arguments\":\"{}\"}"));
	gives(CALLS("{\"function\":{\"name\":\"f\"}},{\"function\":{\"name\":\"g\",\"arguments\":{}"
		    "}},7,{}") DONE("stop"),
	      WITH("{\"id\":\"call_3_1\",\"name\":\"f\",\"arguments\":\"{}\"},"
		   "{\"id\":\"call_3_2\",\"name\":\"g\",\"arguments\":\"{}\"}"));
}

static struct answer read_lines(const char *text)
{
	struct answer a;

	answer_kit_init(&a, &dialect);
	(void)chat_line(&a, exs_cstr(text));
	return a;
}

static void counts_both_sides_or_none(void **state)
{
	struct answer a = read_lines("{\"done\":true,\"prompt_eval_count\":26,\"eval_count\":298}");

	(void)state;
	assert_true(a.has_usage);
	assert_int_equal(a.usage.in_tokens, 26);
	assert_int_equal(a.usage.out_tokens, 298);
	answer_release(&a);
	a = read_lines("{\"done\":true,\"eval_count\":298}");
	assert_false(a.has_usage);
	assert_int_equal(a.usage.out_tokens, 0);
	answer_release(&a);
	a = read_lines("{\"done\":true,\"prompt_eval_count\":0,\"eval_count\":298}");
	assert_false(a.has_usage);
	answer_release(&a);
	a = read_lines("{\"done\":true,\"prompt_eval_count\":26,\"eval_count\":-1}");
	assert_false(a.has_usage);
	assert_int_equal(a.usage.in_tokens, 0);
	answer_release(&a);
}

static void an_error_is_no_answer(void **state)
{
	struct answer a = read_lines("{\"error\":\"model not found\"}");

	(void)state;
	assert_false(a.complete);
	assert_string_equal(a.error.mem.p, "\"model not found\"");
	answer_release(&a);
	gives_nothing(SAYS("a") "{\"error\":\"died\"}\n" DONE("stop"));
	gives_nothing(SAYS("a") "no JSON\n" DONE("stop"));
	gives_nothing("[1]\n" DONE("stop"));
	gives_nothing(SAYS("a"));
	gives_nothing("{\"done\":\"true\"}");
	gives_nothing("");
}

static void never_believes_a_stream_cut_at_any_byte(void **state)
{
	static char stream[16384];
	size_t n = 0;
	int i;

	(void)state;
	for (i = 0; i < 38; i++)
		n += (size_t)sprintf(stream + n, SAYS("piece %d \\u00e9"), i);
	n += (size_t)sprintf(stream + n, "%s", CALLS(CALL("\"id\":\"a\",", "{\"a\":[1,2]}")));
	n += (size_t)sprintf(stream + n, "%s", DONE("stop"));
	believed_only_whole(stream, n, n - 1); /* the last line may lack its end */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins_text_and_says_why_it_stopped),
		cmocka_unit_test(keeps_thinking_apart),
		cmocka_unit_test(takes_calls_with_and_without_ids),
		cmocka_unit_test(counts_both_sides_or_none),
		cmocka_unit_test(an_error_is_no_answer),
		cmocka_unit_test(never_believes_a_stream_cut_at_any_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
