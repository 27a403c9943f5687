/* SPDX-License-Identifier: MIT */
/* io.c - see io.h. */
#include "io.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "turn.h"
#include "wire.h"

int64_t io_now_ms(const struct io *io)
{
	return io->now_ms;
}

uint64_t io_random(struct io *io, uint64_t n)
{
	io->random ^= io->random << 13;
	io->random ^= io->random >> 7;
	io->random ^= io->random << 17;
	return io->random % n;
}

CURL *io_easy_take(struct io *io)
{
	CURL *easy;

	if (io->easy_n)
		return io->easy[--io->easy_n];
	easy = curl_easy_init();
	if (easy && !wire_prepare(io, easy)) {
		curl_easy_cleanup(easy);
		return NULL;
	}
	return easy;
}

void io_easy_give(struct io *io, CURL *easy)
{
	if (io->easy_n < EASY_KEPT_MAX)
		io->easy[io->easy_n++] = easy;
	else
		curl_easy_cleanup(easy);
}

/* ---- from other threads ---- */

/* Under the lock. */
static void wake(struct io *io)
{
	static const uint64_t one = 1;

	if (io->woken)
		return;
	io->woken = true;
	/* Nobody reads it: each write is an event by itself, and so many that it is full there
	 * cannot be. */
	if (write(io->wake, &one, sizeof one) < 0)
		return;
}

struct turn *io_turn_new(struct io *io)
{
	struct turn *t;

	pthread_mutex_lock(&io->lock);
	t = io->spare;
	if (t) {
		io->spare = t->next;
	} else if (io->turns < TURNS_MAX) {
		t = calloc(1, sizeof *t);
		if (t) {
			t->next_all = io->all;
			io->all = t;
			io->turns++;
		}
	}
	pthread_mutex_unlock(&io->lock);
	if (t)
		turn_clear(t, io);
	return t;
}

void io_turn_free(struct io *io, struct turn *t)
{
	pthread_mutex_lock(&io->lock);
	t->next = io->spare;
	io->spare = t;
	pthread_mutex_unlock(&io->lock);
}

void io_submit(struct io *io, struct turn *t)
{
	pthread_mutex_lock(&io->lock);
	t->next = NULL;
	*io->inbox_end = t;
	io->inbox_end = &t->next;
	wake(io);
	pthread_mutex_unlock(&io->lock);
}

void io_poke(struct turn *t)
{
	struct io *io = t->io;

	pthread_mutex_lock(&io->lock);
	if (!t->poked) {
		t->poked = true;
		t->next_poke = io->pokes;
		io->pokes = t;
		wake(io);
	}
	pthread_mutex_unlock(&io->lock);
}

/* ---- requests on shards ---- */

static struct shard *shard_with_room(struct io *io)
{
	uint32_t i, most = io->set.max_connections ? 1 : SHARDS_MAX;

	for (i = 0; i < most; i++) {
		struct shard *s = io->shards[i];

		if (!s)
			break;
		if (s->busy < SHARD_BUSY_MAX || most == 1)
			return s;
	}
	if (i == most)
		return NULL;
	io->shards[i] = shard_new(io->host, io->epoll, i, (long)io->set.max_connections);
	io->shards_n = io->shards[i] ? i + 1 : i;
	return io->shards[i];
}

bool io_attach(struct io *io, struct turn *t)
{
	struct shard *s = shard_with_room(io);

	if (!s || curl_multi_add_handle(s->multi, t->easy) != CURLM_OK)
		return false;
	t->shard = s;
	s->busy++;
	return true;
}

void io_detach(struct turn *t)
{
	if (!t->shard)
		return;
	curl_multi_remove_handle(t->shard->multi, t->easy);
	t->shard->busy--;
	t->shard = NULL;
}

/* ---- the loop ---- */

/* True: the instance closes. */
static bool take_inbox(struct io *io)
{
	struct turn *t, *pokes;
	bool stopping;

	pthread_mutex_lock(&io->lock);
	t = io->inbox;
	io->inbox = NULL;
	io->inbox_end = &io->inbox;
	pokes = io->pokes;
	io->pokes = NULL;
	io->woken = false;
	stopping = io->stopping;
	pthread_mutex_unlock(&io->lock);
	while (t) {
		struct turn *next = t->next;

		turn_accept(t);
		t = next;
	}
	while (pokes) {
		t = pokes;
		pthread_mutex_lock(&io->lock);
		pokes = t->next_poke;
		t->poked = false;
		pthread_mutex_unlock(&io->lock);
		turn_look(t);
	}
	return stopping;
}

/* True: somebody woke the thread. */
static bool run_events(struct io *io, const struct epoll_event *ev, int n)
{
	bool woken = false;
	int i;

	for (i = 0; i < n; i++)
		if (ev[i].data.u64 == SHARD_EVENT_NIL)
			woken = true;
		else
			shard_event(io->shards[shard_of_event(ev[i].data.u64)], ev[i].data.u64,
				    ev[i].events);
	return woken;
}

static void start_waiting(struct io *io)
{
	while (io->starting < STARTING_MAX && !TAILQ_EMPTY(&io->waiting)) {
		struct turn *t = TAILQ_FIRST(&io->waiting);

		TAILQ_REMOVE(&io->waiting, t, in_waiting);
		turn_start(t);
	}
}

static void run_curl_timers(struct io *io)
{
	int64_t now = io_now_ms(io);
	uint32_t i;

	for (i = 0; i < io->shards_n; i++)
		shard_timer(io->shards[i], now);
}

static void reap_shard(struct shard *s)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(s->multi, &left))) {
		CURLcode code = msg->data.result;
		char *t = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
		turn_finished((struct turn *)(void *)t, code);
	}
}

static void reap(struct io *io)
{
	uint32_t i;

	for (i = 0; i < io->shards_n; i++)
		if (io->shards[i]->running < io->shards[i]->busy)
			reap_shard(io->shards[i]);
}

static void run_moments(struct io *io)
{
	int64_t now = io_now_ms(io);
	struct moment *m;

	while ((m = due_first(&io->due)) && m->at_ms <= now)
		turn_timer(turn_of_moment(m));
}

static int sleep_ms(const struct io *io)
{
	const struct moment *m = due_first(&io->due);
	int64_t at = m ? m->at_ms : INT64_MAX, wait;
	uint32_t i;

	for (i = 0; i < io->shards_n; i++)
		if (io->shards[i]->at_ms >= 0 && io->shards[i]->at_ms < at)
			at = io->shards[i]->at_ms;
	if (io->starting < STARTING_MAX && !TAILQ_EMPTY(&io->waiting))
		return 0;
	if (at == INT64_MAX)
		return -1;
	wait = at - io_now_ms(io);
	return wait < 0 ? 0 : wait > SLEEP_MAX_MS ? SLEEP_MAX_MS : (int)wait;
}

/* Behind a door that only other threads knock at. A knock of before is heard once more; that costs
 * one gathering. */
static int wait_for_events(struct io *io, struct epoll_event *ev)
{
	int ms = sleep_ms(io), gather = gather_ms(&io->gather, io->now_ms);

	if (gather && !io->starting && (ms < 0 || ms > gather)) {
		(void)epoll_wait(io->door, ev, 1, gather);
		ms = ms < 0 ? ms : ms - gather;
	}
	return epoll_wait(io->epoll, ev, EVENTS_MAX, ms);
}

/* The clock is read once a pass: most have one small event of a stream. */
static void *loop(void *arg)
{
	struct io *io = arg;
	struct epoll_event ev[EVENTS_MAX];
	bool stopping = false;

	while (!stopping) {
		int n = wait_for_events(io, ev);

		io->now_ms = io->host->mono_ms(io->host);
		if (run_events(io, ev, n < 0 ? 0 : n))
			stopping = take_inbox(io);
		start_waiting(io);
		run_curl_timers(io);
		reap(io);
		run_moments(io);
	}
	(void)take_inbox(io);
	while (!TAILQ_EMPTY(&io->live))
		turn_abandon(TAILQ_FIRST(&io->live));
	return NULL;
}

/* ---- life cycle ---- */

static void release(struct io *io)
{
	while (io->easy_n)
		curl_easy_cleanup(io->easy[--io->easy_n]);
	while (io->shards_n)
		shard_free(io->shards[--io->shards_n]);
	if (io->epoll >= 0)
		close(io->epoll);
	if (io->door >= 0)
		close(io->door);
	if (io->wake >= 0)
		close(io->wake);
	due_release(&io->due);
	while (io->all) {
		struct turn *t = io->all;

		io->all = t->next_all;
		free(t);
	}
	pthread_mutex_destroy(&io->lock);
}

/* No signal of the process is ever handled on this thread. */
static int start_thread(struct io *io)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&io->thread, NULL, loop, io);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

/* 0 or an errno. */
static int open_descriptors(struct io *io)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.u64 = SHARD_EVENT_NIL };

	io->epoll = epoll_create1(EPOLL_CLOEXEC);
	io->door = epoll_create1(EPOLL_CLOEXEC);
	io->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (io->epoll < 0 || io->door < 0 || io->wake < 0 ||
	    epoll_ctl(io->epoll, EPOLL_CTL_ADD, io->wake, &ev) != 0 ||
	    epoll_ctl(io->door, EPOLL_CTL_ADD, io->wake, &ev) != 0)
		return errno;
	return 0;
}

exs_status io_open(struct io *io, exs_err *err)
{
	int rc;

	pthread_mutex_init(&io->lock, NULL);
	io->inbox_end = &io->inbox;
	TAILQ_INIT(&io->waiting);
	TAILQ_INIT(&io->live);
	io->now_ms = io->host->mono_ms(io->host);
	if (getrandom(&io->random, sizeof io->random, 0) != sizeof io->random || !io->random)
		io->random = 0x9e3779b97f4a7c15ull;
	rc = open_descriptors(io);
	if (rc == 0 && (!due_reserve(&io->due, 64) || !shard_with_room(io)))
		rc = ENOMEM;
	if (rc == 0)
		rc = start_thread(io);
	if (rc == 0)
		return EXS_OK;
	release(io);
	return exs_fail(err, rc == ENOMEM ? EXS_NOMEM : EXS_IO, rc,
			"the network thread cannot start: %s", strerrordesc_np(rc));
}

void io_close(struct io *io)
{
	pthread_mutex_lock(&io->lock);
	io->stopping = true;
	wake(io);
	pthread_mutex_unlock(&io->lock);
	pthread_join(io->thread, NULL);
	release(io);
}
