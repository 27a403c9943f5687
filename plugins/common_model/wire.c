/* SPDX-License-Identifier: MIT */
/* wire.c - see wire.h. */
#include "wire.h"

#include <sys/socket.h>

#define READ_BUFFER (8l << 10) /* bytes that curl keeps for each transfer that waits */
#define WRITE_BUFFER                                                                               \
	(64l << 10) /* bytes of a long body that go out at once: less is more system calls */
#define TELL_MS 100 /* progress without text is told so often at most */

bool wire_encode(struct turn *t, exs_err *err)
{
	struct io *io = t->io;

	body_release(&t->body);
	if (io->dialect->request(&io->set, t->flags, t->ask, &t->body, err))
		return false;
	t->body_bytes = body_size(&t->body);
	return true;
}

static size_t on_read(char *out, size_t size, size_t n, void *arg)
{
	struct turn *t = arg;
	size_t room = size * n, all = body_size(&t->body), left = all - t->sent;

	if (left < room)
		room = left;
	body_copy(&t->body, t->sent, room, out);
	t->sent += room;
	if (room && t->sent == all) {
		body_release(&t->body);
		t->sent = 0;
	}
	return room;
}

/* A kept connection was dead: the body is wanted once more, and made once more when it is gone. */
static int on_seek(void *arg, curl_off_t to, int origin)
{
	struct turn *t = arg;
	exs_err err = EXS_ERR_INIT;

	if (origin != SEEK_SET || to < 0 || (body_size(&t->body) == 0 && !wire_encode(t, &err)) ||
	    (size_t)to > body_size(&t->body))
		return CURL_SEEKFUNC_FAIL;
	t->sent = (size_t)to;
	return CURL_SEEKFUNC_OK;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct turn *t = arg;

	if (size * n > 5 && memcmp(p, "HTTP/", 5) == 0)
		t->hints = (struct hints){ -1, -1 };
	hints_read(&t->hints, exs_bytes(p, size * n), t->io->host->wall_ms(t->io->host) / 1000);
	return size * n;
}

/* Text as it comes; what came without text keeps the idle clocks fresh. */
static void show(struct turn *t)
{
	int64_t now = io_now_ms(t->io);
	struct text fresh;

	if (!answer_has_fresh(&t->reply.answer) && now - t->told_ms < TELL_MS)
		return;
	text_init(&fresh, EXS_TURN_ANSWER_MAX);
	answer_fresh(&t->reply.answer, &fresh);
	if (fresh.mem.n)
		t->shown = true;
	t->told_ms = now;
	t->done.ops->progress(t->done, text_view(&fresh));
	text_release(&fresh);
}

static size_t on_write(char *p, size_t size, size_t n, void *arg)
{
	struct turn *t = arg;
	bool whole = t->reply.answer.complete, more;
	size_t events = t->reply.events;

	if (t->reply.bytes == 0)
		curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->http);
	more = reply_feed(&t->reply, t->http, p, size * n);
	if (!whole)
		t->since_ms = io_now_ms(t->io);
	if (t->state == TURN_WAITING) {
		t->state = TURN_READING;
		turn_arm(t);
	}
	if (t->reply.kind == REPLY_STREAM)
		show(t);
	if (!t->reply.answer.complete)
		gather_add(&t->io->gather, t->reply.events - events);
	else if (!whole)
		turn_arm(t);
	return more ? size * n : 0;
}

/* Connected: the request goes out now. */
static int on_request(void *arg, char *to, char *from, int to_port, int from_port)
{
	(void)to, (void)from, (void)to_port, (void)from_port;
	turn_enter(arg, TURN_WAITING);
	return CURL_PREREQFUNC_OK;
}

/* Children of the process must not inherit a connection. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	(void)arg, (void)purpose;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

bool wire_prepare(const struct io *io, CURL *easy)
{
	const struct settings *s = &io->set;
	char agent[64];
	CURLcode bad = CURLE_OK;

	snprintf(agent, sizeof agent, "executus/%.40s", io->host->version);
#define SET(option, value) (bad = bad ? bad : curl_easy_setopt(easy, option, value))
	SET(CURLOPT_URL, s->url);
	SET(CURLOPT_HTTPHEADER, s->all_headers);
	SET(CURLOPT_USERAGENT, agent);
	SET(CURLOPT_NOSIGNAL, 1l);
	SET(CURLOPT_FOLLOWLOCATION, 0l);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION,
	    (long)(s->https ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
	SET(CURLOPT_PIPEWAIT, s->https ? 1l : 0l);
	SET(CURLOPT_TCP_NODELAY, 1l);
	SET(CURLOPT_TCP_KEEPALIVE, 1l);
	SET(CURLOPT_BUFFERSIZE, READ_BUFFER);
	SET(CURLOPT_UPLOAD_BUFFERSIZE, WRITE_BUFFER);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)s->connect_ms);
	SET(CURLOPT_PROXY, s->proxy); /* "" also turns the environment's off */
	if (*s->ca_file)
		SET(CURLOPT_CAINFO, s->ca_file);
	if (*s->client_cert)
		SET(CURLOPT_SSLCERT, s->client_cert);
	if (*s->client_key)
		SET(CURLOPT_SSLKEY, s->client_key);
	SET(CURLOPT_POST, 1l);
	SET(CURLOPT_READFUNCTION, on_read);
	SET(CURLOPT_SEEKFUNCTION, on_seek);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_WRITEFUNCTION, on_write);
	SET(CURLOPT_PREREQFUNCTION, on_request);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
#undef SET
	return bad == CURLE_OK;
}

bool wire_aim(struct turn *t)
{
	CURLcode bad = CURLE_OK;

#define SET(option, value) (bad = bad ? bad : curl_easy_setopt(t->easy, option, value))
	SET(CURLOPT_PRIVATE, t);
	SET(CURLOPT_READDATA, t);
	SET(CURLOPT_SEEKDATA, t);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_PREREQDATA, t);
	SET(CURLOPT_POSTFIELDS, body_whole(&t->body));
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_bytes);
#undef SET
	return bad == CURLE_OK;
}
