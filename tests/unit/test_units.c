/* SPDX-License-Identifier: MIT */
/* test_units.c - texts that mean numbers, and what is said about those that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "conf/units.h"

static void assert_says(const exs_err *err, const char *part)
{
	if (!strstr(err->text, part))
		fail_msg("expected \"%s\" in \"%s\"", part, err->text);
}

typedef exs_status units_read(const char *text, int64_t *out, exs_err *err);

static void reads(units_read *read, const char *text, int64_t want)
{
	exs_err err = EXS_ERR_INIT;
	int64_t v = -77;

	if (read(text, &v, &err))
		fail_msg("'%s': %s", text, err.text);
	assert_true(v == want);
}

static void refuses(units_read *read, const char *text, const char *words)
{
	exs_err err = EXS_ERR_INIT;
	int64_t v = -77;

	if (read(text, &v, &err) != EXS_INVALID)
		fail_msg("'%s' was accepted", text);
	assert_true(v == -77);
	assert_says(&err, words);
	assert_says(&err, text);
}

static void reads_integers(void **state)
{
	(void)state;
	reads(units_int, "0", 0);
	reads(units_int, "-12", -12);
	reads(units_int, "9223372036854775807", INT64_MAX);
	reads(units_int, "-9223372036854775808", INT64_MIN);
	refuses(units_int, "9223372036854775808", "too big");
	refuses(units_int, "-9223372036854775809", "too big");
	refuses(units_int, "", "not a whole number");
	refuses(units_int, "-", "not a whole number");
	refuses(units_int, "1.5", "not a whole number");
	refuses(units_int, "+1", "not a whole number");
	refuses(units_int, "0x10", "not a whole number");
}

static void reads_booleans_and_says_what_to_write_for_yes(void **state)
{
	const char *const yes[] = { "yes", "on", "Yes", "ON", "y", "True", "1" };
	const char *const no[] = { "no", "off", "No", "OFF", "n", "FALSE", "0" };

	(void)state;
	reads(units_bool, "true", 1);
	reads(units_bool, "false", 0);
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		refuses(units_bool, yes[i], "write true");
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		refuses(units_bool, no[i], "write false");
	refuses(units_bool, "maybe", "write true or false");
}

static void reads_sizes(void **state)
{
	(void)state;
	reads(units_size, "0", 0);
	reads(units_size, "4096", 4096);
	reads(units_size, "3k", 3 * 1024);
	reads(units_size, "64m", INT64_C(64) << 20);
	reads(units_size, "2g", INT64_C(2) << 30);
	reads(units_size, "8589934591g", INT64_C(8589934591) << 30);
	refuses(units_size, "8589934592g", "too big");
	refuses(units_size, "99999999999999999999", "too big");
	refuses(units_size, "64M", "not a size");
	refuses(units_size, "64mb", "not a size");
	refuses(units_size, "m", "not a size");
	refuses(units_size, "-1k", "not a size");
	refuses(units_size, "", "not a size");
}

static void reads_durations_and_wants_a_unit(void **state)
{
	(void)state;
	reads(units_duration, "0", 0);
	reads(units_duration, "250ms", 250);
	reads(units_duration, "90s", 90000);
	reads(units_duration, "10m", 600000);
	reads(units_duration, "2h", 7200000);
	reads(units_duration, "7d", INT64_C(604800000));
	refuses(units_duration, "90", "has no unit: write 90s");
	refuses(units_duration, "1.5h", "not a duration");
	refuses(units_duration, "-5s", "not a duration");
	refuses(units_duration, "5 s", "not a duration");
	refuses(units_duration, "5min", "not a duration");
	refuses(units_duration, "36501d", "too big");
	refuses(units_duration, "9223372036854775807s", "too big");
	refuses(units_duration, "99999999999999999999", "has no unit");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_integers),
		cmocka_unit_test(reads_booleans_and_says_what_to_write_for_yes),
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(reads_durations_and_wants_a_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
