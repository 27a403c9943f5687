/* SPDX-License-Identifier: MIT */
/*
 * bench_fold.c - how many small facts fold takes in a second: steps of one turn and four calls.
 *
 *	bench_fold [steps [rounds]]
 *
 * The facts are made before the clock runs. Each round folds them all into a new state; the best
 *round and the median are printed, in processor time, so that a busy machine does not matter much.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/text.h"
#include "fact/plan.h"

#define STEPS	     2000
#define ROUNDS	     15
#define ROUNDS_MAX   1000
#define STEPS_MAX    20000
#define CALLS_A_STEP 4
#define FACTS_A_STEP (2 + 2 * CALLS_A_STEP)
#define BODY_MAX     4096u

struct log_of_facts {
	exs_fact *facts;
	exs_usage usage;
	size_t n, bytes;
};

static void die(const char *what)
{
	fprintf(stderr, "bench_fold: %s\n", what);
	exit(1);
}

static void add(struct log_of_facts *log, int32_t kind, int32_t step, const char *call,
		struct buf *body)
{
	exs_fact *f = &log->facts[log->n++];

	if (!buf_ok(body))
		die("a body is too long");
	f->size = sizeof *f;
	f->kind = kind;
	f->seq = (int64_t)log->n;
	f->run_ms = f->at_ms = f->seq;
	f->step = step;
	f->attempt = 1;
	f->body.n = body->n;
	f->body.p = buf_take(body);
	f->call_id.p = strdup(call);
	f->call_id.n = strlen(call);
	f->name = str_of("local/model");
	if (!f->body.p || !f->call_id.p)
		die("no memory");
	if (kind == EXS_FACT_TURN_ENDED)
		f->usage = &log->usage;
	log->bytes += f->body.n;
}

static void add_turn(struct log_of_facts *log, int32_t step)
{
	struct buf b;
	int i;

	buf_init(&b, BODY_MAX);
	buf_printf(&b, "{\"target\":0,\"try\":1,\"messages\":%d,\"estimate\":%d}", 2 * step - 1,
		   100 * step);
	add(log, EXS_FACT_TURN_STARTED, step, "", &b);
	buf_puts(&b, "{\"message\":{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"text\":"
		     "\"I look.\"}],"
		     "\"calls\":[");
	for (i = 0; i < CALLS_A_STEP; i++)
		buf_printf(&b,
			   "%s{\"id\":\"call_%d_%d\",\"name\":\"read_file\",\"arguments\":\"{"
			   "\\\"path\\\":"
			   "\\\"src/file_%d_%d.c\\\"}\"}",
			   i ? "," : "", step, i, step, i);
	buf_puts(&b, "],\"stop\":\"calls\",\"model\":\"m\"},\"ms\":12}");
	add(log, EXS_FACT_TURN_ENDED, step, "", &b);
}

static void add_calls(struct log_of_facts *log, int32_t step)
{
	char id[CALL_ID_MAX];
	struct buf b;
	int i;

	buf_init(&b, BODY_MAX);
	for (i = 0; i < CALLS_A_STEP; i++) {
		snprintf(id, sizeof id, "%d.%d", (int)step, i);
		buf_puts(&b, "{\"effect\":\"pure\",\"key\":\"0123456789abcdef0123456789abcdef\","
			     "\"args_sha256\":"
			     "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\","
			     "\"try\":1}");
		add(log, EXS_FACT_CALL_STARTED, step, id, &b);
	}
	for (i = 0; i < CALLS_A_STEP; i++) {
		snprintf(id, sizeof id, "%d.%d", (int)step, i);
		buf_puts(&b, "{\"status\":\"ok\",\"content\":\"#include <stdio.h>\\n\\nint "
			     "main(void);\\n\",\"ms\":1}");
		add(log, EXS_FACT_CALL_ENDED, step, id, &b);
	}
}

static void make(struct log_of_facts *log, int32_t steps)
{
	struct buf b;
	int32_t i;

	log->facts = calloc((size_t)steps * FACTS_A_STEP + 1, sizeof *log->facts);
	if (!log->facts)
		die("no memory");
	log->usage = (exs_usage){ sizeof log->usage, 0, 1000, 900, 0, 20, 0, 3 };
	buf_init(&b, BODY_MAX);
	buf_printf(&b,
		   "{\"v\":1,\"agent\":\"a\",\"input\":\"q\",\"models\":[\"local/"
		   "model\"],\"limits\":{\"steps\":%d,"
		   "\"runtime_ms\":1,\"same_calls\":3,\"failed_steps\":3,\"answer_tokens\":0,"
		   "\"attempts\":3}}",
		   (int)steps);
	add(log, EXS_FACT_RUN_STARTED, 0, "", &b);
	for (i = 1; i <= steps; i++) {
		add_turn(log, i);
		add_calls(log, i);
	}
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double one_round(const struct log_of_facts *log)
{
	exs_err err = EXS_ERR_INIT;
	struct state s;
	double begun, took;
	size_t i;

	state_init(&s);
	begun = seconds();
	for (i = 0; i < log->n; i++)
		if (fold(&s, &log->facts[i], &err))
			die(err.text);
	took = seconds() - begun;
	state_release(&s);
	return took;
}

static int by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void report(const struct log_of_facts *log, const double *took, int rounds)
{
	double best = took[0], median = took[rounds / 2], n = (double)log->n;

	printf("facts          %zu of %.0f bytes, %d rounds\n", log->n, (double)log->bytes / n,
	       rounds);
	printf("best           %.0f facts/s, %.0f ns a fact\n", n / best, best / n * 1e9);
	printf("median         %.0f facts/s, %.0f ns a fact\n", n / median, median / n * 1e9);
}

int main(int argc, char **argv)
{
	long steps = argc > 1 ? strtol(argv[1], NULL, 10) : STEPS;
	long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : ROUNDS;
	struct log_of_facts log = { 0 };
	double took[ROUNDS_MAX];
	size_t i;

	if (steps < 1 || steps > STEPS_MAX || rounds < 1 || rounds > ROUNDS_MAX)
		die("usage: bench_fold [steps, up to 20000 [rounds, up to 1000]]");
	make(&log, (int32_t)steps);
	for (i = 0; i < (size_t)rounds; i++)
		took[i] = one_round(&log);
	qsort(took, (size_t)rounds, sizeof *took, by_time);
	report(&log, took, (int)rounds);
	for (i = 0; i < log.n; i++) {
		free((char *)(uintptr_t)log.facts[i].body.p);
		free((char *)(uintptr_t)log.facts[i].call_id.p);
	}
	free(log.facts);
	return 0;
}
