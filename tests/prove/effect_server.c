/* SPDX-License-Identifier: MIT */
/*
 * effect_server.c - the world that tools change: a process of its own that counts what really
 * happened to it.
 *
 *	effect_server LOG
 *
 * Listens on 127.0.0.1 and prints "port N". One line a connection:
 *
 *	do CLASS KEY TEXT	answers "ok", and LOG has "did CLASS KEY TEXT"; when it has that key
 *				already and the class drops doubles (keyed, idempotent), it gets
 *				"dropped CLASS KEY TEXT"
 *	ask KEY			answers "yes TEXT" when something was done under it, else "no"
 *
 * LOG alone is the memory, so a test begins anew by emptying it. Ends with its parent.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 512u
#define LOG_MAX	       (1u << 20)
#define BACKLOG	       128
#define PATIENCE_S     2 /* for a client that says nothing: it may be stopped */

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int listen_here(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, BACKLOG) ||
	    getsockname(fd, (struct sockaddr *)&at, &n))
		die("effect_server: socket");
	printf("port %d\n", ntohs(at.sin_port));
	if (fflush(stdout))
		die("effect_server: standard output");
	return fd;
}

/* Finds "did CLASS KEY TEXT" with that key; copies TEXT. */
static bool was_done(const char *log, const char *key, char text[LINE_MAX_BYTES])
{
	static char all[LOG_MAX + 1];
	char has[LINE_MAX_BYTES], *line, *rest = NULL;
	int fd = open(log, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, all, LOG_MAX);

	if (fd >= 0)
		close(fd);
	all[n > 0 ? n : 0] = '\0';
	for (line = strtok_r(all, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (sscanf(line, "did %*s %511s %511s", has, text) == 2 && strcmp(has, key) == 0)
			return true;
	return false;
}

static void write_line(const char *log, const char *line)
{
	int fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	size_t n = strlen(line);

	if (fd < 0 || write(fd, line, n) != (ssize_t)n || close(fd))
		die(log);
}

static void answer(const char *log, const char *line, char out[2 * LINE_MAX_BYTES])
{
	char class[LINE_MAX_BYTES], key[LINE_MAX_BYTES], text[LINE_MAX_BYTES],
		before[LINE_MAX_BYTES];
	char entry[2 * LINE_MAX_BYTES];
	bool drops;

	if (sscanf(line, "ask %511s", key) == 1) {
		if (was_done(log, key, before))
			snprintf(out, 2 * LINE_MAX_BYTES, "yes %s\n", before);
		else
			snprintf(out, 2 * LINE_MAX_BYTES, "no\n");
		return;
	}
	if (sscanf(line, "do %511s %511s %511s", class, key, text) != 3) {
		snprintf(out, 2 * LINE_MAX_BYTES, "what?\n");
		return;
	}
	drops = (strcmp(class, "keyed") == 0 || strcmp(class, "idempotent") == 0) &&
		was_done(log, key, before);
	snprintf(entry, sizeof entry, "%s %.127s %.255s %.511s\n", drops ? "dropped" : "did", class,
		 key, text);
	write_line(log, entry);
	snprintf(out, 2 * LINE_MAX_BYTES, "ok\n");
}

/* A client that dies half way has asked for nothing. */
static void serve(const char *log, int fd)
{
	struct timeval patience = { PATIENCE_S, 0 };
	char line[LINE_MAX_BYTES], out[2 * LINE_MAX_BYTES];
	size_t have = 0;
	ssize_t n = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	while (n > 0 && have < sizeof line - 1 && !memchr(line, '\n', have)) {
		n = recv(fd, line + have, sizeof line - 1 - have, 0);
		have += n > 0 ? (size_t)n : 0;
	}
	if (!memchr(line, '\n', have))
		return;
	line[have] = '\0';
	answer(log, line, out);
	send(fd, out, strlen(out), MSG_NOSIGNAL);
}

int main(int argc, char **argv)
{
	int fd, client;

	if (argc != 2) {
		fprintf(stderr, "usage: effect_server LOG\n");
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = listen_here();
	while ((client = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0 || errno == EINTR ||
	       errno == ECONNABORTED) {
		if (client < 0)
			continue;
		serve(argv[1], client);
		close(client);
	}
	die("effect_server: accept");
}
