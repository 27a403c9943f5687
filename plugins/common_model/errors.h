/* SPDX-License-Identifier: MIT */
/*
 * errors.h - what a refusal of the server means: status, class, whether to ask again, and one
 * sentence.
 *
 * A sentence names the server, the model and what to do, and quotes the server's own words with the
 * key taken out of them.
 */
#ifndef COMMON_MODEL_ERRORS_H
#define COMMON_MODEL_ERRORS_H

#include "../common_json/scan.h"

/* Whom we talk to. */
struct peer {
	const char *server; /* host and port */
	const char *model;
	exs_str key; /* never to be seen; may be empty */
};

/* What the headers of an answer ask for. */
struct hints {
	int should_retry; /* 1, 0; -1: not said */
	int64_t after_ms; /* -1: not said */
};

struct failure {
	exs_err err;
	bool again; /* the same request may work */
};

/* One header line, without its end. now_s: seconds since 1970, for dates. */
void hints_read(struct hints *h, exs_str line, int64_t now_s);

/* A status that is not 2xx, or an error object in a stream (code 0: what the object says). */
void errors_http(const struct peer *peer, long code, exs_str body, const struct hints *hints,
		 struct failure *out);
/* A failure of curl's; sys may be 0. */
void errors_curl(const struct peer *peer, int curl_code, const char *words, int sys,
		 struct failure *out);
/* Fills the record; the sentence begins with the peer: "model 'M' at SERVER ...". */
void errors_set(const struct peer *peer, struct failure *out, exs_status status, int32_t klass,
		const char *fmt, ...) EXS_PRINTF(5, 6);

#endif
