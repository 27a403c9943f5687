/* SPDX-License-Identifier: MIT */
/* test_digest.c - what a run is made with, as words: when they are equal, and when they are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "conf/conf.h"
#include "fact/digest.h"
#include "host/host.h"
#include "run/digest_now.h"
#include "run/toolbox.h"

static struct tool tools[2];
static struct toolbox box = { .tools = tools, .n = 2 };
static exs_battery batteries[2];
static struct conf_battery confs[2];
static struct instance instances[2];
static struct host host = { .instances = instances, .instance_n = 2 };
static const char *const names[] = { "read", "write" };
static struct conf_model models[1];
static struct conf_tier tier = { .models = models, .model_n = 1 };
static struct conf_agent agent;

static char *text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static int fresh(void **state)
{
	int i;

	(void)state;
	tools[0] = (struct tool){
		.name = text("read"), .about = text("reads"), .schema = text("{}"), .effect = 1
	};
	tools[1] = (struct tool){
		.name = text("write"), .about = text("writes"), .schema = text("{}"), .effect = 5
	};
	for (i = 0; i < 2; i++) {
		confs[i].name = i ? "b" : "a";
		batteries[i] = (exs_battery){ .id = i ? "org.b" : "org.a", .version = "1" };
		instances[i].conf = &confs[i];
		instances[i].battery = &batteries[i];
	}
	models[0].text = "m/one";
	agent = (struct conf_agent){ .name = "a",
				     .prompt = "Be brief.",
				     .tools = names,
				     .tool_n = 2,
				     .tier = &tier,
				     .tier_name = "fast",
				     .max_steps = 12 };
	return 0;
}

static struct digests now(void)
{
	struct digests d;

	memset(&d, 0, sizeof d);
	digests_now(&host, &box, &agent, names, 2, &d);
	assert_int_equal(strlen(d.hex[DIGEST_AGENT]), 16);
	assert_int_equal(strlen(d.hex[DIGEST_TOOLS]), 16);
	assert_int_equal(strlen(d.hex[DIGEST_BATTERIES]), 16);
	return d;
}

static void changes(const struct digests *was, uint32_t wanted)
{
	struct digests d = now();

	assert_int_equal(digests_changed(was, &d), wanted);
}

static void the_same_is_the_same_in_any_order_of_batteries(void **state)
{
	struct digests was = now();
	struct instance first = instances[0];

	(void)state;
	changes(&was, 0);
	instances[0] = instances[1];
	instances[1] = first;
	changes(&was, 0);
}

static void each_part_of_an_agent_counts(void **state)
{
	struct digests was = now();

	(void)state;
	agent.prompt = "Be long.";
	changes(&was, 1u << DIGEST_AGENT);
	fresh(NULL);
	agent.max_steps++;
	changes(&was, 1u << DIGEST_AGENT);
	fresh(NULL);
	models[0].text = "m/two";
	changes(&was, 1u << DIGEST_AGENT);
	fresh(NULL);
	agent.tool_n = 1;
	changes(&was, 1u << DIGEST_AGENT);
	fresh(NULL);
	agent.in_doubt = CONF_PARK;
	changes(&was, 1u << DIGEST_AGENT);
}

static void each_part_of_a_tool_counts(void **state)
{
	struct digests was = now();

	(void)state;
	tools[1].schema = text("{\"type\":\"object\"}");
	changes(&was, 1u << DIGEST_TOOLS);
	fresh(NULL);
	tools[1].effect = 1;
	changes(&was, 1u << DIGEST_TOOLS);
	fresh(NULL);
	tools[0].about = text("reads{}"); /* the same bytes, cut elsewhere */
	tools[0].schema = text("");
	changes(&was, 1u << DIGEST_TOOLS);
	fresh(NULL);
	box.n = 1; /* it is gone */
	changes(&was, 1u << DIGEST_TOOLS);
	box.n = 2;
}

static void each_part_of_a_battery_counts(void **state)
{
	struct digests was = now();

	(void)state;
	batteries[0].version = "2";
	changes(&was, 1u << DIGEST_BATTERIES);
	fresh(NULL);
	batteries[1].id = "org.c";
	changes(&was, 1u << DIGEST_BATTERIES);
	fresh(NULL);
	confs[0].name = "c";
	changes(&was, 1u << DIGEST_BATTERIES);
	fresh(NULL);
	host.instance_n = 1;
	changes(&was, 1u << DIGEST_BATTERIES);
	host.instance_n = 2;
}

static void an_agent_that_is_gone_is_another(void **state)
{
	struct digests was = now(), d;

	(void)state;
	digests_now(&host, &box, NULL, names, 2, &d);
	assert_int_equal(digests_changed(&was, &d), 1u << DIGEST_AGENT);
}

static void they_are_read_back_and_what_is_not_there_is_not_known(void **state)
{
	struct digests was = now(), back;
	struct buf body, words;

	(void)state;
	memset(&back, 0, sizeof back);
	buf_init(&body, 1024);
	buf_puts(&body, "{\"digests\":");
	digests_json(&was, &body);
	buf_puts(&body, "}");
	digests_read(buf_view(&body), &back);
	assert_memory_equal(&was, &back, sizeof was);
	digests_read(str_of("{}"), &back);
	digests_read(str_of("{\"digests\":{\"agent\":7,\"tools\":\"longer than sixteen\"}}"),
		     &back);
	assert_memory_equal(&was, &back, sizeof was);
	memset(&back, 0, sizeof back);
	assert_int_equal(digests_changed(&back, &was), 0); /* of an earlier release */
	buf_release(&body);
	buf_init(&words, 64);
	digests_words(7, "\"", &words);
	assert_string_equal(words.p, "\"agent\",\"tools\",\"batteries\"");
	buf_clear(&words);
	digests_words(5, "", &words);
	assert_string_equal(words.p, "agent, batteries");
	buf_release(&words);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_same_is_the_same_in_any_order_of_batteries, fresh),
		cmocka_unit_test_setup(each_part_of_an_agent_counts, fresh),
		cmocka_unit_test_setup(each_part_of_a_tool_counts, fresh),
		cmocka_unit_test_setup(each_part_of_a_battery_counts, fresh),
		cmocka_unit_test_setup(an_agent_that_is_gone_is_another, fresh),
		cmocka_unit_test_setup(they_are_read_back_and_what_is_not_there_is_not_known,
				       fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
