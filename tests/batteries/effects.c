/* SPDX-License-Identifier: MIT */
/*
 * effects.c - tools of every effect class that leave a line in a file, so that a test can count what really happened.
 *
 * Each tool takes {"text": T, "how": H} and writes "NAME KEY T" to the option `log`. H: "ok" (the default), "fail" (an
 * error, nothing written), "kill_before" and "kill_after" (the process dies around the line, the first time
 * only), "lost" (writes, then says IO), "not_done" (says CANCELLED with class NOT_DONE), "wait" (until the token
 * fires), "slow" (writes, and ends 1.5 s later), "deaf" (never ends), "async" (ends on another thread), "artifact" and
 * "artifact_bad" (see announce).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <executus/helper.h>
#include <executus/port/tool.h>
#include <executus/svc/run.h>

#include "five_tools.h"

#define TEXT_MAX 256
#define SLOW_MS	 1500 /* longer than the host waits before it ticks a critic */

struct exs_self {
	const exs_host *host;
	char log[512];
	pthread_mutex_t lock;
	exs_done deaf[64]; /* calls that nobody ends before close */
	int deaf_n;
};

static const char schema[] = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
			     "\"text\":{\"type\":\"string\"},\"how\":{\"type\":\"string\"}}}";

/* The value of a text member without escapes: the tests write nothing else. */
static void member(exs_str args, const char *key, char out[TEXT_MAX])
{
	char want[32];
	const char *p, *end;

	out[0] = '\0';
	snprintf(want, sizeof want, "\"%s\"", key);
	p = args.n ? (const char *)memmem(args.p, args.n, want, strlen(want)) : NULL;
	if (!p)
		return;
	p = (const char *)memchr(p + strlen(want), '"', (size_t)(args.p + args.n - p) - strlen(want));
	end = p ? (const char *)memchr(p + 1, '"', (size_t)(args.p + args.n - p) - 1) : NULL;
	if (!end || (size_t)(end - p) > TEXT_MAX)
		return;
	memcpy(out, p + 1, (size_t)(end - p) - 1);
	out[end - p - 1] = '\0';
}

static exs_status write_line(exs_self *self, const exs_call *call, const char *text, exs_err *err)
{
	char line[1024];
	int n = snprintf(line, sizeof line, "%s %s %s\n", call->tool, call->key, text);
	int fd = open(self->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	ssize_t done = fd < 0 ? -1 : write(fd, line, (size_t)n);

	if (fd >= 0)
		close(fd);
	return done == n ? EXS_OK : exs_fail(err, EXS_IO, errno, "the log of effects cannot be written");
}

/* The line is in the file already: this is the second life. */
static int written(exs_self *self, const exs_call *call)
{
	static const size_t cap = 1u << 20;
	char want[512], *all = (char *)malloc(cap);
	int fd = open(self->log, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 || !all ? 0 : read(fd, all, cap);
	int found;

	snprintf(want, sizeof want, "%s %s ", call->tool, call->key);
	found = n > 0 && memmem(all, (size_t)n, want, strlen(want)) != NULL;
	if (fd >= 0)
		close(fd);
	free(all);
	return found;
}

/* Dies once: the marker file tells the second life. */
static void die_once(exs_self *self)
{
	char path[600];
	int fd;

	snprintf(path, sizeof path, "%s.died", self->log);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		kill(getpid(), SIGKILL);
}

struct later {
	exs_done done;
};

static void *end_later(void *arg)
{
	struct later *l = (struct later *)arg;
	exs_done done = l->done;

	free(l);
	usleep(2000);
	exs_put(done, "later");
	exs_end(done, EXS_OK);
	return NULL;
}

static void answer_later(exs_done done)
{
	struct later *l = (struct later *)malloc(sizeof *l);
	pthread_t thread;

	l->done = done;
	if (pthread_create(&thread, NULL, end_later, l) == 0)
		pthread_detach(thread);
}

static void wait_for_token(exs_cancel *cancel)
{
	while (cancel->cause(cancel) == EXS_CAUSE_NONE)
		usleep(1000);
}

static void take_time(exs_cancel *cancel)
{
	int ms;

	for (ms = 0; ms < SLOW_MS && cancel->cause(cancel) == EXS_CAUSE_NONE; ms += 5)
		usleep(5000);
}

/* "artifact": a file of that name; "artifact_bad": nothing that could be one, and the answer says how that went. */
static int announce(exs_self *self, const exs_call *call, const char *text, const char *how, exs_done done)
{
	const exs_run_svc *runs = (const exs_run_svc *)self->host->service(self->host, EXS_SVC_RUN);
	char json[2 * TEXT_MAX + 64];
	exs_status status;

	snprintf(json, sizeof json, "{\"name\":\"%s\",\"path\":\"/tmp/%s\",\"bytes\":%d}", text, text,
		 (int)strlen(text));
	status = runs->artifact(runs, call->run->run, exs_cstr(strcmp(how, "artifact_bad") == 0 ? "{}" : json));
	if (status == EXS_OK)
		return 0;
	exs_end_fail(done, EXS_NOTFOUND, "it is no artifact: status %d", (int)status);
	return 1;
}

static void call(exs_self *self, const exs_call *call, exs_cancel *cancel, exs_done done)
{
	char text[TEXT_MAX], how[TEXT_MAX];
	exs_err err = EXS_ERR_INIT;

	member(call->args, "text", text);
	member(call->args, "how", how);
	if (strcmp(how, "fail") == 0) {
		exs_end_fail(done, EXS_NOTFOUND, "there is no such thing as '%s'", text);
		return;
	}
	if (strcmp(how, "wait") == 0) {
		wait_for_token(cancel);
		exs_end(done, EXS_CANCELLED);
		return;
	}
	if (strcmp(how, "not_done") == 0) {
		exs_fail(&err, EXS_CANCELLED, 0, "it never left");
		err.klass = EXS_CLASS_NOT_DONE;
		exs_end_err(done, &err);
		return;
	}
	if (strcmp(how, "deaf") == 0) {
		pthread_mutex_lock(&self->lock);
		self->deaf[self->deaf_n++ % 64] = done;
		pthread_mutex_unlock(&self->lock);
		return;
	}
	if (strcmp(how, "kill_before") == 0)
		die_once(self);
	if (write_line(self, call, text, &err)) {
		exs_end_err(done, &err);
		return;
	}
	if (strcmp(how, "kill_after") == 0)
		die_once(self);
	if (strcmp(how, "slow") == 0)
		take_time(cancel);
	if (strcmp(how, "lost") == 0) {
		exs_end_fail(done, EXS_IO, "the connection broke");
		return;
	}
	if (strcmp(how, "async") == 0) {
		answer_later(done);
		return;
	}
	if (strncmp(how, "artifact", 8) == 0 && announce(self, call, text, how, done))
		return;
	exs_put(done, "wrote ");
	exs_put(done, text);
	exs_end(done, EXS_OK);
}

static void reconcile(exs_self *self, const exs_call *call, exs_cancel *cancel, exs_done done)
{
	char how[TEXT_MAX];

	(void)cancel;
	member(call->args, "how", how);
	if (strstr(how, "unknown")) {
		exs_end_fail(done, EXS_IO, "nobody knows");
	} else if (written(self, call)) {
		exs_put(done, "it had happened");
		exs_end(done, EXS_OK);
	} else {
		exs_end(done, EXS_NOTFOUND);
	}
}

static exs_status list(exs_self *self, exs_status (*each)(void *, const exs_tool_spec *), void *arg,
		       exs_err *err)
{
	(void)self;
	(void)err;
	return list_five(each, arg, "Leaves a line in a file.", schema);
}

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	exs_self *self = (exs_self *)calloc(1, sizeof *self);

	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory");
	self->host = host;
	pthread_mutex_init(&self->lock, NULL);
	snprintf(self->log, sizeof self->log, "%s", conf->text(conf, "log").p);
	*out = self;
	return EXS_OK;
}

static void close_(exs_self *self)
{
	int i;

	for (i = 0; i < self->deaf_n && i < 64; i++)
		exs_end(self->deaf[i], EXS_LOST);
	free(self);
}

static const exs_tool tool = { sizeof tool, 0, list, call, reconcile, NULL };

static const void *port(exs_self *self, const char *id)
{
	(void)self;
	return strcmp(id, EXS_PORT_TOOL) == 0 ? &tool : NULL;
}

static const exs_option options[] = { { "log", EXS_OPT_PATH, EXS_REQUIRED, NULL, "the file of effects", NULL },
				      { NULL, 0, 0, NULL, NULL, NULL } };
static const char *const ports[] = { EXS_PORT_TOOL, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "org.executus.test.effects", "1", "effects that a test can count", "MIT", options,
		  ports, open_, close_, port)
