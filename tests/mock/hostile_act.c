/* SPDX-License-Identifier: MIT */
/* hostile_act.c - what a server can do wrong, by name: the matrix of tests/unit/test_hostile.c. */
#include "hostile.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MIB	(1u << 20)
#define HUGE	(100u * MIB)
#define DRIP_MS 30

static void rest(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

/* For ever, or until the other side is gone. */
static void drip(struct peer *p, const char *bytes)
{
	while (hostile_says(p, bytes))
		rest(DRIP_MS);
}

/* Until the other side hangs up. */
static void listen_on(struct peer *p)
{
	char byte;

	if (p->ssl)
		while (SSL_read(p->ssl, &byte, 1) > 0)
			;
	else
		while (recv(p->fd, &byte, 1, 0) > 0)
			;
}

/* ---- the acts ---- */

static void good(struct peer *p)
{
	if (hostile_begin(p) && hostile_text(p, "\"fine\""))
		hostile_says(p, p->speech->end);
}

static void slow_header(struct peer *p)
{
	if (hostile_says(p, "HTTP/1.1 200 OK\r\nX-Slow: "))
		drip(p, "x");
}

static void slow_body(struct peer *p)
{
	if (hostile_begin(p))
		drip(p, p->speech->nothing);
}

static void never(struct peer *p)
{
	listen_on(p);
}

static void close_early(struct peer *p)
{
	(void)p;
}

static void reset(struct peer *p)
{
	struct linger now = { 1, 0 };

	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

static void reset_midway(struct peer *p)
{
	if (hostile_begin(p) && hostile_text(p, "\"fi\""))
		rest(50);
	reset(p);
}

static void half(struct peer *p)
{
	if (hostile_begin(p) && hostile_text(p, "\"fi\""))
		hostile_send(p, p->speech->text, 12);
}

static void no_end(struct peer *p)
{
	if (hostile_begin(p))
		hostile_text(p, "\"fine\"");
}

static void falls_silent(struct peer *p)
{
	if (hostile_begin(p) && hostile_text(p, "\"fi\""))
		listen_on(p);
}

static void huge_line(struct peer *p)
{
	char *x = malloc(MIB);
	size_t n;

	assert(x);
	memset(x, 'x', MIB);
	if (hostile_begin(p) && hostile_says(p, p->speech->open))
		for (n = 0; n < HUGE && hostile_send(p, x, MIB); n += MIB)
			;
	free(x);
}

static void endless(struct peer *p)
{
	char json[1026];

	memset(json, 'x', sizeof json - 1);
	json[0] = json[sizeof json - 2] = '"';
	json[sizeof json - 1] = '\0';
	if (hostile_begin(p))
		while (hostile_text(p, json))
			;
}

static void endless_comments(struct peer *p)
{
	char line[4096];

	memset(line, *p->speech->nothing, sizeof line);
	line[sizeof line - 1] = '\n';
	if (hostile_begin(p))
		while (hostile_send(p, line, sizeof line))
			;
}

/* Nobody asked for gzip; this is the start of a gigabyte of zeros. */
static void gzip_bomb(struct peer *p)
{
	static const char head[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xec\xc1\x01\x01";
	static const char zeros[4096];
	int i;

	if (!hostile_says(p, HOSTILE_STREAM "Content-Encoding: gzip\r\n\r\n") ||
	    !hostile_send(p, head, sizeof head - 1))
		return;
	for (i = 0; i < 256 && hostile_send(p, zeros, sizeof zeros); i++)
		;
}

static void length_short(struct peer *p)
{
	if (hostile_says(p, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: "
			    "20\r\n\r\n") &&
	    hostile_says(p, p->speech->begin) && hostile_text(p, "\"fine\""))
		hostile_says(p, p->speech->end);
}

static void length_long(struct peer *p)
{
	if (hostile_says(p, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: "
			    "900000\r\n\r\n") &&
	    hostile_says(p, p->speech->begin))
		hostile_text(p, "\"fine\"");
}

static void chunk_lies(struct peer *p)
{
	if (hostile_says(
		    p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndata:\r\nzz\r\n"))
		hostile_says(p, p->speech->begin);
}

static void text_plain(struct peer *p)
{
	if (hostile_says(
		    p,
		    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n") &&
	    hostile_says(p, p->speech->begin) && hostile_text(p, "\"fine\""))
		hostile_says(p, p->speech->end);
}

static void html(struct peer *p)
{
	hostile_says(p, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"
			"<!doctype html><html><body>Sign in</body></html>");
}

static void no_content(struct peer *p)
{
	hostile_says(p, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}

static void flood_1xx(struct peer *p)
{
	while (hostile_says(
		p, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"))
		;
}

static void huge_header(struct peer *p)
{
	char copy[1024];

	memset(copy, 'x', sizeof copy);
	memcpy(copy, "X-Filler: ", 10);
	memcpy(copy + sizeof copy - 2, "\r\n", 2);
	if (hostile_says(p, "HTTP/1.1 200 OK\r\n"))
		while (hostile_send(p, copy, sizeof copy))
			;
}

static void redirect_loop(struct peer *p)
{
	hostile_sayf(p, "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
		     p->speech->path);
}

static void redirect_metadata(struct peer *p)
{
	hostile_says(p, "HTTP/1.1 307 Temporary Redirect\r\nLocation: "
			"http://169.254.169.254/latest/meta-data/\r\n"
			"Content-Length: 0\r\n\r\n");
}

static void not_http(struct peer *p)
{
	hostile_says(p, "SSH-2.0-OpenSSH_9.2\r\n");
}

/* Wrong once, then well. */
static void reset_once(struct peer *p)
{
	if (p->asked == 1)
		reset(p);
	else
		good(p);
}

static void busy_once(struct peer *p)
{
	if (p->asked == 1)
		hostile_says(p,
			     "HTTP/1.1 429 Too Many Requests\r\nRetry-After: -5\r\nContent-Length: "
			     "0\r\n\r\n");
	else
		good(p);
}

static void busy_past_date_once(struct peer *p)
{
	if (p->asked == 1)
		hostile_says(
			p,
			"HTTP/1.1 503 Unavailable\r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n"
			"Content-Length: 0\r\n\r\n");
	else
		good(p);
}

static void busy_absurd(struct peer *p)
{
	hostile_says(p, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 99999999999999999999\r\n"
			"Content-Length: 0\r\n\r\n");
}

static const struct {
	const char *word;
	void (*act)(struct peer *p);
} acts[] = {
	{ "good", good },
	{ "slow_header", slow_header },
	{ "slow_body", slow_body },
	{ "never", never },
	{ "close_early", close_early },
	{ "reset", reset },
	{ "reset_midway", reset_midway },
	{ "half", half },
	{ "no_end", no_end },
	{ "falls_silent", falls_silent },
	{ "huge_line", huge_line },
	{ "endless", endless },
	{ "endless_comments", endless_comments },
	{ "gzip_bomb", gzip_bomb },
	{ "length_short", length_short },
	{ "length_long", length_long },
	{ "chunk_lies", chunk_lies },
	{ "text_plain", text_plain },
	{ "html", html },
	{ "no_content", no_content },
	{ "flood_1xx", flood_1xx },
	{ "huge_header", huge_header },
	{ "redirect_loop", redirect_loop },
	{ "redirect_metadata", redirect_metadata },
	{ "not_http", not_http },
	{ "malformed", hostile_malformed },
	{ "not_a_number", hostile_not_a_number },
	{ "nul_byte", hostile_nul_byte },
	{ "nul_escape", hostile_nul_escape },
	{ "bad_utf8", hostile_bad_utf8 },
	{ "deep", hostile_deep },
	{ "duplicate_keys", hostile_duplicate_keys },
	{ "nul_in_arguments", hostile_nul_in_arguments },
	{ "many_calls", hostile_many_calls },
	{ "unknown_tool", hostile_unknown_tool },
	{ "same_call", hostile_same_call },
	{ "empty_answer", hostile_empty_answer },
	{ "refusal", hostile_refusal },
	{ "error_event", hostile_error_event },
	{ "json_error_200", hostile_json_error_200 },
	{ "reset_once", reset_once },
	{ "busy_once", busy_once },
	{ "busy_past_date_once", busy_past_date_once },
	{ "busy_absurd", busy_absurd },
};

bool hostile_act(struct peer *p, const char *word)
{
	char body[64];
	size_t i;
	int code;

	for (i = 0; i < sizeof acts / sizeof acts[0]; i++)
		if (strcmp(acts[i].word, word) == 0) {
			acts[i].act(p);
			return true;
		}
	/* A number is a status. */
	code = (int)strtol(word, NULL, 10);
	if (code < 400 || code > 599)
		return false;
	snprintf(body, sizeof body, "{\"error\":{\"message\":\"because of %d\"}}", code);
	hostile_sayf(
		p,
		"HTTP/1.1 %d No\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		code, strlen(body), body);
	return true;
}
