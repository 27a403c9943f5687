/* SPDX-License-Identifier: MIT */
/* fuzz_elf.c - any bytes may be called a battery: the reader ends in a status and stays inside
 * them. */
#include <assert.h>

#include "host/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	exs_str image = { (const char *)data, n };
	exs_err err = EXS_ERR_INIT;
	struct elf_symbol symbol;

	if (elf_check(image, "fuzz.so", &err) == EXS_OK &&
	    elf_find(image, "fuzz.so", "executus_battery", &symbol, &err) == EXS_OK)
		assert(symbol.held == 0 ||
		       (symbol.offset <= n && symbol.held <= n - symbol.offset));
	return 0;
}
