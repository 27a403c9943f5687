/* SPDX-License-Identifier: MIT */
/* arguments.h - the arguments of a call for dialects that want an object where the neutral form has
 * a text. Any thread. */
#ifndef COMMON_MODEL_ARGUMENTS_H
#define COMMON_MODEL_ARGUMENTS_H

#include "../common_json/scan.h"

/*
 * Appends the arguments as they are; `value` is the JSON string of the neutral form. What is no
 * object cannot be sent, and refusing it would end the run for what the model has already been
 * told: so it is shown within one.
 */
void arguments_add_object(struct text *out, exs_str value);

#endif
