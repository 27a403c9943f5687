/* SPDX-License-Identifier: MIT */
/* digest.c - see digest.h. */
#include "digest.h"

#include <openssl/evp.h>

exs_status digest_of(exs_str a, exs_str b, struct digest *out, exs_err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok;

	if (!ctx)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for a hash");
	ok = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
	     EVP_DigestUpdate(ctx, a.n ? a.p : "", a.n) == 1 &&
	     EVP_DigestUpdate(ctx, b.n ? b.p : "", b.n) == 1 &&
	     EVP_DigestFinal_ex(ctx, out->b, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok ? EXS_OK : exs_fail(err, EXS_INTERNAL, 0, "libcrypto makes no SHA-256 here");
}

void digest_hex(const struct digest *d, char out[DIGEST_HEX + 1])
{
	size_t i;

	for (i = 0; i < DIGEST_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", d->b[i]);
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int digest_read(exs_str hex, struct digest *out)
{
	struct digest d;
	size_t i;

	if (hex.n != DIGEST_HEX)
		return 0;
	for (i = 0; i < DIGEST_BYTES; i++) {
		int high = nibble(hex.p[2 * i]), low = nibble(hex.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return 0;
		d.b[i] = (unsigned char)(high * 16 + low);
	}
	*out = d;
	return 1;
}

int digest_same(const struct digest *a, const struct digest *b)
{
	return memcmp(a->b, b->b, DIGEST_BYTES) == 0;
}

exs_str digest_str(const struct digest *d)
{
	return exs_bytes((const char *)d->b, DIGEST_BYTES);
}
