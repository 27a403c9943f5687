/* SPDX-License-Identifier: MIT */
/* test_sha256.c - the standard's vectors, in one piece and in many. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/sha256.h"

static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
static const char two_blocks_hash[] =
	"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";

static void hashes_to(const void *p, size_t n, const char *want)
{
	unsigned char out[SHA256_BYTES];
	char hex[SHA256_HEX_MAX];
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, p, n);
	sha256_end(&s, out);
	sha256_hex(out, hex);
	assert_string_equal(hex, want);
}

static void the_standards_vectors_hold(void **state)
{
	(void)state;
	hashes_to("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	hashes_to("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hashes_to(two_blocks, strlen(two_blocks), two_blocks_hash);
	hashes_to("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
		  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		  112, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

static void a_million_letters_in_uneven_pieces_hash_the_same(void **state)
{
	unsigned char out[SHA256_BYTES];
	char piece[1000], hex[SHA256_HEX_MAX];
	size_t left = 1000000, n = 1;
	struct sha256 s;

	(void)state;
	memset(piece, 'a', sizeof piece);
	sha256_init(&s);
	while (left) {
		n = n * 7 % 997;
		if (n > left)
			n = left;
		sha256_add(&s, piece, n);
		left -= n;
	}
	sha256_end(&s, out);
	sha256_hex(out, hex);
	assert_string_equal(hex,
			    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void every_split_gives_the_same_hash(void **state)
{
	unsigned char out[SHA256_BYTES];
	char hex[SHA256_HEX_MAX];
	struct sha256 s;

	(void)state;
	for (size_t cut = 0; cut <= strlen(two_blocks); cut++) {
		sha256_init(&s);
		sha256_add(&s, two_blocks, cut);
		sha256_add(&s, NULL, 0);
		sha256_add(&s, two_blocks + cut, strlen(two_blocks) - cut);
		sha256_end(&s, out);
		sha256_hex(out, hex);
		assert_string_equal(hex, two_blocks_hash);
	}
}

/* The padding's corners: the length just fits, just does not, or fills a block of its own. */
static void lengths_around_a_block_hash_right(void **state)
{
	char a[64];

	(void)state;
	memset(a, 'a', sizeof a);
	hashes_to(a, 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
	hashes_to(a, 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
	hashes_to(a, 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34");
	hashes_to(a, 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_standards_vectors_hold),
		cmocka_unit_test(a_million_letters_in_uneven_pieces_hash_the_same),
		cmocka_unit_test(every_split_gives_the_same_hash),
		cmocka_unit_test(lengths_around_a_block_hash_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
