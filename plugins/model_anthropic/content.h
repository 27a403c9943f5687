/* SPDX-License-Identifier: MIT */
/*
 * content.h - one neutral message as content blocks, each with a comma in front. Any thread.
 *
 * The API is stricter than the neutral form: it refuses the whole request for an empty text, for
 * an id or a name with a dot in it, and for arguments that are no object. Any of these may stand
 * in a transcript, out of another dialect or because a model wrote it, so they are brought into
 * shape here. All functions: false, not in the neutral form.
 */
#ifndef MODEL_ANTHROPIC_CONTENT_H
#define MODEL_ANTHROPIC_CONTENT_H

#include "../common_json/scan.h"

#define CONTENT_NAME_MAX 64u /* bytes of a tool's name */

bool content_user(exs_str message, struct text *out);
bool content_results(exs_str message, struct text *out);
/* With the thinking that the message's provider keeps, in its place. */
bool content_assistant(exs_str message, struct text *out);
bool content_assistant_plain(exs_str message, struct text *out);

#endif
