/* SPDX-License-Identifier: MIT */
/*
 * bench_guard.c - what the door costs: nanoseconds of call_audit_record into a battery that does
 * nothing, beside a direct call of the same function. The goal is less than 60 ns on top.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "host/calls.h"

#define ROUNDS	4000000
#define REPEATS 5 /* the best one counts: the others were disturbed */

static exs_status record(exs_trail *trail, const exs_fact *fact, exs_batch *batch, exs_err *err)
{
	(void)trail;
	(void)fact;
	(void)batch;
	(void)err;
	return EXS_OK;
}

static const exs_audit audit = {
	.size = sizeof audit,
	.record = record,
};

struct bench {
	struct host host;
	struct conf_battery conf;
	exs_battery battery;
	struct instance in;
	struct batch batch;
	exs_fact fact;
	exs_err err;
};

static double direct(struct bench *b)
{
	const exs_audit *volatile table = b->in.audit; /* so that the call is not inlined */
	int64_t begin = clock_mono_ns();
	int i;

	for (i = 0; i < ROUNDS; i++)
		if (table->record(NULL, &b->fact, NULL, &b->err))
			return -1;
	return (double)(clock_mono_ns() - begin) / ROUNDS;
}

static double guarded(struct bench *b)
{
	int64_t begin = clock_mono_ns();
	int i;

	for (i = 0; i < ROUNDS; i++)
		if (call_audit_record(&b->in, NULL, &b->fact, &b->batch, &b->err))
			return -1;
	return (double)(clock_mono_ns() - begin) / ROUNDS;
}

static double best(double (*run)(struct bench *b), struct bench *b)
{
	double least = run(b), next;
	int i;

	for (i = 1; i < REPEATS; i++) {
		next = run(b);
		least = next < least ? next : least;
	}
	return least;
}

int main(void)
{
	static const struct {
		const char *what;
		uint32_t flags;
	} kinds[] = { { "serialised", 0 }, { "concurrent", EXS_CONCURRENT } };
	struct bench b;
	double plain, through;
	size_t i;

	memset(&b, 0, sizeof b);
	b.err = (exs_err)EXS_ERR_INIT;
	b.conf.name = "bench";
	b.host.stall_ms = STALL_MS;
	b.in.host = &b.host;
	b.in.conf = &b.conf;
	b.in.battery = &b.battery;
	b.in.audit = &audit;
	pthread_mutex_init(&b.in.lock, NULL);
	batch_init(&b.batch);
	plain = best(direct, &b);
	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		b.battery.flags = kinds[i].flags;
		through = best(guarded, &b);
		printf("guard, %s instance: %.1f ns a call, %.1f ns on top of a direct one (goal: "
		       "60)\n",
		       kinds[i].what, through, through - plain);
	}
	batch_release(&b.batch);
	pthread_mutex_destroy(&b.in.lock);
	return 0;
}
