/* SPDX-License-Identifier: MIT */
/* webhook_kit.h - a webhook and a receiver of the tests beside it. */
#ifndef TEST_WEBHOOK_KIT_H
#define TEST_WEBHOOK_KIT_H

#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "delivery_kit.h"

#define SECRET "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz" /* 012345678901234567890123 */

struct hook {
	struct alone alone;
	struct post post;
	pid_t pid;
	int port;
	char dir[64], url[96], text[1u << 16];
};

static inline int hook_remove(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

/* `answers`: what the receiver says, see mock/receiver.c. Settings beyond secret and allow go into
 * h->alone.set[2..]. */
static inline void hook_start(struct hook *h, const char *answers)
{
	char *argv[] = { (char *)(uintptr_t)TEST_BUILD "/mock/receiver", h->dir,
			 (char *)(uintptr_t)answers, NULL };
	posix_spawn_file_actions_t files;
	char line[32] = "";
	int out[2];

	memset(h, 0, sizeof *h);
	snprintf(h->dir, sizeof h->dir, "/tmp/executus-hook-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
	assert_int_equal(pipe(out), 0);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&files, out[0]);
	assert_int_equal(posix_spawn(&h->pid, argv[0], &files, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&files);
	close(out[1]);
	assert_true(read(out[0], line, sizeof line - 1) > 0);
	close(out[0]);
	h->port = atoi(line);
	snprintf(h->url, sizeof h->url, "http://127.0.0.1:%d/hook?a=b", h->port);
	alone_init(&h->alone, BATTERIES "/delivery_webhook.so", "hook");
	h->alone.host.wall_ms = INT64_C(1767225600000);
	h->alone.set[0] = (struct double_setting){ "secret", SECRET };
	h->alone.set[1] = (struct double_setting){ "allow", "127.0.0.1" };
	post_init(&h->post, "webhook");
	h->post.parcel.target = h->url;
}

static inline void hook_open(struct hook *h)
{
	if (post_open(&h->post, &h->alone))
		fail_msg("%s", h->alone.err.text);
}

static inline void hook_stop(struct hook *h)
{
	int status;

	kill(h->pid, SIGTERM);
	waitpid(h->pid, &status, 0);
	post_release(&h->post);
	alone_release(&h->alone);
	nftw(h->dir, hook_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static inline exs_status hook_deliver(struct hook *h)
{
	struct post *p = &h->post;

	double_done_release(&p->done);
	double_done_init(&p->done, POST_SAID_MAX);
	p->port->deliver(h->alone.self, &p->parcel, cancel_public(p->cancel), p->done.done);
	assert_int_equal(p->done.ends, 1);
	return p->done.status;
}

/* What the receiver kept; empty when there is no such file. */
static inline const char *hook_file(struct hook *h, const char *name)
{
	char path[128];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", h->dir, name);
	f = fopen(path, "r");
	if (f) {
		n = fread(h->text, 1, sizeof h->text - 1, f);
		fclose(f);
	}
	h->text[n] = '\0';
	return h->text;
}

static inline int hook_requests(struct hook *h)
{
	const char *p = hook_file(h, "log");
	int n = 0;

	for (; *p; p++)
		n += *p == '\n';
	return n;
}

#endif
