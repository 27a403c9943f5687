/* SPDX-License-Identifier: MIT */
/* settings.h - the options of an instance, checked and made ready for requests. Read-only after
 * open. */
#ifndef COMMON_MODEL_SETTINGS_H
#define COMMON_MODEL_SETTINGS_H

#include <curl/curl.h>
#include "dialect.h"

#define HEADERS_MAX 32u	  /* headers in the conf */
#define HEADER_MAX  8192u /* bytes of one header */
#define KEY_HEAD_MAX 256u /* of what stands before the key */

/* The options that every battery has, beside its own. */
#define MODEL_OPTION_BASE_URL(address, path)                                                       \
	{                                                                                          \
		"base_url", EXS_OPT_TEXT, 0, address, "where the API is; " path " is added", NULL  \
	}
#define MODEL_OPTIONS                                                                                  \
	{ "key", EXS_OPT_SECRET, 0, NULL, "the API key; a local server needs none", NULL },            \
		{ "key_header",                                                                        \
		  EXS_OPT_TEXT,                                                                        \
		  0,                                                                                   \
		  NULL,                                                                                \
		  "what stands before the key where that is not as usual, such as \"api-key\" or "      \
		  "\"Authorization: Bearer\"",                                                         \
		  NULL },                                                                              \
		{ "headers", EXS_OPT_LIST, 0, NULL, "more headers, each \"Name: value\"", NULL },      \
		{ "body",                                                                              \
		  EXS_OPT_TREE,                                                                        \
		  0,                                                                                   \
		  NULL,                                                                                \
		  "more members of each request, such as temperature",                                 \
		  NULL },                                                                              \
		{ "stream", EXS_OPT_BOOL, 0, "true", "ask for the answer piece by piece", NULL },      \
		{ "insecure", EXS_OPT_BOOL, 0, "false", "allow http to a host that is not this one",   \
		  NULL },                                                                              \
		{ "connect_timeout", EXS_OPT_DURATION, EXS_POSITIVE, "10s", "to be connected", NULL }, \
		{ "first_byte_timeout",                                                                \
		  EXS_OPT_DURATION,                                                                    \
		  EXS_POSITIVE,                                                                        \
		  "60s",                                                                               \
		  "from the request to the answer's first byte; local servers load models slowly",     \
		  NULL },                                                                              \
		{ "idle_timeout",                                                                      \
		  EXS_OPT_DURATION,                                                                    \
		  EXS_POSITIVE,                                                                        \
		  "60s",                                                                               \
		  "between two bytes of an answer",                                                    \
		  NULL },                                                                              \
		{ "total_timeout",                                                                     \
		  EXS_OPT_DURATION,                                                                    \
		  EXS_POSITIVE,                                                                        \
		  "10m",                                                                               \
		  "for a turn with its retries",                                                       \
		  NULL },                                                                              \
		{ "retries", EXS_OPT_INT, 0, "2", "how often a failed request is sent again", NULL },  \
		{ "retry_ceiling",                                                                     \
		  EXS_OPT_DURATION,                                                                    \
		  EXS_POSITIVE,                                                                        \
		  "2s",                                                                                \
		  "the longest pause that is kept within a turn; a longer one is kept by all runs",    \
		  NULL },                                                                              \
		{ "proxy",                                                                             \
		  EXS_OPT_TEXT,                                                                        \
		  0,                                                                                   \
		  NULL,                                                                                \
		  "address of a proxy; the environment's is not used",                                 \
		  NULL },                                                                              \
		{ "ca_file", EXS_OPT_PATH, 0, NULL, "certificates to trust instead of the system's",   \
		  NULL },                                                                              \
		{ "client_cert",                                                                       \
		  EXS_OPT_PATH,                                                                        \
		  0,                                                                                   \
		  NULL,                                                                                \
		  "certificate that this side shows, a PEM file",                                      \
		  NULL },                                                                              \
		{ "client_key",                                                                        \
		  EXS_OPT_PATH,                                                                        \
		  0,                                                                                   \
		  NULL,                                                                                \
		  "its key, a PEM file; without it the key is in client_cert",                         \
		  NULL },                                                                              \
		{ "context_tokens", EXS_OPT_INT, 0, "0", "the models' window; 0: not known", NULL },   \
	{                                                                                              \
		"max_connections", EXS_OPT_INT, 0, "0", "connections at once; 0: no limit", NULL       \
	}

struct settings {
	char *url;				       /* base_url with the dialect's path */
	char *server;				       /* host and port, for sentences */
	struct curl_slist *headers;		       /* without the key */
	struct curl_slist authorization, *all_headers; /* what a request is sent with */
	exs_str key;				       /* in the conf; empty when there is none */
	char *extra;				       /* members for each body */
	char *proxy, *ca_file, *client_cert, *client_key; /* "" when not given */
	void *own;					  /* the dialect's, freed by free() */
	bool stream, https;
	int64_t connect_ms, first_byte_ms, idle_ms, total_ms;
	int64_t retries, retry_ceiling_ms, context_tokens, max_connections;
};

exs_status settings_read(struct settings *s, const struct dialect *dialect, const exs_conf *conf,
			 exs_err *err);
void settings_release(struct settings *s); /* also of one that was not read whole */

/* Appends "Name: value" to the headers; for configure() of a dialect. NOMEM. */
exs_status settings_header(struct settings *s, const char *line, exs_err *err);

#endif
