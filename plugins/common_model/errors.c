/* SPDX-License-Identifier: MIT */
/* errors.c - see errors.h. */
#include "errors.h"

#include <curl/curl.h>
#include <strings.h>

#define WORDS_MAX     120u	       /* bytes of the server's own words that are quoted */
#define BODY_READ_MAX (64u << 10)      /* bytes of an error body that are looked at */
#define AFTER_MAX_MS  (7 * 86400000ll) /* a week: more is not a pause */

void errors_set(const struct peer *peer, struct failure *out, exs_status status, int32_t klass,
		const char *fmt, ...)
{
	exs_err *err = &out->err;
	va_list ap;
	int n;

	*err = (exs_err)EXS_ERR_INIT;
	err->status = status;
	err->klass = klass;
	n = snprintf(err->text, sizeof err->text, "model '%.60s' at %.80s ", peer->model,
		     peer->server);
	va_start(ap, fmt);
	vsnprintf(err->text + n, sizeof err->text - (size_t)n, fmt, ap);
	va_end(ap);
	err->text[text_whole(exs_cstr(err->text))] = '\0';
	out->again = klass == EXS_CLASS_TRANSIENT || klass == EXS_CLASS_TRUNCATED;
}

/* ---- headers ---- */

static bool header(exs_str line, const char *name, exs_str *value)
{
	size_t n = strlen(name);

	if (line.n <= n || line.p[n] != ':' || strncasecmp(line.p, name, n) != 0)
		return false;
	*value = exs_bytes(line.p + n + 1, line.n - n - 1);
	while (value->n && (*value->p == ' ' || *value->p == '\t')) {
		value->p++;
		value->n--;
	}
	while (value->n && strchr(" \t\r\n", value->p[value->n - 1]))
		value->n--;
	return true;
}

/* A number of milliseconds from a decimal with a fraction of `unit_ms`; -1: none, or absurd. */
static int64_t decimal_ms(exs_str v, int64_t unit_ms)
{
	char digits[32], *end;
	double d;

	if (v.n == 0 || v.n >= sizeof digits || v.p[0] < '0' || v.p[0] > '9')
		return -1;
	memcpy(digits, v.p, v.n);
	digits[v.n] = '\0';
	d = strtod(digits, &end) * (double)unit_ms;
	if (*end || !(d >= 0))
		return -1;
	return d > (double)AFTER_MAX_MS ? AFTER_MAX_MS : (int64_t)d;
}

static int64_t date_ms(exs_str v, int64_t now_s)
{
	char date[64];
	time_t at;

	if (v.n == 0 || v.n >= sizeof date)
		return -1;
	memcpy(date, v.p, v.n);
	date[v.n] = '\0';
	at = curl_getdate(date, NULL);
	if (at < 0)
		return -1;
	return at <= now_s			  ? 0
	       : at - now_s > AFTER_MAX_MS / 1000 ? AFTER_MAX_MS
						  : (at - now_s) * 1000;
}

void hints_read(struct hints *h, exs_str line, int64_t now_s)
{
	exs_str v;
	int64_t ms;

	if (header(line, "x-should-retry", &v)) {
		if (v.n == 4 && strncasecmp(v.p, "true", 4) == 0)
			h->should_retry = 1;
		if (v.n == 5 && strncasecmp(v.p, "false", 5) == 0)
			h->should_retry = 0;
	} else if (header(line, "retry-after-ms", &v)) {
		ms = decimal_ms(v, 1);
		h->after_ms = ms >= 0 ? ms : h->after_ms;
	} else if (header(line, "retry-after", &v) && h->after_ms < 0) {
		ms = decimal_ms(v, 1000);
		h->after_ms = ms >= 0 ? ms : date_ms(v, now_s);
	}
}

/* ---- the server's own words ---- */

struct words {
	struct text message, code, type;
	int64_t number; /* an error code that is a number; 0: none */
};

static void words_release(struct words *w)
{
	text_release(&w->message);
	text_release(&w->code);
	text_release(&w->type);
}

/* {"error":{...}}, {"error":"text"}, {"message":"..."}, a list of these, or the error value itself.
 */
static void words_read(struct words *w, exs_str body)
{
	struct scan_iter it;
	exs_str key, value, item;

	text_init(&w->message, BODY_READ_MAX);
	text_init(&w->code, BODY_READ_MAX);
	text_init(&w->type, BODY_READ_MAX);
	w->number = 0;
	value = body;
	if (scan_kind(value) == '[') {
		scan_begin(&it, value);
		if (scan_next(&it, &key, &item))
			value = item;
	}
	if (scan_get(value, "error", &item))
		value = item;
	if (scan_text(value, &w->message))
		return;
	if (!scan_get_text(value, "message", &w->message))
		(void)scan_get_text(value, "detail", &w->message);
	(void)scan_get_text(value, "code", &w->code);
	(void)scan_get_text(value, "type", &w->type);
	(void)scan_get_count(value, "code", &w->number);
}

static bool says(const struct words *w, const char *what)
{
	exs_str v = exs_cstr(what);

	return exs_str_eq(text_view(&w->code), v) || exs_str_eq(text_view(&w->type), v);
}

/* For what some servers say in words alone. */
static bool has_words(const struct words *w, const char *part)
{
	exs_str v = text_view(&w->message);

	return memmem(v.p, v.n, part, strlen(part)) != NULL;
}

static bool over_window(const struct words *w)
{
	return says(w, "context_length_exceeded") || says(w, "exceed_context_size_error") ||
	       has_words(w, "prompt is too long") || has_words(w, "exceed context limit");
}

/* Copies the words onto one line with the key blotted out, cut to WORDS_MAX. */
static void quote(char out[WORDS_MAX + 4], const struct words *w, exs_str key)
{
	struct text clean;
	exs_str s;
	size_t i, n = 0;

	text_init(&clean, BODY_READ_MAX * 3);
	(void)text_add_repaired(&clean, text_view(&w->message));
	s = text_view(&clean);
	for (i = 0; i < s.n && n < WORDS_MAX; i++) {
		if (key.n && s.n - i >= key.n && memcmp(s.p + i, key.p, key.n) == 0) {
			out[n++] = '*';
			i += key.n - 1;
			continue;
		}
		out[n++] = (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f ? ' ' : s.p[i];
	}
	n = text_whole(exs_bytes(out, n));
	memcpy(out + n, i < s.n ? "..." : "", i < s.n ? 4 : 1);
	if (n == 0)
		snprintf(out, WORDS_MAX + 4, "it gives no reason");
	text_release(&clean);
}

/* ---- from a status to what it means ---- */

/* What an error object within a stream means, as the HTTP status that it would have had. */
static long code_of(const struct words *w, long code)
{
	static const struct {
		const char *word;
		long code;
	} known[] = {
		{ "invalid_request_error", 400 },
		{ "authentication_error", 401 },
		{ "billing_error", 402 },
		{ "permission_error", 403 },
		{ "not_found_error", 404 },
		{ "request_too_large", 413 },
		{ "rate_limit_exceeded", 429 },
		{ "rate_limit_error", 429 },
		{ "insufficient_quota", 429 },
		{ "overloaded_error", 529 },
		{ "context_length_exceeded", 400 },
		{ "invalid_prompt", 400 },
		{ "model_not_found", 404 },
		{ "server_is_overloaded", 503 },
		{ "slow_down", 503 },
	};
	size_t i;

	if (code)
		return code;
	if (w->number >= 400 && w->number < 600)
		return (long)w->number;
	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		if (says(w, known[i].word))
			return known[i].code;
	return 500;
}

static void refused(const struct peer *peer, long code, const struct words *w, const char *quoted,
		    struct failure *out)
{
	switch (code) {
	case 401:
	case 403:
		errors_set(peer, out, EXS_DENIED, EXS_CLASS_PERMANENT,
			   "refused the key (HTTP %ld): check 'key' in the conf: %s", code, quoted);
		return;
	case 402:
		errors_set(peer, out, EXS_DENIED, EXS_CLASS_LIMIT,
			   "wants to be paid (HTTP 402): check the account: %s", quoted);
		return;
	case 404:
		errors_set(peer, out, EXS_NOTFOUND, EXS_CLASS_NO_MODEL,
			   "is not there (HTTP 404): check the model's name and 'base_url': %s",
			   quoted);
		return;
	case 413:
		errors_set(peer, out, EXS_TOOBIG, EXS_CLASS_PERMANENT,
			   "finds the request too big (HTTP 413): %s", quoted);
		return;
	default:
		break;
	}
	if (says(w, "model_not_found"))
		errors_set(peer, out, EXS_NOTFOUND, EXS_CLASS_NO_MODEL,
			   "is not there (HTTP %ld): check the model's name: %s", code, quoted);
	else if (over_window(w))
		errors_set(peer, out, EXS_TOOBIG, EXS_CLASS_PERMANENT,
			   "has a smaller window than this run needs: set 'context_tokens': %s",
			   quoted);
	else if (code >= 300 && code < 400)
		errors_set(
			peer, out, EXS_INVALID, EXS_CLASS_PERMANENT,
			"sends us elsewhere (HTTP %ld), which is not followed: set 'base_url' to "
			"the final address",
			code);
	else
		errors_set(peer, out, EXS_INVALID, EXS_CLASS_PERMANENT,
			   "refused the request (HTTP %ld): %s", code, quoted);
}

void errors_http(const struct peer *peer, long code, exs_str body, const struct hints *hints,
		 struct failure *out)
{
	char quoted[WORDS_MAX + 4];
	struct words w;

	words_read(&w, body);
	quote(quoted, &w, peer->key);
	code = code_of(&w, code);
	if (code == 400 && has_words(&w, "credit balance is too low"))
		code = 402;
	if (code == 429 && says(&w, "insufficient_quota")) {
		errors_set(peer, out, EXS_DENIED, EXS_CLASS_LIMIT,
			   "has no quota left for this key (HTTP 429): check the account: %s",
			   quoted);
	} else if (code == 429) {
		errors_set(peer, out, EXS_AGAIN, EXS_CLASS_LIMIT,
			   "is at its rate limit (HTTP 429): ask less often or later: %s", quoted);
		out->again = true;
	} else if (code == 408 || code == 409 || code >= 500) {
		errors_set(peer, out, EXS_IO, EXS_CLASS_TRANSIENT,
			   "failed on its side (HTTP %ld): look at the server if this goes on: %s",
			   code, quoted);
	} else {
		refused(peer, code, &w, quoted, out);
	}
	if (hints && hints->should_retry >= 0)
		out->again = hints->should_retry == 1;
	if (hints && hints->after_ms >= 0)
		out->err.retry_after_ms = hints->after_ms;
	words_release(&w);
}

void errors_curl(const struct peer *peer, int curl_code, const char *words, int sys,
		 struct failure *out)
{
	switch (curl_code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		errors_set(peer, out, EXS_IO, EXS_CLASS_TRANSIENT,
			   "cannot be found by name: check 'base_url' and the network");
		break;
	case CURLE_COULDNT_CONNECT:
		errors_set(peer, out, EXS_IO, EXS_CLASS_TRANSIENT,
			   "does not take connections (%s): start the server or check 'base_url'",
			   sys ? strerrordesc_np(sys) : "no answer");
		break;
	case CURLE_OPERATION_TIMEDOUT:
		errors_set(peer, out, EXS_IO, EXS_CLASS_TRANSIENT,
			   "could not be connected in time: check the network or raise "
			   "'connect_timeout'");
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		errors_set(peer, out, EXS_IO, EXS_CLASS_PERMANENT,
			   "shows a certificate that cannot be trusted (%.90s): set 'ca_file'",
			   words);
		break;
	case CURLE_SSL_CERTPROBLEM:
		errors_set(peer, out, EXS_IO, EXS_CLASS_PERMANENT,
			   "cannot be shown this side's certificate (%.90s): look at 'client_cert' and "
			   "'client_key'",
			   words);
		break;
	default:
		errors_set(peer, out, EXS_IO, EXS_CLASS_TRANSIENT,
			   "broke off (%.100s): the network or the server failed", words);
		break;
	}
	out->err.sys = sys;
}
