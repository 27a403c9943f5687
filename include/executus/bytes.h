/* SPDX-License-Identifier: MIT */
/*
 * bytes.h - how text and bytes cross the border.
 *
 * exs_str is a borrowed view: valid for the call, not NUL-terminated unless a comment says so, UTF-8
 * unless a comment says so. NULL with n = 0 is the empty text. Memory never changes owner: output of
 * unknown length is written to a sink that the caller gives, which copies what it is handed.
 */
#ifndef EXECUTUS_BYTES_H
#define EXECUTUS_BYTES_H

#include <executus/status.h>

EXS_BEGIN

typedef struct exs_str {
	const char *p;
	size_t n;
} exs_str;

typedef struct exs_sink exs_sink;
struct exs_sink {
	uint32_t size;
	/*
	 * Copies n bytes behind what came before. OK; TOOBIG past the sink's cap, NOMEM: then nothing of
	 * this call was taken. The callee stops at the first failure and returns that status.
	 * [any-thread] of the call that got the sink
	 */
	exs_status (*put)(exs_sink *sink, const char *p, size_t n);
};

EXS_END

#endif
