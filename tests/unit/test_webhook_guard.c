/* SPDX-License-Identifier: MIT */
/* test_webhook_guard.c - which addresses a webhook takes for public, and blocks of them. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../plugins/delivery_webhook/guard.h"

static const struct sockaddr *address(const char *text)
{
	static struct sockaddr_storage at;
	struct sockaddr_in *four = (struct sockaddr_in *)&at;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&at;

	memset(&at, 0, sizeof at);
	at.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(at.ss_family, text,
				   at.ss_family == AF_INET ? (void *)&four->sin_addr
							   : (void *)&six->sin6_addr),
			 1);
	return (struct sockaddr *)&at;
}

static void addresses_that_are_not_public_are_known(void **state)
{
	static const char *const rows[][2] = {
		{ "0.0.0.0", "an unspecified address" },
		{ "10.255.255.255", "a private address" },
		{ "100.64.0.1", "a shared address" },
		{ "100.127.255.255", "a shared address" },
		{ "127.255.255.254", "a loopback address" },
		{ "169.254.169.254", "a link-local address" },
		{ "172.16.0.1", "a private address" },
		{ "172.31.255.255", "a private address" },
		{ "192.0.0.8", "a reserved address" },
		{ "192.168.1.1", "a private address" },
		{ "198.19.255.255", "a benchmarking address" },
		{ "224.0.0.1", "a multicast address" },
		{ "255.255.255.255", "a reserved address" },
		{ "::", "an unspecified address" },
		{ "::1", "a loopback address" },
		{ "fc00::1", "a private address" },
		{ "fdff::1", "a private address" },
		{ "fe80::1", "a link-local address" },
		{ "febf::1", "a link-local address" },
		{ "ff02::1", "a multicast address" },
		{ "2001:db8::1", "a documentation address" },
		{ "2001::1", "a reserved address" },
		{ "::ffff:127.0.0.1", "a loopback address" },
		{ "::ffff:169.254.169.254", "a link-local address" },
		{ "::10.0.0.1", "a private address" },
		{ "64:ff9b::10.0.0.1", "a private address" },
		{ "64:ff9b:1::1", "a private address" },
		{ "2002:7f00:1::", "a loopback address" },
		{ "2002:a00:1::1", "a private address" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *kind = guard_kind(address(rows[i][0]));

		if (!kind || strcmp(kind, rows[i][1]) != 0)
			fail_msg("%s: %s", rows[i][0], kind ? kind : "public");
	}
}

static void public_ones_are_public(void **state)
{
	static const char *const rows[] = {
		"1.1.1.1",	    "9.255.255.255",   "11.0.0.0",    "100.63.255.255",
		"100.128.0.0",	    "126.255.255.255", "128.0.0.0",   "169.253.255.255",
		"172.15.255.255",   "172.32.0.0",      "192.167.0.1", "192.169.0.1",
		"223.255.255.255",  "2606:4700::1111", "2a00::1",     "::ffff:8.8.8.8",
		"64:ff9b::8.8.8.8", "2002:808:808::1"
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (guard_kind(address(rows[i])))
			fail_msg("%s: %s", rows[i], guard_kind(address(rows[i])));
}

static void another_family_is_no_internet_address(void **state)
{
	struct sockaddr sa = { .sa_family = AF_UNIX };
	struct block b;

	(void)state;
	assert_string_equal(guard_kind(&sa), "no internet address");
	assert_true(block_parse("0.0.0.0/0", &b));
	assert_false(block_has(&b, &sa));
}

static void a_block_has_what_begins_as_it_does(void **state)
{
	struct block b;

	(void)state;
	assert_true(block_parse("10.1.128.0/17", &b));
	assert_true(block_has(&b, address("10.1.128.1")));
	assert_true(block_has(&b, address("10.1.255.255")));
	assert_false(block_has(&b, address("10.1.127.255")));
	assert_false(block_has(&b, address("::ffff:10.1.128.1")));
	assert_true(block_parse("127.0.0.1", &b));
	assert_true(block_has(&b, address("127.0.0.1")));
	assert_false(block_has(&b, address("127.0.0.2")));
	assert_true(block_parse("0.0.0.0/0", &b));
	assert_true(block_has(&b, address("255.1.2.3")));
	assert_true(block_parse("fd00::/8", &b));
	assert_true(block_has(&b, address("fd12::1")));
	assert_false(block_has(&b, address("fc00::1")));
}

static void what_is_no_block_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"x",
		"10.0.0",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0.0/8x",
		"::/129",
		"1.2.3.4.5",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	};
	struct block b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (block_parse(rows[i], &b))
			fail_msg("taken: %s", rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_that_are_not_public_are_known),
		cmocka_unit_test(public_ones_are_public),
		cmocka_unit_test(another_family_is_no_internet_address),
		cmocka_unit_test(a_block_has_what_begins_as_it_does),
		cmocka_unit_test(what_is_no_block_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
