/* SPDX-License-Identifier: MIT */
/* test_image.c - images by their first bytes, their bounds, and their form in facts and messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "fact/image.h"
#include "fact/message.h"
#include "fact/redact.h"

#define PNG "\x89PNG\r\n\x1a\n"

static exs_str bytes(const char *p, size_t n)
{
	return (exs_str){ p, n };
}

#define B(text) bytes(text, sizeof(text) - 1)

static void the_first_bytes_tell_the_kind(void **state)
{
	(void)state;
	assert_string_equal(image_mime(B(PNG)), "image/png");
	assert_string_equal(image_mime(B("\xff\xd8\xff\xe0")), "image/jpeg");
	assert_string_equal(image_mime(B("GIF87a")), "image/gif");
	assert_string_equal(image_mime(B("GIF89a")), "image/gif");
	assert_string_equal(image_mime(B("RIFF1234WEBPVP8 ")), "image/webp");
	assert_null(image_mime(B("RIFF1234WAVE")));
	assert_null(image_mime(B("RIFF1234WEB")));
	assert_null(image_mime(B("\x89PNG\r\n\x1a")));
	assert_null(image_mime(B("BM")));
	assert_null(image_mime(B("")));
}

static void what_cannot_be_sent_is_named(void **state)
{
	static const char *const names[] = { "plan.png", "notes.txt" };
	exs_str list[IMAGES_MAX + 1] = { B(PNG), B("hello") };
	exs_err err = EXS_ERR_INIT;
	char *big = calloc(1, IMAGE_BYTES_MAX);
	size_t i;

	(void)state;
	assert_int_equal(images_check(list, 1, names, &err), EXS_OK);
	assert_int_equal(images_check(list, 2, names, &err), EXS_INVALID);
	assert_string_equal(err.text, "'notes.txt' is no image that models take: give a PNG, JPEG, GIF or "
				      "WebP");
	assert_int_equal(images_check(list, 2, NULL, &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "image 2 is no image"));
	/* All of them together have the bound of one. */
	memcpy(big, PNG, sizeof PNG - 1);
	list[0] = bytes(big, IMAGE_BYTES_MAX);
	list[1] = B(PNG);
	assert_int_equal(images_check(list, 1, NULL, &err), EXS_OK);
	assert_int_equal(images_check(list, 2, NULL, &err), EXS_TOOBIG);
	assert_string_equal(err.text, "with image 2 the images are over 5 MiB together: make them smaller");
	for (i = 0; i <= IMAGES_MAX; i++)
		list[i] = B(PNG);
	assert_int_equal(images_check(list, IMAGES_MAX, NULL, &err), EXS_OK);
	assert_int_equal(images_check(list, IMAGES_MAX + 1, NULL, &err), EXS_TOOBIG);
	assert_string_equal(err.text, "17 images; one question has at most 16");
	free(big);
}

static void a_fact_has_kind_size_hash_and_base64(void **state)
{
	static const char *const tails[] = { "iVBORw0KGgo=", "iVBORw0KGgph", "iVBORw0KGgphYg==",
					     "iVBORw0KGgphYmM=", "iVBORw0KGgphYmNk" };
	char file[16] = PNG "abcd";
	struct image image;
	struct buf b;
	exs_str item;
	size_t n;

	(void)state;
	buf_init(&b, 4096);
	images_json(&(exs_str){ PNG, 8 }, 1, &b);
	assert_string_equal(b.p,
			    "[{\"mime\":\"image/png\",\"bytes\":8,\"sha256\":"
			    "\"4c4b6a3be1314ab86138bef4314dde022e600960d8689a2c8f8631802d20dab6\","
			    "\"data\":\"iVBORw0KGgo=\"}]");
	/* Every remainder, and back to the size. */
	for (n = 0; n <= 4; n++) {
		exs_str one = { file, 8 + n };
		struct json_iter it;

		buf_clear(&b);
		images_json(&one, 1, &b);
		json_iter_init(&it, buf_view(&b));
		assert_true(json_next(&it, NULL, &item) && image_of_fact(item, &image));
		assert_int_equal(image.data.n, strlen(tails[n]) + 2);
		assert_memory_equal(image.data.p + 1, tails[n], strlen(tails[n]));
		assert_int_equal(image_bytes(&image), 8 + n);
	}
	buf_clear(&b);
	images_json(NULL, 0, &b);
	assert_string_equal(b.p, "[]");
	buf_release(&b);
}

#define IMAGE(more) "{\"mime\":\"image/gif\",\"bytes\":1," more "\"data\":\"eA==\"}"
#define PART	    "{\"type\":\"image\",\"mime\":\"image/gif\",\"data\":\"eA==\"}"
#define USER(parts) "{\"role\":\"user\",\"parts\":[" parts "]}"

static void assert_question(const char *text, const char *images, const char *want)
{
	struct buf b;

	buf_init(&b, 4096);
	assert_int_equal(message_question(&b, bytes(text, strlen(text)), bytes(images, strlen(images))),
			 want != NULL);
	if (want)
		assert_string_equal(b.p, want);
	buf_release(&b);
}

static void a_question_has_its_text_and_its_images(void **state)
{
	(void)state;
	assert_question("hi", "[]", USER("{\"type\":\"text\",\"text\":\"hi\"}"));
	assert_question("hi", "[" IMAGE("") "," IMAGE("\"new\":1,") "]",
			USER("{\"type\":\"text\",\"text\":\"hi\"}," PART "," PART));
	/* No text that says nothing beside images, and none without parts. */
	assert_question("", "[" IMAGE("") "]", USER(PART));
	assert_question(" \n", "[" IMAGE("") "]", USER(PART));
	assert_question("", "[]", USER("{\"type\":\"text\",\"text\":\"\"}"));
	assert_question("hi", "[{\"mime\":\"image/gif\"}]", NULL);
	assert_question("hi", "[{\"mime\":1,\"data\":\"eA==\"}]", NULL);
	assert_question("hi", "[7]", NULL);
}

/* What watchers get of a fact; NULL: the fact itself. */
static void assert_shown(const struct redact *r, int32_t kind, const char *body, const char *want)
{
	exs_fact fact = { .size = sizeof fact, .kind = kind, .body = { body, strlen(body) } };
	bool changed = false;
	struct buf b;

	buf_init(&b, 4096);
	assert_int_equal(redact_shown(r, &fact, NULL, NULL, &b, &changed), EXS_OK);
	assert_int_equal(changed, want != NULL);
	if (want)
		assert_string_equal(b.p, want);
	buf_release(&b);
}

static void watchers_get_the_hash_and_not_the_data(void **state)
{
	static const char body[] = "{\"input\":\"x eA==\",\"images\":[" IMAGE("\"sha256\":\"00\",") "]}";
	struct redact r = { 0 };
	exs_err err = EXS_ERR_INIT;

	(void)state;
	assert_shown(&r, EXS_FACT_RUN_STARTED, body,
		     "{\"input\":\"x eA==\",\"images\":[{\"mime\":\"image/gif\",\"bytes\":1,\"sha256\":\"00\","
		     "\"data\":\"[image]\"}]}");
	assert_shown(&r, EXS_FACT_CALL_ENDED, body, NULL);
	assert_int_equal(redact_add_pattern(&r, "eA", &err), EXS_OK);
	assert_shown(&r, EXS_FACT_RUN_FORKED, body,
		     "{\"input\":\"x [redacted]==\",\"images\":[{\"mime\":\"image/gif\",\"bytes\":1,"
		     "\"sha256\":\"00\",\"data\":\"[image]\"}]}");
	redact_release(&r);
}

static void assert_hidden(const struct redact *r, const char *json, const char *want)
{
	bool changed = false;
	struct buf b;

	buf_init(&b, 4096);
	assert_int_equal(redact_json(r, bytes(json, strlen(json)), &b, &changed), EXS_OK);
	assert_int_equal(changed, strcmp(json, want) != 0);
	assert_string_equal(changed ? b.p : json, want);
	buf_release(&b);
}

static void patterns_pass_over_the_images_of_a_user_alone(void **state)
{
	struct redact r = { 0 };
	exs_err err = EXS_ERR_INIT;

	(void)state;
	assert_int_equal(redact_add_pattern(&r, "eA", &err), EXS_OK);
	assert_hidden(&r, USER(PART "," PART), USER(PART "," PART));
	assert_hidden(&r, USER("{\"type\":\"text\",\"text\":\"eA\"}," PART ",{\"type\":\"text\",\"text\":\"eA\"}"),
		      USER("{\"type\":\"text\",\"text\":\"[redacted]\"}," PART
			   ",{\"type\":\"text\",\"text\":\"[redacted]\"}"));
	/* What a model calls an image may be any text. */
	assert_hidden(&r, "{\"role\":\"assistant\",\"parts\":[" PART "]}",
		      "{\"role\":\"assistant\",\"parts\":[{\"type\":\"image\",\"mime\":\"image/gif\","
		      "\"data\":\"[redacted]==\"}]}");
	redact_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_bytes_tell_the_kind),
		cmocka_unit_test(what_cannot_be_sent_is_named),
		cmocka_unit_test(a_fact_has_kind_size_hash_and_base64),
		cmocka_unit_test(a_question_has_its_text_and_its_images),
		cmocka_unit_test(watchers_get_the_hash_and_not_the_data),
		cmocka_unit_test(patterns_pass_over_the_images_of_a_user_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
