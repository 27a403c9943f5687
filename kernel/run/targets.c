/* SPDX-License-Identifier: MIT */
/* targets.c - see targets.h. */
#include "run/targets.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <executus/port/model.h>

#include "base/log.h"

#define RATIO_ONE	 1000 /* a ratio is in thousandths of a token per guessed token */
#define RATIO_MIN	 (RATIO_ONE / 4)
#define RATIO_MAX	 (RATIO_ONE * 8)
#define RATIO_WEIGHT	 4 /* the newest counts one part in so many */
#define RATIO_TOKENS_MIN 32 /* a smaller request says little */

struct target {
	char *name;
	int failures; /* transient ones in a row */
	int rests;    /* in a row */
	int64_t rests_until_ms, pause_until_ms;
	int64_t tried_until_ms; /* one run tries it behind a rest; the others wait for what comes of it */
	int64_t ratio; /* 0: not known */
};

struct targets {
	struct log *log;
	pthread_mutex_t lock;
	struct target list[TARGETS_MAX];
	uint32_t n;
};

struct targets *targets_new(struct log *log)
{
	struct targets *t = calloc(1, sizeof *t);

	if (t) {
		t->log = log;
		pthread_mutex_init(&t->lock, NULL);
	}
	return t;
}

void targets_free(struct targets *t)
{
	uint32_t i;

	if (!t)
		return;
	for (i = 0; i < t->n; i++)
		free(t->list[i].name);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static struct target *find_locked(struct targets *t, const char *name)
{
	uint32_t i;

	for (i = 0; i < t->n; i++)
		if (strcmp(t->list[i].name, name) == 0)
			return &t->list[i];
	return NULL;
}

/* NULL: there is no room, and nothing is known of it. */
static struct target *need_locked(struct targets *t, const char *name)
{
	struct target *found = find_locked(t, name);

	if (found || t->n == TARGETS_MAX)
		return found;
	found = &t->list[t->n];
	found->name = strdup(name);
	if (!found->name)
		return NULL;
	t->n++;
	return found;
}

/* ---- asking ---- */

static bool usable(const struct target *one, int64_t now_ms)
{
	return !one ||
	       (one->rests_until_ms <= now_ms && one->tried_until_ms <= now_ms &&
		one->pause_until_ms - now_ms <= TARGET_PASS_MS);
}

/* Behind a rest nobody knows whether it is well: one run finds out. */
static void try_locked(struct target *one, int64_t now_ms)
{
	if (one && one->rests > 0)
		one->tried_until_ms = now_ms + TARGET_TRY_MS;
}

/* How long it is to be left alone, as it said itself; a rest is only our guess. */
static int64_t pause_of(const struct target *one, int64_t now_ms)
{
	return one && one->pause_until_ms > now_ms ? one->pause_until_ms - now_ms : 0;
}

uint32_t targets_choose(struct targets *t, char *const *names, uint32_t n, uint32_t from,
			int64_t now_ms)
{
	int64_t ms, least = INT64_MAX;
	uint32_t i, found = from;

	pthread_mutex_lock(&t->lock);
	for (i = from; i < n; i++) {
		struct target *one = find_locked(t, names[i]);

		if (usable(one, now_ms)) {
			try_locked(one, now_ms);
			found = i;
			break;
		}
		ms = pause_of(one, now_ms);
		if (ms < least) {
			least = ms;
			found = i;
		}
	}
	pthread_mutex_unlock(&t->lock);
	return found;
}

int64_t targets_pause_ms(struct targets *t, const char *name, int64_t now_ms)
{
	int64_t ms;

	pthread_mutex_lock(&t->lock);
	ms = pause_of(find_locked(t, name), now_ms);
	pthread_mutex_unlock(&t->lock);
	return ms;
}

int64_t targets_tokens(struct targets *t, const char *name, int64_t bytes)
{
	const struct target *one;
	int64_t ratio = RATIO_ONE;

	pthread_mutex_lock(&t->lock);
	one = find_locked(t, name);
	if (one && one->ratio)
		ratio = one->ratio;
	pthread_mutex_unlock(&t->lock);
	return bytes / EXS_TOKEN_BYTES * ratio / RATIO_ONE;
}

/* ---- learning ---- */

static void learn_locked(struct target *one, int64_t bytes, int64_t in_tokens)
{
	int64_t guess = bytes / EXS_TOKEN_BYTES, ratio;

	if (guess < RATIO_TOKENS_MIN || in_tokens <= 0 || in_tokens > INT64_MAX / RATIO_ONE)
		return;
	ratio = in_tokens * RATIO_ONE / guess;
	if (ratio < RATIO_MIN)
		ratio = RATIO_MIN;
	if (ratio > RATIO_MAX)
		ratio = RATIO_MAX;
	one->ratio = one->ratio ? one->ratio + (ratio - one->ratio) / RATIO_WEIGHT : ratio;
}

void targets_answered(struct targets *t, const char *name, int64_t bytes, int64_t in_tokens)
{
	struct target *one;
	bool back = false;

	pthread_mutex_lock(&t->lock);
	one = need_locked(t, name);
	if (one) {
		back = one->rests > 0;
		one->failures = one->rests = 0;
		one->rests_until_ms = one->tried_until_ms = 0; /* a pause stays: it was on its way before that */
		learn_locked(one, bytes, in_tokens);
	}
	pthread_mutex_unlock(&t->lock);
	if (back)
		log_info(t->log, "model %s answers again", name);
}

/* How long it rests now; 0: it does not. */
static int64_t count_locked(struct target *one, int64_t now_ms)
{
	int64_t ms = TARGET_REST_MS;
	int i;

	/* What was on its way when the rest began says nothing new. */
	if (one->rests_until_ms > now_ms || ++one->failures < TARGET_FAILURES)
		return 0;
	for (i = 0; i < one->rests && ms < TARGET_REST_MAX_MS; i++)
		ms *= 2;
	if (ms > TARGET_REST_MAX_MS)
		ms = TARGET_REST_MAX_MS;
	one->rests++;
	one->failures = TARGET_FAILURES - 1; /* behind the rest one more is enough */
	one->rests_until_ms = now_ms + ms;
	one->tried_until_ms = 0;
	return ms;
}

static void asked_locked(struct target *one, int64_t after_ms, int64_t now_ms)
{
	int64_t *until = after_ms > TARGET_PAUSE_MAX_MS ? &one->rests_until_ms
							 : &one->pause_until_ms;

	if (after_ms > TARGET_REST_MAX_MS)
		after_ms = TARGET_REST_MAX_MS;
	if (after_ms > 0 && now_ms + after_ms > *until)
		*until = now_ms + after_ms;
}

void targets_failed(struct targets *t, const char *name, int64_t after_ms, int64_t now_ms)
{
	struct target *one;
	int64_t rest_ms = 0;

	pthread_mutex_lock(&t->lock);
	one = need_locked(t, name);
	if (one) {
		rest_ms = count_locked(one, now_ms);
		asked_locked(one, after_ms, now_ms);
	}
	pthread_mutex_unlock(&t->lock);
	if (rest_ms)
		log_warn(t->log,
			 "model %s failed %d times in a row: for %lld s it is asked only when no other "
			 "model of a tier is there",
			 name, TARGET_FAILURES, (long long)rest_ms / 1000);
}
