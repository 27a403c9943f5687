/* SPDX-License-Identifier: MIT */
/*
 * hostile.h - a model server that does one thing wrong, for each request the one that its model's
 * name says. Every connection has a thread of its own, so that each may misbehave as it likes.
 */
#ifndef TEST_HOSTILE_H
#define TEST_HOSTILE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#define HOSTILE_HEAD_MAX (64u << 10) /* bytes of a request's head */
#define HOSTILE_BODY_MAX (1u << 20)  /* bytes of a request's body that are looked at */
#define HOSTILE_WORD_MAX 64u	     /* bytes of a case's name */

/* One connection. */
struct peer {
	int fd;
	SSL *ssl; /* NULL: plain */
	const struct speech *speech;
	unsigned asked; /* how often this case was asked for, this time included */
};

/* How a dialect says what the cases need: each a whole event or a printf form of one. */
struct speech {
	const char *path;
	const char *open, *close; /* what stands around the data of an event */
	const char *nothing;	  /* a line that says nothing */
	const char *begin; /* events before the first text */
	const char *text;  /* one event; %s is a JSON string */
	const char *call;  /* the events of a call; %d its number (three times), %s its arguments as
			      a JSON string */
	const char *end;   /* what ends an answer of text */
	const char *end_calls; /* what ends an answer with calls */
	const char *refusal;   /* a whole stream that refuses */
	const char *error;     /* an error event */
};
extern const struct speech hostile_speeches[]; /* ended by a NULL path */

#define HOSTILE_STREAM "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"

/* All false once the other side is gone. */
bool hostile_send(struct peer *p, const char *bytes, size_t n);
bool hostile_says(struct peer *p, const char *text);
bool hostile_sayf(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool hostile_begin(struct peer *p); /* head and first events of a stream */
bool hostile_data(struct peer *p, const char *data, size_t n); /* one event */
bool hostile_text(struct peer *p, const char *json);
bool hostile_call(struct peer *p, int i, int name, const char *args);

/* Does what `word` names; false: there is no such case. */
bool hostile_act(struct peer *p, const char *word);

/* Answers that are wrong in themselves. */
void hostile_malformed(struct peer *p);
void hostile_not_a_number(struct peer *p);
void hostile_nul_byte(struct peer *p);
void hostile_nul_escape(struct peer *p);
void hostile_bad_utf8(struct peer *p);
void hostile_deep(struct peer *p);
void hostile_duplicate_keys(struct peer *p);
void hostile_nul_in_arguments(struct peer *p);
void hostile_many_calls(struct peer *p);
void hostile_unknown_tool(struct peer *p);
void hostile_same_call(struct peer *p);
void hostile_empty_answer(struct peer *p);
void hostile_refusal(struct peer *p);
void hostile_error_event(struct peer *p);
void hostile_json_error_200(struct peer *p);

/* Certificates of the TLS ports, written to `dir` as PEM files. */
enum hostile_tls { HOSTILE_GOOD, HOSTILE_EXPIRED, HOSTILE_WRONG_HOST, HOSTILE_CLIENT, HOSTILE_TLS };
SSL_CTX *hostile_tls(enum hostile_tls kind, const char *dir);

#endif
