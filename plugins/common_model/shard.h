/* SPDX-License-Identifier: MIT */
/*
 * shard.h - a curl multi handle with its own pool of connections, on the I/O thread's epoll.
 *
 * For each request libcurl walks all connections to the server, also those in use: with 10,000 in
 * flight that is most of the work. So requests fill one shard after the other, the first with room
 * taking them: a small load shares the connections of one, a large one never walks more than
 * SHARD_BUSY_MAX.
 */
#ifndef COMMON_MODEL_SHARD_H
#define COMMON_MODEL_SHARD_H

#include <curl/curl.h>
#include <executus/host.h>

#define SHARD_BUSY_MAX	256	   /* requests in flight in one */
#define SHARD_IDLE_MAX	512	   /* connections kept open in one */
#define SHARD_EVENT_NIL UINT64_MAX /* an event that is no shard's */

struct shard {
	CURLM *multi;
	int epoll;
	uint32_t index;
	int busy;      /* requests that it carries */
	int running;   /* those that curl was not through with when it was last called */
	int64_t at_ms; /* when curl wants to be called; -1: never */
	const exs_host *host;
};

/* NULL: no memory. connections: the most at once, 0 for no limit. */
struct shard *shard_new(const exs_host *host, int epoll, uint32_t index, long connections);
void shard_free(struct shard *s); /* takes NULL */

/* Which shard, and which descriptor, the data of an epoll event names. */
uint32_t shard_of_event(uint64_t data);
void shard_event(struct shard *s, uint64_t data, uint32_t events);
void shard_timer(struct shard *s, int64_t now_ms); /* calls curl when it wants to be */

#endif
