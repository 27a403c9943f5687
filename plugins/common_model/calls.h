/* SPDX-License-Identifier: MIT */
/*
 * calls.h - puts tool calls together from the pieces that servers send.
 *
 * A piece belongs to the call with its id; without an id to the last call with its index; without
 * an index to the last call. It opens a new call when its id is new, or when it has a name and the
 * call that it would belong to has whole arguments, another name, or came in the same chunk without
 * index and id.
 */
#ifndef COMMON_MODEL_CALLS_H
#define COMMON_MODEL_CALLS_H

#include "../common_json/scan.h"

#define CALLS_MAX     64u	 /* calls in one answer */
#define CALL_ARGS_MAX (1u << 20) /* bytes of the arguments of one call */
#define CALL_NAME_MAX 1024u	 /* bytes of an id or a name */

struct call {
	struct text id, name, args;
	int64_t index;	/* -1: the server sent none */
	uint64_t chunk; /* that touched it last */
};

struct calls {
	struct call *items; /* NULL before the first */
	size_t n, cap;
	uint64_t chunk;
};

/* One piece of a call, its arguments as a span of the chunk. */
struct piece {
	struct text id, name;
	exs_str args;  /* JSON: a string, whose text counts, or any other value; empty: none */
	int64_t index; /* -1: the server sent none */
};
void piece_init(struct piece *p);
void piece_release(struct piece *p);

void calls_init(struct calls *c);
void calls_release(struct calls *c);
/* TOOBIG over a bound, NOMEM. */
exs_status calls_add(struct calls *c, const struct piece *p);
/*
 * The "tool_calls" of one chunk, as chat completions and Ollama have them; no list is none. Whole:
 * each is a call of its own, and what has no function is passed over.
 */
exs_status calls_add_list(struct calls *c, exs_str list, bool whole);
/*
 * Takes calls away. REPEATED: some servers name a call once more behind its arguments, which is
 * known only when no arguments followed. CUT: an answer that ended at its length may end in half a
 * call.
 */
enum { CALLS_REPEATED = 1u, CALLS_CUT = 2u };
void calls_drop(struct calls *c, uint32_t which);
/*
 * Appends the neutral array, with an id of its own for each call. INVALID: arguments of call *bad
 * are not UTF-8, which cannot be handed on byte for byte.
 */
exs_status calls_write(const struct calls *c, int32_t step, struct text *out, size_t *bad);

#endif
