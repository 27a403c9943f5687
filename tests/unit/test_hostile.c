/* SPDX-License-Identifier: MIT */
/*
 * test_hostile.c - every way in which a server can be bad, against every battery that talks to one:
 * what it is called, that it ends within its deadline, that memory stays bounded, and that nothing
 * of it is believed.
 */
#include "unit/hostile_kit.h"

#include "base/clock.h"
#include "base/json.h"

#define KEY	       "sk-do-not-show-me"
#define TOTAL_MS       6000
#define SLACK_MS       20000 /* the machine is busy: this holds the bound, not the speed */
#define GROWTH_MAX_KIB (64 << 10)

static const char *const batteries[] = { "model_openai", "model_openai_responses",
					 "model_anthropic", "model_ollama" };

static const struct double_setting strict[] = { { "key", KEY },
						{ "first_byte_timeout", "1500ms" },
						{ "idle_timeout", "1500ms" },
						{ "connect_timeout", "3s" },
						{ "total_timeout", "6s" },
						{ "retries", "0" },
						{ NULL, NULL } };

enum { GONE = EXS_CLASS_TRANSIENT, NEVER = EXS_CLASS_PERMANENT, CUT = EXS_CLASS_TRUNCATED };

static const struct trial {
	const char *word;
	exs_status status;
	int32_t klass;
	const char *says; /* in the sentence; of a good answer: in the message */
} trials[] = {
	/* the connection */
	{ "good", EXS_OK, 0, "\"text\":\"fine\"" },
	{ "slow_header", EXS_IO, GONE, "first_byte_timeout" },
	{ "slow_body", EXS_IO, CUT, "total_timeout" },
	{ "never", EXS_IO, GONE, "first_byte_timeout" },
	{ "close_early", EXS_IO, GONE, "broke off" },
	{ "reset", EXS_IO, GONE, "broke off" },
	{ "reset_midway", EXS_IO, CUT, "broke off" },
	{ "half", EXS_IO, CUT, "broke off" },
	{ "no_end", EXS_IO, CUT, "broke off" },
	{ "falls_silent", EXS_IO, CUT, "fell silent" },
	/* sizes */
	{ "huge_line", EXS_TOOBIG, NEVER, "more than an answer may hold" },
	{ "endless", EXS_TOOBIG, NEVER, "more than an answer may hold" },
	{ "endless_comments", EXS_TOOBIG, NEVER, "more than an answer may hold" },
	{ "gzip_bomb", EXS_IO, CUT, "" },
	{ "length_short", EXS_IO, CUT, "broke off" },
	{ "length_long", EXS_IO, CUT, "broke off" },
	{ "huge_header", EXS_IO, GONE, "broke off" },
	/* HTTP */
	{ "chunk_lies", EXS_IO, CUT, "broke off" },
	{ "text_plain", EXS_OK, 0, "\"text\":\"fine\"" },
	{ "html", EXS_INVALID, NEVER, "web page" },
	{ "no_content", EXS_IO, GONE, "empty body" },
	{ "flood_1xx", EXS_IO, GONE, "" },
	{ "redirect_loop", EXS_INVALID, NEVER, "not followed" },
	{ "redirect_metadata", EXS_INVALID, NEVER, "not followed" },
	{ "not_http", EXS_IO, GONE, "" },
	/* refusals */
	{ "400", EXS_INVALID, NEVER, "because of 400" },
	{ "401", EXS_DENIED, NEVER, "check 'key'" },
	{ "402", EXS_DENIED, EXS_CLASS_LIMIT, "because of 402" },
	{ "403", EXS_DENIED, NEVER, "check 'key'" },
	{ "404", EXS_NOTFOUND, EXS_CLASS_NO_MODEL, "because of 404" },
	{ "408", EXS_IO, GONE, "because of 408" },
	{ "409", EXS_IO, GONE, "because of 409" },
	{ "413", EXS_TOOBIG, NEVER, "because of 413" },
	{ "422", EXS_INVALID, NEVER, "because of 422" },
	{ "429", EXS_AGAIN, EXS_CLASS_LIMIT, "because of 429" },
	{ "500", EXS_IO, GONE, "because of 500" },
	{ "502", EXS_IO, GONE, "because of 502" },
	{ "503", EXS_IO, GONE, "because of 503" },
	{ "529", EXS_IO, GONE, "because of 529" },
	{ "busy_absurd", EXS_AGAIN, EXS_CLASS_LIMIT, "rate limit" },
	{ "json_error_200", EXS_INVALID, NEVER, "no such thing" },
	{ "error_event", EXS_IO, GONE, "it died" },
	/* what is said */
	{ "malformed", EXS_IO, CUT, "not JSON" },
	{ "not_a_number", EXS_IO, CUT, "not JSON" },
	{ "nul_byte", EXS_IO, CUT, "not JSON" },
	{ "deep", EXS_IO, CUT, "not JSON" },
	{ "nul_escape", EXS_OK, 0,
	  "a\xef\xbf\xbd"
	  "b" },
	{ "bad_utf8", EXS_OK, 0, "a\xef\xbf\xbd" },
	{ "nul_in_arguments", EXS_IO, GONE, "cannot be used" },
	{ "many_calls", EXS_TOOBIG, NEVER, "more than an answer may hold" },
	/* the kernel's to judge: handed on byte for byte */
	{ "duplicate_keys", EXS_OK, 0, "{\\\"path\\\":\\\"a\\\",\\\"path\\\":\\\"b\\\"}" },
	{ "unknown_tool", EXS_OK, 0, "\"name\":\"tool_7\"" },
	{ "same_call", EXS_OK, 0, "\"id\":\"c1\"" },
	{ "empty_answer", EXS_OK, 0, "\"parts\":[]" },
	{ "refusal", EXS_OK, 0, "\"stop\":\"refusal\"" },
};
#define TRIALS (sizeof trials / sizeof trials[0])

/* Ollama's API has no way to say that a model refuses. */
static const struct trial no_refusal = { "refusal", EXS_OK, 0, "\"stop\":\"end\"" };

static const struct trial *trial_of(const char *battery, size_t i)
{
	if (strcmp(battery, "model_ollama") == 0 && strcmp(trials[i].word, no_refusal.word) == 0)
		return &no_refusal;
	return &trials[i];
}

static int set_up(void **state)
{
	static struct hostile h;

	hostile_start(&h);
	*state = &h;
	return 0;
}

static int tear_down(void **state)
{
	hostile_stop(*state);
	return 0;
}

static void judge(const char *battery, const struct trial *t, const struct asked *a)
{
	exs_err err = EXS_ERR_INIT;
	const char *said = t->status ? a->done.err.text : a->done.out.p;

	if (a->done.status != t->status || (t->status && a->done.err.klass != t->klass))
		fail_msg("%s, %s: status %d, class %d: %s", battery, t->word, a->done.status,
			 a->done.err.klass, a->done.err.text);
	if (!strstr(said, t->says))
		fail_msg("%s, %s: '%s' does not say '%s'", battery, t->word, said, t->says);
	assert_null(strstr(a->done.err.text, KEY));
	if (t->status)
		assert_int_equal(a->done.out.n, 0);
	else
		assert_int_equal(json_check_object(exs_bytes(a->done.out.p, a->done.out.n),
						   JSON_DEPTH_MAX, &err),
				 EXS_OK);
}

/* All at once: the bad ones may not hold up the good ones, and what they take together is bounded.
 */
static void try_all(const char *battery, const struct hostile *h)
{
	static struct asked crowd[TRIALS];
	int64_t began = clock_mono_ms();
	struct kit k;
	size_t i;

	hostile_open(&k, battery, h, PORT_PLAIN, strict);
	for (i = 0; i < TRIALS; i++)
		ask_start(&k, &crowd[i], trials[i].word);
	for (i = 0; i < TRIALS; i++) {
		if (!double_done_wait(&crowd[i].done, TOTAL_MS + SLACK_MS))
			fail_msg("%s, %s: it has not ended", battery, trials[i].word);
		judge(battery, trial_of(battery, i), &crowd[i]);
	}
	assert_true(clock_mono_ms() - began < TOTAL_MS + SLACK_MS);
	for (i = 0; i < TRIALS; i++) {
		assert_int_equal(crowd[i].done.ends, 1);
		ask_release(&crowd[i]);
	}
	assert_false(double_host_logged(&k.host, KEY));
	kit_close(&k);
}

static void calls_each_fault_by_its_name(void **state)
{
	size_t i;

	for (i = 0; i < sizeof batteries / sizeof batteries[0]; i++)
		try_all(batteries[i], *state);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static void takes_bounded_memory(void **state)
{
	(void)state;
	skip(); /* a sanitizer keeps what was freed */
}
#else
/* A line of /proc/self/status in KiB. */
static long memory_kib(const char *name)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long kib = -1;

	assert_non_null(f);
	while (fgets(line, sizeof line, f))
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtol(line + strlen(name) + 1, NULL, 10);
	fclose(f);
	return kib;
}

/* One after the other, so that the peak is that of one. */
static void takes_bounded_memory(void **state)
{
	long base = memory_kib("VmHWM:");
	struct asked a;
	struct kit k;
	size_t b, i;

	for (b = 0; b < sizeof batteries / sizeof batteries[0]; b++) {
		hostile_open(&k, batteries[b], *state, PORT_PLAIN, strict);
		for (i = 0; i < TRIALS; i++) {
			if (trials[i].status != EXS_TOOBIG)
				continue;
			ask(&k, &a, trials[i].word);
			ask_release(&a);
			if (memory_kib("VmHWM:") - base > GROWTH_MAX_KIB)
				fail_msg("%s, %s: %ld KiB over what it was", batteries[b],
					 trials[i].word, memory_kib("VmHWM:") - base);
		}
		kit_close(&k);
	}
}
#endif

static void gets_over_what_passes(void **state)
{
	static const char *const words[] = { "reset_once", "busy_once", "busy_past_date_once" };
	static const struct double_setting twice[] = { { "retries", "1" }, { NULL, NULL } };
	struct asked a;
	struct kit k;
	size_t b, i;

	for (b = 0; b < sizeof batteries / sizeof batteries[0]; b++) {
		hostile_open(&k, batteries[b], *state, PORT_PLAIN, twice);
		for (i = 0; i < sizeof words / sizeof words[0]; i++) {
			ask(&k, &a, words[i]);
			if (a.done.status)
				fail_msg("%s, %s: %s", batteries[b], words[i], a.done.err.text);
			assert_string_equal(a.done.progress.p, "fine");
			ask_release(&a);
		}
		kit_close(&k);
	}
}

static void ends_soon_when_cancelled_wherever_it_is(void **state)
{
	static const char *const words[] = { "slow_header",  "slow_body", "never",
					     "falls_silent", "flood_1xx", "500" };
	static const struct double_setting patient[] = { { "retries", "9" }, { NULL, NULL } };
	struct asked a;
	struct kit k;
	size_t b, i;

	for (b = 0; b < sizeof batteries / sizeof batteries[0]; b++) {
		hostile_open(&k, batteries[b], *state, PORT_PLAIN, patient);
		for (i = 0; i < sizeof words / sizeof words[0]; i++) {
			ask_start(&k, &a, words[i]);
			usleep(150000); /* it is under way; whichever stage it is in is fine */
			cancel_fire(a.token, EXS_CAUSE_CALLER);
			if (!double_done_wait(&a.done, SLACK_MS))
				fail_msg("%s, %s: it does not end", batteries[b], words[i]);
			assert_int_equal(a.done.status, EXS_CANCELLED);
			ask_release(&a);
		}
		kit_close(&k);
	}
}

/* ---- TLS ---- */

/* One turn at a TLS port with the certificates of DIR/NAME.pem; NULL: none. */
static void shake(const struct hostile *h, int port, const char *trust, const char *show,
		  exs_status status, const char *says)
{
	char ca[512], cert[512];
	struct double_setting set[4] = { { "retries", "0" } };
	size_t n = 1;
	struct asked a;
	struct kit k;

	snprintf(ca, sizeof ca, "%s/%s.pem", h->dir, trust ? trust : "");
	snprintf(cert, sizeof cert, "%s/%s.pem", h->dir, show ? show : "");
	if (trust)
		set[n++] = (struct double_setting){ "ca_file", ca };
	if (show)
		set[n++] = (struct double_setting){ "client_cert", cert };
	hostile_open(&k, batteries[0], h, port, set);
	ask(&k, &a, "good");
	if (a.done.status != status || !strstr(a.done.err.text, says))
		fail_msg("port %d: status %d: %s", port, a.done.status, a.done.err.text);
	if (status && port != PORT_CLIENT)
		assert_int_equal(a.done.err.klass, EXS_CLASS_PERMANENT);
	ask_release(&a);
	kit_close(&k);
}

static void trusts_no_certificate_that_is_not_right(void **state)
{
	shake(*state, PORT_GOOD, "good", NULL, EXS_OK, "");
	shake(*state, PORT_GOOD, NULL, NULL, EXS_IO, "cannot be trusted");
	shake(*state, PORT_GOOD, "client", NULL, EXS_IO, "cannot be trusted");
	shake(*state, PORT_EXPIRED, "expired", NULL, EXS_IO, "cannot be trusted");
	shake(*state, PORT_WRONG_HOST, "wrong-host", NULL, EXS_IO, "cannot be trusted");
	shake(*state, PORT_GOOD, "no-such-file", NULL, EXS_IO, "ca_file");
}

static void shows_the_certificate_of_this_side(void **state)
{
	shake(*state, PORT_CLIENT, "client", "client", EXS_OK, "");
	shake(*state, PORT_CLIENT, "client", "good", EXS_IO, "broke off");
	shake(*state, PORT_CLIENT, "client", "no-such-file", EXS_IO, "client_cert");
}

/* A proxy that nobody runs: the request must not go around it. */
static void asks_through_the_proxy_or_not_at_all(void **state)
{
	static const struct double_setting set[] = { { "proxy", "http://127.0.0.1:1" },
						     { "retries", "0" },
						     { NULL, NULL } };
	struct asked a;
	struct kit k;

	hostile_open(&k, batteries[0], *state, PORT_PLAIN, set);
	ask(&k, &a, "good");
	assert_int_equal(a.done.status, EXS_IO);
	ask_release(&a);
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_bounded_memory),
		cmocka_unit_test(calls_each_fault_by_its_name),
		cmocka_unit_test(gets_over_what_passes),
		cmocka_unit_test(ends_soon_when_cancelled_wherever_it_is),
		cmocka_unit_test(trusts_no_certificate_that_is_not_right),
		cmocka_unit_test(shows_the_certificate_of_this_side),
		cmocka_unit_test(asks_through_the_proxy_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
