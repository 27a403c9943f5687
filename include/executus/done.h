/* SPDX-License-Identifier: MIT */
/*
 * done.h - how a call that may take long gives its answer.
 *
 * A done record is a value (slot and generation): copy it freely. It is ended exactly once, before the
 * function returns (simple, blocking) or later from any thread (asynchronous). All arguments of the call
 * live until it was ended *and* the function returned. A second or stale end is logged and ignored.
 * A call that does not end within the clean-up time after its token fired is abandoned: its outcome is
 * recorded without it, and what it says later goes nowhere.
 */
#ifndef EXECUTUS_DONE_H
#define EXECUTUS_DONE_H

#include <executus/bytes.h>

EXS_BEGIN

/*
 * What a model turn used. Counts are normalised: in_tokens is everything the model read, cached parts
 * included (cache_read and cache_write are portions of it); reasoning is a portion of out_tokens.
 */
typedef struct exs_usage {
	uint32_t size;
	uint32_t estimated; /* 1: guessed by the battery or the host, not reported by the server */
	int64_t in_tokens;
	int64_t cache_read_tokens;
	int64_t cache_write_tokens;
	int64_t out_tokens;
	int64_t reasoning_tokens;
	int64_t cost_micro; /* millionths of a US dollar; 0: not known */
} exs_usage;

typedef struct exs_done_ops exs_done_ops;
typedef struct exs_done {
	uint64_t id;
	const exs_done_ops *ops;
} exs_done;

struct exs_done_ops {
	uint32_t size;
	uint32_t reserved;
	/*
	 * Appends to the answer, one caller at a time. TOOBIG past the host's cap for this kind of call
	 * (nothing of this call was taken), LOST after the end or after the call was abandoned. [any-thread]
	 */
	exs_status (*put)(exs_done done, const char *p, size_t n);
	/* A piece of live output, or empty: it keeps idle clocks fresh and is never recorded. [any-thread] */
	void (*progress)(exs_done done, exs_str delta);
	/*
	 * Ends the call. `usage` (model turns) and `err` (status other than OK) may be NULL and are copied.
	 * Takes leaf locks only, never calls a battery. [any-thread]
	 */
	void (*end)(exs_done done, exs_status status, const exs_usage *usage, const exs_err *err);
};

EXS_END

#endif
