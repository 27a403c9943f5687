/* SPDX-License-Identifier: MIT */
/*
 * hostile.c - the server: 127.0.0.1, free ports, printed as "ports PLAIN GOOD EXPIRED WRONG-HOST
 *CLIENT".
 *
 *	hostile DIR    writes the certificates of its TLS ports to DIR; ends with the process that
 *started it
 *
 * CLIENT wants the certificate of client.pem shown.
 */
#include "hostile.h"

#include <assert.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTENERS (1 + HOSTILE_TLS)
#define WORDS	  256 /* cases that are counted */

struct counter {
	pthread_mutex_t lock;
	struct {
		char word[HOSTILE_WORD_MAX + 32];
		unsigned n;
	} words[WORDS];
};

struct job {
	int fd;
	SSL_CTX *tls;
	struct counter *counter;
};

static int listen_here(int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 64) == 0);
	assert(getsockname(fd, (struct sockaddr *)&at, &n) == 0);
	*port = ntohs(at.sin_port);
	return fd;
}

/* How often path and word were asked for together, this time included. */
static unsigned count(struct counter *c, const char *path, const char *word)
{
	char both[sizeof c->words[0].word];
	unsigned n = 0;
	size_t i;

	snprintf(both, sizeof both, "%s %s", path, word);
	pthread_mutex_lock(&c->lock);
	for (i = 0; i < WORDS && c->words[i].word[0] && strcmp(c->words[i].word, both) != 0; i++)
		;
	assert(i < WORDS);
	snprintf(c->words[i].word, sizeof both, "%s", both);
	n = ++c->words[i].n;
	pthread_mutex_unlock(&c->lock);
	return n;
}

/* ---- one request ---- */

static ssize_t take(struct peer *p, char *to, size_t n)
{
	return p->ssl ? SSL_read(p->ssl, to, (int)n) : recv(p->fd, to, n, 0);
}

/* Reads head and body into `in`; false: the other side is gone or says too much. */
static bool read_request(struct peer *p, char *in, size_t cap)
{
	size_t n = 0, want = 0;
	char *end = NULL, *length;

	while (!end || n < want) {
		ssize_t got = n < cap - 1 ? take(p, in + n, cap - 1 - n) : 0;

		if (got <= 0)
			return false;
		n += (size_t)got;
		in[n] = '\0';
		if (end || !(end = strstr(in, "\r\n\r\n")))
			continue;
		length = strcasestr(in, "\r\ncontent-length:");
		want = (size_t)(end + 4 - in) + (length ? strtoul(length + 17, NULL, 10) : 0);
	}
	return true;
}

/* The dialect of the path, and what stands behind "model":" in the body. */
static bool understand(struct peer *p, const char *in, char word[HOSTILE_WORD_MAX])
{
	const struct speech *s;
	const char *line = strstr(in, "\r\n"), *model = strstr(in, "\"model\":\""), *path;

	for (s = hostile_speeches; s->path; s++) {
		path = strstr(in, s->path);
		if (path && path < line)
			p->speech = s;
	}
	if (!p->speech || !model)
		return false;
	model += 9;
	snprintf(word, HOSTILE_WORD_MAX, "%.*s", (int)strcspn(model, "\""), model);
	return true;
}

static void *serve(void *arg)
{
	struct job *job = arg;
	struct peer p = { .fd = job->fd };
	char *in = malloc(HOSTILE_BODY_MAX), word[HOSTILE_WORD_MAX];
	bool ready = true;

	assert(in);
	if (job->tls) {
		p.ssl = SSL_new(job->tls);
		assert(p.ssl);
		SSL_set_fd(p.ssl, p.fd);
		ready = SSL_accept(p.ssl) == 1;
	}
	if (ready && read_request(&p, in, HOSTILE_BODY_MAX) && understand(&p, in, word)) {
		p.asked = count(job->counter, p.speech->path, word);
		if (!hostile_act(&p, word))
			fprintf(stderr, "hostile: there is no case '%s'\n", word);
	}
	if (p.ssl)
		SSL_free(p.ssl);
	close(p.fd);
	free(in);
	free(job);
	return NULL;
}

static void start(int listener, SSL_CTX *tls, struct counter *counter)
{
	struct job *job = malloc(sizeof *job);
	pthread_attr_t attr;
	pthread_t thread;

	assert(job);
	*job = (struct job){ accept(listener, NULL, NULL), tls, counter };
	assert(job->fd >= 0);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	assert(pthread_create(&thread, &attr, serve, job) == 0);
	pthread_attr_destroy(&attr);
}

int main(int argc, char **argv)
{
	struct pollfd at[LISTENERS];
	SSL_CTX *tls[LISTENERS] = { NULL };
	struct counter *counter = calloc(1, sizeof *counter);
	int port, i;

	if (argc != 2 || !counter)
		return 2;
	pthread_mutex_init(&counter->lock, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	printf("ports");
	for (i = 0; i < LISTENERS; i++) {
		at[i] = (struct pollfd){ listen_here(&port), POLLIN, 0 };
		if (i > 0)
			tls[i] = hostile_tls((enum hostile_tls)(i - 1), argv[1]);
		printf(" %d", port);
	}
	printf("\n");
	fflush(stdout);
	while (poll(at, LISTENERS, -1) > 0)
		for (i = 0; i < LISTENERS; i++)
			if (at[i].revents)
				start(at[i].fd, tls[i], counter);
	return 1;
}
