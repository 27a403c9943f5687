/* SPDX-License-Identifier: MIT */
/* chat.h - reads the lines of an answer of Ollama's chat API. The end marker is "done":true. */
#ifndef MODEL_OLLAMA_CHAT_H
#define MODEL_OLLAMA_CHAT_H

#include "../common_model/answer.h"

/* As dialect.h says: one line, be it a part of an answer or all of it. */
exs_status chat_line(struct answer *a, exs_str line);

#endif
