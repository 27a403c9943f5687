/* SPDX-License-Identifier: MIT */
/* digest.h - SHA-256 of one text or of two in a row, and its hex form. */
#ifndef COMMON_DIGEST_H
#define COMMON_DIGEST_H

#include <executus/helper.h>

#define DIGEST_BYTES 32u
#define DIGEST_HEX   64u /* without the NUL */

struct digest {
	unsigned char b[DIGEST_BYTES];
};

/* Of the bytes of a and then those of b. INTERNAL when libcrypto has no SHA-256, NOMEM. */
exs_status digest_of(exs_str a, exs_str b, struct digest *out, exs_err *err);
void digest_hex(const struct digest *d, char out[DIGEST_HEX + 1]);
/* False: not 64 lower-case hex digits. */
int digest_read(exs_str hex, struct digest *out);
int digest_same(const struct digest *a, const struct digest *b);
/* Its bytes as a text. */
exs_str digest_str(const struct digest *d);

#endif
