/* SPDX-License-Identifier: MIT */
/*
 * mock_chat.c - the server: one thread, epoll, 127.0.0.1, a free port that it prints as "port N".
 *
 *	mock_chat [--turns N] [--latency MS] [--tool NAME] [--args JSON] [--answer TEXT]
 *	          [--fault KIND[:N]] [--retry-after VALUE] [--log FILE [--bodies]] [--once]
 *	          [--with-parent] [--gate FILE] [--pace MS [--pace-from TURN]]
 *
 * --bodies puts each request into its line of the log. --once ends when the last connection closes,
 * --with-parent when the process that started it does. Behind a --gate the second half of each answer
 * waits until the file is there. With a --pace each event of a stream goes out by itself, so long
 * behind the one before; --pace-from that turn of a run on (0).
 * SIGTERM and SIGINT end it at once.
 */
#include "mock.h"

#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DRIP_MS	 20
#define EVENTS	 256
#define READ_MAX (64u << 10) /* bytes read at once */

struct conn {
	int fd;
	bool want_out, timed;
	char *in;
	size_t in_n, in_cap;
	struct mock_answer answer;
	size_t out; /* bytes of the answer that were sent */
	bool busy;  /* an answer is due or being sent */
	int64_t at_ms;
	int64_t pace_ms; /* between two pieces of the answer; 0: all at once */
	TAILQ_ENTRY(conn) in_timers;
};
TAILQ_HEAD(conns, conn);

struct server {
	struct mock_scenario base;
	FILE *log;
	int epoll, listener, signals;
	size_t live;
	bool once, ending, bodies;
	const char *gate; /* NULL: none */
	struct conns timers; /* by at_ms */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- timers: nearly always the latest is the last, so a list does ---- */

static void timer_set(struct server *s, struct conn *c, int64_t at_ms)
{
	struct conn *before = TAILQ_LAST(&s->timers, conns);

	c->at_ms = at_ms;
	c->timed = true;
	while (before && before->at_ms > at_ms)
		before = TAILQ_PREV(before, conns, in_timers);
	if (before)
		TAILQ_INSERT_AFTER(&s->timers, before, c, in_timers);
	else
		TAILQ_INSERT_HEAD(&s->timers, c, in_timers);
}

static void timer_clear(struct server *s, struct conn *c)
{
	if (c->timed)
		TAILQ_REMOVE(&s->timers, c, in_timers);
	c->timed = false;
}

/* ---- connections ---- */

static void hang_up(struct server *s, struct conn *c)
{
	timer_clear(s, c);
	close(c->fd);
	mock_answer_release(&c->answer);
	free(c->in);
	free(c);
	if (--s->live == 0 && s->once)
		s->ending = true;
}

static void want(struct server *s, struct conn *c, bool out)
{
	struct epoll_event ev = { .events = EPOLLIN | (out ? EPOLLOUT : 0u), .data.ptr = c };

	if (c->want_out == out)
		return;
	c->want_out = out;
	epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

static bool take_request(struct server *s, struct conn *c);

/* The bytes up to the end of an event, or of a line where there are no events. */
static size_t event_end(const char *p, size_t n)
{
	const char *end = memmem(p, n, "\n\n", 2);

	if (!end)
		end = memmem(p, n, "}\n", 2);
	return end ? (size_t)(end - p) + 2 : n;
}

/* Sends what may go now. False: the connection is gone. */
static bool send_out(struct server *s, struct conn *c)
{
	struct mock_answer *a = &c->answer;

	while (c->out < a->n) {
		size_t n = a->n - c->out;
		ssize_t sent;

		if (a->gate && c->out >= a->gate && access(s->gate, F_OK) != 0) {
			timer_set(s, c, now_ms() + DRIP_MS);
			return true;
		}
		if (a->gate && c->out < a->gate && n > a->gate - c->out)
			n = a->gate - c->out;
		if (a->drip_bytes)
			n = n < a->drip_bytes ? n : a->drip_bytes;
		else if (c->pace_ms)
			n = event_end(a->p + c->out, n);
		sent = send(c->fd, a->p + c->out, n, MSG_NOSIGNAL);
		if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
			want(s, c, true);
			return true;
		}
		if (sent < 0) {
			hang_up(s, c);
			return false;
		}
		c->out += (size_t)sent;
		if (c->pace_ms && c->out < a->n) {
			timer_set(s, c, now_ms() + c->pace_ms);
			return true;
		}
	}
	if (a->close_after) {
		hang_up(s, c);
		return false;
	}
	want(s, c, false);
	mock_answer_release(a);
	c->busy = false;
	return take_request(s, c);
}

static bool answer(struct server *s, struct conn *c, size_t head, size_t body)
{
	struct mock_scenario scenario;
	struct mock_request r;

	mock_request_read(&r, c->in, head, c->in + head, body);
	if (s->log)
		mock_request_log(&r, s->bodies ? c->in + head : NULL, body, s->log);
	mock_scenario_for(&scenario, &s->base, &r);
	mock_answer_make(&c->answer, &scenario, &r);
	memmove(c->in, c->in + head + body, c->in_n - head - body);
	c->in_n -= head + body;
	c->answer.gate = s->gate ? c->answer.n / 2 : 0;
	c->pace_ms = c->answer.drip_bytes	      ? DRIP_MS
		     : r.assistants < scenario.pace_from ? 0
							 : scenario.pace_ms;
	c->out = 0;
	c->busy = true;
	if (c->answer.never)
		return true;
	if (scenario.latency_ms > 0) {
		timer_set(s, c, now_ms() + scenario.latency_ms);
		return true;
	}
	return send_out(s, c);
}

static size_t content_length(const char *head, size_t n)
{
	static const char name[] = "\ncontent-length:";
	size_t i;

	for (i = 0; i + sizeof name < n; i++)
		if (head[i] == '\n' && strncasecmp(head + i, name, sizeof name - 1) == 0)
			return strtoul(head + i + sizeof name - 1, NULL, 10);
	return 0;
}

/* Answers the request that lies in the buffer whole, if there is one. False: the connection is
 * gone. */
static bool take_request(struct server *s, struct conn *c)
{
	char *end = c->in_n ? memmem(c->in, c->in_n, "\r\n\r\n", 4) : NULL;
	size_t head, body;

	if (c->busy || !end)
		return true;
	head = (size_t)(end - c->in) + 4;
	body = content_length(c->in, head);
	if (body > MOCK_BODY_MAX) {
		hang_up(s, c);
		return false;
	}
	return c->in_n - head < body || answer(s, c, head, body);
}

static void receive(struct server *s, struct conn *c)
{
	ssize_t n;

	if (c->in_cap - c->in_n < READ_MAX / 8) {
		size_t cap = c->in_cap ? c->in_cap * 2 : READ_MAX / 4;
		char *in = realloc(c->in, cap);

		if (!in || cap > 2 * MOCK_BODY_MAX) {
			hang_up(s, c);
			return;
		}
		c->in = in;
		c->in_cap = cap;
	}
	n = recv(c->fd, c->in + c->in_n, c->in_cap - c->in_n, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(s, c);
		return;
	}
	c->in_n += (size_t)n;
	(void)take_request(s, c);
}

static void welcome(struct server *s)
{
	int fd, on = 1;

	while ((fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct conn *c = calloc(1, sizeof *c);
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

		if (!c || epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
			free(c);
			close(fd);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		c->fd = fd;
		s->live++;
	}
}

/* ---- the loop ---- */

static void run_timers(struct server *s)
{
	struct conn *c;
	int64_t now = now_ms();

	while ((c = TAILQ_FIRST(&s->timers)) && c->at_ms <= now) {
		timer_clear(s, c);
		(void)send_out(s, c);
	}
}

static int sleep_ms(const struct server *s)
{
	const struct conn *c = TAILQ_FIRST(&s->timers);
	int64_t wait = c ? c->at_ms - now_ms() : -1;

	return !c ? -1 : wait < 0 ? 0 : (int)wait;
}

static void run(struct server *s)
{
	struct epoll_event ev[EVENTS];

	while (!s->ending) {
		int i, n = epoll_wait(s->epoll, ev, EVENTS, sleep_ms(s));

		for (i = 0; i < n; i++) {
			struct conn *c = ev[i].data.ptr;

			if (ev[i].data.ptr == &s->signals)
				s->ending = true;
			else if (ev[i].data.ptr == &s->listener)
				welcome(s);
			else if (ev[i].events & EPOLLOUT)
				(void)send_out(s, c);
			else
				receive(s, c);
		}
		run_timers(s);
	}
}

static bool watch(struct server *s, int *fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = fd };

	return *fd >= 0 && epoll_ctl(s->epoll, EPOLL_CTL_ADD, *fd, &ev) == 0;
}

static bool start(struct server *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof at;
	struct rlimit files;
	sigset_t stop;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->signals = signalfd(-1, &stop, SFD_CLOEXEC);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&at, sizeof at) < 0 ||
	    listen(s->listener, SOMAXCONN) < 0 ||
	    getsockname(s->listener, (struct sockaddr *)&at, &n) < 0 || !watch(s, &s->listener) ||
	    !watch(s, &s->signals))
		return false;
	printf("port %d\n", ntohs(at.sin_port));
	return fflush(stdout) == 0;
}

static void set_fault(struct mock_scenario *s, const char *text)
{
	const char *colon = strchr(text, ':');

	snprintf(s->fault, sizeof s->fault, "%.*s", (int)strcspn(text, ":"), text);
	s->fault_times = colon ? atoi(colon + 1) : -1;
}

static bool read_options(struct server *s, int argc, char **argv)
{
	static const struct option options[] = { { "turns", 1, NULL, 't' },
						 { "latency", 1, NULL, 'l' },
						 { "tool", 1, NULL, 'n' },
						 { "args", 1, NULL, 'j' },
						 { "answer", 1, NULL, 'a' },
						 { "fault", 1, NULL, 'f' },
						 { "log", 1, NULL, 'o' },
						 { "gate", 1, NULL, 'g' },
						 { "pace", 1, NULL, 'w' },
						 { "pace-from", 1, NULL, 'W' },
						 { "bodies", 0, NULL, 'b' },
						 { "once", 0, NULL, '1' },
						 { "with-parent", 0, NULL, 'p' },
						 { "retry-after", 1, NULL, 'r' },
						 { NULL, 0, NULL, 0 } };
	struct mock_scenario *b = &s->base;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 't')
			b->turns = atoi(optarg);
		else if (c == 'l')
			b->latency_ms = atoll(optarg);
		else if (c == 'n')
			b->tool = optarg;
		else if (c == 'j')
			b->args = optarg;
		else if (c == 'a')
			b->answer = optarg;
		else if (c == 'f')
			set_fault(b, optarg);
		else if (c == 'r')
			b->retry_after = optarg;
		else if (c == 'w')
			b->pace_ms = atoll(optarg);
		else if (c == 'W')
			b->pace_from = atoi(optarg);
		else if (c == 'g')
			s->gate = optarg;
		else if (c == 'b')
			s->bodies = true;
		else if (c == '1')
			s->once = true;
		else if (c == 'p')
			prctl(PR_SET_PDEATHSIG, SIGTERM);
		else if (c != 'o' || !(s->log = fopen(optarg, "we")))
			return false;
	}
	return optind == argc;
}

int main(int argc, char **argv)
{
	static struct server s = { .base = { .tool = "list_dir",
					     .args = "{\"path\":\".\"}",
					     .answer = "hello from the mock",
					     .retry_after = "1",
					     .fault_times = -1 } };

	TAILQ_INIT(&s.timers);
	if (!read_options(&s, argc, argv)) {
		fprintf(stderr, "mock_chat: wrong option or log file\n");
		return 2;
	}
	if (!start(&s)) {
		perror("mock_chat");
		return 1;
	}
	run(&s);
	return s.log && fclose(s.log) != 0;
}
