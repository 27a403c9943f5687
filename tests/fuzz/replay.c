/* SPDX-License-Identifier: MIT */
/* replay.c - runs a fuzz target on the files given as arguments, so that a corpus is a regression
 * test. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX (1u << 20) /* a corpus file is small */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	uint8_t *input = malloc(INPUT_MAX);
	size_t n;
	FILE *f;

	if (!input || argc < 2) {
		fprintf(stderr, "replay: name the files to run\n");
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		f = fopen(argv[i], "rb");
		if (!f) {
			perror(argv[i]);
			return 2;
		}
		n = fread(input, 1, INPUT_MAX, f);
		fclose(f);
		fprintf(stderr, "replay: %s (%zu bytes)\n", argv[i], n);
		LLVMFuzzerTestOneInput(input, n);
	}
	free(input);
	return 0;
}
