/* SPDX-License-Identifier: MIT */
/* pending.c - see pending.h. */
#include "pending.h"

#include <assert.h>
#include <signal.h>
#include <time.h>

enum slot_state { SLOT_UNUSED, SLOT_WAITING, SLOT_SERVED /* by the thread */, SLOT_ENDING };

struct slot {
	struct pending *owner;
	struct slot *next_unused;
	enum slot_state state;
	bool polled;	 /* its token took no listener */
	size_t heap_at;	 /* place in the heap + 1; 0: not in it */
	int64_t wake_ms; /* when the thread looks at it */
	int64_t due_ms;	 /* when it says something; INT64_MAX: never */
	exs_done done;
	const exs_cancel *cancel;
	struct answer *answer;
	size_t shown; /* bytes of answer->live */
};

struct chunk {
	struct chunk *next;
	struct slot slots[PENDING_CHUNK];
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the heap: the earliest is first ---- */

static void heap_put(struct pending *p, size_t at, struct slot *s)
{
	p->heap[at] = s;
	s->heap_at = at + 1;
}

static void heap_up(struct pending *p, size_t at)
{
	struct slot *s = p->heap[at];

	while (at > 0 && p->heap[(at - 1) / 2]->wake_ms > s->wake_ms) {
		heap_put(p, at, p->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_put(p, at, s);
}

static void heap_down(struct pending *p, size_t at)
{
	struct slot *s = p->heap[at];

	for (;;) {
		size_t child = at * 2 + 1;

		if (child + 1 < p->heap_n && p->heap[child + 1]->wake_ms < p->heap[child]->wake_ms)
			child++;
		if (child >= p->heap_n || p->heap[child]->wake_ms >= s->wake_ms)
			break;
		heap_put(p, at, p->heap[child]);
		at = child;
	}
	heap_put(p, at, s);
}

static void heap_remove(struct pending *p, struct slot *s)
{
	size_t at = s->heap_at - 1;
	struct slot *last;

	if (s->heap_at == 0)
		return;
	s->heap_at = 0;
	last = p->heap[--p->heap_n];
	if (last == s)
		return;
	heap_put(p, at, last);
	heap_up(p, at);
	heap_down(p, last->heap_at - 1);
}

static bool fired(const struct slot *s)
{
	return s->cancel && s->cancel->cause(s->cancel) != EXS_CAUSE_NONE;
}

/*
 * Lets the slot wait, where the thread finds it unless nothing but its token will move it. A
 * callback that came before did nothing, so the token is looked at once more.
 */
static void arm(struct pending *p, struct slot *s)
{
	s->state = SLOT_WAITING;
	s->wake_ms = s->due_ms;
	if (s->polled && now_ms() + PENDING_LOOK_MS < s->wake_ms)
		s->wake_ms = now_ms() + PENDING_LOOK_MS;
	if (fired(s))
		s->wake_ms = 0;
	if (s->wake_ms == INT64_MAX)
		return;
	assert(p->heap_n < p->heap_cap);
	heap_put(p, p->heap_n, s);
	heap_up(p, p->heap_n++);
	if (p->heap[0] == s)
		pthread_cond_signal(&p->wake);
}

/* ---- slots ---- */

static exs_status grow(struct pending *p, exs_err *err)
{
	struct chunk *chunk;
	struct slot **heap;
	size_t i;

	if (p->slots >= PENDING_MAX) {
		exs_fail(err, EXS_AGAIN, 0, "%u scripted turns are waiting already", PENDING_MAX);
		err->klass = EXS_CLASS_TRANSIENT;
		return EXS_AGAIN;
	}
	if (p->slots + PENDING_CHUNK > p->heap_cap) {
		heap = realloc(p->heap, (p->heap_cap * 2 + PENDING_CHUNK) * sizeof(struct slot *));
		if (!heap)
			return exs_fail(err, EXS_NOMEM, 0, "no memory for a waiting turn");
		p->heap = heap;
		p->heap_cap = p->heap_cap * 2 + PENDING_CHUNK;
	}
	chunk = calloc(1, sizeof *chunk);
	if (!chunk)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for a waiting turn");
	chunk->next = p->chunks;
	p->chunks = chunk;
	p->slots += PENDING_CHUNK;
	for (i = 0; i < PENDING_CHUNK; i++) {
		chunk->slots[i].owner = p;
		chunk->slots[i].next_unused = p->unused;
		p->unused = &chunk->slots[i];
	}
	return EXS_OK;
}

static void give_back(struct pending *p, struct slot *s)
{
	s->state = SLOT_UNUSED;
	s->answer = NULL;
	s->cancel = NULL;
	s->next_unused = p->unused;
	p->unused = s;
}

static void end_cancelled(const struct slot *s, const char *why)
{
	exs_end_fail(s->done, EXS_CANCELLED, "%s", why);
	answer_free(s->answer);
}

/* Some token that the slot once listened to has fired. Perhaps it is the one of the turn that waits
 * now. */
static void on_fired(void *arg)
{
	struct slot *s = arg;
	struct pending *p = s->owner;
	bool mine;

	pthread_mutex_lock(&p->lock);
	mine = s->state == SLOT_WAITING && fired(s);
	if (mine) {
		heap_remove(p, s);
		s->state = SLOT_ENDING;
		p->ending++;
	}
	pthread_mutex_unlock(&p->lock);
	if (!mine)
		return;
	end_cancelled(s, "the scripted turn was cancelled while it waited");
	pthread_mutex_lock(&p->lock);
	give_back(p, s);
	p->ending--;
	pthread_cond_signal(&p->idle);
	pthread_mutex_unlock(&p->lock);
}

exs_status pending_add(struct pending *p, const struct wait *wait, exs_err *err)
{
	struct slot *s;

	pthread_mutex_lock(&p->lock);
	if (!p->unused && grow(p, err)) {
		pthread_mutex_unlock(&p->lock);
		return err->status;
	}
	s = p->unused;
	p->unused = s->next_unused;
	s->polled = false;
	s->heap_at = s->shown = 0;
	s->done = wait->done;
	s->cancel = wait->cancel;
	s->answer = wait->answer;
	s->due_ms = wait->wait_ms == STALL_FOREVER ? INT64_MAX : now_ms() + wait->wait_ms;
	pthread_mutex_unlock(&p->lock);

	/* Outside the lock: it may call back at once. */
	if (s->cancel && s->cancel->notify(s->cancel, on_fired, s))
		s->polled = true;

	pthread_mutex_lock(&p->lock);
	arm(p, s);
	pthread_mutex_unlock(&p->lock);
	return EXS_OK;
}

/* ---- the thread ---- */

static void sleep_until(struct pending *p, int64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000),
			      .tv_nsec = (long)(ms % 1000) * 1000000 };

	pthread_cond_timedwait(&p->wake, &p->lock, &t);
}

/* Says what is due; true when the turn was ended. Outside the lock: the slot is the thread's. */
static bool serve(struct slot *s)
{
	if (fired(s)) {
		end_cancelled(s, "the scripted turn was cancelled while it waited");
		return true;
	}
	if (now_ms() < s->due_ms)
		return false;
	while (answer_show(s->answer, &s->shown, s->done)) {
		if (s->answer->every_ms == 0)
			continue;
		s->due_ms += s->answer->every_ms;
		return false;
	}
	answer_finish(s->answer, s->done);
	answer_free(s->answer);
	return true;
}

static void serve_first(struct pending *p)
{
	struct slot *s = p->heap[0];
	bool ended;

	heap_remove(p, s);
	s->state = SLOT_SERVED;
	pthread_mutex_unlock(&p->lock);
	ended = serve(s);
	pthread_mutex_lock(&p->lock);
	if (ended)
		give_back(p, s);
	else
		arm(p, s);
}

static void *run(void *arg)
{
	struct pending *p = arg;

	pthread_mutex_lock(&p->lock);
	while (!p->stopping) {
		if (p->heap_n == 0)
			pthread_cond_wait(&p->wake, &p->lock);
		else if (p->heap[0]->wake_ms > now_ms())
			sleep_until(p, p->heap[0]->wake_ms);
		else
			serve_first(p);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

exs_status pending_start(struct pending *p, exs_err *err)
{
	pthread_condattr_t monotonic;
	sigset_t all, before;
	int code;

	memset(p, 0, sizeof *p);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->idle, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&p->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&p->thread, NULL, run, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code == 0)
		return EXS_OK;
	pthread_cond_destroy(&p->wake);
	pthread_cond_destroy(&p->idle);
	pthread_mutex_destroy(&p->lock);
	return exs_fail(err, EXS_IO, code, "cannot start the thread that ends scripted turns: %s",
			strerror(code));
}

/* Ends every turn that still waits: nobody else moves one now. */
static void end_all(struct pending *p)
{
	struct chunk *chunk;
	size_t i;

	for (chunk = p->chunks; chunk; chunk = chunk->next)
		for (i = 0; i < PENDING_CHUNK; i++)
			if (chunk->slots[i].state == SLOT_WAITING)
				end_cancelled(&chunk->slots[i],
					      "the battery was closed while the turn waited");
}

void pending_stop(struct pending *p)
{
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);

	pthread_mutex_lock(&p->lock);
	while (p->ending)
		pthread_cond_wait(&p->idle, &p->lock);
	pthread_mutex_unlock(&p->lock);
	end_all(p);
	while (p->chunks) {
		struct chunk *next = p->chunks->next;

		free(p->chunks);
		p->chunks = next;
	}
	free(p->heap);
	pthread_cond_destroy(&p->wake);
	pthread_cond_destroy(&p->idle);
	pthread_mutex_destroy(&p->lock);
}
