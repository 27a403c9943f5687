/* SPDX-License-Identifier: MIT */
/* settings.c - see settings.h. */
#include "settings.h"

#include <strings.h>
#include <sys/mman.h>

#include "extra.h"

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

static exs_status read_address(struct settings *s, const char *path, const exs_conf *conf,
			       exs_err *err)
{
	size_t path_n = strlen(path);
	exs_str base = conf->text(conf, "base_url"), at = conf->where(conf, "base_url");
	struct address a;
	char *url;

	while (base.n && base.p[base.n - 1] == '/')
		base.n--;
	if (base.n > path_n && memcmp(base.p + base.n - path_n, path, path_n) == 0)
		base.n -= path_n;
	url = malloc(base.n + path_n + 1);
	if (!url)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the settings");
	memcpy(url, base.p, base.n);
	memcpy(url + base.n, path, path_n + 1);
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

exs_status settings_header(struct settings *s, const char *line, exs_err *err)
{
	struct curl_slist *longer = curl_slist_append(s->headers, line);

	if (!longer)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the settings");
	s->headers = longer;
	return EXS_OK;
}

/* RFC 9110: what a header's name may have. */
static size_t name_length(exs_str v)
{
	size_t n = 0;

	while (n < v.n && v.p[n] && strchr("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
					   "ABCDEFGHIJKLMNOPQRSTUVWXYZ", v.p[n]))
		n++;
	return n;
}

/* What stands before the key: "Authorization: Bearer ", "x-api-key: ". */
static exs_status key_head(const struct dialect *dialect, const exs_conf *conf, char out[KEY_HEAD_MAX],
			   exs_err *err)
{
	exs_str v = conf->text(conf, "key_header");
	size_t name = name_length(v);
	int n;

	if (v.n == 0)
		n = snprintf(out, KEY_HEAD_MAX, "%s", dialect->key_head);
	else
		n = snprintf(out, KEY_HEAD_MAX, "%.*s%s ", (int)v.n, v.p, name == v.n ? ":" : "");
	if ((v.n == 0 || (printable(v) && name && (name == v.n || v.p[name] == ':'))) && n < (int)KEY_HEAD_MAX)
		return EXS_OK;
	return exs_fail(err, EXS_INVALID, 0,
			"%s: key_header is neither a header's name nor \"Name: word\" such as "
			"\"Authorization: Bearer\"",
			conf->where(conf, "key_header").p);
}

/* The line with the key lives in a page that no core dump shows; the key itself stays in the conf.
 */
static exs_status add_key(struct settings *s, const struct dialect *dialect, const exs_conf *conf,
			  exs_err *err)
{
	exs_str key = conf->text(conf, "key");
	char head[KEY_HEAD_MAX], *page;
	size_t head_n;

	if (key_head(dialect, conf, head, err))
		return err->status;
	head_n = strlen(head);
	while (key.n && strchr(" \t\r\n", key.p[key.n - 1]))
		key.n--;
	if (!printable(key) || key.n > HEADER_MAX - 1 - head_n)
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
	memcpy(page, head, head_n);
	memcpy(page + head_n, key.p, key.n);
	s->authorization.data = page;
	s->authorization.next = s->headers;
	s->all_headers = &s->authorization;
	return EXS_OK;
}

static exs_status read_headers(struct settings *s, const exs_conf *conf, exs_err *err)
{
	int64_t n = conf->count(conf, "headers"), i;
	const char *at = conf->where(conf, "headers").p;

	if (settings_header(s, "Content-Type: application/json", err) ||
	    settings_header(s, s->stream ? "Accept: text/event-stream" : "Accept: application/json",
			    err) ||
	    settings_header(s, "Expect:", err))
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
		if (settings_header(s, copy, err))
			return err->status;
	}
	return EXS_OK;
}

static exs_status read_extra(struct settings *s, const char *const *ours, const exs_conf *conf,
			     exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	struct text extra;
	exs_status status;

	text_init(&extra, EXTRA_MAX);
	if (extra_write("body", conf->json(conf, "body"), ours, &extra, &why))
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
	return EXS_OK;
}

exs_status settings_read(struct settings *s, const struct dialect *dialect, const exs_conf *conf,
			 exs_err *err)
{
	memset(s, 0, sizeof *s);
	if (read_numbers(s, conf, err) || read_address(s, dialect->path, conf, err) ||
	    read_headers(s, conf, err) || read_extra(s, dialect->ours, conf, err) ||
	    keep(conf->text(conf, "proxy"), &s->proxy, err) ||
	    keep(conf->text(conf, "ca_file"), &s->ca_file, err) ||
	    keep(conf->text(conf, "client_cert"), &s->client_cert, err) ||
	    keep(conf->text(conf, "client_key"), &s->client_key, err) ||
	    (dialect->configure && dialect->configure(s, conf, err)) ||
	    add_key(s, dialect, conf, err)) { /* last: it stands before the others */
		settings_release(s);
		return err->status;
	}
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
	free(s->client_cert);
	free(s->client_key);
	free(s->own);
	memset(s, 0, sizeof *s);
}
