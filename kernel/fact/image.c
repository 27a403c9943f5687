/* SPDX-License-Identifier: MIT */
/* image.c - see image.h. */
#include "fact/image.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/text.h"

#define NAME_SHOW 100 /* bytes of a file's name in a sentence */

/* ---- bytes ---- */

static bool begins(exs_str bytes, size_t at, const char *with, size_t n)
{
	return bytes.n >= at + n && memcmp(bytes.p + at, with, n) == 0;
}

const char *image_mime(exs_str bytes)
{
	if (begins(bytes, 0, "\x89PNG\r\n\x1a\n", 8))
		return "image/png";
	if (begins(bytes, 0, "\xff\xd8\xff", 3))
		return "image/jpeg";
	if (begins(bytes, 0, "GIF87a", 6) || begins(bytes, 0, "GIF89a", 6))
		return "image/gif";
	if (begins(bytes, 0, "RIFF", 4) && begins(bytes, 8, "WEBP", 4))
		return "image/webp";
	return NULL;
}

static void name_of(const char *const *names, size_t i, char out[NAME_SHOW + 3])
{
	if (names)
		snprintf(out, NAME_SHOW + 3, "'%.*s'", NAME_SHOW, names[i]);
	else
		snprintf(out, NAME_SHOW + 3, "image %zu", i + 1);
}

exs_status images_check(const exs_str *list, size_t n, const char *const *names, exs_err *err)
{
	char name[NAME_SHOW + 3];
	size_t i, sum = 0;

	if (n > IMAGES_MAX)
		return err_set(err, EXS_TOOBIG, 0, "%zu images; one question has at most %u", n,
			       IMAGES_MAX);
	for (i = 0; i < n; i++) {
		name_of(names, i, name);
		if (!image_mime(list[i]))
			return err_set(err, EXS_INVALID, 0,
				       "%s is no image that models take: give a PNG, JPEG, GIF or WebP",
				       name);
		if (list[i].n > IMAGE_BYTES_MAX - sum)
			return err_set(err, EXS_TOOBIG, 0,
				       "with %s the images are over %u MiB together: make them smaller",
				       name, IMAGE_BYTES_MAX >> 20);
		sum += list[i].n;
	}
	return EXS_OK;
}

/* ---- as a fact has them ---- */

static void put_base64(struct buf *out, exs_str bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)bytes.p;
	size_t i;

	for (i = 0; i < bytes.n; i += 3) {
		size_t n = bytes.n - i < 3 ? bytes.n - i : 3;
		unsigned v = (unsigned)p[i] << 16 | (n > 1 ? (unsigned)p[i + 1] << 8 : 0) |
			     (n > 2 ? p[i + 2] : 0u);
		char four[4] = { digits[v >> 18], digits[v >> 12 & 63], digits[v >> 6 & 63],
				 digits[v & 63] };

		memset(four + n + 1, '=', 3 - n);
		buf_put(out, four, sizeof four);
	}
}

static void put_hash(struct buf *out, exs_str bytes)
{
	unsigned char sum[SHA256_BYTES];
	char hex[SHA256_HEX_MAX];
	struct sha256 sha;

	sha256_init(&sha);
	sha256_add(&sha, bytes.p, bytes.n);
	sha256_end(&sha, sum);
	sha256_hex(sum, hex);
	buf_puts(out, hex);
}

void images_json(const exs_str *list, size_t n, struct buf *out)
{
	size_t i;

	for (i = 0; i < n; i++) {
		buf_printf(out, "%s{\"mime\":\"%s\",\"bytes\":%zu,\"sha256\":\"", i ? "," : "[",
			   image_mime(list[i]), list[i].n);
		put_hash(out, list[i]);
		buf_puts(out, "\",\"data\":\"");
		put_base64(out, list[i]);
		buf_puts(out, "\"}");
	}
	buf_puts(out, n ? "]" : "[]");
}

/* ---- as a message has them ---- */

static bool is_text(exs_str object, const char *key, exs_str *out)
{
	return json_get(object, key, out) == EXS_OK && json_type(*out) == JSON_STRING;
}

bool image_of_fact(exs_str item, struct image *out)
{
	return json_type(item) == JSON_OBJECT && is_text(item, "mime", &out->mime) &&
	       is_text(item, "data", &out->data);
}

bool image_of_part(exs_str part, struct image *out)
{
	exs_str type;

	return json_type(part) == JSON_OBJECT && is_text(part, "type", &type) &&
	       str_is(type, "\"image\"") && image_of_fact(part, out);
}

void image_part(const struct image *i, struct buf *out)
{
	buf_puts(out, "{\"type\":\"image\",\"mime\":");
	buf_str(out, i->mime);
	buf_puts(out, ",\"data\":");
	buf_str(out, i->data);
	buf_puts(out, "}");
}

size_t image_bytes(const struct image *i)
{
	size_t digits = i->data.n - 2;

	while (digits && i->data.p[digits] == '=')
		digits--;
	return digits / 4 * 3 + (digits % 4 ? digits % 4 - 1 : 0);
}
