/* SPDX-License-Identifier: MIT */
/* sha256.h - FIPS 180-4. For keys and fingerprints; held by the standard's vectors in tests. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES   32u
#define SHA256_HEX_MAX 65u

struct sha256 {
	uint32_t h[8];
	uint64_t total;
	unsigned char block[64];
	size_t fill;
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *p, size_t n);
void sha256_end(struct sha256 *s, unsigned char out[SHA256_BYTES]);
void sha256_hex(const unsigned char in[SHA256_BYTES], char out[SHA256_HEX_MAX]);

#endif
