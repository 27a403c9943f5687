/* SPDX-License-Identifier: MIT */
/*
 * chat.h - reads the chunks of a chat completion, or the whole answer of a server that does not
 * stream. The end marker is a finish reason or [DONE].
 */
#ifndef MODEL_OPENAI_CHAT_H
#define MODEL_OPENAI_CHAT_H

#include "../common_model/answer.h"

struct chat {
	bool done; /* [DONE] */
};

/* As dialect.h says; the answer's own is a struct chat. */
exs_status chat_event(struct answer *a, exs_str data);
exs_status chat_whole(struct answer *a, exs_str body);

#endif
