/* SPDX-License-Identifier: MIT */
/*
 * messages.h - reads the events of a message, or the whole message of a server that does not
 * stream. The end marker is message_stop alone: a stop reason comes before the usage is known.
 */
#ifndef MODEL_ANTHROPIC_MESSAGES_H
#define MODEL_ANTHROPIC_MESSAGES_H

#include "blocks.h"

struct messages {
	struct blocks blocks;
	bool done; /* message_stop */
	/* The largest counts so far: they only grow. Input is counted without what was cached. */
	int64_t in, cache_read, cache_write, out, thinking;
};

void messages_release(void *own);

/* As dialect.h says; the answer's own is a struct messages. */
exs_status messages_event(struct answer *a, exs_str data);
exs_status messages_whole(struct answer *a, exs_str body);

#endif
