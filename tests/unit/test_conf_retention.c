/* SPDX-License-Identifier: MIT */
/* test_conf_retention.c - the section retention: what it means, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <executus/run.h>
#include "base/text.h"
#include "conf/conf.h"

static struct conf *read_conf(const char *text)
{
	exs_err err = EXS_ERR_INIT;
	struct conf *c = NULL;

	if (conf_parse("c.yaml", str_of(text), &c, &err))
		fail_msg("%s", err.text);
	return c;
}

static void refuse(const char *text, const char *place, const char *words)
{
	exs_err err = EXS_ERR_INIT;
	struct conf *c = NULL;
	char head[64];

	assert_int_not_equal(conf_parse("c.yaml", str_of(text), &c, &err), EXS_OK);
	snprintf(head, sizeof head, "c.yaml:%s: ", place);
	if (strncmp(err.text, head, strlen(head)) != 0 || !strstr(err.text, words))
		fail_msg("expected \"%s...%s\" in \"%s\"", head, words, err.text);
}

static void reads_every_bound(void **state)
{
	struct conf *c = read_conf("retention:\n"
				   "  - { older_than: 30d, status: [ok, cancelled], agent: a }\n"
				   "  - { keep: 100, max_bytes: 2m }\n");
	const struct conf_retain *r = c->retention;

	(void)state;
	assert_int_equal(c->retention_n, 2);
	assert_int_equal(r[0].older_than_ms, 30 * 24 * 3600 * 1000LL);
	assert_int_equal(r[0].statuses, 1u << EXS_ENDED_OK | 1u << EXS_ENDED_CANCELLED);
	assert_string_equal(r[0].agent, "a");
	assert_int_equal(r[0].keep, 0);
	assert_int_equal(r[1].keep, 100);
	assert_int_equal(r[1].max_bytes, 2 << 20);
	assert_int_equal(r[1].statuses, 0);
	assert_null(r[1].agent);
	conf_free(c);
}

static void an_absent_or_empty_section_is_no_rule(void **state)
{
	static const char *const texts[] = { "run: {}\n", "retention:\n", "retention: []\n" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct conf *c = read_conf(texts[i]);

		assert_int_equal(c->retention_n, 0);
		conf_free(c);
	}
}

static void refuses_what_is_no_list_of_maps(void **state)
{
	(void)state;
	refuse("retention: { keep: 3 }\n", "1:12", "'retention' is a list of rules");
	refuse("retention: [ keep ]\n", "1:14", "a rule is a map");
}

static void refuses_a_rule_that_lets_nothing_go(void **state)
{
	(void)state;
	refuse("retention:\n  - { agent: a }\n", "2:5", "it lets nothing go");
}

static void refuses_bounds_without_sense(void **state)
{
	(void)state;
	refuse("retention: [ { older_than: 30 } ]\n", "1:28", "older_than");
	refuse("retention: [ { keep: 0 } ]\n", "1:22", "keep");
	refuse("retention: [ { max_bytes: -1 } ]\n", "1:27", "max_bytes");
	refuse("retention: [ { kep: 1 } ]\n", "1:16", "did you mean 'keep'");
}

static void refuses_a_status_that_no_run_ends_with(void **state)
{
	(void)state;
	refuse("retention: [ { keep: 1, status: [eror] } ]\n", "1:34", "did you mean 'error'");
	refuse("retention: [ { keep: 1, status: [parked] } ]\n", "1:34",
	       "no run ends with 'parked'");
	refuse("retention: [ { keep: 1, status: [running] } ]\n", "1:34", "no run ends with");
}

static void refuses_too_many_rules(void **state)
{
	struct buf b;
	unsigned i;

	(void)state;
	buf_init(&b, 4096);
	buf_puts(&b, "retention:\n");
	for (i = 0; i <= CONF_RETENTION_MAX; i++)
		buf_puts(&b, "  - { keep: 1 }\n");
	refuse(b.p, "2:3", "too many");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_bound),
		cmocka_unit_test(an_absent_or_empty_section_is_no_rule),
		cmocka_unit_test(refuses_what_is_no_list_of_maps),
		cmocka_unit_test(refuses_a_rule_that_lets_nothing_go),
		cmocka_unit_test(refuses_bounds_without_sense),
		cmocka_unit_test(refuses_a_status_that_no_run_ends_with),
		cmocka_unit_test(refuses_too_many_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
