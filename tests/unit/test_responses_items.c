/* SPDX-License-Identifier: MIT */
/* test_responses_items.c - what items say, and which of them are kept to be sent back. */
#include "unit/responses_kit.h"

static void takes_calls_in_every_shape_of_the_field(void **state)
{
	(void)state;
	/* an object instead of a string, nothing at all, no id, the same id again, no object */
	gives(COMPLETED("{\"type\":\"function_call\",\"name\":\"f\",\"arguments\":{\"n\": 1e999}},"
			"{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\"},"
			"{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\","
			"\"arguments\":\"[1]\"}"),
	      CALLS(NEUTRAL("call_3_1", "f", "{\\\"n\\\": 1e999}") "," NEUTRAL(
		      "a", "f", "{}") "," NEUTRAL("call_3_3", "f", "[1]")));
	/* cut at the length: half a call is none */
	gives(INCOMPLETE("max_output_tokens",
			 CALL(0, "c1", "f", "{}") "," CALL(1, "c2", "f", "{\\\"a")),
	      "{\"role\":\"assistant\",\"parts\":[],\"calls\":[" NEUTRAL(
		      "c1", "f", "{}") "],"
				       "\"stop\":\"length\"}");
	gives_nothing(COMPLETED(CALL(0, "c1", "f", "{\\\"p\\\":\\\"\\u0000\\\"}")));
	gives_nothing(COMPLETED(CALL(0, "c1", "f", "\\ud83d")));
}

static void keeps_reasoning_in_its_place_byte_for_byte(void **state)
{
	(void)state;
	gives(COMPLETED(REASONING(0, ",\"encrypted_content\":\"x\\u0041\", \"n\":1.0") "," CALL(
		      1, "c1", "f",
		      "{}") "," REASONING(2, ",\"encrypted_content\":\"y\"") "," MESSAGE(3, "a")),
	      "{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"a\"}],\"calls\":"
	      "[" NEUTRAL(
		      "c1", "f",
		      "{}") "],\"stop\":\"calls\",\"provider\":{\"openai_"
			    "responses\":[\"{\\\"id\\\":\\\"i0\\\",\\\"type\\\":\\\"reasoning\\\","
			    "\\\"summary\\\":[],\\\"encrypted_content\\\":\\\"x\\\\u0041\\\", "
			    "\\\"n\\\":1.0}\","
			    "\"call\",\"{\\\"id\\\":\\\"i2\\\",\\\"type\\\":\\\"reasoning\\\","
			    "\\\"summary\\\":"
			    "[],\\\"encrypted_content\\\":\\\"y\\\"}\",\"text\"]}}");
	/* the same from the items that were done */
	gives(DONE(0, REASONING(0, ",\"encrypted_content\":\"x\"")) DONE(1, MESSAGE(1, "a"))
		      COMPLETED(""),
	      "{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"a\"}],\"stop\":"
	      "\"end\",\"provider\":{\"openai_responses\":[\"{\\\"id\\\":\\\"i0\\\",\\\"type\\\":"
	      "\\\"reasoning\\\",\\\"summary\\\":[],\\\"encrypted_content\\\":\\\"x\\\"}\","
	      "\"text\"]}}");
	/* its summary and its text are shown */
	gives(COMPLETED("{\"type\":\"reasoning\",\"summary\":[{\"text\":\"h\"},{\"text\":\"m\"}],"
			"\"content\":[]}," MESSAGE(0, "a")),
	      "{\"role\":\"assistant\",\"parts\":[{\"type\":\"reasoning\",\"text\":\"h\\nm\"},"
	      "{\"type\":\"text\",\"text\":\"a\"}],\"stop\":\"end\"}");
}

static void keeps_no_reasoning_that_a_server_would_refuse(void **state)
{
	(void)state;
	/* only a name for what was not stored; nothing follows it; it was cut; it is not UTF-8 */
	gives(COMPLETED(REASONING(0, ",\"encrypted_content\":null") "," MESSAGE(1, "a")),
	      SAID("a", "end"));
	gives(COMPLETED(MESSAGE(0, "a") "," REASONING(1, ",\"encrypted_content\":\"x\"")),
	      SAID("a", "end"));
	gives(COMPLETED(REASONING(0, ",\"encrypted_content\":\"x\"") "," MESSAGE(
		      1, "a") "," REASONING(2, ",\"encrypted_content\":\"y\"")),
	      "{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"a\"}],\"stop\":"
	      "\"end\",\"provider\":{\"openai_responses\":[\"{\\\"id\\\":\\\"i0\\\",\\\"type\\\":"
	      "\\\"reasoning\\\",\\\"summary\\\":[],\\\"encrypted_content\\\":\\\"x\\\"}\","
	      "\"text\"]}}");
	gives(INCOMPLETE("max_output_tokens",
			 REASONING(0, ",\"encrypted_content\":\"x\"") "," MESSAGE(1, "a")),
	      SAID("a", "length"));
	gives(COMPLETED(REASONING(0, ",\"encrypted_content\":\"\xff\"") "," MESSAGE(1, "a")),
	      SAID("a", "end"));
	gives(COMPLETED("{\"type\":\"web_search_call\",\"id\":\"w\"}," MESSAGE(1, "a")),
	      SAID("a", "end"));
}

static void keeps_messages_apart_when_there_are_several_or_they_have_a_phase(void **state)
{
	(void)state;
	gives(COMPLETED("{\"type\":\"message\",\"content\":\"a\"}," CALL(
		      1, "c1", "f", "{}") ",{\"type\":\"message\",\"content\":\"b\"}"),
	      "{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"a\\nb\"}],"
	      "\"calls\":[" NEUTRAL("c1", "f", "{}") "],\"stop\":\"calls\",\"provider\":"
						     "{\"openai_responses\":[\"{\\\"type\\\":"
						     "\\\"message\\\",\\\"content\\\":\\\"a\\\"}\","
						     "\"call\",\"{\\\"type\\\":\\\"message\\\","
						     "\\\"content\\\":\\\"b\\\"}\"]}}");
	gives(COMPLETED("{\"type\":\"message\",\"phase\":\"commentary\",\"content\":\"a\"}"),
	      "{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":\"a\"}],\"stop\":"
	      "\"end\",\"provider\":{\"openai_responses\":[\"{\\\"type\\\":\\\"message\\\","
	      "\\\"phase\\\":\\\"commentary\\\",\\\"content\\\":\\\"a\\\"}\"]}}");
	/* one that cannot be kept as it is: then none is */
	gives(COMPLETED("{\"type\":\"message\",\"content\":\"a\"},{\"type\":\"message\","
			"\"content\":\"\xff\"}"),
	      SAID("a\\n\xef\xbf\xbd", "end"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_calls_in_every_shape_of_the_field),
		cmocka_unit_test(keeps_reasoning_in_its_place_byte_for_byte),
		cmocka_unit_test(keeps_no_reasoning_that_a_server_would_refuse),
		cmocka_unit_test(keeps_messages_apart_when_there_are_several_or_they_have_a_phase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
