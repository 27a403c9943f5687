/* SPDX-License-Identifier: MIT */
/* thread.h - how the kernel starts a thread and tells it how long to wait. Used by pool.c and
 * timer.c. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#ifdef __SANITIZE_ADDRESS__
#define THREAD_STACK_BYTES (1024u << 10) /* instrumented frames are several times as big */
#else
#define THREAD_STACK_BYTES                                                                         \
	(256u << 10) /* no recursion on input and no big arrays: this is plenty */
#endif

/* Starts fn(arg), detached when `thread` is NULL, with all signals blocked but those of a fault.
 * errno. */
int thread_start(pthread_t *thread, void *(*fn)(void *), void *arg);

/* A condition whose timed waits follow the monotonic clock. */
void cond_init_mono(pthread_cond_t *cond);
struct timespec mono_time(int64_t mono_ms);

#endif
