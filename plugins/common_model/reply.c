/* SPDX-License-Identifier: MIT */
/* reply.c - see reply.h. */
#include "reply.h"

static exs_status on_event(void *arg, exs_str data)
{
	struct reply *r = arg;

	r->events++;
	return r->dialect->event(&r->answer, data);
}

void reply_init(struct reply *r, const struct dialect *dialect)
{
	memset(r, 0, sizeof *r);
	sse_init(&r->sse, on_event, r);
	lines_init(&r->lines, on_event, r);
	r->dialect = dialect;
	answer_init(&r->answer, dialect->answer_own_size, dialect->answer_own_release);
	text_init(&r->body, REPLY_BODY_MAX);
}

void reply_release(struct reply *r)
{
	sse_release(&r->sse);
	lines_release(&r->lines);
	answer_release(&r->answer);
	text_release(&r->body);
}

/* White space, or a byte of the byte order mark. */
static bool says_nothing(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\xef' || c == '\xbb' ||
	       c == '\xbf';
}

/* The first byte that says something decides. */
static enum reply_kind sniff(const struct dialect *d, long http, const char *p, size_t n)
{
	size_t i;

	if (http < 200 || http > 299)
		return REPLY_REFUSAL;
	for (i = 0; i < n; i++) {
		if (says_nothing(p[i]))
			continue;
		if ((p[i] == '{' || p[i] == '[') && !d->lines)
			return REPLY_JSON;
		return p[i] == '<' ? REPLY_PAGE : REPLY_STREAM;
	}
	return REPLY_UNKNOWN;
}

static exs_status take(struct reply *r, const char *p, size_t n)
{
	switch (r->kind) {
	case REPLY_REFUSAL:
		if (r->body.mem.n + n <= REPLY_ERROR_MAX)
			text_add(&r->body, p, n);
		return EXS_OK;
	case REPLY_JSON:
		text_add(&r->body, p, n);
		return r->body.status;
	case REPLY_PAGE:
		return EXS_UNSUPPORTED;
	default:
		return r->dialect->lines ? lines_feed(&r->lines, p, n) : sse_feed(&r->sse, p, n);
	}
}

bool reply_feed(struct reply *r, long http, const char *p, size_t n)
{
	if (r->status)
		return false;
	if (n > REPLY_BODY_MAX - r->bytes) {
		r->status = EXS_TOOBIG;
		return false;
	}
	r->bytes += n;
	if (r->kind == REPLY_UNKNOWN)
		r->kind = sniff(r->dialect, http, p, n);
	r->status = take(r, p, n);
	return r->status == EXS_OK;
}

static exs_str without_bom(exs_str s)
{
	size_t n = s.n >= 3 && memcmp(s.p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	return exs_bytes(s.p + n, s.n - n);
}

static bool judge_status(const struct reply *r, const struct peer *peer, const struct hints *hints,
			 struct failure *out)
{
	switch (r->status) {
	case EXS_OK:
		return true;
	case EXS_IO:
		errors_http(peer, 0, text_view(&r->answer.error), hints, out);
		return false;
	case EXS_UNSUPPORTED:
		errors_set(peer, out, EXS_INVALID, EXS_CLASS_PERMANENT,
			   "answers with a web page: 'base_url' must be the address of an API "
			   "(it often ends in /v1)");
		return false;
	case EXS_TOOBIG:
		errors_set(peer, out, EXS_TOOBIG, EXS_CLASS_PERMANENT,
			   "sends more than an answer may hold (%zu bytes so far): it is dropped",
			   r->bytes);
		return false;
	case EXS_NOMEM:
		errors_set(peer, out, EXS_NOMEM, EXS_CLASS_TRANSIENT,
			   "could not be read: memory ran out");
		return false;
	default:
		errors_set(peer, out, EXS_IO, EXS_CLASS_TRUNCATED,
			   "sends something that is not JSON: look at the server and its proxies");
		return false;
	}
}

/* A line without its end is whole, or was cut: then the answer has no end either. */
static exs_status last_line(struct reply *r)
{
	exs_status status = lines_end(&r->lines);

	return status == EXS_INVALID ? EXS_OK : status;
}

bool reply_judge(struct reply *r, const struct peer *peer, long http, const struct hints *hints,
		 struct failure *out)
{
	if (http < 200 || http > 299) {
		errors_http(peer, http, text_view(&r->body), hints, out);
		return false;
	}
	if (r->kind == REPLY_JSON && r->status == EXS_OK)
		r->status = r->dialect->whole(&r->answer, without_bom(text_view(&r->body)));
	if (r->kind == REPLY_STREAM && r->dialect->lines && r->status == EXS_OK)
		r->status = last_line(r);
	/* What comes behind the end of an answer cannot spoil it. */
	if (r->answer.complete)
		return true;
	if (!judge_status(r, peer, hints, out))
		return false;
	if (r->answer.stop == STOP_BROKEN)
		errors_set(peer, out, EXS_IO, EXS_CLASS_TRANSIENT,
			   "stopped with an error of its own and gives no reason");
	else if (r->bytes == 0)
		errors_set(peer, out, EXS_IO, EXS_CLASS_TRANSIENT,
			   "sent an empty body (HTTP %ld): look at the server", http);
	else
		errors_set(peer, out, EXS_IO, EXS_CLASS_TRUNCATED,
			   "broke off before the end of its answer: nothing of it is used");
	return false;
}
