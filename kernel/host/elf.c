/* SPDX-License-Identifier: MIT */
/* elf.c - looks into a shared object before any of its code runs. */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "host/elf.h"

#if defined(__x86_64__)
#define ELF_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define ELF_MACHINE EM_AARCH64
#elif defined(__riscv)
#define ELF_MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define ELF_MACHINE EM_PPC64
#elif defined(__s390x__)
#define ELF_MACHINE EM_S390
#elif defined(__loongarch64)
#define ELF_MACHINE 258 /* EM_LOONGARCH, younger than some elf.h */
#else
#error "name this machine's e_machine here"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ELF_ORDER ELFDATA2LSB
#else
#define ELF_ORDER ELFDATA2MSB
#endif

/* Copies n bytes at an offset; false when they do not lie inside the image. */
static bool peek(exs_str image, uint64_t offset, void *out, size_t n)
{
	if (offset > image.n || n > image.n - offset)
		return false;
	memcpy(out, image.p + offset, n);
	return true;
}

/* The i-th record of a table; false when it lies outside or its place cannot be counted. */
static bool peek_nth(exs_str image, uint64_t table, uint64_t i, void *out, size_t n)
{
	uint64_t offset;

	if (__builtin_mul_overflow(i, n, &offset) || __builtin_add_overflow(offset, table, &offset))
		return false;
	return peek(image, offset, out, n);
}

exs_status elf_read(int fd, const char *file, char **out, size_t *out_n, exs_err *err)
{
	auto_free char *bytes = NULL;
	struct stat st;
	size_t n, at = 0;

	if (fstat(fd, &st))
		return err_set(err, EXS_IO, errno, "'%s' cannot be looked at: %s", file,
			       strerror(errno));
	if (st.st_size < 0 || (uint64_t)st.st_size > ELF_FILE_MAX)
		return err_set(err, EXS_TOOBIG, 0,
			       "'%s' holds %lld bytes, more than the %u a battery may have", file,
			       (long long)st.st_size, ELF_FILE_MAX);
	n = (size_t)st.st_size;
	bytes = malloc(n ? n : 1);
	if (!bytes)
		return err_set(err, EXS_NOMEM, 0, "no memory to read '%s'", file);
	while (at < n) {
		ssize_t got = pread(fd, bytes + at, n - at, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, EXS_IO, errno, "'%s' cannot be read: %s", file,
				       strerror(errno));
		if (got == 0)
			return err_set(err, EXS_CORRUPT, 0,
				       "'%s' shrank while it was read: install to a temporary "
				       "name and rename",
				       file);
		at += (size_t)got;
	}
	*out = take(bytes);
	*out_n = n;
	return EXS_OK;
}

static exs_status check_header(exs_str image, const char *file, Elf64_Ehdr *eh, exs_err *err)
{
	if (image.n == 0)
		return err_set(err, EXS_INVALID, 0,
			       "'%s' is empty, not a shared object: was it built?", file);
	if (image.n < SELFMAG || memcmp(image.p, ELFMAG, SELFMAG) != 0)
		return err_set(err, EXS_INVALID, 0,
			       "'%s' is not a shared object (it does not begin as an ELF file): "
			       "name the .so, not its source or a script",
			       file);
	if (!peek(image, 0, eh, sizeof *eh))
		return err_set(err, EXS_CORRUPT, 0,
			       "'%s' holds %zu bytes but an ELF header needs %zu: half copied? "
			       "install to a temporary name and rename",
			       file, image.n, sizeof *eh);
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_ident[EI_DATA] != ELF_ORDER ||
	    eh->e_machine != ELF_MACHINE)
		return err_set(err, EXS_INVALID, 0,
			       "'%s' is built for another machine (ELF class %d, machine %d; this "
			       "host: class %d, machine %d): rebuild it here",
			       file, eh->e_ident[EI_CLASS], eh->e_machine, ELFCLASS64, ELF_MACHINE);
	if (eh->e_type != ET_DYN)
		return err_set(err, EXS_INVALID, 0,
			       "'%s' is an ELF file of type %d, not a shared object: link it with "
			       "-shared",
			       file, eh->e_type);
	if (eh->e_phnum == 0 || eh->e_phnum > ELF_SEGMENTS_MAX ||
	    eh->e_phentsize != sizeof(Elf64_Phdr))
		return err_set(err, EXS_CORRUPT, 0,
			       "'%s' has a damaged ELF header (%d program headers of %d bytes): "
			       "install it again",
			       file, eh->e_phnum, eh->e_phentsize);
	return EXS_OK;
}

static exs_status cut_off(exs_str image, const char *file, const char *what, uint64_t need,
			  exs_err *err)
{
	return err_set(err, EXS_CORRUPT, 0,
		       "'%s' holds %zu bytes but its %s need %llu: half copied? install to a "
		       "temporary name and rename",
		       file, image.n, what, (unsigned long long)need);
}

/* The greatest end of anything that is mapped; false when a header contradicts itself. */
static bool segments_end(exs_str image, const Elf64_Ehdr *eh, uint64_t *out)
{
	uint64_t need = 0, end;
	bool load = false, dynamic = false;

	for (unsigned i = 0; i < eh->e_phnum; i++) {
		Elf64_Phdr ph;

		if (!peek_nth(image, eh->e_phoff, i, &ph, sizeof ph))
			return false;
		if (ph.p_type != PT_LOAD && ph.p_type != PT_DYNAMIC)
			continue;
		if (__builtin_add_overflow(ph.p_offset, ph.p_filesz, &end) ||
		    __builtin_add_overflow(ph.p_vaddr, ph.p_memsz, &(uint64_t){ 0 }) ||
		    ph.p_filesz > ph.p_memsz)
			return false;
		load |= ph.p_type == PT_LOAD;
		dynamic |= ph.p_type == PT_DYNAMIC;
		need = end > need ? end : need;
	}
	*out = need;
	return load && dynamic;
}

exs_status elf_check(exs_str image, const char *file, exs_err *err)
{
	Elf64_Ehdr eh;
	uint64_t end;

	if (check_header(image, file, &eh, err))
		return err->status;
	if (__builtin_add_overflow(eh.e_phoff, (uint64_t)eh.e_phnum * sizeof(Elf64_Phdr), &end) ||
	    end > image.n)
		return cut_off(image, file, "program headers", end, err);
	if (!segments_end(image, &eh, &end))
		return err_set(err, EXS_CORRUPT, 0,
			       "'%s' has damaged program headers (nothing to load, or sizes that "
			       "contradict each other): install it again",
			       file);
	if (end > image.n)
		return cut_off(image, file, "segments", end, err);
	/* Nothing of the section headers is mapped, but they are what a linker writes last. */
	if (__builtin_add_overflow(eh.e_shoff, (uint64_t)eh.e_shnum * eh.e_shentsize, &end) ||
	    (eh.e_shoff && end > image.n))
		return cut_off(image, file, "section headers", end, err);
	return EXS_OK;
}

/* Where in the file an address of memory stands, and how many bytes follow there; false: nowhere.
 */
static bool offset_of(exs_str image, uint64_t address, uint64_t *offset, uint64_t *held)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;

	if (!peek(image, 0, &eh, sizeof eh))
		return false;
	for (unsigned i = 0; i < eh.e_phnum; i++) {
		uint64_t in;

		if (!peek_nth(image, eh.e_phoff, i, &ph, sizeof ph))
			return false;
		in = address - ph.p_vaddr;
		if (ph.p_type != PT_LOAD || address < ph.p_vaddr || in >= ph.p_memsz)
			continue;
		*held = in < ph.p_filesz ? ph.p_filesz - in : 0;
		return !__builtin_add_overflow(ph.p_offset, in, offset);
	}
	return false;
}

/* What PT_DYNAMIC says about symbols, as offsets in the file; 0: absent (the ELF header stands
 * there). */
struct dynamic {
	uint64_t symbols, strings, strings_n, hash, gnu_hash;
};

/* A dynamic entry's address as an offset; an address outside the file counts as absent. */
static uint64_t file_offset(exs_str image, uint64_t address)
{
	uint64_t offset, held;

	return offset_of(image, address, &offset, &held) && held ? offset : 0;
}

static bool find_dynamic(exs_str image, Elf64_Phdr *out)
{
	Elf64_Ehdr eh;

	if (!peek(image, 0, &eh, sizeof eh))
		return false;
	for (unsigned i = 0; i < eh.e_phnum; i++) {
		if (!peek_nth(image, eh.e_phoff, i, out, sizeof *out))
			return false;
		if (out->p_type == PT_DYNAMIC)
			return true;
	}
	return false;
}

static bool read_dynamic(exs_str image, struct dynamic *out)
{
	struct dynamic d = { 0 };
	Elf64_Phdr ph;
	uint64_t n;

	if (!find_dynamic(image, &ph))
		return false;
	n = ph.p_filesz / sizeof(Elf64_Dyn);
	for (uint64_t i = 0; i < n && i < ELF_DYNAMIC_MAX; i++) {
		Elf64_Dyn dyn;

		if (!peek_nth(image, ph.p_offset, i, &dyn, sizeof dyn))
			return false;
		if (dyn.d_tag == DT_NULL)
			break;
		if (dyn.d_tag == DT_SYMTAB)
			d.symbols = file_offset(image, dyn.d_un.d_ptr);
		else if (dyn.d_tag == DT_STRTAB)
			d.strings = file_offset(image, dyn.d_un.d_ptr);
		else if (dyn.d_tag == DT_STRSZ)
			d.strings_n = dyn.d_un.d_val;
		else if (dyn.d_tag == DT_HASH)
			d.hash = file_offset(image, dyn.d_un.d_ptr);
		else if (dyn.d_tag == DT_GNU_HASH)
			d.gnu_hash = file_offset(image, dyn.d_un.d_ptr);
	}
	*out = d;
	return d.symbols && d.strings && (d.hash || d.gnu_hash);
}

enum verdict { OTHER, SAME, BROKEN };

/* Is the symbol at this index a definition of that name? */
static enum verdict compare(exs_str image, const struct dynamic *d, uint64_t index,
			    const char *name, Elf64_Sym *out)
{
	char text[ELF_SYMBOL_MAX];
	size_t n = strlen(name) + 1;
	Elf64_Sym sym;

	if (!peek_nth(image, d->symbols, index, &sym, sizeof sym))
		return BROKEN;
	if (sym.st_shndx == SHN_UNDEF || ELF64_ST_BIND(sym.st_info) == STB_LOCAL)
		return OTHER;
	if (sym.st_name > d->strings_n || n > d->strings_n - sym.st_name)
		return OTHER;
	if (!peek(image, d->strings + sym.st_name, text, n))
		return BROKEN;
	if (memcmp(text, name, n) != 0)
		return OTHER;
	*out = sym;
	return SAME;
}

static uint32_t gnu_hash_of(const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

/* Header: bucket count, first hashed symbol, words of the Bloom filter, its shift; filter, buckets,
 * chain. */
static enum verdict find_gnu(exs_str image, const struct dynamic *d, const char *name,
			     Elf64_Sym *out)
{
	uint32_t head[4], index, entry, want = gnu_hash_of(name);
	uint64_t buckets, chain;

	if (!peek(image, d->gnu_hash, head, sizeof head) || head[0] == 0)
		return BROKEN;
	buckets = d->gnu_hash + sizeof head + (uint64_t)head[2] * sizeof(uint64_t);
	chain = buckets + (uint64_t)head[0] * sizeof(uint32_t);
	if (!peek_nth(image, buckets, want % head[0], &index, sizeof index))
		return BROKEN;
	if (index == 0)
		return OTHER;
	if (index < head[1])
		return BROKEN;
	for (uint32_t i = 0; i < ELF_CHAIN_MAX; i++) {
		uint64_t at = (uint64_t)index + i;
		enum verdict v = OTHER;

		if (!peek_nth(image, chain, at - head[1], &entry, sizeof entry))
			return BROKEN;
		if ((entry | 1u) == (want | 1u))
			v = compare(image, d, at, name, out);
		if (v != OTHER || entry & 1u) /* the low bit ends the chain */
			return v;
	}
	return BROKEN;
}

static uint32_t hash_of(const char *name)
{
	uint32_t h = 0;

	for (; *name; name++) {
		h = (h << 4) + (unsigned char)*name;
		h ^= (h >> 24) & 0xf0;
		h &= 0x0fffffff;
	}
	return h;
}

/* Header: bucket count, chain count; buckets, chain. */
static enum verdict find_sysv(exs_str image, const struct dynamic *d, const char *name,
			      Elf64_Sym *out)
{
	uint32_t head[2], index;
	uint64_t buckets = d->hash + sizeof head, chain;

	if (!peek(image, d->hash, head, sizeof head) || head[0] == 0)
		return BROKEN;
	chain = buckets + (uint64_t)head[0] * sizeof(uint32_t);
	if (!peek_nth(image, buckets, hash_of(name) % head[0], &index, sizeof index))
		return BROKEN;
	for (uint32_t i = 0; i < ELF_CHAIN_MAX && index != STN_UNDEF; i++) {
		enum verdict v = compare(image, d, index, name, out);

		if (v != OTHER)
			return v;
		if (!peek_nth(image, chain, index, &index, sizeof index))
			return BROKEN;
	}
	return index == STN_UNDEF ? OTHER : BROKEN;
}

exs_status elf_find(exs_str image, const char *file, const char *name, struct elf_symbol *out,
		    exs_err *err)
{
	struct elf_symbol found = { 0 };
	enum verdict v = BROKEN;
	struct dynamic d;
	Elf64_Sym sym;

	if (strlen(name) >= ELF_SYMBOL_MAX)
		return err_set(err, EXS_INTERNAL, 0, "the symbol '%s' has too long a name", name);
	if (read_dynamic(image, &d))
		v = d.gnu_hash ? find_gnu(image, &d, name, &sym) : find_sysv(image, &d, name, &sym);
	if (v == OTHER)
		return err_set(err, EXS_NOTFOUND, 0, "'%s' exports no symbol '%s'", file, name);
	if (v == BROKEN)
		return err_set(err, EXS_CORRUPT, 0,
			       "'%s' has a damaged symbol table: install it again", file);
	if (!offset_of(image, sym.st_value, &found.offset, &found.held))
		found.offset = found.held = 0;
	found.type = ELF64_ST_TYPE(sym.st_info);
	found.size = sym.st_size;
	if (found.held > found.size)
		found.held = found.size;
	*out = found;
	return EXS_OK;
}
