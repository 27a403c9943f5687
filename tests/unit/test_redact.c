/* SPDX-License-Identifier: MIT */
/* test_redact.c - what is taken out of a fact's body, and that the body stays what it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "fact/redact.h"

#define KEY "sk-live-0123456789"

static void add_secret(struct redact *r, const char *secret)
{
	exs_err err = EXS_ERR_INIT;

	assert_int_equal(redact_add_secret(r, str_of(secret), &err), EXS_OK);
}

static void add_pattern(struct redact *r, const char *pattern)
{
	exs_err err = EXS_ERR_INIT;

	if (redact_add_pattern(r, pattern, &err))
		fail_msg("%s", err.text);
}

static void assert_json(exs_str s)
{
	exs_err err = EXS_ERR_INIT;

	if (json_check(s, JSON_DEPTH_MAX, &err))
		fail_msg("%s: %.*s", err.text, (int)s.n, s.p);
}

static void assert_scrubbed(const struct redact *r, const char *body, const char *want)
{
	exs_err err = EXS_ERR_INIT;
	struct buf b;

	buf_init(&b, 4096);
	buf_puts(&b, body);
	if (redact_secrets(r, &b, &err))
		fail_msg("%s", err.text);
	assert_json(buf_view(&b));
	assert_string_equal(b.p, want);
	buf_release(&b);
}

static void assert_patterned(const struct redact *r, const char *json, const char *want)
{
	bool changed = false;
	struct buf out;

	buf_init(&out, 4096);
	assert_int_equal(redact_json(r, str_of(json), &out, &changed), EXS_OK);
	assert_int_equal(changed, strcmp(json, want) != 0);
	if (changed)
		assert_json(buf_view(&out));
	assert_string_equal(changed ? out.p : json, want);
	if (!changed)
		assert_int_equal(out.n, 0);
	buf_release(&out);
}

/* ---- claims: secrets ---- */

static void a_secret_goes_wherever_a_text_holds_it(void **state)
{
	struct redact r = { 0 };

	(void)state;
	assert_scrubbed(&r, "{\"a\":\"" KEY "\"}", "{\"a\":\"" KEY "\"}");
	add_secret(&r, KEY);
	assert_scrubbed(&r, "{\"a\":\"" KEY "\"}", "{\"a\":\"[secret]\"}");
	assert_scrubbed(&r, "{ \"a\" : [ 1.50, \"x" KEY KEY "y\", {\"b\":\"\\n" KEY "\"} ] }",
			"{ \"a\" : [ 1.50, \"x[secret][secret]y\", {\"b\":\"\\n[secret]\"} ] }");
	assert_scrubbed(&r, "{\"" KEY "\":\"sk-live-012345678\"}",
			"{\"[secret]\":\"sk-live-012345678\"}");
	assert_scrubbed(&r, "{\"a\":\"\\u0041\\/\",\"b\":1}", "{\"a\":\"\\u0041\\/\",\"b\":1}");
	redact_release(&r);
}

static void a_secret_is_found_behind_escapes(void **state)
{
	struct redact r = { 0 };

	(void)state;
	add_secret(&r, KEY);
	add_secret(&r, "a/b/c/d/e");
	assert_scrubbed(&r, "{\"a\":\"\\u0073k-live-01234567\\u0038\\u0039.\"}",
			"{\"a\":\"[secret].\"}");
	assert_scrubbed(&r, "{\"a\":\"a\\/b/c\\/d/e\"}", "{\"a\":\"[secret]\"}");
	redact_release(&r);
}

static void a_secret_with_odd_letters_is_found_in_arguments_too(void **state)
{
	struct redact r = { 0 };

	(void)state;
	add_secret(&r, "pass\"wo\\rd\nline");
	assert_scrubbed(&r, "{\"t\":\"pass\\\"wo\\\\rd\\nline\"}", "{\"t\":\"[secret]\"}");
	assert_scrubbed(&r, "{\"t\":\"pass\\u0022wo\\u005crd\\u000aline\"}",
			"{\"t\":\"[secret]\"}");
	/* arguments: JSON inside of a text */
	assert_scrubbed(&r, "{\"t\":\"{\\\"k\\\":\\\"pass\\\\\\\"wo\\\\\\\\rd\\\\nline\\\"}\"}",
			"{\"t\":\"{\\\"k\\\":\\\"[secret]\\\"}\"}");
	redact_release(&r);
}

static void the_longer_of_two_secrets_wins(void **state)
{
	struct redact r = { 0 };

	(void)state;
	add_secret(&r, "abcdefgh");
	add_secret(&r, "abcdefghijkl");
	add_secret(&r, "defghijkl");
	assert_scrubbed(&r, "{\"a\":\"abcdefghijkl abcdefghi defghijkl\"}",
			"{\"a\":\"[secret] [secret]i [secret]\"}");
	redact_release(&r);
}

static void a_short_secret_is_not_searched(void **state)
{
	struct redact r = { 0 };

	(void)state;
	add_secret(&r, "1234567");
	assert_int_equal(r.form_n, 0);
	assert_scrubbed(&r, "{\"a\":\"1234567\"}", "{\"a\":\"1234567\"}");
	redact_release(&r);
}

static void two_members_that_would_have_one_name_are_refused(void **state)
{
	struct redact r = { 0 };
	exs_err err = EXS_ERR_INIT;
	struct buf b;

	(void)state;
	add_secret(&r, KEY);
	add_secret(&r, "another-one");
	buf_init(&b, 4096);
	buf_puts(&b, "{\"" KEY "\":1,\"another-one\":2}");
	assert_int_equal(redact_secrets(&r, &b, &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "names of members"));
	assert_null(strstr(err.text, KEY));
	buf_release(&b);
	redact_release(&r);
}

/* ---- claims: patterns ---- */

static void a_pattern_is_found_in_decoded_values_and_not_in_names(void **state)
{
	struct redact r = { 0 };

	(void)state;
	assert_patterned(&r, "{\"a\":\"ABC-1\"}", "{\"a\":\"ABC-1\"}");
	add_pattern(&r, "[A-C]{3}-[0-9]+");
	assert_patterned(&r, "{\"ABC-1\":\"x ABC-12, ABC-3 y\",\"n\":[1,\"\\u0041BC-\\u0037\"]}",
			 "{\"ABC-1\":\"x [redacted], [redacted] y\",\"n\":[1,\"[redacted]\"]}");
	assert_patterned(&r, "{\"a\":\"abc\\u00e9\\n\",\"b\":true}",
			 "{\"a\":\"abc\\u00e9\\n\",\"b\":true}");
	redact_release(&r);
}

static void a_pattern_sees_one_line_at_a_time(void **state)
{
	struct redact r = { 0 };

	(void)state;
	add_pattern(&r, "^token=.*$");
	assert_patterned(&r, "{\"a\":\"one\\ntoken=1 2\\nthree token=4\"}",
			 "{\"a\":\"one\\n[redacted]\\nthree token=4\"}");
	redact_release(&r);
}

static void no_mark_is_marked_again_and_neighbours_share_one(void **state)
{
	struct redact r = { 0 };

	(void)state;
	add_pattern(&r, "red");
	add_pattern(&r, "blue");
	add_pattern(&r, "ebl");
	assert_patterned(&r, "{\"a\":\"red redblue x reblue\"}",
			 "{\"a\":\"[redacted] [redacted] x r[redacted]\"}");
	redact_release(&r);
}

static void what_cuts_a_character_leaves_valid_text(void **state)
{
	struct redact r = { 0 };
	bool changed = false;
	struct buf out;

	(void)state;
	add_pattern(&r, "x.");
	buf_init(&out, 4096);
	assert_int_equal(redact_json(&r, str_of("{\"a\":\"x\xf0\x9f\x90\x8ey\"}"), &out, &changed),
			 EXS_OK);
	assert_true(changed);
	assert_json(buf_view(&out));
	assert_non_null(strstr(out.p, "[redacted]"));
	buf_release(&out);
	redact_release(&r);
}

static void a_pattern_that_cannot_be_used_is_refused(void **state)
{
	struct redact r = { 0 };
	exs_err err = EXS_ERR_INIT;

	(void)state;
	assert_int_equal(redact_add_pattern(&r, "(", &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "regular expression"));
	assert_int_equal(redact_add_pattern(&r, "a*", &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "empty text"));
	assert_int_equal(r.pattern_n, 0);
	redact_release(&r);
}

/* ---- claims: arguments ---- */

static bool is_unlock(const void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "unlock") == 0;
}

static void assert_shown(const struct redact *r, int32_t kind, const char *name, const char *body,
			 const char *want)
{
	exs_fact fact = { .size = sizeof fact, .kind = kind };
	bool changed = false;
	struct buf out;

	fact.name = str_of(name);
	fact.body = str_of(body);
	buf_init(&out, 4096);
	assert_int_equal(redact_shown(r, &fact, is_unlock, NULL, &out, &changed), EXS_OK);
	assert_int_equal(changed, strcmp(body, want) != 0);
	if (changed)
		assert_json(buf_view(&out));
	assert_string_equal(changed ? out.p : body, want);
	buf_release(&out);
}

static void arguments_of_a_marked_tool_are_shown_to_nobody(void **state)
{
	struct redact r = { 0 };
	static const char *const body =
		"{\"message\":{\"provider\":{\"raw\":\"4711\"},\"calls\":["
		"{\"arguments\":\"{\\\"a\\\":1}\",\"id\":\"1\",\"name\":\"list\"},"
		"{\"arguments\":\"{\\\"pin\\\":\\\"4711\\\"}\",\"id\":\"2\",\"name\":"
		"\"unl\\u006fck\"}"
		"]},\"ms\":5}";

	(void)state;
	assert_shown(&r, EXS_FACT_TURN_ENDED, "m", body,
		     "{\"message\":{\"provider\":{},\"calls\":["
		     "{\"arguments\":\"{\\\"a\\\":1}\",\"id\":\"1\",\"name\":\"list\"},"
		     "{\"arguments\":\"[secret]\",\"id\":\"2\",\"name\":\"unl\\u006fck\"}"
		     "]},\"ms\":5}");
	assert_shown(&r, EXS_FACT_CALL_ENDED, "m", body, body);
	add_pattern(&r, "list");
	assert_shown(
		&r, EXS_FACT_TURN_ENDED, "m",
		"{\"message\":{\"calls\":[{\"id\":\"1\",\"name\":\"list\",\"arguments\":\"\"}]}}",
		"{\"message\":{\"calls\":[{\"id\":\"1\",\"name\":\"[redacted]\","
		"\"arguments\":\"\"}]}}");
	redact_release(&r);
}

static void nor_is_their_digest(void **state)
{
	struct redact r = { 0 };

	(void)state;
	assert_shown(&r, EXS_FACT_CALL_STARTED, "unlock", "{\"args_sha256\":\"00ff\",\"try\":1}",
		     "{\"args_sha256\":\"[secret]\",\"try\":1}");
	assert_shown(&r, EXS_FACT_CALL_STARTED, "list", "{\"args_sha256\":\"00ff\",\"try\":1}",
		     "{\"args_sha256\":\"00ff\",\"try\":1}");
}

/* What is shown of a text that comes in pieces of so many bytes. */
static void assert_live(const struct redact *r, const char *text, size_t piece, const char *want)
{
	size_t n = strlen(text), at, ready;
	struct buf live, out;

	buf_init(&live, 4096);
	buf_init(&out, 4096);
	for (at = 0; at < n; at += piece) {
		buf_put(&live, text + at, n - at < piece ? n - at : piece);
		ready = redact_ready(r, buf_view(&live));
		assert_true(ready <= live.n);
		assert_int_equal(redact_plain(r, str_n(live.p, ready), &out), EXS_OK);
		memmove(live.p, live.p + ready, live.n - ready);
		buf_truncate(&live, live.n - ready);
	}
	assert_int_equal(redact_plain(r, buf_view(&live), &out), EXS_OK);
	assert_string_equal(out.p, want);
	buf_release(&live);
	buf_release(&out);
}

static void assert_live_in_all_pieces(const struct redact *r, const char *text, const char *want)
{
	size_t piece;

	for (piece = 1; piece <= strlen(text); piece++)
		assert_live(r, text, piece, want);
}

static void live_text_hides_the_same_wherever_it_is_cut(void **state)
{
	struct redact r = { 0 };

	(void)state;
	assert_live_in_all_pieces(&r, "as it is\n", "as it is\n");
	add_secret(&r, KEY);
	add_secret(&r, "abababab");
	add_secret(&r, "abababab-and-more");
	add_secret(&r, "two\nlines of it");
	assert_live_in_all_pieces(&r, "a " KEY " and " KEY, "a [secret] and [secret]");
	assert_live_in_all_pieces(&r, "sk-live-01234 is none", "sk-live-01234 is none");
	assert_live_in_all_pieces(&r, "ababababab", "[secret]ab");
	assert_live_in_all_pieces(&r, "abababab-and-mode", "[secret]-and-mode");
	assert_live_in_all_pieces(&r, "xabababab-and-more.", "x[secret].");
	add_pattern(&r, "[0-9]+-[0-9]+$");
	assert_live_in_all_pieces(&r, "is 12-34\nnot 12-34 here\n" KEY "\n9-9",
				  "is [redacted]\nnot 12-34 here\n[secret]\n[redacted]");
	assert_live_in_all_pieces(&r, "one 1-1 two\nlines of it 2-2", "one 1-1 [secret] [redacted]");
	redact_release(&r);
}

static void live_text_waits_for_no_more_than_it_must(void **state)
{
	struct redact r = { 0 };

	(void)state;
	assert_int_equal(redact_ready(&r, str_of("all of it")), 9);
	add_secret(&r, KEY);
	assert_int_equal(redact_ready(&r, str_of("all of it")), 9);
	assert_int_equal(redact_ready(&r, str_of("all but sk-li")), 8);
	assert_int_equal(redact_ready(&r, str_of("all " KEY)), 4 + strlen(KEY));
	add_pattern(&r, "x");
	assert_int_equal(redact_ready(&r, str_of("no line yet")), 0);
	assert_int_equal(redact_ready(&r, str_of("a line\nand more")), 7);
	redact_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_goes_wherever_a_text_holds_it),
		cmocka_unit_test(a_secret_is_found_behind_escapes),
		cmocka_unit_test(a_secret_with_odd_letters_is_found_in_arguments_too),
		cmocka_unit_test(the_longer_of_two_secrets_wins),
		cmocka_unit_test(a_short_secret_is_not_searched),
		cmocka_unit_test(two_members_that_would_have_one_name_are_refused),
		cmocka_unit_test(a_pattern_is_found_in_decoded_values_and_not_in_names),
		cmocka_unit_test(a_pattern_sees_one_line_at_a_time),
		cmocka_unit_test(no_mark_is_marked_again_and_neighbours_share_one),
		cmocka_unit_test(what_cuts_a_character_leaves_valid_text),
		cmocka_unit_test(a_pattern_that_cannot_be_used_is_refused),
		cmocka_unit_test(arguments_of_a_marked_tool_are_shown_to_nobody),
		cmocka_unit_test(nor_is_their_digest),
		cmocka_unit_test(live_text_hides_the_same_wherever_it_is_cut),
		cmocka_unit_test(live_text_waits_for_no_more_than_it_must),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
