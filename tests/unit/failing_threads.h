/* SPDX-License-Identifier: MIT */
/*
 * failing_threads.h - for one suite's own program: a pthread_create that fails while no_threads is
 * set.
 */
#ifndef TEST_FAILING_THREADS_H
#define TEST_FAILING_THREADS_H

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

static _Atomic int no_threads;

/* Stands before the C library's, so that a system without threads can be played. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	void *found = dlsym(RTLD_NEXT, "pthread_create");

	if (atomic_load(&no_threads))
		return EAGAIN;
	memcpy(&real, &found, sizeof real);
	return real(thread, attr, fn, arg);
}

#endif
