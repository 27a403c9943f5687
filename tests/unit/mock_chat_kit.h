/* SPDX-License-Identifier: MIT */
/* mock_chat_kit.h - starts and ends the mock server, and runs turns of a battery against it. */
#ifndef TEST_MOCK_CHAT_KIT_H
#define TEST_MOCK_CHAT_KIT_H

#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <executus/port/model.h>
#include "base/cancel.h"
#include "support/double.h"

#define KIT_SET_MAX 8u

struct mock {
	pid_t pid;
	int port;
};

/* Starts the mock with more arguments (ended by NULL) and reads its port. */
static inline struct mock mock_start(const char *const *more)
{
	char *argv[16] = { (char *)(uintptr_t)TEST_BUILD "/mock/mock_chat",
			   (char *)(uintptr_t) "--with-parent" };
	posix_spawn_file_actions_t files;
	struct mock m = { 0, 0 };
	char line[64] = "";
	int out[2], n = 2;

	for (; more && *more && n < 15; more++)
		argv[n++] = (char *)(uintptr_t)*more;
	assert_int_equal(pipe(out), 0);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&files, out[0]);
	assert_int_equal(posix_spawn(&m.pid, argv[0], &files, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&files);
	close(out[1]);
	assert_true(read(out[0], line, sizeof line - 1) > 0);
	close(out[0]);
	assert_int_equal(sscanf(line, "port %d", &m.port), 1);
	return m;
}

static inline void mock_stop(const struct mock *m)
{
	int status;

	kill(m->pid, SIGTERM);
	assert_int_equal(waitpid(m->pid, &status, 0), m->pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* One instance at the mock. */
struct kit {
	struct double_host host;
	const exs_battery *battery;
	const exs_model *model;
	exs_self *self;
	char url[64];
	struct double_setting set[KIT_SET_MAX + 2];
};

static inline void kit_open_of(struct kit *k, const char *battery, int port,
			       const struct double_setting *more)
{
	char so[512];
	exs_err err = EXS_ERR_INIT;
	size_t n = 0;

	double_host_init(&k->host, "local");
	snprintf(so, sizeof so, "%s/%s.so", BATTERIES, battery);
	k->battery = double_load(so);
	snprintf(k->url, sizeof k->url, "http://127.0.0.1:%d/v1", port);
	k->set[n++] = (struct double_setting){ "base_url", k->url };
	for (; more && more->key; more++)
		k->set[n++] = *more;
	k->set[n].key = NULL;
	if (k->battery->open(&k->host.host, double_host_conf(&k->host, k->battery->options, k->set),
			     &k->self, &err))
		fail_msg("%s", err.text);
	k->model = k->battery->port(k->self, EXS_PORT_MODEL);
}

static inline void kit_open_at(struct kit *k, int port, const struct double_setting *more)
{
	kit_open_of(k, "model_openai", port, more);
}

static inline void kit_close(struct kit *k)
{
	k->battery->close(k->self);
	double_host_release(&k->host);
}

/* One turn and all that it borrows. */
struct asked {
	exs_turn turn;
	exs_run_info run;
	exs_str message;
	struct cancel *token;
	struct double_done done;
};

static inline void ask_prepare(struct asked *a, const char *model)
{
	memset(a, 0, sizeof *a);
	a->run = double_run_info("run-1");
	a->message =
		exs_cstr("{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"hi\"}]}");
	a->turn = (exs_turn){ .size = sizeof a->turn,
			      .step = 1,
			      .run = &a->run,
			      .model = model,
			      .system = exs_cstr("be brief"),
			      .messages = &a->message,
			      .message_count = 1,
			      .transcript_id = (uint64_t)(uintptr_t)a,
			      .tools = exs_cstr("[]") };
	a->token = cancel_new(NULL);
	assert_non_null(a->token);
	double_done_init(&a->done, EXS_TURN_ANSWER_MAX);
}

static inline void ask_send(struct kit *k, struct asked *a)
{
	k->model->turn(k->self, &a->turn, cancel_public(a->token), a->done.done);
}

static inline void ask_start(struct kit *k, struct asked *a, const char *model)
{
	ask_prepare(a, model);
	ask_send(k, a);
}

static inline void ask_wait(struct asked *a)
{
	assert_true(double_done_wait(&a->done, 20000));
	assert_int_equal(a->done.ends, 1);
}

static inline void ask_release(struct asked *a)
{
	double_done_release(&a->done);
	cancel_unref(a->token);
}

static inline void ask(struct kit *k, struct asked *a, const char *model)
{
	ask_start(k, a, model);
	ask_wait(a);
}

/* A turn with another message. */
static inline void ask_long(struct kit *k, struct asked *a, const char *model, const char *message)
{
	ask_prepare(a, model);
	a->message = exs_cstr(message);
	a->turn.transcript_id++;
	ask_send(k, a);
	ask_wait(a);
}

#endif
