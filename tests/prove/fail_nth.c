/* SPDX-License-Identifier: MIT */
/*
 * fail_nth.c - preloaded into a process: its n-th allocation fails, and what is not given back is
 * counted.
 *
 * FAIL_AT	which one fails; 0 or nothing: none does
 * FAIL_FROM	not empty: and all behind it
 * FAIL_REPORT	a file that gets "ALLOCATIONS LIVE" when the process ends by itself
 *
 * Allocations are counted over all threads, but not in processes that it forks.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t alignment, size_t n);
extern void __libc_free(void *p);

static _Atomic long seen, live;
static long at;
static bool from;
static pid_t root;

/* Before main, and behind the start of the C library: what allocates earlier is no part of it. */
__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("FAIL_AT");

	at = text ? strtol(text, NULL, 10) : 0;
	text = getenv("FAIL_FROM");
	from = text && *text;
	root = getpid();
}

__attribute__((destructor)) static void report(void)
{
	const char *path = getenv("FAIL_REPORT");
	char line[64];
	int fd, n;

	if (!path || getpid() != root)
		return;
	n = snprintf(line, sizeof line, "%ld %ld\n", seen, live);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, line, (size_t)n) != n)
		abort();
	if (fd >= 0)
		close(fd);
}

static bool fails(void)
{
	long n;

	if (!root || getpid() != root)
		return false;
	n = ++seen;
	if (!at || n < at || (n > at && !from))
		return false;
	errno = ENOMEM;
	return true;
}

static void *count(void *p)
{
	live += p != NULL;
	return p;
}

void *malloc(size_t n)
{
	return fails() ? NULL : count(__libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : count(__libc_calloc(n, size));
}

void *realloc(void *p, size_t n)
{
	if (fails())
		return NULL;
	return p ? __libc_realloc(p, n) : count(__libc_malloc(n));
}

void *aligned_alloc(size_t alignment, size_t n)
{
	return fails() ? NULL : count(__libc_memalign(alignment, n));
}

int posix_memalign(void **out, size_t alignment, size_t n)
{
	if (fails())
		return ENOMEM;
	*out = count(__libc_memalign(alignment, n));
	return *out ? 0 : ENOMEM;
}

void free(void *p)
{
	live -= p != NULL;
	__libc_free(p);
}
