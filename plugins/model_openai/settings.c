/* SPDX-License-Identifier: MIT */
/* settings.c - see settings.h. */
#include "settings.h"

#include <strings.h>
#include <sys/mman.h>

#include "scan.h"

#define EXTRA_MAX  (1u << 20) /* bytes of `body` */
#define HEADER_MAX 8192u      /* bytes of one header */

const exs_option settings_options[] = {
	{ "base_url", EXS_OPT_TEXT, 0, "https://api.openai.com/v1",
	  "where the API is; chat/completions is added", NULL },
	{ "key", EXS_OPT_SECRET, 0, NULL, "the API key; a local server needs none", NULL },
	{ "headers", EXS_OPT_LIST, 0, NULL, "more headers, each \"Name: value\"", NULL },
	{ "body", EXS_OPT_TREE, 0, NULL, "more members of each request, such as temperature",
	  NULL },
	{ "max_tokens_field", EXS_OPT_CHOICE, 0, "max_completion_tokens",
	  "how the server names the cap of an answer", "max_completion_tokens|max_tokens" },
	{ "stream", EXS_OPT_BOOL, 0, "true", "ask for the answer piece by piece", NULL },
	{ "insecure", EXS_OPT_BOOL, 0, "false", "allow http to a host that is not this one", NULL },
	{ "connect_timeout", EXS_OPT_DURATION, EXS_POSITIVE, "10s", "to be connected", NULL },
	{ "first_byte_timeout", EXS_OPT_DURATION, EXS_POSITIVE, "60s",
	  "from the request to the answer's first byte; local servers load models slowly", NULL },
	{ "idle_timeout", EXS_OPT_DURATION, EXS_POSITIVE, "60s", "between two bytes of an answer",
	  NULL },
	{ "total_timeout", EXS_OPT_DURATION, EXS_POSITIVE, "10m", "for a turn with its retries",
	  NULL },
	{ "retries", EXS_OPT_INT, 0, "2", "how often a failed request is sent again", NULL },
	{ "retry_ceiling", EXS_OPT_DURATION, EXS_POSITIVE, "60s",
	  "the longest pause that a server may impose; longer ends the turn", NULL },
	{ "proxy", EXS_OPT_TEXT, 0, NULL, "address of a proxy; the environment's is not used",
	  NULL },
	{ "ca_file", EXS_OPT_PATH, 0, NULL, "certificates to trust instead of the system's", NULL },
	{ "context_tokens", EXS_OPT_INT, 0, "0", "the models' window; 0: not known", NULL },
	{ "max_connections", EXS_OPT_INT, 0, "0", "connections at once; 0: no limit", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL }
};

/* A copy that is never NULL, or NOMEM. */
static exs_status keep(exs_str v, char **out, exs_err *err)
{
	char *p = malloc(v.n + 1);

	if (!p)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the settings");
	if (v.n)
		memcpy(p, v.p, v.n);
	p[v.n] = '\0';
	*out = p;
	return EXS_OK;
}

static bool printable(exs_str v)
{
	size_t i;

	for (i = 0; i < v.n; i++)
		if ((unsigned char)v.p[i] < 0x20 || v.p[i] == 0x7f)
			return false;
	return true;
}

/* ---- the address ---- */

static bool loopback(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (strncmp(host, "127.", 4) == 0 && host[strspn(host, "0123456789.")] == '\0');
}

/* The parts of the address that count; freed by curl_free. */
struct address {
	char *scheme, *host, *port, *user, *query;
};

static void address_release(struct address *a)
{
	curl_free(a->scheme);
	curl_free(a->host);
	curl_free(a->port);
	curl_free(a->user);
	curl_free(a->query);
}

static bool address_read(struct address *a, const char *url)
{
	CURLU *u = curl_url();
	bool ok = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK;

	memset(a, 0, sizeof *a);
	if (ok) {
		(void)curl_url_get(u, CURLUPART_SCHEME, &a->scheme, 0);
		(void)curl_url_get(u, CURLUPART_HOST, &a->host, 0);
		(void)curl_url_get(u, CURLUPART_PORT, &a->port, CURLU_DEFAULT_PORT);
		(void)curl_url_get(u, CURLUPART_USER, &a->user, 0);
		(void)curl_url_get(u, CURLUPART_QUERY, &a->query, 0);
	}
	curl_url_cleanup(u);
	return ok && a->scheme && a->host && a->port;
}

static exs_status judge_address(const struct address *a, const exs_conf *conf, exs_err *err)
{
	exs_str at = conf->where(conf, "base_url");

	if (strcmp(a->scheme, "https") != 0 && strcmp(a->scheme, "http") != 0)
		return exs_fail(err, EXS_INVALID, 0,
				"%s: base_url must begin with https:// or http://", at.p);
	if (a->user)
		return exs_fail(err, EXS_INVALID, 0,
				"%s: base_url holds a user name: give 'key' instead", at.p);
	if (a->query)
		return exs_fail(err, EXS_INVALID, 0, "%s: base_url must end before the '?'", at.p);
	if (strcmp(a->scheme, "http") == 0 && !loopback(a->host) && !conf->number(conf, "insecure"))
		return exs_fail(err, EXS_INVALID, 0,
				"%s: base_url sends key and text in the clear: use https, or set "
				"'insecure: true'",
				at.p);
	return EXS_OK;
}

static exs_status read_address(struct settings *s, const exs_conf *conf, exs_err *err)
{
	static const char path[] = "/chat/completions";
	exs_str base = conf->text(conf, "base_url"), at = conf->where(conf, "base_url");
	struct address a;
	char *url;

	while (base.n && base.p[base.n - 1] == '/')
		base.n--;
	if (base.n > sizeof path && memcmp(base.p + base.n - strlen(path), path, strlen(path)) == 0)
		base.n -= strlen(path);
	url = malloc(base.n + sizeof path);
	if (!url)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the settings");
	memcpy(url, base.p, base.n);
	memcpy(url + base.n, path, sizeof path);
	s->url = url;
	if (!printable(base) || !address_read(&a, url))
		return exs_fail(err, EXS_INVALID, 0,
				"%s: base_url '%.100s' is not an address such as "
				"https://api.openai.com/v1",
				at.p, base.p);
	if (judge_address(&a, conf, err) == EXS_OK) {
		size_t n = strlen(a.host) + strlen(a.port) + 2;

		s->https = strcmp(a.scheme, "https") == 0;
		s->server = malloc(n);
		if (s->server)
			snprintf(s->server, n, "%s:%s", a.host, a.port);
		else
			(void)exs_fail(err, EXS_NOMEM, 0, "no memory for the settings");
	}
	address_release(&a);
	return s->server ? EXS_OK : err->status;
}

/* ---- headers ---- */

static exs_status add_header(struct settings *s, const char *line, exs_err *err)
{
	struct curl_slist *longer = curl_slist_append(s->headers, line);

	if (!longer)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the settings");
	s->headers = longer;
	return EXS_OK;
}

/* The line with the key lives in a page that no core dump shows; the key itself stays in the conf.
 */
static exs_status add_key(struct settings *s, const exs_conf *conf, exs_err *err)
{
	static const char head[] = "Authorization: Bearer ";
	exs_str key = conf->text(conf, "key");
	char *page;

	while (key.n && strchr(" \t\r\n", key.p[key.n - 1]))
		key.n--;
	if (!printable(key) || key.n > HEADER_MAX - sizeof head)
		return exs_fail(
			err, EXS_INVALID, 0,
			"%s: the key holds control characters or is too long: give the key alone",
			conf->where(conf, "key").p);
	s->key = key;
	s->all_headers = s->headers;
	if (key.n == 0)
		return EXS_OK;
	page = mmap(NULL, HEADER_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the settings");
	(void)madvise(page, HEADER_MAX, MADV_DONTDUMP); /* an old kernel may not know it */
	memcpy(page, head, sizeof head - 1);
	memcpy(page + sizeof head - 1, key.p, key.n);
	s->authorization.data = page;
	s->authorization.next = s->headers;
	s->all_headers = &s->authorization;
	return EXS_OK;
}

static exs_status read_headers(struct settings *s, const exs_conf *conf, exs_err *err)
{
	int64_t n = conf->count(conf, "headers"), i;
	const char *at = conf->where(conf, "headers").p;

	if (add_header(s, "Content-Type: application/json", err) ||
	    add_header(s, s->stream ? "Accept: text/event-stream" : "Accept: application/json",
		       err) ||
	    add_header(s, "Expect:", err))
		return err->status;
	if (n > (int64_t)HEADERS_MAX)
		return exs_fail(err, EXS_INVALID, 0, "%s: more than %u headers", at, HEADERS_MAX);
	for (i = 0; i < n; i++) {
		exs_str line = conf->item(conf, "headers", i);
		char copy[HEADER_MAX];

		if (!printable(line) || line.n >= sizeof copy || line.n < 2 ||
		    !memchr(line.p + 1, ':', line.n - 1))
			return exs_fail(err, EXS_INVALID, 0,
					"%s: header %lld is not of the form \"Name: value\"", at,
					(long long)i + 1);
		memcpy(copy, line.p, line.n);
		copy[line.n] = '\0';
		if (add_header(s, copy, err))
			return err->status;
	}
	return add_key(s, conf, err); /* last: it stands before the others */
}

/* ---- extra members ---- */

/* The text between the quotes, when it reads as a JSON number, true, false or null. */
static bool is_literal(exs_str inner)
{
	char c = inner.n ? inner.p[0] : 0;

	return (c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' || c == 'n') &&
	       scan_is_value(inner) && !strchr(" \t\r\n", inner.p[inner.n - 1]);
}

/* Copies a value; its strings that are values, not names, and read as literals lose their quotes.
 */
static void add_value(struct text *out, exs_str value)
{
	const char *p = value.p, *end = value.p + value.n;

	while (p < end) {
		const char *stop = *p == '"' ? scan_skip(p, end) : p + 1;
		const char *next = stop;
		exs_str inner;

		while (next < end && strchr(" \t\r\n", *next))
			next++;
		inner = exs_bytes(p + 1, *p == '"' ? (size_t)(stop - p) - 2 : 0);
		if (*p == '"' && (next == end || *next != ':') && is_literal(inner))
			text_add(out, inner.p, inner.n);
		else
			text_add(out, p, (size_t)(stop - p));
		p = stop;
	}
}

exs_status settings_extra(exs_str tree, struct text *out, exs_err *err)
{
	static const char *const ours[] = { "model",
					    "messages",
					    "tools",
					    "stream",
					    "n",
					    "max_tokens",
					    "max_completion_tokens",
					    "stream_options" };
	struct scan_iter it;
	exs_str key, value;
	size_t i;

	if (scan_kind(tree) == 'n')
		return EXS_OK;
	if (scan_kind(tree) != '{' || !scan_is_value(tree))
		return exs_fail(err, EXS_INVALID, 0, "body must be a map of members and values");
	scan_begin(&it, tree);
	while (scan_next(&it, &key, &value)) {
		for (i = 0; i < sizeof ours / sizeof ours[0]; i++)
			if (scan_is(key, ours[i]))
				return exs_fail(
					err, EXS_INVALID, 0,
					"body must not hold '%s': this battery sets it itself",
					ours[i]);
		text_adds(out, ",");
		text_add(out, key.p, key.n);
		text_adds(out, ":");
		add_value(out, value);
	}
	return out->status ? exs_fail(err, out->status, 0, "body is over %u bytes", EXTRA_MAX)
			   : EXS_OK;
}

static exs_status read_extra(struct settings *s, const exs_conf *conf, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	struct text extra;
	exs_status status;

	text_init(&extra, EXTRA_MAX);
	if (settings_extra(conf->json(conf, "body"), &extra, &why))
		status = exs_fail(err, why.status, 0, "%s: %.150s", conf->where(conf, "body").p,
				  why.text);
	else
		status = keep(text_view(&extra), &s->extra, err);
	text_release(&extra);
	return status;
}

static exs_status read_numbers(struct settings *s, const exs_conf *conf, exs_err *err)
{
	static const char *const counts[] = { "retries", "context_tokens", "max_connections" };
	size_t i;

	for (i = 0; i < sizeof counts / sizeof counts[0]; i++)
		if (conf->number(conf, counts[i]) < 0 || conf->number(conf, counts[i]) > INT32_MAX)
			return exs_fail(err, EXS_INVALID, 0, "%s: %s must be from 0 to 2147483647",
					conf->where(conf, counts[i]).p, counts[i]);
	s->stream = conf->number(conf, "stream");
	s->connect_ms = conf->number(conf, "connect_timeout");
	s->first_byte_ms = conf->number(conf, "first_byte_timeout");
	s->idle_ms = conf->number(conf, "idle_timeout");
	s->total_ms = conf->number(conf, "total_timeout");
	s->retries = conf->number(conf, "retries");
	s->retry_ceiling_ms = conf->number(conf, "retry_ceiling");
	s->context_tokens = conf->number(conf, "context_tokens");
	s->max_connections = conf->number(conf, "max_connections");
	s->form.max_field = strcmp(conf->text(conf, "max_tokens_field").p, "max_tokens") == 0
				    ? "max_tokens"
				    : "max_completion_tokens";
	return EXS_OK;
}

exs_status settings_read(struct settings *s, const exs_conf *conf, exs_err *err)
{
	memset(s, 0, sizeof *s);
	if (read_numbers(s, conf, err) || read_address(s, conf, err) ||
	    read_headers(s, conf, err) || read_extra(s, conf, err) ||
	    keep(conf->text(conf, "proxy"), &s->proxy, err) ||
	    keep(conf->text(conf, "ca_file"), &s->ca_file, err)) {
		settings_release(s);
		return err->status;
	}
	s->form.extra = s->extra;
	return EXS_OK;
}

void settings_release(struct settings *s)
{
	if (s->authorization.data) {
		explicit_bzero(s->authorization.data, HEADER_MAX);
		munmap(s->authorization.data, HEADER_MAX);
	}
	curl_slist_free_all(s->headers);
	free(s->url);
	free(s->server);
	free(s->extra);
	free(s->proxy);
	free(s->ca_file);
	memset(s, 0, sizeof *s);
}
