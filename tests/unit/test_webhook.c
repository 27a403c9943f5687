/* SPDX-License-Identifier: MIT */
/* test_webhook.c - what a webhook posts, how it takes answers, and what it refuses to send
 * anywhere. */
#include "webhook_kit.h"

#include <pthread.h>

#include "base/sha256.h"
#include "base/text.h"

/* ---- a verifier that shares nothing with the battery ---- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void hmac(const char *key, const char *text, unsigned char out[32])
{
	unsigned char pad[64], inner[32];
	struct sha256 h;
	size_t i, n = strlen(key);

	for (i = 0; i < 64; i++)
		pad[i] = (unsigned char)((i < n ? key[i] : 0) ^ 0x36);
	sha256_init(&h);
	sha256_add(&h, pad, 64);
	sha256_add(&h, text, strlen(text));
	sha256_end(&h, inner);
	for (i = 0; i < 64; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	sha256_init(&h);
	sha256_add(&h, pad, 64);
	sha256_add(&h, inner, 32);
	sha256_end(&h, out);
}

static void base64_of_32(const unsigned char in[32], char out[45])
{
	unsigned char b[33] = { 0 };
	size_t i;

	memcpy(b, in, 32);
	for (i = 0; i < 11; i++) {
		unsigned v = (unsigned)b[i * 3] << 16 | (unsigned)b[i * 3 + 1] << 8 | b[i * 3 + 2];

		out[i * 4] = digits[v >> 18 & 63];
		out[i * 4 + 1] = digits[v >> 12 & 63];
		out[i * 4 + 2] = digits[v >> 6 & 63];
		out[i * 4 + 3] = digits[v & 63];
	}
	out[43] = '=';
	out[44] = '\0';
}

/* "v1,..." of the n-th request under that key. */
static void signature(struct hook *h, int n, const char *key, char out[64])
{
	char name[16], *signed_text;
	unsigned char hash[32];
	char b64[45];

	snprintf(name, sizeof name, "%d.body", n);
	assert_true(asprintf(&signed_text, "run-a.1.1767225600.%s", hook_file(h, name)) > 0);
	hmac(key, signed_text, hash);
	base64_of_32(hash, b64);
	snprintf(out, 64, "v1,%s", b64);
	free(signed_text);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in: %s", part, text);
}

/* ---- what is posted ---- */

static void posts_the_result_signed_and_takes_its_receipt(void **state)
{
	struct hook h;
	char sig[64], want[96];

	(void)state;
	hook_start(&h, "204");
	hook_open(&h);
	h.post.parcel.result = exs_cstr("{\"status\":\"ok\",\"output\":\"It works.\",\"steps\":3}");
	assert_int_equal(hook_deliver(&h), EXS_OK);
	assert_string_equal(h.post.done.out.p, "{\"status\":204}");
	assert_string_equal(hook_file(&h, "log"), "1 run-a.1 204\n");
	assert_has(hook_file(&h, "1.head"), "POST /hook?a=b HTTP/1.1\r\n");
	assert_has(h.text, "Content-Type: application/json\r\n");
	assert_has(h.text, "webhook-id: run-a.1\r\n");
	assert_has(h.text, "webhook-timestamp: 1767225600\r\n");
	assert_has(h.text, "User-Agent: executus/0-test\r\n");
	assert_null(strstr(h.text, "Expect"));
	signature(&h, 1, "012345678901234567890123", sig);
	snprintf(want, sizeof want, "webhook-signature: %s\r\n", sig);
	assert_has(hook_file(&h, "1.head"), want);
	assert_string_equal(hook_file(&h, "1.body"),
			    "{\"type\":\"run.ended\",\"timestamp\":\"2026-01-01T00:00:00Z\","
			    "\"data\":{\"steps\":3,"
			    "\"run\":\"run-a\",\"agent\":\"tester\",\"caller\":\"someone\","
			    "\"channel\":\"test\","
			    "\"status\":\"ok\",\"output\":\"It works.\"}}");
	hook_stop(&h);
}

static void both_keys_sign_while_receivers_change(void **state)
{
	struct hook h;
	char one[64], two[64], want[160];

	(void)state;
	hook_start(&h, "204");
	h.alone.set[0] = (struct double_setting){ "secret", "a new secret, as it is" };
	h.alone.set[2] = (struct double_setting){ "old_secret", SECRET };
	hook_open(&h);
	assert_int_equal(hook_deliver(&h), EXS_OK);
	signature(&h, 1, "a new secret, as it is", one);
	signature(&h, 1, "012345678901234567890123", two);
	snprintf(want, sizeof want, "webhook-signature: %s %s\r\n", one, two);
	assert_has(hook_file(&h, "1.head"), want);
	hook_stop(&h);
}

static void a_run_that_waits_says_so(void **state)
{
	struct hook h;

	(void)state;
	hook_start(&h, "204");
	hook_open(&h);
	h.post.parcel.on = EXS_ENDED_PARKED;
	h.post.parcel.status = "parked";
	h.post.parcel.error = exs_cstr("a call is in doubt");
	h.post.parcel.result = exs_cstr("no object");
	assert_int_equal(hook_deliver(&h), EXS_OK);
	assert_has(hook_file(&h, "1.body"), "{\"type\":\"run.parked\",");
	assert_has(h.text, "\"status\":\"parked\",\"error\":\"a call is in doubt\"");
	hook_stop(&h);
}

static void a_long_output_is_cut_between_characters_and_linked(void **state)
{
	size_t n = 200000, i;
	char *output = malloc(n);
	struct hook h;

	(void)state;
	for (i = 0; i + 2 <= n; i += 2)
		memcpy(output + i, "\xc3\xa4", 2);
	hook_start(&h, "204");
	h.alone.set[2] = (struct double_setting){ "max_body", "2k" };
	h.alone.set[3] = (struct double_setting){ "link", "https://runs.example.org/{run}/x" };
	hook_open(&h);
	h.post.parcel.output = exs_bytes(output, n);
	assert_int_equal(hook_deliver(&h), EXS_OK);
	assert_true(strlen(hook_file(&h, "1.body")) <= 2048);
	assert_true(strlen(h.text) > 1500);
	assert_has(h.text, "\"truncated\":true,\"output_bytes\":200000");
	assert_has(h.text, "\"link\":\"https://runs.example.org/run-a/x\"");
	assert_has(h.text, "\xc3\xa4\"");
	assert_true(utf8_ok(str_of(h.text)));
	free(output);
	hook_stop(&h);
}

static void what_does_not_fit_even_so_is_not_sent(void **state)
{
	char *error = calloc(1, 5000);
	struct hook h;

	(void)state;
	memset(error, 'x', 4999);
	hook_start(&h, "204");
	h.alone.set[2] = (struct double_setting){ "max_body", "1k" };
	hook_open(&h);
	h.post.parcel.error = exs_cstr(error);
	assert_int_equal(hook_deliver(&h), EXS_TOOBIG);
	assert_has(h.post.done.err.text, "does not fit into max_body");
	assert_int_equal(hook_requests(&h), 0);
	free(error);
	hook_stop(&h);
}

/* ---- how answers are taken ---- */

static void an_answer_is_done_for_later_or_for_good(void **state)
{
	static const struct {
		const char *answer;
		exs_status status;
		int32_t klass;
		int64_t retry_after_ms;
		const char *says;
	} rows[] = {
		{ "200", EXS_OK, 0, 0, "" },
		{ "202", EXS_OK, 0, 0, "" },
		{ "302", EXS_DENIED, EXS_CLASS_NONE, 0, "redirects are not followed" },
		{ "400", EXS_DENIED, EXS_CLASS_NONE, 0, "answered 400: as asked" },
		{ "404", EXS_DENIED, EXS_CLASS_NONE, 0, "answered 404" },
		{ "408", EXS_DENIED, EXS_CLASS_TRANSIENT, 0, "answered 408" },
		{ "425", EXS_DENIED, EXS_CLASS_TRANSIENT, 0, "answered 425" },
		{ "429-3", EXS_DENIED, EXS_CLASS_TRANSIENT, 3000, "answered 429" },
		{ "429-999999999", EXS_DENIED, EXS_CLASS_TRANSIENT, 86400000, "answered 429" },
		{ "500", EXS_IO, EXS_CLASS_TRANSIENT, 0, "answered 500" },
		{ "503-7", EXS_IO, EXS_CLASS_TRANSIENT, 7000, "answered 503" },
		{ "drop", EXS_IO, EXS_CLASS_TRANSIENT, 0, "cannot be reached" },
		{ "big", EXS_OK, 0, 0, "" },
	};
	struct hook h;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		hook_start(&h, rows[i].answer);
		hook_open(&h);
		if (hook_deliver(&h) != rows[i].status)
			fail_msg("%s: %d %s", rows[i].answer, h.post.done.status,
				 h.post.done.err.text);
		if (rows[i].status) {
			assert_int_equal(h.post.done.err.klass, rows[i].klass);
			assert_int_equal(h.post.done.err.retry_after_ms, rows[i].retry_after_ms);
			assert_has(h.post.done.err.text, rows[i].says);
		}
		assert_int_equal(hook_requests(&h), 1);
		hook_stop(&h);
	}
}

static void who_is_gone_is_left_alone_until_its_time_is_over(void **state)
{
	struct hook h;

	(void)state;
	hook_start(&h, "410,204");
	hook_open(&h);
	assert_int_equal(hook_deliver(&h), EXS_NOTFOUND);
	assert_int_equal(h.post.done.err.klass, EXS_CLASS_NONE);
	assert_int_equal(hook_deliver(&h), EXS_NOTFOUND);
	assert_string_equal(
		h.post.done.err.text,
		"the receiver answered 410 on 2026-01-01 and is left alone until gone_for is over");
	assert_int_equal(hook_requests(&h), 1);
	h.alone.host.wall_ms += INT64_C(30) * 86400 * 1000;
	assert_int_equal(hook_deliver(&h), EXS_OK);
	assert_int_equal(hook_requests(&h), 2);
	hook_stop(&h);
}

static void that_somebody_is_gone_and_cannot_be_stored_is_logged(void **state)
{
	struct hook h;

	(void)state;
	hook_start(&h, "410");
	h.alone.host.fail_commit = true;
	hook_open(&h);
	assert_int_equal(hook_deliver(&h), EXS_NOTFOUND);
	assert_true(double_host_logged(&h.alone.host, "that a receiver is gone cannot be stored"));
	assert_int_equal(hook_deliver(&h), EXS_NOTFOUND);
	assert_int_equal(hook_requests(&h), 2); /* it is asked again */
	hook_stop(&h);
}

static void a_receiver_that_hangs_is_given_up_in_time(void **state)
{
	struct hook h;

	(void)state;
	hook_start(&h, "hang");
	h.alone.set[2] = (struct double_setting){ "timeout", "300" };
	hook_open(&h);
	assert_int_equal(hook_deliver(&h), EXS_IO);
	assert_int_equal(h.post.done.err.klass, EXS_CLASS_TRANSIENT);
	assert_has(h.post.done.err.text, "cannot be reached");
	hook_stop(&h);
}

static void *fire(void *arg)
{
	usleep(100000);
	cancel_fire(arg, EXS_CAUSE_SHUTDOWN);
	return NULL;
}

static void a_token_that_fires_ends_it(void **state)
{
	pthread_t thread;
	struct hook h;

	(void)state;
	hook_start(&h, "hang");
	hook_open(&h);
	assert_int_equal(pthread_create(&thread, NULL, fire, h.post.cancel), 0);
	assert_int_equal(hook_deliver(&h), EXS_CANCELLED);
	pthread_join(thread, NULL);
	hook_stop(&h);
}

static void nobody_there_is_for_later(void **state)
{
	struct hook h;

	(void)state;
	hook_start(&h, "204");
	hook_open(&h);
	h.post.parcel.target = "http://127.0.0.1:1/";
	assert_int_equal(hook_deliver(&h), EXS_IO);
	assert_int_equal(h.post.done.err.klass, EXS_CLASS_TRANSIENT);
	hook_stop(&h);
}

/* ---- where nothing is sent ---- */

static void some_targets_are_refused_for_good(void **state)
{
	static const char *const rows[][2] = {
		{ "", "is no URL" },
		{ "just words", "is no URL" },
		{ "ftp://127.0.0.1/", "a webhook is https, and not 'ftp'" },
		{ "file:///etc/passwd", "" },
		{ "http://user:word@127.0.0.1/", "holds no user and password" },
		{ "http://192.0.2.1/", "http goes to this machine only" },
		{ "https://10.1.2.3/", "10.1.2.3 is a private address: put it into 'allow'" },
		{ "https://169.254.169.254/latest", "169.254.169.254 is a link-local address" },
		{ "https://[::1]:9/", "::1 is a loopback address" },
		{ "https://0x7f.2/", "127.0.0.2 is a loopback address" },
		{ "https://2130706434/", "127.0.0.2 is a loopback address" },
		{ "https://0/", "0.0.0.0 is an unspecified address" },
		{ "https://[::ffff:10.0.0.1]/", "is a private address" },
	};
	struct hook h;
	size_t i;

	(void)state;
	hook_start(&h, "204");
	hook_open(&h);
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		h.post.parcel.target = rows[i][0];
		if (hook_deliver(&h) == EXS_OK)
			fail_msg("sent to %s", rows[i][0]);
		assert_int_equal(h.post.done.err.klass, EXS_CLASS_NONE);
		assert_has(h.post.done.err.text, rows[i][1]);
	}
	assert_int_equal(hook_requests(&h), 0);
	hook_stop(&h);
}

static void loopback_too_is_allowed_by_name_only(void **state)
{
	struct hook h;
	char url[64];

	(void)state;
	hook_start(&h, "204");
	h.alone.set[1] = (struct double_setting){ "allow", "LocalHost" };
	hook_open(&h);
	assert_int_equal(hook_deliver(&h), EXS_DENIED);
	assert_has(h.post.done.err.text, "127.0.0.1 is a loopback address");
	snprintf(url, sizeof url, "http://localhost:%d/", h.port);
	h.post.parcel.target = url;
	assert_int_equal(hook_deliver(&h), EXS_OK);
	hook_stop(&h);
}

static void the_proxy_of_the_environment_is_not_used(void **state)
{
	struct hook h;

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	hook_start(&h, "204");
	hook_open(&h);
	assert_int_equal(hook_deliver(&h), EXS_OK);
	hook_stop(&h);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

static void without_a_store_it_works_and_remembers_nobody(void **state)
{
	struct hook h;

	(void)state;
	hook_start(&h, "410,204");
	h.alone.host.no_store = true;
	hook_open(&h);
	assert_int_equal(hook_deliver(&h), EXS_NOTFOUND);
	assert_int_equal(hook_deliver(&h), EXS_OK);
	hook_stop(&h);
}

static void a_wrong_setting_is_refused_with_its_place(void **state)
{
	static const struct double_setting rows[][2] = {
		{ { "secret", "short" }, { "x", "'secret' is no key" } },
		{ { "secret", "whsec_AAAA" }, { "x", "'secret' is no key" } },
		{ { "secret", "whsec_not base64 at all!!!!!!!!!!!!!!!!!" },
		  { "x", "'secret' is no key" } },
		{ { "old_secret", "" }, { "x", "'old_secret' is no key" } },
		{ { "allow", "127.0.0.1|not a host" },
		  { "x", "'not a host' is no host, address or block" } },
		{ { "allow", "10.0.0.0/99" }, { "x", "'10.0.0.0/99' is no host" } },
		{ { "max_body", "100" }, { "x", "'max_body' is at least 1024 bytes" } },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct alone a;

		memset(&a, 0, sizeof a);
		alone_init(&a, BATTERIES "/delivery_webhook.so", "hook");
		a.set[0] = (struct double_setting){ "secret", SECRET };
		a.set[strcmp(rows[i][0].key, "secret") == 0 ? 0 : 1] = rows[i][0];
		assert_int_equal(alone_open(&a), EXS_INVALID);
		assert_has(a.err.text, rows[i][1].value);
		assert_has(a.err.text, "test.yaml:1:1: ");
		alone_release(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(posts_the_result_signed_and_takes_its_receipt),
		cmocka_unit_test(both_keys_sign_while_receivers_change),
		cmocka_unit_test(a_run_that_waits_says_so),
		cmocka_unit_test(a_long_output_is_cut_between_characters_and_linked),
		cmocka_unit_test(what_does_not_fit_even_so_is_not_sent),
		cmocka_unit_test(an_answer_is_done_for_later_or_for_good),
		cmocka_unit_test(who_is_gone_is_left_alone_until_its_time_is_over),
		cmocka_unit_test(that_somebody_is_gone_and_cannot_be_stored_is_logged),
		cmocka_unit_test(a_receiver_that_hangs_is_given_up_in_time),
		cmocka_unit_test(a_token_that_fires_ends_it),
		cmocka_unit_test(nobody_there_is_for_later),
		cmocka_unit_test(some_targets_are_refused_for_good),
		cmocka_unit_test(loopback_too_is_allowed_by_name_only),
		cmocka_unit_test(the_proxy_of_the_environment_is_not_used),
		cmocka_unit_test(without_a_store_it_works_and_remembers_nobody),
		cmocka_unit_test(a_wrong_setting_is_refused_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
