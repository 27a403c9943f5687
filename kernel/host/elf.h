/* SPDX-License-Identifier: MIT */
/*
 * elf.h - looks into a shared object before any of its code runs.
 *
 * dlopen maps a file as its headers say; a file that is shorter than that (a copy under way) is a
 * SIGBUS in the host. So the loader reads the file first: is it for this machine, does every
 * segment lie inside it, which data does one symbol name. The symbol is found as the dynamic linker
 * finds it, through PT_DYNAMIC and its hash table, so a file without section headers reads the
 * same.
 *
 * All functions but elf_read work on bytes in memory and are total: any bytes end in a status, none
 * are read outside the span. `file` is the name that sentences use.
 */
#ifndef HOST_ELF_H
#define HOST_ELF_H

#include <executus/bytes.h>

#define ELF_FILE_MAX	 (256u << 20) /* a battery of more bytes is something else */
#define ELF_SEGMENTS_MAX 256u	      /* program headers; a linker makes about ten */
#define ELF_DYNAMIC_MAX	 4096u	      /* entries of PT_DYNAMIC; a linker makes about thirty */
#define ELF_CHAIN_MAX	 (1u << 20)   /* symbols looked at under one hash */
#define ELF_SYMBOL_MAX	 64u	      /* letters of a symbol that is asked for */

/* The whole file in memory of the caller's (free). IO, NOMEM, TOOBIG; CORRUPT: it shrank while it
 * was read. */
exs_status elf_read(int fd, const char *file, char **out, size_t *out_n, exs_err *err);

/* OK: a shared object for this machine whose segments all lie inside the file. INVALID, CORRUPT. */
exs_status elf_check(exs_str image, const char *file, exs_err *err);

/* Where a dynamic symbol's data is. */
struct elf_symbol {
	int type;	 /* STT_OBJECT, STT_FUNC, ... */
	uint64_t size;	 /* as the symbol says */
	uint64_t offset; /* in the file */
	uint64_t held;	 /* bytes of it in the file; 0: none, it is made when the file is loaded */
};

/* Of an image that elf_check accepted. NOTFOUND: it defines no such symbol. CORRUPT. */
exs_status elf_find(exs_str image, const char *file, const char *name, struct elf_symbol *out,
		    exs_err *err);

#endif
