/* SPDX-License-Identifier: MIT */
/*
 * bench_history.c - what the length of a conversation costs: processor time a step, user and system, at 10, 100 and
 * 1,000 messages, beside a bare libcurl loop.
 *
 *	bench_history MOCK [DIALECT [MESSAGES]]	a mock_chat program; else all of both
 *
 * The bare loop posts as many bytes to the same place with one libcurl handle and discards the answers, which are those
 * that executus gets. Both take turns, round after round; the medians are printed, and the median of the ratios of each
 * round. A step also hands the turn to the thread of the network and back, reads the answer, and calls a tool, which the
 * loop does not. The time of a step is taken from neighbours of as many messages more and fewer, so that their mean is
 * the length.
 *
 * Answers come as models send them, event by event, or all of it at once, as only a mock does: then a step
 * costs nothing but what executus does by itself, and the last line says what the messages cost of it.
 */
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "bench_kit.h"

#define ROUNDS	  15
#define WARM_UP	  1
#define STEPS_MAX 1024
#define BODY_MAX  (64u << 20)
#define LENGTHS	  3
#define TAIL	  "\"}]}"
#define NOTE	  "A note of fifty-five bytes that comes piece by piece..."

/* Steps first to last are measured; the request of step n has 2n - 1 messages. */
struct length {
	int messages, first, last;
};

/* How answers come, and the arguments of each call, of which the history is made. */
struct manner {
	const char *says, *args;
	int pace_ms; /* between two events; 0: all at once */
	int runs[LENGTHS]; /* in a round */
};

struct dialect {
	const char *name, *so, *path;
};

struct place {
	const char *mock;
	const struct dialect *dialect;
	const struct length *length;
	const struct manner *manner;
	int runs; /* in a round */
};

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- executus ---- */

struct watch {
	const struct length *length;
	double begun, ended;
};

static void on_fact(void *arg, const exs_run_info *run, const exs_fact *fact)
{
	struct watch *w = arg;

	(void)run;
	if (fact->kind != EXS_FACT_TURN_ENDED)
		return;
	if (fact->step == w->length->first - 1)
		w->begun = cpu_us();
	if (fact->step == w->length->last)
		w->ended = cpu_us();
}

static double kernel_run(struct kernel *k, const struct length *length, int runs)
{
	struct watch w = { .length = length };
	struct run_listener listener = { &w, on_fact, NULL };
	double us = 0;
	int i;

	for (i = 0; i < runs; i++) {
		kernel_end(kernel_start(k, &listener));
		us += w.ended - w.begun;
	}
	return us / (length->last - length->first + 1) / runs;
}

/* ---- the bare loop ---- */

struct bare {
	CURL *curl;
	struct curl_slist *headers;
	char *body;
	long bytes[STEPS_MAX]; /* of the request of each step */
};

static size_t discard(char *p, size_t size, size_t n, void *arg)
{
	(void)p, (void)arg;
	return size * n;
}

/* How long the requests were, as the mock noted them. */
static void read_lengths(struct bare *b, const char *log, int steps)
{
	char line[512];
	FILE *f = fopen(log, "r");
	const char *at;
	int n = 0;

	while (f && n < steps && fgets(line, sizeof line, f))
		if ((at = strstr(line, "\"bytes\":")))
			b->bytes[++n] = strtol(at + 8, NULL, 10);
	if (!f || n < steps)
		die("the mock noted too few requests");
	fclose(f);
}

/* One message that is as long as all together. */
static void write_body(char *body, int pace_ms)
{
	int n;

	memset(body, 'x', BODY_MAX);
	n = sprintf(body,
		    "{\"model\":\"pace:%d\",\"stream\":true,\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"",
		    pace_ms);
	body[n] = 'x';
}

/* Ends the message so that the body has n bytes. What was written long before stays as it is: a history, too, is
 * nothing that the processor has just seen. */
static void close_body(char *body, long n)
{
	memcpy(body + n - sizeof TAIL + 1, TAIL, sizeof TAIL - 1);
}

static void open_body(char *body, long n)
{
	memset(body + n - sizeof TAIL + 1, 'x', sizeof TAIL - 1);
}

static void bare_open(struct bare *b, const struct place *at, int port)
{
	static const char *const headers[] = { "Content-Type: application/json", "Expect:",
					       "anthropic-version: 2023-06-01" };
	char url[128];
	size_t i;

	b->curl = curl_easy_init();
	b->body = malloc(BODY_MAX);
	if (!b->curl || !b->body)
		die("no memory");
	write_body(b->body, at->manner->pace_ms);
	for (i = 0; i < ARRAY_LEN(headers); i++)
		b->headers = curl_slist_append(b->headers, headers[i]);
	snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, at->dialect->path);
	curl_easy_setopt(b->curl, CURLOPT_URL, url);
	curl_easy_setopt(b->curl, CURLOPT_HTTPHEADER, b->headers);
	curl_easy_setopt(b->curl, CURLOPT_WRITEFUNCTION, discard);
}

static void bare_close(struct bare *b)
{
	curl_easy_cleanup(b->curl);
	curl_slist_free_all(b->headers);
	free(b->body);
}

static double bare_run(struct bare *b, const struct place *at)
{
	const struct length *length = at->length;
	int step, steps = (length->last - length->first + 1) * at->runs, i;
	double us = 0, begun;
	long n, http = 0;

	for (i = 0; i < steps; i++) {
		step = length->first + i % (length->last - length->first + 1);
		n = b->bytes[step];
		close_body(b->body, n);
		begun = cpu_us();
		curl_easy_setopt(b->curl, CURLOPT_POSTFIELDS, b->body);
		curl_easy_setopt(b->curl, CURLOPT_POSTFIELDSIZE, n);
		if (curl_easy_perform(b->curl))
			die("the mock does not answer");
		us += cpu_us() - begun;
		open_body(b->body, n);
		curl_easy_getinfo(b->curl, CURLINFO_RESPONSE_CODE, &http);
		if (http != 200)
			die("the mock does not take the bare loop's request");
	}
	return us / steps;
}

/* ---- figures ---- */

static struct mock start_mock(const struct place *at, const char *log)
{
	char turns[16], pace[16], from[16];
	const char *const more[] = { "--turns",	    turns, "--tool",   "noop_pure", "--args", at->manner->args,
				     "--log",	    log,   "--answer", "ok",	    "--pace", pace,
				     "--pace-from", from,  NULL };

	snprintf(turns, sizeof turns, "%d", at->length->last);
	snprintf(pace, sizeof pace, "%d", at->manner->pace_ms);
	snprintf(from, sizeof from, "%d", at->length->first - 1);
	return mock_start(at->mock, more);
}

enum kind { BARE, NONE, STORED, KINDS }; /* executus with nothing stored, and with a store */

static void measure(const struct place *at, double us[KINDS])
{
	double v[KINDS][ROUNDS], x[KINDS][ROUNDS]; /* us, and beside the bare loop of the same round */
	struct bare bare = { 0 };
	char dir[DIR_MAX], log[DIR_MAX + 16];
	struct kernel none, stored;
	struct mock mock;
	int i, k;

	dir_make(dir); /* its own: a store that grew in the rows before would be another store */
	snprintf(log, sizeof log, "%s/requests", dir);
	mock = start_mock(at, log);
	write_model_conf(dir, "none", at->dialect->so, mock.port, "noop_pure", 0);
	kernel_open(&none, dir, "none");
	write_model_conf(dir, "stored", at->dialect->so, mock.port, "noop_pure", 1);
	kernel_open(&stored, dir, "stored");
	bare_open(&bare, at, mock.port);
	kernel_run(&none, at->length, 1);
	read_lengths(&bare, log, at->length->last);
	for (i = -WARM_UP; i < ROUNDS; i++) {
		k = i < 0 ? 0 : i;
		v[BARE][k] = bare_run(&bare, at);
		v[NONE][k] = kernel_run(&none, at->length, at->runs);
		v[STORED][k] = kernel_run(&stored, at->length, at->runs);
	}
	for (k = 0; k < KINDS; k++)
		for (i = 0; i < ROUNDS; i++)
			x[k][i] = v[k][i] / v[BARE][i];
	for (k = 0; k < KINDS; k++)
		us[k] = median(v[k], ROUNDS);
	printf("  %-10s%5d messages %8ld bytes %8.1f bare %8.1f x%.2f %8.1f x%.2f stored\n", at->dialect->name,
	       at->length->messages, bare.bytes[(at->length->first + at->length->last) / 2], us[BARE], us[NONE],
	       median(x[NONE], ROUNDS), us[STORED], median(x[STORED], ROUNDS));
	fflush(stdout);
	bare_close(&bare);
	kernel_close(&stored);
	kernel_close(&none);
	mock_stop(&mock);
	if (dir_remove(dir))
		die("the folder of a row cannot be removed");
}

static bool wanted(int argc, char **argv, const struct place *at)
{
	return (argc < 3 || strcmp(argv[2], at->dialect->name) == 0) &&
	       (argc < 4 || atoi(argv[3]) == at->length->messages);
}

/* All lengths, and what the longest costs above the shortest: that is the history's, the rest is the step's. */
static void measure_all(int argc, char **argv, struct place at)
{
	static const struct length lengths[LENGTHS] = { { 10, 5, 6 }, { 100, 50, 51 }, { 1000, 500, 501 } };
	double us[LENGTHS][KINDS];
	size_t i, n = 0;
	int k;

	for (i = 0; i < LENGTHS; i++) {
		at.length = &lengths[i];
		at.runs = at.manner->runs[i];
		if (wanted(argc, argv, &at))
			measure(&at, us[n++]);
	}
	if (n < LENGTHS || at.manner->pace_ms)
		return;
	for (k = 0; k < KINDS; k++)
		us[0][k] = us[n - 1][k] - us[0][k];
	printf("  %-10s  990 messages more           %8.1f bare %8.1f x%.2f %8.1f x%.2f stored\n", at.dialect->name,
	       us[0][BARE], us[0][NONE], us[0][NONE] / us[0][BARE], us[0][STORED], us[0][STORED] / us[0][BARE]);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct dialect dialects[] = {
		{ "chat", "model_openai.so", "/v1/chat/completions" },
		{ "responses", "model_openai_responses.so", "/v1/responses" },
		{ "messages", "model_anthropic.so", "/v1/messages" },
	};
	/* Of the call's arguments four or five bytes in an event. */
	static const char in_40[] = "{\"note\":\"" NOTE NOTE NOTE "\"}";
	static const struct manner manners[] = {
		{ "in 40 events, one each ms", in_40, 1, { 4, 4, 2 } },
		{ "in 40 events, one each 10 ms", in_40, 10, { 1, 1, 1 } },
		{ "all at once, short messages", "{}", 0, { 40, 16, 2 } },
		{ "all at once, messages of 2 KB", "{\"bytes\":4000}", 0, { 40, 16, 2 } },
	};
	size_t m, d;

	if (argc < 2)
		die("usage: bench_history MOCK [chat|responses|messages [10|100|1000]]");
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	printf("processor time of a step by the length of its history: us, median of %d rounds\n", ROUNDS);
	for (m = 0; m < ARRAY_LEN(manners); m++) {
		printf(" answers come %s\n", manners[m].says);
		for (d = 0; d < ARRAY_LEN(dialects); d++)
			measure_all(argc, argv, (struct place){ argv[1], &dialects[d], NULL, &manners[m], 0 });
	}
	return 0;
}
