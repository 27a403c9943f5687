/* SPDX-License-Identifier: MIT */
/*
 * segments.h - the transcript's part of a request. A segment never changes, so each is encoded once
 * for its dialect and kept; the next turn costs its new segments and one copy. Any thread.
 */
#ifndef COMMON_MODEL_SEGMENTS_H
#define COMMON_MODEL_SEGMENTS_H

#include <executus/port/model.h>
#include "cache.h"

/*
 * Appends one neutral message to what the segments before it became; it may change the end of that
 * where a dialect wants two merged. False: the message is not in the neutral form.
 */
typedef bool segment_fn(exs_str message, struct text *encoded);

/*
 * The entry with all segments of the turn encoded: copy from entry->text, then cache_give it. NULL
 * and err: INVALID, TOOBIG, NOMEM.
 */
struct cache_entry *segments_encode(struct cache *cache, const exs_turn *turn, segment_fn *encode,
				    exs_err *err);

/*
 * The same for a second way to write a transcript, as for a server that refused a part of the first:
 * kept beside that, and not taken for it.
 */
struct cache_entry *segments_encode_plain(struct cache *cache, const exs_turn *turn,
					  segment_fn *encode, exs_err *err);

#endif
