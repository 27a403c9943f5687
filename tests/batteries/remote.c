/* SPDX-License-Identifier: MIT */
/*
 * remote.c - tools of every effect class that change another process: tests/prove/effect_server.c,
 * which counts.
 *
 * Each takes {"text": T}, one word, and says "do TOOL KEY T" to the loopback port of the option
 * `port`. What has no answer has an unknown outcome. A reconciled call has the result that it would
 * have had.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <executus/helper.h>
#include <executus/port/tool.h>

#include "five_tools.h"

#define WORD_MAX  128
#define LINE_SIZE 1024

struct exs_self {
	uint16_t port;
};

static const char schema[] =
	"{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"text\"],"
	"\"properties\":{\"text\":{\"type\":\"string\"}}}";

/* The tests write one member without escapes: the last string of the object. */
static void text_of(exs_str args, char out[WORD_MAX])
{
	size_t end = args.n, begin;

	while (end && args.p[end - 1] != '"')
		end--;
	begin = end ? end - 1 : 0;
	while (begin && args.p[begin - 1] != '"')
		begin--;
	snprintf(out, WORD_MAX, "%.*s", (int)(end ? end - 1 - begin : 0), args.p + begin);
}

static int said_whole(int fd, const char *line)
{
	size_t n = strlen(line);

	return send(fd, line, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* Says one line and reads one. */
static exs_status talk(exs_self *self, const char *line, char answer[LINE_SIZE], exs_err *err)
{
	struct sockaddr_in to = { 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	exs_status status = EXS_OK;
	ssize_t n = 0;

	to.sin_family = AF_INET;
	to.sin_port = htons(self->port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return exs_fail(err, EXS_IO, errno, "no socket for the server of effects");
	if (connect(fd, (struct sockaddr *)&to, sizeof to))
		status = exs_fail(err, EXS_IO, errno, "the server of effects cannot be reached");
	else if (!said_whole(fd, line))
		status = exs_fail(err, EXS_IO, errno, "the server of effects does not listen");
	else if ((n = recv(fd, answer, LINE_SIZE - 1, 0)) <= 0)
		status = exs_fail(err, EXS_IO, n < 0 ? errno : 0,
				  "the server of effects does not answer");
	answer[n > 0 ? n : 0] = '\0';
	close(fd);
	return status;
}

static void call(exs_self *self, const exs_call *call, exs_cancel *cancel, exs_done done)
{
	char text[WORD_MAX], line[LINE_SIZE], answer[LINE_SIZE];
	exs_err err = EXS_ERR_INIT;

	(void)cancel;
	text_of(call->args, text);
	snprintf(line, sizeof line, "do %s %s %s\n", call->tool, call->key, text);
	if (talk(self, line, answer, &err)) {
		exs_end_err(done, &err);
	} else if (strcmp(answer, "ok\n") != 0) {
		exs_end_fail(done, EXS_IO, "the server of effects says '%.64s'", answer);
	} else {
		exs_put(done, "wrote ");
		exs_put(done, text);
		exs_end(done, EXS_OK);
	}
}

static void reconcile(exs_self *self, const exs_call *call, exs_cancel *cancel, exs_done done)
{
	char line[LINE_SIZE], answer[LINE_SIZE];
	exs_err err = EXS_ERR_INIT;

	(void)cancel;
	snprintf(line, sizeof line, "ask %s\n", call->key);
	if (talk(self, line, answer, &err)) {
		exs_end_err(done, &err);
	} else if (strncmp(answer, "yes ", 4) != 0) {
		exs_end(done, EXS_NOTFOUND);
	} else {
		answer[strcspn(answer, "\n")] = '\0';
		exs_put(done, "wrote ");
		exs_put(done, answer + 4);
		exs_end(done, EXS_OK);
	}
}

static exs_status list(exs_self *self, exs_status (*each)(void *, const exs_tool_spec *), void *arg,
		       exs_err *err)
{
	(void)self;
	(void)err;
	return list_five(each, arg, "Changes another process.", schema);
}

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	exs_self *self = (exs_self *)calloc(1, sizeof *self);

	(void)host;
	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory");
	self->port = (uint16_t)conf->number(conf, "port");
	*out = self;
	return EXS_OK;
}

static void close_(exs_self *self)
{
	free(self);
}

static const exs_tool tool = {
	.size = sizeof tool, .list = list, .call = call, .reconcile = reconcile
};

static const void *port(exs_self *self, const char *id)
{
	(void)self;
	return strcmp(id, EXS_PORT_TOOL) == 0 ? &tool : NULL;
}

static const exs_option options[] = { { "port", EXS_OPT_INT, EXS_REQUIRED, NULL,
					"where the effects are counted", "1..65535" },
				      { NULL, 0, 0, NULL, NULL, NULL } };
static const char *const ports[] = { EXS_PORT_TOOL, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "org.executus.test.remote", "1", "effects on another process",
		  "MIT", options, ports, open_, close_, port)
