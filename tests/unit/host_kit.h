/* SPDX-License-Identifier: MIT */
/*
 * host_kit.h - a host of two instances that are functions of the test: no file is loaded, no timer
 * runs. For the suites of kernel/host.
 */
#ifndef TEST_HOST_KIT_H
#define TEST_HOST_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <executus/helper.h>
#include "base/auto.h"
#include "base/clock.h"
#include "host/calls.h"
#include "host/guard.h"

#define KIT_WAIT_MS 20000 /* longer than anything here takes */

struct kit {
	struct host h;
	struct conf conf;
	struct conf_battery names[2];
	exs_battery batteries[2];
	struct instance in[2]; /* "first" and "second" */
	struct log log;
	char said[16384];
};

static EXS_UNUSED void kit_pause(int64_t ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* Waits until *flag is at least n; fails the test when it never is. */
static EXS_UNUSED void kit_until(_Atomic int *flag, int n)
{
	int64_t end = clock_mono_ms() + KIT_WAIT_MS;

	while (atomic_load(flag) < n) {
		assert_true(clock_mono_ms() < end);
		kit_pause(1);
	}
}

static EXS_UNUSED void kit_open(struct kit *k, uint32_t flags)
{
	static const char *const names[] = { "first", "second" };
	size_t i;

	memset(k, 0, sizeof *k);
	log_init(&k->log, memfd_create("log", MFD_CLOEXEC), EXS_INFO);
	k->conf.state_dir = "/tmp";
	k->h.conf = &k->conf;
	k->h.log = &k->log;
	k->h.stall_ms = 2000;
	k->h.instances = k->in;
	k->h.instance_n = 2;
	pool_init(&k->h.steps, "step", 2);
	pool_init(&k->h.calls, "call", CALL_WORKERS_MAX);
	done_table_init(&k->h.done, &k->log);
	services_init_host(&k->h);
	for (i = 0; i < 2; i++) {
		k->names[i].name = names[i];
		k->batteries[i].flags = flags;
		k->in[i].host = &k->h;
		k->in[i].conf = &k->names[i];
		k->in[i].battery = &k->batteries[i];
		k->in[i].queue_tail = &k->in[i].queue;
		k->in[i].may_rest = true;
		snprintf(k->in[i].prefix, sizeof k->in[i].prefix, "b/%s/", names[i]);
		pthread_mutex_init(&k->in[i].lock, NULL);
		pthread_mutex_init(&k->in[i].queue_lock, NULL);
		services_init(&k->in[i]);
	}
}

static EXS_UNUSED void kit_close(struct kit *k)
{
	size_t i;

	assert_true(pool_stop(&k->h.steps, KIT_WAIT_MS));
	assert_true(pool_stop(&k->h.calls, KIT_WAIT_MS));
	done_table_release(&k->h.done);
	pthread_rwlock_destroy(&k->h.run_lock);
	for (i = 0; i < 2; i++) {
		pthread_mutex_destroy(&k->in[i].lock);
		pthread_mutex_destroy(&k->in[i].queue_lock);
	}
	close(k->log.fd);
}

/* For a box that begins with its kit: closes the one and frees the other. */
static EXS_UNUSED int kit_teardown(void **state)
{
	kit_close(*state);
	free(*state);
	return 0;
}

/* How often the log says this. */
static EXS_UNUSED int kit_logged(struct kit *k, const char *part)
{
	ssize_t n = pread(k->log.fd, k->said, sizeof k->said - 1, 0);
	const char *at = k->said;
	int found = 0;

	assert_true(n >= 0);
	k->said[n] = '\0';
	for (; (at = strstr(at, part)); at++)
		found++;
	return found;
}

static EXS_UNUSED void assert_says(const exs_err *err, const char *part)
{
	if (!strstr(err->text, part))
		fail_msg("'%s' is not in: %s", part, err->text);
}

#endif
