/* SPDX-License-Identifier: MIT */
/*
 * receiver.c - a receiver of webhooks for tests: answers as it is told and keeps what it got.
 *
 *	receiver FOLDER WHAT[,WHAT...]
 *
 * Prints its port on loopback. The n-th request gets the n-th WHAT, the last one for ever: a status
 *("204"), "302" with a Location, "503-7" with Retry-After: 7, "drop" (closes without a word),
 *"hang" (never answers), "big" (an answer that does not end). Into FOLDER go N.head and N.body, N
 *from 1, and a line "N ID STATUS" in the file "log". Knows no keys: who wants to know whether a
 *signature is right asks another program.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX (1u << 20)
#define HUNG_MAX    64
#define WORDS_MAX   64

struct receiver {
	const char *folder;
	const char *words[WORDS_MAX];
	size_t word_n;
	int n;
	int hung[HUNG_MAX];
	int hung_n;
	char request[REQUEST_MAX + 1];
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void keep(const struct receiver *r, const char *name, const char *p, size_t n)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%d.%s", r->folder, r->n, name);
	f = fopen(path, "w");
	if (!f || fwrite(p, 1, n, f) != n || fclose(f))
		die(path);
}

/* The value of a header line; empty when there is none. */
static void header(const char *head, const char *name, char *out, size_t size)
{
	const char *line;
	size_t n = strlen(name);

	out[0] = '\0';
	for (line = head; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
			snprintf(out, size, "%.*s", (int)strcspn(line + n + 1, "\r\n"),
				 line + n + 1);
			memmove(out, out + strspn(out, " "), strlen(out + strspn(out, " ")) + 1);
			return;
		}
}

/* Until the whole request is there; the length of its head, or 0. */
static size_t read_request(struct receiver *r, int fd, size_t *got)
{
	char length[32];
	size_t n = 0;

	for (;;) {
		ssize_t more = read(fd, r->request + n, REQUEST_MAX - n);
		char *end;

		if (more <= 0)
			return 0;
		n += (size_t)more;
		r->request[n] = '\0';
		end = strstr(r->request, "\r\n\r\n");
		if (!end)
			continue;
		*got = n;
		header(r->request, "content-length", length, sizeof length);
		if (n >= (size_t)(end + 4 - r->request) + strtoul(length, NULL, 10))
			return (size_t)(end + 4 - r->request);
	}
}

static void say(int fd, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		ssize_t done = write(fd, text, n);

		if (done <= 0)
			return;
		text += done;
		n -= (size_t)done;
	}
}

static void answer(struct receiver *r, int fd, const char *word)
{
	const char *wait = strchr(word, '-');
	char text[512];
	int i;

	if (strcmp(word, "big") == 0) {
		say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
		for (i = 0; i < 4096; i++)
			say(fd, "an answer that does not end, and nobody wants to hear the rest of "
				"it\n");
	} else if (strcmp(word, "drop") != 0) {
		snprintf(text, sizeof text,
			 "HTTP/1.1 %.3s Told\r\n%s%s%s%sContent-Length: 9\r\nConnection: "
			 "close\r\n\r\nas asked\n",
			 word, wait ? "Retry-After: " : "", wait ? wait + 1 : "",
			 wait ? "\r\n" : "",
			 word[0] == '3' ? "Location: http://127.0.0.1:1/elsewhere\r\n" : "");
		say(fd, text);
	}
	shutdown(fd, SHUT_WR);
	close(fd);
	(void)r;
}

static void note(const struct receiver *r, const char *word)
{
	char path[512], id[128];
	FILE *f;

	header(r->request, "webhook-id", id, sizeof id);
	snprintf(path, sizeof path, "%s/log", r->folder);
	f = fopen(path, "a");
	if (!f)
		die(path);
	fprintf(f, "%d %s %s\n", r->n, id, word);
	fclose(f);
}

static void serve(struct receiver *r, int fd)
{
	size_t got = 0, head = read_request(r, fd, &got);
	const char *word;

	if (!head) {
		close(fd);
		return;
	}
	word = r->words[(size_t)r->n < r->word_n ? (size_t)r->n : r->word_n - 1];
	r->n++;
	keep(r, "head", r->request, head);
	keep(r, "body", r->request + head, got - head);
	note(r, word);
	if (strcmp(word, "hang") == 0 && r->hung_n < HUNG_MAX)
		r->hung[r->hung_n++] = fd;
	else
		answer(r, fd, word);
}

int main(int argc, char **argv)
{
	static struct receiver r;
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char *word, *save = NULL;

	if (argc != 3) {
		fprintf(stderr, "usage: receiver FOLDER WHAT[,WHAT...]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	r.folder = argv[1];
	for (word = strtok_r(argv[2], ",", &save); word && r.word_n < WORDS_MAX;
	     word = strtok_r(NULL, ",", &save))
		r.words[r.word_n++] = word;
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)&at, &n))
		die("socket");
	printf("%d\n", (int)ntohs(at.sin_port));
	fflush(stdout);
	for (;;) {
		int got = accept(fd, NULL, NULL);

		if (got >= 0)
			serve(&r, got);
		else if (errno != EINTR)
			die("accept");
	}
}
