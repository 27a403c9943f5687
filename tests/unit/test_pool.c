/* SPDX-License-Identifier: MIT */
/* test_pool.c - jobs run in order, threads grow on demand, and a pool stops with what was queued
 * done. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "base/auto.h"
#include "base/pool.h"
#include "failing_threads.h"

#define LONG_MS 30000 /* never waited for when the code is right */

struct work {
	struct job job;
	int number;
	struct shared *shared;
};

struct shared {
	struct pool pool;
	sem_t started, gate;
	_Atomic int done, last, misordered, refused;
	char name[POOL_NAME_MAX];
	sigset_t mask;
	struct work work[200];
};

static void set_up(struct shared *s, unsigned max)
{
	memset(s, 0, sizeof *s);
	sem_init(&s->started, 0, 0);
	sem_init(&s->gate, 0, 0);
	for (int i = 0; i < (int)ARRAY_LEN(s->work); i++) {
		s->work[i].number = i + 1;
		s->work[i].shared = s;
	}
	pool_init(&s->pool, "test workers have names", max);
}

static void tear_down(struct shared *s)
{
	assert_true(pool_stop(&s->pool, LONG_MS));
	sem_destroy(&s->started);
	sem_destroy(&s->gate);
}

static void submit(struct shared *s, int i, void (*run)(struct job *))
{
	exs_err err = EXS_ERR_INIT;

	s->work[i].job.run = run;
	assert_int_equal(pool_submit(&s->pool, &s->work[i].job, &err), EXS_OK);
}

static void in_order(struct job *job)
{
	struct work *w = container_of(job, struct work, job);

	if (atomic_exchange(&w->shared->last, w->number) != w->number - 1)
		atomic_fetch_add(&w->shared->misordered, 1);
	atomic_fetch_add(&w->shared->done, 1);
}

static void hold(struct job *job)
{
	struct work *w = container_of(job, struct work, job);

	sem_post(&w->shared->started);
	sem_wait(&w->shared->gate);
	atomic_fetch_add(&w->shared->done, 1);
}

static void look_around(struct job *job)
{
	struct work *w = container_of(job, struct work, job);

	pthread_getname_np(pthread_self(), w->shared->name, sizeof w->shared->name);
	pthread_sigmask(SIG_SETMASK, NULL, &w->shared->mask);
	sem_post(&w->shared->started);
}

static void submit_next(struct job *job)
{
	struct work *w = container_of(job, struct work, job);
	exs_err err = EXS_ERR_INIT;

	atomic_fetch_add(&w->shared->done, 1);
	if (w->number == (int)ARRAY_LEN(w->shared->work)) {
		sem_post(&w->shared->started);
		return;
	}
	w[1].job.run = submit_next;
	if (pool_submit(&w->shared->pool, &w[1].job, &err))
		atomic_fetch_add(&w->shared->refused, 1);
}

static void one_thread_takes_jobs_in_order(void **state)
{
	static struct shared s;

	(void)state;
	set_up(&s, 1);
	for (int i = 0; i < (int)ARRAY_LEN(s.work); i++)
		submit(&s, i, in_order);
	tear_down(&s);
	assert_int_equal(s.done, ARRAY_LEN(s.work));
	assert_int_equal(s.misordered, 0);
}

static void threads_grow_to_the_limit_and_no_further(void **state)
{
	static struct shared s;

	(void)state;
	set_up(&s, 3);
	assert_int_equal(s.pool.live, 0);
	for (int i = 0; i < 5; i++)
		submit(&s, i, hold);
	for (int i = 0; i < 3; i++)
		sem_wait(&s.started);
	pthread_mutex_lock(&s.pool.lock);
	assert_int_equal(s.pool.live, 3);
	assert_int_equal(s.pool.queued, 2);
	pthread_mutex_unlock(&s.pool.lock);
	assert_int_equal(sem_trywait(&s.started), -1);
	for (int i = 0; i < 5; i++)
		sem_post(&s.gate);
	tear_down(&s);
	assert_int_equal(s.done, 5);
}

static void an_idle_thread_is_used_before_a_new_one_is_made(void **state)
{
	static struct shared s;
	unsigned idle = 0;

	(void)state;
	set_up(&s, 8);
	for (int i = 0; i < 20; i++) {
		submit(&s, i, look_around);
		sem_wait(&s.started);
		for (idle = 0; !idle;) {
			pthread_mutex_lock(&s.pool.lock);
			idle = s.pool.idle;
			pthread_mutex_unlock(&s.pool.lock);
		}
	}
	assert_int_equal(s.pool.live, 1);
	tear_down(&s);
}

static void threads_have_a_name_and_no_signals(void **state)
{
	static struct shared s;

	(void)state;
	set_up(&s, 1);
	submit(&s, 0, look_around);
	sem_wait(&s.started);
	assert_string_equal(s.name, "test workers ha");
	assert_true(sigismember(&s.mask, SIGTERM));
	assert_true(sigismember(&s.mask, SIGINT));
	assert_true(sigismember(&s.mask, SIGCHLD));
	assert_false(sigismember(&s.mask, SIGSEGV));
	pthread_sigmask(SIG_SETMASK, NULL, &s.mask);
	assert_false(sigismember(&s.mask, SIGTERM));
	tear_down(&s);
}

static void a_job_may_submit_jobs(void **state)
{
	static struct shared s;

	(void)state;
	set_up(&s, 2);
	submit(&s, 0, submit_next);
	sem_wait(&s.started);
	tear_down(&s);
	assert_int_equal(s.done, ARRAY_LEN(s.work));
	assert_int_equal(s.refused, 0);
}

static void a_stopped_pool_refuses_jobs(void **state)
{
	static struct shared s;
	exs_err err = EXS_ERR_INIT;

	(void)state;
	set_up(&s, 1);
	tear_down(&s);
	s.work[0].job.run = in_order;
	assert_int_equal(pool_submit(&s.pool, &s.work[0].job, &err), EXS_LOST);
	assert_non_null(strstr(err.text, "stopping"));
	assert_int_equal(s.done, 0);
	assert_true(pool_stop(&s.pool, 0));
}

static void stop_says_when_a_job_does_not_return(void **state)
{
	static struct shared s;

	(void)state;
	set_up(&s, 1);
	submit(&s, 0, hold);
	sem_wait(&s.started);
	assert_false(pool_stop(&s.pool, 20));
	assert_false(pool_stop(&s.pool, -1));
	sem_post(&s.gate);
	tear_down(&s);
	assert_int_equal(s.done, 1);
}

static void a_lost_thread_is_replaced(void **state)
{
	static struct shared s;

	(void)state;
	set_up(&s, 1);
	submit(&s, 0, hold);
	sem_wait(&s.started);
	submit(&s, 1, look_around);
	pool_replace_lost(&s.pool);
	sem_wait(&s.started);
	assert_int_equal(s.done, 0);
	sem_post(&s.gate);
	tear_down(&s);
}

static void without_any_thread_the_job_is_refused(void **state)
{
	static struct shared s;
	exs_err err = EXS_ERR_INIT;

	(void)state;
	set_up(&s, 4);
	atomic_store(&no_threads, 1);
	s.work[0].job.run = in_order;
	assert_int_equal(pool_submit(&s.pool, &s.work[0].job, &err), EXS_IO);
	assert_int_equal(err.sys, EAGAIN);
	atomic_store(&no_threads, 0);
	submit(&s, 0, in_order);
	tear_down(&s);
	assert_int_equal(s.done, 1);
}

static void with_one_thread_a_failed_growth_is_survived(void **state)
{
	static struct shared s;

	(void)state;
	set_up(&s, 4);
	submit(&s, 0, hold);
	sem_wait(&s.started);
	atomic_store(&no_threads, 1);
	submit(&s, 1, hold);
	atomic_store(&no_threads, 0);
	sem_post(&s.gate);
	sem_post(&s.gate);
	tear_down(&s);
	assert_int_equal(s.done, 2);
}

static void *submit_many(void *arg)
{
	struct work *w = arg;
	exs_err err = EXS_ERR_INIT;

	for (int i = 0; i < 50; i++) {
		w[i].job.run = in_order;
		if (pool_submit(&w->shared->pool, &w[i].job, &err))
			atomic_fetch_add(&w->shared->refused, 1);
	}
	return NULL;
}

static void any_thread_may_submit(void **state)
{
	static struct shared s;
	pthread_t threads[4];

	(void)state;
	set_up(&s, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &s.work[50 * i]),
				 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	tear_down(&s);
	assert_int_equal(s.done, 200);
	assert_int_equal(s.refused, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thread_takes_jobs_in_order),
		cmocka_unit_test(threads_grow_to_the_limit_and_no_further),
		cmocka_unit_test(an_idle_thread_is_used_before_a_new_one_is_made),
		cmocka_unit_test(threads_have_a_name_and_no_signals),
		cmocka_unit_test(a_job_may_submit_jobs),
		cmocka_unit_test(a_stopped_pool_refuses_jobs),
		cmocka_unit_test(stop_says_when_a_job_does_not_return),
		cmocka_unit_test(a_lost_thread_is_replaced),
		cmocka_unit_test(without_any_thread_the_job_is_refused),
		cmocka_unit_test(with_one_thread_a_failed_growth_is_survived),
		cmocka_unit_test(any_thread_may_submit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
