/* SPDX-License-Identifier: MIT */
/* settings.h - the options of an instance, checked and made ready for requests. Read-only after
 * open. */
#ifndef MODEL_OPENAI_SETTINGS_H
#define MODEL_OPENAI_SETTINGS_H

#include <curl/curl.h>
#include <executus/helper.h>
#include "request.h"

#define HEADERS_MAX 32u /* headers in the conf */

extern const exs_option settings_options[];

struct settings {
	char *url;				       /* of chat/completions */
	char *server;				       /* host and port, for sentences */
	struct curl_slist *headers;		       /* without the key */
	struct curl_slist authorization, *all_headers; /* what a request is sent with */
	exs_str key;				       /* in the conf; empty when there is none */
	char *extra;				       /* members for each body */
	char *proxy, *ca_file;			       /* "" when not given */
	struct request_form form;
	bool stream, https;
	int64_t connect_ms, first_byte_ms, idle_ms, total_ms;
	int64_t retries, retry_ceiling_ms, context_tokens, max_connections;
};

exs_status settings_read(struct settings *s, const exs_conf *conf, exs_err *err);
void settings_release(struct settings *s);

/*
 * Members out of the conf's tree, as ",\"name\":value" each: its scalars are all strings, and one
 * that reads as a JSON number, true, false or null becomes that. INVALID: not an object, or a
 * member that is ours to set.
 */
exs_status settings_extra(exs_str tree, struct text *out, exs_err *err);

#endif
