/* SPDX-License-Identifier: MIT */
/*
 * io.h - one thread that keeps thousands of requests in flight: epoll under
 * curl_multi_socket_action, connections shared and kept in shards.
 *
 * Turns come in by io_submit and live on the I/O thread from then on; io_poke (from a token that
 * fires) asks the thread to look at one. The memory of a turn is reused but not freed before
 * io_close, so a poke that comes late finds a turn, perhaps another one, and does no harm: the turn
 * looks at its own token.
 *
 * At most STARTING_MAX requests are being connected at a time; a start of 10,000 runs does not
 * become 10,000 look-ups of one name and as many handshakes.
 */
#ifndef COMMON_MODEL_IO_H
#define COMMON_MODEL_IO_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>
#include <curl/curl.h>
#include "dialect.h"
#include "due.h"
#include "gather.h"
#include "settings.h"
#include "shard.h"

#define TURNS_MAX     65536u /* turns in flight in one instance */
#define STARTING_MAX  64u    /* requests that are being connected */
#define EASY_KEPT_MAX 256u   /* curl handles kept for the next request */
#define SHARDS_MAX    (TURNS_MAX / SHARD_BUSY_MAX)
#define SLEEP_MAX_MS  60000 /* the thread looks around at least so often */
#define EVENTS_MAX    256   /* events taken from epoll at once */

struct turn;
TAILQ_HEAD(turn_queue, turn);

struct io {
	const exs_host *host;
	struct settings set;
	const struct dialect *dialect;
	struct cache cache;
	_Atomic uint32_t refused; /* flags of the dialect that the server does not know */
	_Atomic int warned_window;

	/* Shared, under the lock. */
	pthread_mutex_t lock;
	struct turn *inbox, **inbox_end;
	struct turn *pokes;
	struct turn *spare;
	struct turn *all;
	size_t turns;
	bool woken, stopping;

	/* The I/O thread's. */
	struct shard *shards[SHARDS_MAX];
	uint32_t shards_n;
	int epoll, wake;
	int door; /* an epoll of `wake` alone */
	struct gather gather;
	int64_t now_ms;
	pthread_t thread;
	struct due due;
	struct turn_queue waiting; /* for their start */
	struct turn_queue live;	   /* all turns that were accepted */
	unsigned starting;
	CURL *easy[EASY_KEPT_MAX];
	unsigned easy_n;
	uint64_t random;
};

/* Takes over io->host, io->dialect, io->set and io->cache, which are ready; starts the thread. */
exs_status io_open(struct io *io, exs_err *err);
void io_close(struct io *io); /* ends what is in flight, then the thread */

/* An empty turn, or NULL: no memory or TURNS_MAX are in flight. [any-thread] */
struct turn *io_turn_new(struct io *io);
void io_turn_free(struct io *io, struct turn *t); /* [any-thread] */
void io_submit(struct io *io, struct turn *t);	  /* [any-thread] */
void io_poke(struct turn *t);			  /* [any-thread] */

int64_t io_now_ms(const struct io *io); /* when the thread last woke up. [I/O thread] */
/* A number from 0 to below n. [I/O thread] */
uint64_t io_random(struct io *io, uint64_t n);
CURL *io_easy_take(struct io *io); /* NULL: no memory. [I/O thread] */
void io_easy_give(struct io *io, CURL *easy);
/* Starts t->easy on a shard; false: no memory. Takes it away again. [I/O thread] */
bool io_attach(struct io *io, struct turn *t);
void io_detach(struct turn *t);

#endif
