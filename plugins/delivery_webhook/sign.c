/* SPDX-License-Identifier: MIT */
/* sign.c - see sign.h. */
#include "sign.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <executus/helper.h>

#define PREFIX	   "whsec_"
#define BASE64_MAX 92u /* characters of KEY_MAX bytes and a few more */
#define HASH_BYTES 32
#define STAMP_MAX  256u

static exs_status wrong(const char *name, exs_err *err)
{
	return exs_fail(
		err, EXS_INVALID, 0,
		"'%s' is no key: it is whsec_ and the base64 of 24 to 64 bytes, or 16 to 64 "
		"bytes as they are",
		name);
}

static exs_status key_decode(exs_str text, const char *name, struct key *out, exs_err *err)
{
	unsigned char bytes[BASE64_MAX];
	size_t pad = 0;
	int n;

	if (text.n == 0 || text.n % 4 || text.n > BASE64_MAX)
		return wrong(name, err);
	while (pad < 2 && text.p[text.n - 1 - pad] == '=')
		pad++;
	n = EVP_DecodeBlock(bytes, (const unsigned char *)text.p, (int)text.n);
	if (n < 0 || (size_t)n - pad < 24 || (size_t)n - pad > KEY_MAX)
		return wrong(name, err);
	out->n = (size_t)n - pad;
	memcpy(out->bytes, bytes, out->n);
	return EXS_OK;
}

exs_status key_read(exs_str text, const char *name, struct key *out, exs_err *err)
{
	size_t skip = strlen(PREFIX);

	memset(out, 0, sizeof *out);
	if (text.n >= skip && memcmp(text.p, PREFIX, skip) == 0)
		return key_decode(exs_bytes(text.p + skip, text.n - skip), name, out, err);
	if (text.n < KEY_MIN || text.n > KEY_MAX)
		return wrong(name, err);
	memcpy(out->bytes, text.p, text.n);
	out->n = text.n;
	return EXS_OK;
}

/* The stamp and the body one behind the other, so that a body of any length is not copied. */
static int hmac(const struct key *key, exs_str stamp, exs_str body, unsigned char hash[HASH_BYTES])
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
				OSSL_PARAM_construct_end() };
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
	size_t n = 0;
	int ok = ctx && EVP_MAC_init(ctx, key->bytes, key->n, params) &&
		 EVP_MAC_update(ctx, (const unsigned char *)stamp.p, stamp.n) &&
		 EVP_MAC_update(ctx, (const unsigned char *)body.p, body.n) &&
		 EVP_MAC_final(ctx, hash, &n, HASH_BYTES);

	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(mac);
	return ok && n == HASH_BYTES;
}

/* "v1,BASE64" behind what is there. */
static int sign_with(const struct key *key, exs_str stamp, exs_str body, char *out)
{
	unsigned char hash[HASH_BYTES];
	size_t at = strlen(out);

	if (!hmac(key, stamp, body, hash))
		return 0;
	at += (size_t)snprintf(out + at, SIGNATURE_MAX - at, "%sv1,", at ? " " : "");
	EVP_EncodeBlock((unsigned char *)out + at, hash, HASH_BYTES);
	return 1;
}

exs_status sign(const struct key *keys, size_t n, const char *id, int64_t seconds, exs_str body,
		char out[SIGNATURE_MAX], exs_err *err)
{
	char stamp[STAMP_MAX];
	int len = snprintf(stamp, sizeof stamp, "%s.%" PRId64 ".", id, seconds);
	size_t i;

	out[0] = '\0';
	if (len < 0 || len >= (int)sizeof stamp)
		return exs_fail(err, EXS_INTERNAL, 0, "the id of the delivery is too long to sign");
	for (i = 0; i < n; i++)
		if (keys[i].n && !sign_with(&keys[i], exs_bytes(stamp, (size_t)len), body, out))
			return exs_fail(err, EXS_INTERNAL, 0, "libcrypto does not sign");
	return EXS_OK;
}
