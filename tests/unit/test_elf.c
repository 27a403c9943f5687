/* SPDX-License-Identifier: MIT */
/* test_elf.c - the reader of shared objects believes nothing that a file says. */
#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <executus/battery.h>
#include "base/text.h"
#include "host/elf.h"

static exs_str image_of(const char *path)
{
	exs_err err = EXS_ERR_INIT;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *p = NULL;
	size_t n = 0;

	assert_true(fd >= 0);
	assert_int_equal(elf_read(fd, path, &p, &n, &err), EXS_OK);
	close(fd);
	return str_n(p, n);
}

static void drop(exs_str image)
{
	free((void *)(uintptr_t)image.p);
}

static char *bytes_of(exs_str image)
{
	return (char *)(uintptr_t)image.p;
}

/* Everything the loader asks of an image, on memory that ends where the image ends. */
static exs_status ask(exs_str image, exs_err *err)
{
	struct elf_symbol symbol;
	exs_status status = elf_check(image, "x.so", err);

	return status ? status : elf_find(image, "x.so", EXS_BATTERY_SYMBOL, &symbol, err);
}

static exs_status ask_copy(exs_str image, size_t n, exs_err *err)
{
	char *copy = malloc(n ? n : 1);
	exs_status status;

	assert_non_null(copy);
	memcpy(copy, image.p, n);
	status = ask(str_n(copy, n), err);
	free(copy);
	return status;
}

static void finds_the_table(const char *path)
{
	exs_str image = image_of(path);
	exs_err err = EXS_ERR_INIT;
	struct elf_symbol symbol;
	uint32_t head[4];

	assert_int_equal(elf_check(image, path, &err), EXS_OK);
	assert_int_equal(elf_find(image, path, EXS_BATTERY_SYMBOL, &symbol, &err), EXS_OK);
	assert_int_equal(symbol.type, STT_OBJECT);
	assert_int_equal(symbol.size, sizeof(exs_battery));
	assert_int_equal(symbol.held, sizeof(exs_battery));
	memcpy(head, image.p + symbol.offset, sizeof head);
	assert_int_equal(head[0], EXS_ABI);
	assert_int_equal(head[1], sizeof(exs_battery));
	assert_int_equal(head[2], sizeof(exs_option));
	assert_int_equal(elf_find(image, path, "executus_batterz", &symbol, &err), EXS_NOTFOUND);
	drop(image);
}

static void finds_the_table_in_a_gnu_hash(void **state)
{
	(void)state;
	finds_the_table(ZOO "/good_gnu_hash.so");
}

static void finds_the_table_in_a_sysv_hash(void **state)
{
	(void)state;
	finds_the_table(ZOO "/good_sysv_hash.so");
}

static void needs_no_section_headers(void **state)
{
	exs_str image = image_of(ZOO "/good.so");
	exs_err err = EXS_ERR_INIT;
	Elf64_Ehdr eh;

	(void)state;
	memcpy(&eh, image.p, sizeof eh);
	eh.e_shoff = 0;
	eh.e_shnum = eh.e_shstrndx = 0;
	memcpy(bytes_of(image), &eh, sizeof eh);
	assert_int_equal(ask(image, &err), EXS_OK);
	drop(image);
}

static void finds_no_symbol_that_is_only_used(void **state)
{
	exs_str image = image_of(ZOO "/undefined_symbol.so");
	exs_err err = EXS_ERR_INIT;
	struct elf_symbol symbol;

	(void)state;
	assert_int_equal(elf_find(image, "x.so", "nobody_has_this", &symbol, &err), EXS_NOTFOUND);
	drop(image);
}

static void tells_data_that_is_made_at_load_time(void **state)
{
	exs_str image = image_of(ZOO "/not_constant.so");
	exs_err err = EXS_ERR_INIT;
	struct elf_symbol symbol;

	(void)state;
	assert_int_equal(elf_find(image, "x.so", EXS_BATTERY_SYMBOL, &symbol, &err), EXS_OK);
	assert_int_equal(symbol.size, sizeof(exs_battery));
	assert_int_equal(symbol.held, 0);
	drop(image);
}

static void refuses_every_beginning_of_a_file(void **state)
{
	exs_str image = image_of(ZOO "/good.so");
	exs_err err = EXS_ERR_INIT;

	(void)state;
	for (size_t n = 0; n < image.n; n += n < 1024 || n + 512 > image.n ? 1 : 61)
		assert_int_not_equal(ask_copy(image, n, &err), EXS_OK);
	assert_int_equal(ask_copy(image, image.n, &err), EXS_OK);
	drop(image);
}

static void a_cut_file_is_said_to_be_half_copied(void **state)
{
	exs_str image = image_of(ZOO "/good.so");
	exs_err err = EXS_ERR_INIT;
	char want[64];

	(void)state;
	assert_int_equal(ask_copy(image, image.n / 4, &err), EXS_CORRUPT);
	snprintf(want, sizeof want, "'x.so' holds %zu bytes but its segments need ", image.n / 4);
	assert_non_null(strstr(err.text, want));
	assert_non_null(strstr(err.text, "half copied? install to a temporary name and rename"));
	assert_int_equal(ask_copy(image, image.n - 1, &err), EXS_CORRUPT);
	assert_non_null(strstr(err.text, "section headers need"));
	assert_int_equal(ask_copy(image, 40, &err), EXS_CORRUPT);
	assert_non_null(strstr(err.text, "half copied"));
	drop(image);
}

/* Under the address sanitizer a read outside the image ends the test. */
static void damaged_bytes_are_never_followed_outside(void **state)
{
	static const unsigned char with[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	static const char *const files[] = { ZOO "/good_gnu_hash.so", ZOO "/good_sysv_hash.so" };
	exs_err err = EXS_ERR_INIT;

	(void)state;
	for (size_t f = 0; f < 2; f++) {
		exs_str image = image_of(files[f]);
		char *p = bytes_of(image);

		for (size_t i = 0; i < image.n; i += i < 4096 ? 1 : 7) {
			char was = p[i];

			for (size_t w = 0; w < sizeof with; w++) {
				p[i] = (char)with[w];
				ask(image, &err); /* any answer will do */
			}
			p[i] = was;
		}
		assert_int_equal(ask(image, &err), EXS_OK);
		drop(image);
	}
}

static void refuses_what_is_not_elf(void **state)
{
	exs_err err = EXS_ERR_INIT;

	(void)state;
	assert_int_equal(elf_check(str_of(""), "x.so", &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "is empty"));
	assert_int_equal(elf_check(str_of("#!/bin/sh\n"), "x.so", &err), EXS_INVALID);
	assert_non_null(strstr(err.text, "'x.so' is not a shared object"));
	assert_int_equal(elf_check(str_of("\177E"), "x.so", &err), EXS_INVALID);
}

/* One change to the header of a good file, and what must be said about it. */
static void refuses_header(Elf64_Ehdr eh, exs_str image, exs_status status, const char *part)
{
	exs_err err = EXS_ERR_INIT;

	memcpy(bytes_of(image), &eh, sizeof eh);
	assert_int_equal(elf_check(image, "x.so", &err), status);
	assert_non_null(strstr(err.text, part));
}

static void refuses_other_machines_and_kinds(void **state)
{
	exs_str image = image_of(ZOO "/good.so");
	Elf64_Ehdr good, eh;

	(void)state;
	memcpy(&good, image.p, sizeof good);
	eh = good;
	eh.e_machine = EM_SPARC;
	refuses_header(eh, image, EXS_INVALID, "built for another machine");
	eh = good;
	eh.e_ident[EI_CLASS] = ELFCLASS32;
	refuses_header(eh, image, EXS_INVALID, "built for another machine");
	eh = good;
	eh.e_ident[EI_DATA] ^= 3;
	refuses_header(eh, image, EXS_INVALID, "built for another machine");
	eh = good;
	eh.e_type = ET_REL;
	refuses_header(eh, image, EXS_INVALID, "link it with -shared");
	eh = good;
	eh.e_phnum = 0;
	refuses_header(eh, image, EXS_CORRUPT, "damaged ELF header");
	eh = good;
	eh.e_phnum = ELF_SEGMENTS_MAX + 1;
	refuses_header(eh, image, EXS_CORRUPT, "damaged ELF header");
	eh = good;
	eh.e_phentsize--;
	refuses_header(eh, image, EXS_CORRUPT, "damaged ELF header");
	eh = good;
	eh.e_phoff = UINT64_MAX - 8;
	refuses_header(eh, image, EXS_CORRUPT, "program headers need");
	eh = good;
	eh.e_shoff = UINT64_MAX - 8;
	refuses_header(eh, image, EXS_CORRUPT, "section headers need");
	drop(image);
}

static void refuses_segments_that_cannot_be(void **state)
{
	exs_str image = image_of(ZOO "/good.so");
	exs_err err = EXS_ERR_INIT;
	Elf64_Ehdr eh;
	Elf64_Phdr good, ph;
	char *at;

	(void)state;
	memcpy(&eh, image.p, sizeof eh);
	at = bytes_of(image) + eh.e_phoff;
	memcpy(&good, at, sizeof good);
	assert_int_equal(good.p_type, PT_LOAD);
	ph = good;
	ph.p_offset = UINT64_MAX - 1;
	memcpy(at, &ph, sizeof ph);
	assert_int_equal(elf_check(image, "x.so", &err), EXS_CORRUPT);
	ph = good;
	ph.p_filesz = ph.p_memsz + 1;
	memcpy(at, &ph, sizeof ph);
	assert_int_equal(elf_check(image, "x.so", &err), EXS_CORRUPT);
	assert_non_null(strstr(err.text, "damaged program headers"));
	ph = good;
	ph.p_vaddr = UINT64_MAX;
	memcpy(at, &ph, sizeof ph);
	assert_int_equal(elf_check(image, "x.so", &err), EXS_CORRUPT);
	ph = good;
	ph.p_filesz = ph.p_memsz = (uint64_t)image.n + 1;
	memcpy(at, &ph, sizeof ph);
	assert_int_equal(elf_check(image, "x.so", &err), EXS_CORRUPT);
	assert_non_null(strstr(err.text, "segments need"));
	drop(image);
}

static void reading_tells_what_went_wrong(void **state)
{
	char path[] = "/tmp/elf-XXXXXX";
	int fd = mkstemp(path), dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	exs_err err = EXS_ERR_INIT;
	char *p = NULL;
	size_t n = 7;

	(void)state;
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(ftruncate(fd, (off_t)ELF_FILE_MAX + 1), 0);
	assert_int_equal(elf_read(fd, "big.so", &p, &n, &err), EXS_TOOBIG);
	assert_non_null(strstr(err.text, "'big.so' holds 268435457 bytes"));
	close(fd);
	assert_int_equal(elf_read(fd, "shut.so", &p, &n, &err), EXS_IO);
	assert_int_equal(elf_read(dir, "dir.so", &p, &n, &err), EXS_IO);
	close(dir);
	assert_null(p);
	assert_int_equal(n, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_table_in_a_gnu_hash),
		cmocka_unit_test(finds_the_table_in_a_sysv_hash),
		cmocka_unit_test(needs_no_section_headers),
		cmocka_unit_test(finds_no_symbol_that_is_only_used),
		cmocka_unit_test(tells_data_that_is_made_at_load_time),
		cmocka_unit_test(refuses_every_beginning_of_a_file),
		cmocka_unit_test(a_cut_file_is_said_to_be_half_copied),
		cmocka_unit_test(damaged_bytes_are_never_followed_outside),
		cmocka_unit_test(refuses_what_is_not_elf),
		cmocka_unit_test(refuses_other_machines_and_kinds),
		cmocka_unit_test(refuses_segments_that_cannot_be),
		cmocka_unit_test(reading_tells_what_went_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
