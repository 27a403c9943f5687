/* SPDX-License-Identifier: MIT */
/*
 * events.h - reads the events of a response, or the whole response of a server that does not
 * stream. The end marker is response.completed, response.incomplete or response.failed.
 *
 * Until then the answer holds what the deltas gave, so that it can be shown. The end replaces it by
 * one source alone: the output of the terminal event; where a server leaves that empty, the items
 * that were done, when all were; else what the deltas gave.
 */
#ifndef MODEL_OPENAI_RESPONSES_EVENTS_H
#define MODEL_OPENAI_RESPONSES_EVENTS_H

#include "slots.h"

/* As dialect.h says; the answer's own is a struct events. */
exs_status events_event(struct answer *a, exs_str data);
exs_status events_whole(struct answer *a, exs_str body);

#endif
