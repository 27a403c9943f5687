/* SPDX-License-Identifier: MIT */
/*
 * bench_history.c - what the length of a conversation costs: processor time a step, user and system, at 10, 100 and
 * 1,000 messages, beside a bare libcurl loop.
 *
 *	bench_history MOCK [DIALECT [MESSAGES]]	a mock_chat program; else all of both
 *
 * The bare loop posts as many bytes to the same place with one libcurl handle and discards the answers, which are those
 * that executus gets. Both take turns, round after round; the medians are printed and their ratio, of which the goal is
 * 1.3. The time of a step is taken from its neighbours of as many messages more and fewer, so their mean is the length.
 */
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "bench_kit.h"

#define ROUNDS	  15
#define WARM_UP	  2
#define STEPS_MAX 1024
#define BODY_MAX  (64u << 20)

/* Steps first to last are measured; the request of step n has 2n - 1 messages. */
struct length {
	int messages, first, last;
};

struct dialect {
	const char *name, *so, *path;
};

struct place {
	const char *dir, *mock;
	const struct dialect *dialect;
	const struct length *length;
	const char *args; /* of each call */
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

static double kernel_run(struct kernel *k, const struct length *length)
{
	struct watch w = { .length = length };
	struct run_listener listener = { &w, on_fact, NULL };

	kernel_end(kernel_start(k, &listener));
	return (w.ended - w.begun) / (length->last - length->first + 1);
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

/* One message that is as long as all together: every prefix that is closed has the length that is wanted. */
static long write_body(char *body, long n)
{
	static const char head[] = "{\"model\":\"m\",\"stream\":true,\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"";
	static const char tail[] = "\"}]}";

	memset(body, 'x', (size_t)n);
	memcpy(body, head, sizeof head - 1);
	memcpy(body + n - (sizeof tail - 1), tail, sizeof tail - 1);
	return n;
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

static double bare_run(struct bare *b, const struct length *length)
{
	double us = 0, begun;
	long n, http = 0;
	int step;

	for (step = length->first; step <= length->last; step++) {
		n = write_body(b->body, b->bytes[step]);
		begun = cpu_us();
		curl_easy_setopt(b->curl, CURLOPT_POSTFIELDS, b->body);
		curl_easy_setopt(b->curl, CURLOPT_POSTFIELDSIZE, n);
		if (curl_easy_perform(b->curl))
			die("the mock does not answer");
		us += cpu_us() - begun;
		curl_easy_getinfo(b->curl, CURLINFO_RESPONSE_CODE, &http);
		if (http != 200)
			die("the mock does not take the bare loop's request");
	}
	return us / (length->last - length->first + 1);
}

/* ---- figures ---- */

static struct mock start_mock(const struct place *at, const char *log)
{
	char turns[16];
	const char *const more[] = { "--turns", turns,	  "--tool",	"noop_pure", "--args", at->args,
				     "--log",	log,	  "--answer", "ok",	   NULL };

	snprintf(turns, sizeof turns, "%d", at->length->last);
	return mock_start(at->mock, more);
}

static void measure(const struct place *at)
{
	double v[3][ROUNDS], bare_us, none_us, stored_us;
	struct bare bare = { 0 };
	struct kernel none, stored;
	char log[128];
	struct mock mock;
	int i, k;

	snprintf(log, sizeof log, "%s/requests", at->dir);
	mock = start_mock(at, log);
	write_model_conf(at->dir, "none", at->dialect->so, mock.port, "noop_pure", 0);
	kernel_open(&none, at->dir, "none");
	write_model_conf(at->dir, "stored", at->dialect->so, mock.port, "noop_pure", 1);
	kernel_open(&stored, at->dir, "stored");
	bare_open(&bare, at, mock.port);
	kernel_run(&none, at->length);
	read_lengths(&bare, log, at->length->last);
	for (i = -WARM_UP; i < ROUNDS; i++) {
		k = i < 0 ? 0 : i;
		v[0][k] = bare_run(&bare, at->length);
		v[1][k] = kernel_run(&none, at->length);
		v[2][k] = kernel_run(&stored, at->length);
	}
	bare_us = median(v[0], ROUNDS);
	none_us = median(v[1], ROUNDS);
	stored_us = median(v[2], ROUNDS);
	printf("  %-10s %5d messages, %7ld bytes %8.1f us bare %8.1f us x%.2f %8.1f us x%.2f stored\n",
	       at->dialect->name, at->length->messages,
	       bare.bytes[(at->length->first + at->length->last) / 2], bare_us, none_us,
	       none_us / bare_us, stored_us, stored_us / bare_us);
	fflush(stdout);
	bare_close(&bare);
	kernel_close(&stored);
	kernel_close(&none);
	mock_stop(&mock);
	unlink(log);
}

int main(int argc, char **argv)
{
	static const struct dialect dialects[] = {
		{ "chat", "model_openai.so", "/v1/chat/completions" },
		{ "responses", "model_openai_responses.so", "/v1/responses" },
		{ "messages", "model_anthropic.so", "/v1/messages" },
	};
	static const struct length lengths[] = { { 10, 4, 7 }, { 100, 46, 55 }, { 1000, 496, 505 } };
	static const char *const args[] = { "{}", "{\"bytes\":4000}" };
	char dir[] = "/tmp/executus-bench-XXXXXX", command[64];
	size_t a, d, l;

	if (argc < 2)
		die("usage: bench_history MOCK [chat|responses|messages [10|100|1000]]");
	signal(SIGPIPE, SIG_IGN);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (!mkdtemp(dir))
		die("no folder");
	printf("processor time of a step by the length of its history: median of %d rounds\n", ROUNDS);
	for (a = 0; a < ARRAY_LEN(args); a++)
		for (d = 0; d < ARRAY_LEN(dialects); d++)
			for (l = 0; l < ARRAY_LEN(lengths); l++) {
				if ((argc > 2 && strcmp(argv[2], dialects[d].name) != 0) ||
				    (argc > 3 && atoi(argv[3]) != lengths[l].messages))
					continue;
				measure(&(struct place){ dir, argv[1], &dialects[d], &lengths[l], args[a] });
			}
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command) != 0;
}
