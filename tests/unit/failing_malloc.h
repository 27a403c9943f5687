/* SPDX-License-Identifier: MIT */
/*
 * failing_malloc.h - for one suite's own program: an allocator whose n-th allocation fails, and
 * which counts what was not given back.
 */
#ifndef TEST_FAILING_MALLOC_H
#define TEST_FAILING_MALLOC_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include <executus/abi.h>

static unsigned left; /* allocations until one fails; 0: none does */
static long live;     /* allocations that were not given back */

/*
 * Exported, so that the C library calls these as well. A sanitizer has an allocator of its own that
 * must not be replaced.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_FAIL 0
#else
#define CAN_FAIL 1

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void __libc_free(void *p);

static int fails(void)
{
	if (!left || --left)
		return 0;
	errno = ENOMEM;
	return 1;
}

static void *count(void *p)
{
	live += p != NULL;
	return p;
}

EXS_EXPORT void *malloc(size_t n)
{
	return fails() ? NULL : count(__libc_malloc(n));
}

EXS_EXPORT void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : count(__libc_calloc(n, size));
}

EXS_EXPORT void *realloc(void *p, size_t n)
{
	if (fails())
		return NULL;
	return p ? __libc_realloc(p, n) : count(__libc_malloc(n));
}

EXS_EXPORT void free(void *p)
{
	live -= p != NULL;
	__libc_free(p);
}
#endif

#endif
