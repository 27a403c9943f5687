/* SPDX-License-Identifier: MIT */
/* hostile_kit.h - starts the hostile server, and instances of a model battery at one of its ports.
 */
#ifndef TEST_HOSTILE_KIT_H
#define TEST_HOSTILE_KIT_H

#include "unit/mock_chat_kit.h"
#include "unit/temp_dir.h"

/* Its ports, in the order in which it prints them. */
enum { PORT_PLAIN, PORT_GOOD, PORT_EXPIRED, PORT_WRONG_HOST, PORT_CLIENT, PORTS };

struct hostile {
	pid_t pid;
	int ports[PORTS];
	char dir[256]; /* of its certificates */
};

static inline void hostile_start(struct hostile *h)
{
	char *argv[] = { (char *)(uintptr_t)TEST_BUILD "/mock/hostile", h->dir, NULL };
	posix_spawn_file_actions_t files;
	char line[128] = "";
	int out[2];

	assert_int_equal(temp_dir_make("hostile", h->dir, sizeof h->dir), 0);
	assert_int_equal(pipe(out), 0);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&files, out[0]);
	assert_int_equal(posix_spawn(&h->pid, argv[0], &files, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&files);
	close(out[1]);
	assert_true(read(out[0], line, sizeof line - 1) > 0);
	close(out[0]);
	assert_int_equal(sscanf(line, "ports %d %d %d %d %d", &h->ports[0], &h->ports[1],
				&h->ports[2], &h->ports[3], &h->ports[4]),
			 PORTS);
}

static inline void hostile_stop(struct hostile *h)
{
	kill(h->pid, SIGKILL);
	assert_int_equal(waitpid(h->pid, NULL, 0), h->pid);
	assert_int_equal(temp_dir_remove(h->dir), 0);
}

/* An instance of the battery at one of the ports. `path` is what base_url ends in. */
static inline void hostile_open(struct kit *k, const char *battery, const struct hostile *h,
				int port, const struct double_setting *more)
{
	char so[512];
	exs_err err = EXS_ERR_INIT;
	size_t n = 0;

	double_host_init(&k->host, "hostile");
	snprintf(so, sizeof so, "%s/%s.so", BATTERIES, battery);
	k->battery = double_load(so);
	snprintf(k->url, sizeof k->url, "%s://127.0.0.1:%d/v1",
		 port == PORT_PLAIN ? "http" : "https", h->ports[port]);
	k->set[n++] = (struct double_setting){ "base_url", k->url };
	for (; more && more->key; more++)
		k->set[n++] = *more;
	assert_true(n <= KIT_SET_MAX);
	k->set[n].key = NULL;
	if (k->battery->open(&k->host.host, double_host_conf(&k->host, k->battery->options, k->set),
			     &k->self, &err))
		fail_msg("%s", err.text);
	k->model = k->battery->port(k->self, EXS_PORT_MODEL);
}

#endif
