/* SPDX-License-Identifier: MIT */
/* segments.c - see segments.h. */
#include "segments.h"

struct cache_entry *segments_encode(struct cache *cache, const exs_turn *turn, segment_fn *encode,
				    exs_err *err)
{
	struct cache_entry *e = cache_take(cache, turn->transcript_id, turn->message_count);

	if (!e) {
		(void)exs_fail(err, EXS_NOMEM, 0, "no memory for the request");
		return NULL;
	}
	for (; e->count < turn->message_count; e->count++) {
		if (!encode(turn->messages[e->count], &e->text)) {
			(void)exs_fail(err, EXS_INVALID, 0,
				       "message %llu of the transcript is not in the neutral form",
				       (unsigned long long)e->count + 1);
			break;
		}
		if (e->text.status) {
			(void)exs_fail(err, e->text.status, 0, "the transcript is over %u bytes",
				       CACHE_ENTRY_MAX);
			break;
		}
	}
	if (e->count == turn->message_count)
		return e;
	cache_drop(e);
	return NULL;
}

struct cache_entry *segments_encode_plain(struct cache *cache, const exs_turn *turn,
					  segment_fn *encode, exs_err *err)
{
	exs_turn plain = *turn;

	plain.transcript_id = ~turn->transcript_id; /* another id in the cache */
	return segments_encode(cache, &plain, encode, err);
}
