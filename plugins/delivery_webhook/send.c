/* SPDX-License-Identifier: MIT */
/*
 * send.c - see send.h. A transfer of its own for each letter: they are rare, and a connection that
 * is kept would be one more thing that can be stale. The multi handle is there for its poll, which
 * the token's descriptor can end.
 */
#include "send.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include <executus/helper.h>

#define HEADER_MAX 512u
#define POLL_MS	   50 /* for a token without a descriptor */

struct sending {
	const struct settings *set;
	const struct letter *letter;
	bool plain; /* http: only to this machine */
	bool host_allowed;
	char blocked[160]; /* why no socket was opened; empty: none was refused */
	char answer[ANSWER_MAX + 1];
	size_t answer_n;
};

/* ---- what libcurl calls ---- */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct sending *s = arg;
	const char *kind = guard_kind(&a->addr);
	char text[64];

	(void)purpose;
	guard_text(&a->addr, text, sizeof text);
	if (s->plain && !guard_is_loopback(&a->addr)) {
		snprintf(s->blocked, sizeof s->blocked,
			 "http goes to this machine only, and %s is elsewhere: write https", text);
		return CURL_SOCKET_BAD;
	}
	if (kind && !s->host_allowed && !settings_allow_address(s->set, &a->addr)) {
		snprintf(s->blocked, sizeof s->blocked,
			 "%s is %s: put it into 'allow' if that is meant", text, kind);
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

/* What is longer than the sentence needs is read and dropped, but not without end. */
static size_t take_answer(char *p, size_t size, size_t n, void *arg)
{
	struct sending *s = arg;
	size_t room = ANSWER_MAX - s->answer_n, got = size * n;

	if (room == 0)
		return 0; /* ends the transfer: enough was said */
	if (room > got)
		room = got;
	memcpy(s->answer + s->answer_n, p, room);
	s->answer_n += room;
	s->answer[s->answer_n] = '\0';
	return got;
}

/* ---- the request ---- */

static exs_status check_url(struct sending *s, exs_err *err)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *user = NULL;
	exs_status status = EXS_OK;

	if (!u)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for a URL");
	if (strlen(s->letter->url) > URL_MAX || curl_url_set(u, CURLUPART_URL, s->letter->url, 0) ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0))
		status = exs_fail(err, EXS_INVALID, 0,
				  "'%.100s' is no URL: write https://host/path", s->letter->url);
	else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
		status = exs_fail(err, EXS_INVALID, 0, "a webhook is https, and not '%.20s'",
				  scheme);
	else if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK)
		status = exs_fail(err, EXS_INVALID, 0,
				  "the URL of a webhook holds no user and password: they would be "
				  "in every log; receivers know us by the signature");
	if (status == EXS_OK) {
		s->plain = strcmp(scheme, "http") == 0;
		s->host_allowed = settings_allow_host(s->set, host);
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_url_cleanup(u);
	return status;
}

static struct curl_slist *add(struct curl_slist *list, const char *name, const char *value)
{
	char line[HEADER_MAX];
	struct curl_slist *longer;

	snprintf(line, sizeof line, "%s: %s", name, value);
	longer = curl_slist_append(list, line);
	if (!longer)
		curl_slist_free_all(list);
	return longer;
}

static struct curl_slist *headers_of(const struct letter *l)
{
	struct curl_slist *list = add(NULL, "Content-Type", "application/json");
	char seconds[24];

	snprintf(seconds, sizeof seconds, "%lld", (long long)l->seconds);
	if (list)
		list = add(list, "webhook-id", l->id);
	if (list)
		list = add(list, "webhook-timestamp", seconds);
	if (list)
		list = add(list, "webhook-signature", l->signature);
	if (list) /* libcurl would wait a second for a server that does not know it */
		list = add(list, "Expect", "");
	return list;
}

static void set_up(CURL *e, struct sending *s, struct curl_slist *headers, int64_t left_ms)
{
	const struct settings *set = s->set;
	int64_t timeout = left_ms < set->timeout_ms ? left_ms : set->timeout_ms;

	curl_easy_setopt(e, CURLOPT_URL, s->letter->url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(e, CURLOPT_USERAGENT, set->agent);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(e, CURLOPT_POSTFIELDS, s->letter->body.p);
	curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->letter->body.n);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(timeout > 0 ? timeout : 1));
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)set->connect_ms);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, s);
	curl_easy_setopt(e, CURLOPT_PROXY,
			 set->proxy); /* "": none, whatever the environment says */
	if (set->ca[0])
		curl_easy_setopt(e, CURLOPT_CAINFO, set->ca);
	if (set->proxy[0])
		return; /* the address is the proxy's, which the conf names */
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, s);
}

/* ---- the transfer ---- */

static CURLcode perform(CURLM *m, CURL *e, exs_cancel *cancel)
{
	struct curl_waitfd fd = { .fd = cancel->fd(cancel), .events = CURL_WAIT_POLLIN };
	int running = 1, left;
	CURLMsg *msg;

	if (curl_multi_add_handle(m, e))
		return CURLE_OUT_OF_MEMORY;
	while (running && cancel->cause(cancel) == EXS_CAUSE_NONE) {
		if (curl_multi_perform(m, &running))
			return CURLE_FAILED_INIT;
		if (running &&
		    curl_multi_poll(m, &fd, fd.fd >= 0 ? 1 : 0, fd.fd >= 0 ? 1000 : POLL_MS, NULL))
			return CURLE_FAILED_INIT;
	}
	if (running)
		return CURLE_ABORTED_BY_CALLBACK;
	msg = curl_multi_info_read(m, &left);
	return msg ? msg->data.result : CURLE_FAILED_INIT;
}

/* The first line of an answer, without what a terminal would take for a command. */
static void first_line(const struct sending *s, char *out, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size && s->answer[i] && s->answer[i] != '\n'; i++)
		out[i] = isprint((unsigned char)s->answer[i]) ? s->answer[i] : '?';
	out[i] = '\0';
}

static exs_status later(exs_err *err, exs_status status)
{
	err->klass = EXS_CLASS_TRANSIENT;
	return status;
}

static exs_status answered(const struct sending *s, CURL *e, long code, exs_err *err)
{
	char said[120];
	curl_off_t wait = 0;

	first_line(s, said, sizeof said);
	if (code >= 200 && code < 300)
		return EXS_OK;
	if (code >= 300 && code < 400)
		return exs_fail(err, EXS_DENIED, 0,
				"the receiver answered %ld: redirects are not followed, write the "
				"final URL",
				code);
	if (code == 410)
		return exs_fail(err, EXS_NOTFOUND, 0,
				"the receiver answered 410: it wants no more");
	exs_fail(err, code >= 500 ? EXS_IO : EXS_DENIED, 0, "the receiver answered %ld%s%s", code,
		 said[0] ? ": " : "", said);
	if (code < 500 && code != 408 && code != 425 && code != 429)
		return err->status;
	if (curl_easy_getinfo(e, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0)
		err->retry_after_ms = wait < 86400 ? (int64_t)wait * 1000 : INT64_C(86400000);
	return later(err, err->status);
}

static exs_status failed(const struct sending *s, CURLcode c, const char *detail, exs_err *err)
{
	if (s->blocked[0])
		return exs_fail(err, EXS_DENIED, 0, "not delivered: %s", s->blocked);
	if (c == CURLE_ABORTED_BY_CALLBACK)
		return exs_fail(err, EXS_CANCELLED, 0, "the delivery was stopped");
	if (c == CURLE_PEER_FAILED_VERIFICATION)
		exs_fail(err, EXS_DENIED, 0, "the receiver's certificate is not trusted: %.160s",
			 detail[0] ? detail : curl_easy_strerror(c));
	else
		exs_fail(err, EXS_IO, 0, "the receiver cannot be reached: %.160s",
			 detail[0] ? detail : curl_easy_strerror(c));
	return later(err, err->status);
}

static exs_status transfer(struct sending *s, CURLM *m, CURL *e, exs_cancel *cancel, long *code,
			   exs_err *err)
{
	char detail[CURL_ERROR_SIZE] = "";
	CURLcode c;

	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, detail);
	c = perform(m, e, cancel);
	curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, code);
	/* A status that came is an answer, whatever became of its body. */
	if (*code >= 200 && (c == CURLE_OK || c == CURLE_WRITE_ERROR))
		return answered(s, e, *code, err);
	*code = 0;
	return failed(s, c, detail, err);
}

exs_status send_letter(const struct settings *set, const struct letter *l, exs_cancel *cancel,
		       long *code, exs_err *err)
{
	struct sending s = { .set = set, .letter = l };
	struct curl_slist *headers;
	CURLM *m;
	CURL *e;
	exs_status status;

	*code = 0;
	if (check_url(&s, err))
		return err->status;
	headers = headers_of(l);
	m = curl_multi_init();
	e = curl_easy_init();
	if (headers && m && e) {
		set_up(e, &s, headers, cancel->left_ms(cancel));
		status = transfer(&s, m, e, cancel, code, err);
		curl_multi_remove_handle(m, e);
	} else {
		status = exs_fail(err, EXS_NOMEM, 0, "no memory for a webhook");
	}
	curl_easy_cleanup(e);
	curl_multi_cleanup(m);
	curl_slist_free_all(headers);
	return status;
}
