/* SPDX-License-Identifier: MIT */
/* sha256.c - the secure hash of FIPS 180-4, 256 bits, written from the standard. */
#include <string.h>

#include "base/sha256.h"

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotr(uint32_t x, unsigned n)
{
	return (x >> n) | (x << (32 - n));
}

static void schedule(uint32_t w[64], const unsigned char *p)
{
	uint32_t s0, s1;

	for (unsigned i = 0; i < 16; i++, p += 4)
		w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	for (unsigned i = 16; i < 64; i++) {
		s0 = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
		s1 = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
		w[i] = w[i - 16] + s0 + w[i - 7] + s1;
	}
}

/* One round: only d and h change. */
static inline void step(const uint32_t *a, const uint32_t *b, const uint32_t *c, uint32_t *d,
			const uint32_t *e, const uint32_t *f, const uint32_t *g, uint32_t *h,
			uint32_t w, unsigned i)
{
	uint32_t t = *h + (rotr(*e, 6) ^ rotr(*e, 11) ^ rotr(*e, 25)) + ((*e & *f) ^ (~*e & *g)) +
		     round_constants[i] + w;

	*d += t;
	*h = t + (rotr(*a, 2) ^ rotr(*a, 13) ^ rotr(*a, 22)) + ((*a & *b) ^ (*a & *c) ^ (*b & *c));
}

static void compress(uint32_t h[8], const unsigned char *block)
{
	uint32_t w[64], v[8];

	schedule(w, block);
	memcpy(v, h, sizeof v);
	/* The eight variables change places round by round; after eight they are back. */
	for (unsigned i = 0; i < 64; i += 8) {
		step(&v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], w[i], i);
		step(&v[7], &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], w[i + 1], i + 1);
		step(&v[6], &v[7], &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], w[i + 2], i + 2);
		step(&v[5], &v[6], &v[7], &v[0], &v[1], &v[2], &v[3], &v[4], w[i + 3], i + 3);
		step(&v[4], &v[5], &v[6], &v[7], &v[0], &v[1], &v[2], &v[3], w[i + 4], i + 4);
		step(&v[3], &v[4], &v[5], &v[6], &v[7], &v[0], &v[1], &v[2], w[i + 5], i + 5);
		step(&v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[0], &v[1], w[i + 6], i + 6);
		step(&v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[0], w[i + 7], i + 7);
	}
	for (unsigned i = 0; i < 8; i++)
		h[i] += v[i];
}

void sha256_init(struct sha256 *s)
{
	static const uint32_t start[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};

	memcpy(s->h, start, sizeof start);
	s->total = 0;
	s->fill = 0;
}

void sha256_add(struct sha256 *s, const void *p, size_t n)
{
	const unsigned char *from = p;
	size_t part;

	s->total += n;
	while (n) {
		if (s->fill == 0 && n >= sizeof s->block) {
			compress(s->h, from);
			from += sizeof s->block;
			n -= sizeof s->block;
			continue;
		}
		part = sizeof s->block - s->fill;
		if (part > n)
			part = n;
		memcpy(s->block + s->fill, from, part);
		s->fill += part;
		from += part;
		n -= part;
		if (s->fill < sizeof s->block)
			return;
		compress(s->h, s->block);
		s->fill = 0;
	}
}

void sha256_end(struct sha256 *s, unsigned char out[SHA256_BYTES])
{
	static const unsigned char padding[64] = { 0x80 };
	const uint64_t bits = s->total * 8;
	unsigned char length[8];

	for (unsigned i = 0; i < 8; i++)
		length[i] = (unsigned char)(bits >> (56 - 8 * i));
	sha256_add(s, padding, s->fill < 56 ? 56 - s->fill : 120 - s->fill);
	sha256_add(s, length, sizeof length);
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		out[i] = (unsigned char)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256_hex(const unsigned char in[SHA256_BYTES], char out[SHA256_HEX_MAX])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < SHA256_BYTES; i++) {
		out[2 * i] = digits[in[i] >> 4];
		out[2 * i + 1] = digits[in[i] & 15];
	}
	out[2 * SHA256_BYTES] = '\0';
}
