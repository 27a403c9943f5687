/* SPDX-License-Identifier: MIT */
/* shard.c - see shard.h. */
#include "shard.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct shard *s = arg;
	struct epoll_event ev = { 0 };

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		(void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	ev.data.u64 = (uint64_t)s->index << 32 | (uint32_t)fd;
	ev.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
	if (epoll_ctl(s->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) == 0) {
		if (!known)
			curl_multi_assign(s->multi, fd, s);
		return 0;
	}
	/* The number was closed and given out again behind our back: do the other thing. */
	(void)epoll_ctl(s->epoll, errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev);
	return 0;
}

static int on_timer(CURLM *multi, long wait_ms, void *arg)
{
	struct shard *s = arg;

	(void)multi;
	s->at_ms = wait_ms < 0 ? -1 : s->host->mono_ms(s->host) + wait_ms;
	return 0;
}

static int prepare(struct shard *s, long connections)
{
	CURLMcode bad = CURLM_OK;

	s->multi = curl_multi_init();
	if (!s->multi)
		return 0;
#define SET(option, value) (bad = bad ? bad : curl_multi_setopt(s->multi, option, value))
	SET(CURLMOPT_SOCKETFUNCTION, on_socket);
	SET(CURLMOPT_SOCKETDATA, s);
	SET(CURLMOPT_TIMERFUNCTION, on_timer);
	SET(CURLMOPT_TIMERDATA, s);
	SET(CURLMOPT_MAXCONNECTS, (long)SHARD_IDLE_MAX);
	SET(CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
#undef SET
	return bad == CURLM_OK;
}

struct shard *shard_new(const exs_host *host, int epoll, uint32_t index, long connections)
{
	struct shard *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->host = host;
	s->epoll = epoll;
	s->index = index;
	s->at_ms = -1;
	if (prepare(s, connections))
		return s;
	shard_free(s);
	return NULL;
}

void shard_free(struct shard *s)
{
	if (!s)
		return;
	curl_multi_cleanup(s->multi);
	free(s);
}

uint32_t shard_of_event(uint64_t data)
{
	return (uint32_t)(data >> 32);
}

void shard_event(struct shard *s, uint64_t data, uint32_t events)
{
	int what = (events & EPOLLIN ? CURL_CSELECT_IN : 0) |
		   (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
		   (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

	curl_multi_socket_action(s->multi, (curl_socket_t)(uint32_t)data, what, &s->running);
}

void shard_timer(struct shard *s, int64_t now_ms)
{
	if (s->at_ms < 0 || s->at_ms > now_ms)
		return;
	s->at_ms = -1;
	curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &s->running);
}
