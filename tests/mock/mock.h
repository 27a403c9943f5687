/* SPDX-License-Identifier: MIT */
/*
 * mock.h - a loopback server that speaks chat completions, responses, messages and Ollama's chat: a scenario
 * says what it answers.
 *
 * The scenario comes from the command line; a request may change it by its model name, which is a
 * list of directives joined by '+': "turns:3", "latency:200", "pace:1" (so many ms between
 * two events), "down:2" (500 to whoever has so many answers already), or a fault "KIND" or "KIND:N" (only the first N requests that ask for it).
 * Unknown words are skipped, so an ordinary model name is a plain request.
 */
#ifndef TEST_MOCK_H
#define TEST_MOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MOCK_WORD_MAX  128u	   /* bytes of a model's name or a fault */
#define MOCK_BODY_MAX  (64u << 20) /* bytes of a request */
#define MOCK_CALLS_MAX 64u	   /* calls of one assistant message that are followed */
#define MOCK_TURNS_MAX 1024	   /* turns whose answers are made in advance */

/* What a request says, as far as it matters. */
struct mock_request {
	char model[MOCK_WORD_MAX];
	char authorization[256];
	int messages, assistants;
	char last_role[16];
	bool stream, stream_options;
	bool answered;		  /* every call of every assistant message has its result */
	bool responses;		  /* the path is that of the Responses API */
	bool include, encrypted;  /* it asks for encrypted reasoning; holds some */
	bool of_messages;	  /* the path is that of the Messages API */
	bool version, max_tokens; /* it has what that API wants */
	bool ollama;		  /* the path is that of Ollama's chat */
	bool arguments_text;	  /* a call's arguments are a text */
	bool marked, thinking;	  /* it has marks for the cache; thinking that comes back */
	char first_role[16];
};

struct mock_scenario {
	int turns; /* that call the tool, before the answer */
	int64_t latency_ms;
	int64_t pace_ms; /* between two events of a stream; 0: all at once */
	int pace_from;	 /* answers in the transcript from which on it is so */
	const char *tool, *args, *answer, *retry_after;
	char fault[MOCK_WORD_MAX]; /* "" none */
	int fault_times;	   /* -1: always */
	int down_at;		   /* answers in the transcript from which on it is down; 0: never */
};

/* What goes back: bytes, and how. */
struct mock_answer {
	char *p;
	size_t n;
	bool kept;	   /* p belongs to the cache */
	bool close_after;  /* hang up behind the bytes */
	bool never;	   /* no byte ever */
	size_t drip_bytes; /* 0: all at once; else so many every 20 ms */
	size_t gate;	   /* bytes that go before the gate's file is there; 0: there is no gate */
};

/* The head's Authorization and the body's members. */
void mock_request_read(struct mock_request *r, const char *head, size_t head_n, const char *body,
		       size_t body_n);
/* A line about it, which has n bytes; with `body`, when that is not NULL. */
void mock_request_log(const struct mock_request *r, const char *body, size_t n, FILE *log);

/* The scenario of one request: `base` changed by the directives of its model name. */
void mock_scenario_for(struct mock_scenario *s, const struct mock_scenario *base,
		       const struct mock_request *r);
/* Whether that word is a refusal of the table: a status line and an error body. */
bool mock_refuses(const char *kind);
void mock_answer_make(struct mock_answer *a, const struct mock_scenario *s,
		      const struct mock_request *r);
/* The same for a request of the Responses API: turn `turn` of the run that it belongs to. */
void mock_responses_make(struct mock_answer *a, const struct mock_scenario *s,
			 const struct mock_request *r, int turn);
/* The same for a request of the Messages API: turn `turn` of the run that it belongs to. */
void mock_messages_make(struct mock_answer *a, const struct mock_scenario *s,
			const struct mock_request *r, int turn);
/* The same for a request of Ollama's chat. */
void mock_ollama_make(struct mock_answer *a, const struct mock_scenario *s, const struct mock_request *r, int turn);
void mock_answer_release(struct mock_answer *a);

#endif
