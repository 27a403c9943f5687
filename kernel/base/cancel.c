/* SPDX-License-Identifier: MIT */
/*
 * cancel.c - tokens in a tree, each with one lock that is never held while something foreign runs.
 *
 * The cause is stored under the token's lock and read without it. A child stands in its parent's
 * list (under the parent's lock) until its last reference goes or the parent fires; whoever takes
 * it out of the list is the only one to touch its links from then on. Locks are never nested.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/clock.h"

struct listener {
	void (*fn)(void *);
	void *arg;
};

struct cancel {
	exs_cancel pub;
	_Atomic int32_t cause;
	_Atomic int fd; /* -1 until somebody asks */
	_Atomic uint32_t refs;
	uint32_t n_listeners;
	_Atomic int64_t deadline_ms;
	pthread_mutex_t lock;
	struct cancel *parent;
	struct cancel *children;     /* under lock */
	struct cancel *next, **link; /* under the parent's lock; link is NULL outside its list */
	struct listener listeners[CANCEL_LISTENERS_MAX];
};

static struct cancel *of_public(const exs_cancel *pub)
{
	return (struct cancel *)(uintptr_t)pub;
}

static int32_t public_cause(const exs_cancel *pub)
{
	return cancel_cause(of_public(pub));
}

static exs_status public_notify(const exs_cancel *pub, void (*fn)(void *), void *arg)
{
	return cancel_notify(of_public(pub), fn, arg);
}

static int32_t public_fd(const exs_cancel *pub)
{
	struct cancel *c = of_public(pub);
	int fd = atomic_load(&c->fd);

	if (fd >= 0)
		return fd;
	pthread_mutex_lock(&c->lock);
	fd = atomic_load(&c->fd);
	if (fd < 0) {
		fd = eventfd(atomic_load(&c->cause) ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
		atomic_store(&c->fd, fd);
	}
	pthread_mutex_unlock(&c->lock);
	return fd;
}

/* A child fires with its parent, so the nearest deadline of the line is its own. */
static int64_t public_left_ms(const exs_cancel *pub)
{
	int64_t nearest = INT64_MAX, at, now;

	for (struct cancel *c = of_public(pub); c; c = c->parent) {
		at = atomic_load_explicit(&c->deadline_ms, memory_order_relaxed);
		if (at < nearest)
			nearest = at;
	}
	if (nearest == INT64_MAX)
		return INT64_MAX;
	now = clock_mono_ms();
	return nearest > now ? nearest - now : 0;
}

/* Under the parent's lock. */
static void link_child(struct cancel *parent, struct cancel *c)
{
	c->next = parent->children;
	c->link = &parent->children;
	if (c->next)
		c->next->link = &c->next;
	parent->children = c;
}

static void unlink_child(struct cancel *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->next = NULL;
	c->link = NULL;
}

struct cancel *cancel_new(struct cancel *parent)
{
	struct cancel *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->pub.size = (uint32_t)sizeof c->pub;
	c->pub.cause = public_cause;
	c->pub.fd = public_fd;
	c->pub.notify = public_notify;
	c->pub.left_ms = public_left_ms;
	atomic_init(&c->cause, EXS_CAUSE_NONE);
	atomic_init(&c->fd, -1);
	atomic_init(&c->refs, 1);
	atomic_init(&c->deadline_ms, INT64_MAX);
	pthread_mutex_init(&c->lock, NULL);
	if (!parent)
		return c;
	c->parent = cancel_ref(parent);
	pthread_mutex_lock(&parent->lock);
	if (atomic_load(&parent->cause))
		atomic_store(&c->cause, atomic_load(&parent->cause));
	else
		link_child(parent, c);
	pthread_mutex_unlock(&parent->lock);
	return c;
}

struct cancel *cancel_ref(struct cancel *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

/* A token whose last reference went is about to leave its list: hands off. */
static bool ref_unless_gone(struct cancel *c)
{
	uint32_t refs = atomic_load(&c->refs);

	while (refs)
		if (atomic_compare_exchange_weak(&c->refs, &refs, refs + 1))
			return true;
	return false;
}

void cancel_unref(struct cancel *c)
{
	struct cancel *parent;
	int fd;

	/* Upwards in a loop: the last child may take its whole line with it. */
	while (c && atomic_fetch_sub(&c->refs, 1) == 1) {
		parent = c->parent;
		if (parent) {
			pthread_mutex_lock(&parent->lock);
			if (c->link)
				unlink_child(c);
			pthread_mutex_unlock(&parent->lock);
		}
		fd = atomic_load(&c->fd);
		if (fd >= 0)
			close(fd);
		pthread_mutex_destroy(&c->lock);
		free(c);
		c = parent;
	}
}

exs_cancel *cancel_public(struct cancel *c)
{
	return &c->pub;
}

int32_t cancel_cause(const struct cancel *c)
{
	return atomic_load(&c->cause);
}

void cancel_set_deadline(struct cancel *c, int64_t mono_ms)
{
	atomic_store_explicit(&c->deadline_ms, mono_ms, memory_order_relaxed);
}

/* Fires one token alone; false when it has fired before. */
static bool fire_one(struct cancel *c, int32_t cause)
{
	struct listener told[CANCEL_LISTENERS_MAX];
	uint64_t one = 1;
	uint32_t n;
	int fd;

	pthread_mutex_lock(&c->lock);
	if (atomic_load(&c->cause)) {
		pthread_mutex_unlock(&c->lock);
		return false;
	}
	atomic_store(&c->cause, cause);
	fd = atomic_load(&c->fd);
	/* A counter that stands at 0 takes a 1: this write neither fails nor waits. */
	if (fd >= 0 && write(fd, &one, sizeof one) != (ssize_t)sizeof one)
		assert(0);
	n = c->n_listeners;
	for (uint32_t i = 0; i < n; i++)
		told[i] = c->listeners[i];
	c->n_listeners = 0;
	pthread_mutex_unlock(&c->lock);
	for (uint32_t i = 0; i < n; i++)
		told[i].fn(told[i].arg);
	return true;
}

/* Takes all children out of a fired token's list and puts them, referenced, in front of `work`. */
static struct cancel *gather(struct cancel *c, struct cancel *work)
{
	struct cancel *child;

	pthread_mutex_lock(&c->lock);
	while ((child = c->children)) {
		unlink_child(child);
		if (!ref_unless_gone(child))
			continue;
		child->next = work;
		work = child;
	}
	pthread_mutex_unlock(&c->lock);
	return work;
}

bool cancel_fire(struct cancel *c, int32_t cause)
{
	struct cancel *work;

	assert(cause > EXS_CAUSE_NONE && cause <= EXS_CAUSE_BUDGET);
	cancel_ref(c); /* a listener may give up the caller's reference */
	if (!fire_one(c, cause)) {
		cancel_unref(c);
		return false;
	}
	work = gather(c, NULL);
	cancel_unref(c);
	while (work) {
		c = work;
		work = c->next;
		if (fire_one(c, cause))
			work = gather(c, work);
		cancel_unref(c);
	}
	return true;
}

exs_status cancel_notify(struct cancel *c, void (*fn)(void *), void *arg)
{
	bool fired;

	pthread_mutex_lock(&c->lock);
	fired = atomic_load(&c->cause) != EXS_CAUSE_NONE;
	if (!fired && c->n_listeners == CANCEL_LISTENERS_MAX) {
		pthread_mutex_unlock(&c->lock);
		return EXS_TOOBIG;
	}
	if (!fired) {
		c->listeners[c->n_listeners].fn = fn;
		c->listeners[c->n_listeners].arg = arg;
		c->n_listeners++;
	}
	pthread_mutex_unlock(&c->lock);
	if (fired)
		fn(arg);
	return EXS_OK;
}

const char *cause_word(int32_t cause)
{
	static const char *const words[] = { "none",	"caller",   "timeout", "kill",
					     "preempt", "shutdown", "budget" };

	if (cause < 0 || (size_t)cause >= ARRAY_LEN(words))
		return "unknown";
	return words[cause];
}
