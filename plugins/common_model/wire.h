/* SPDX-License-Identifier: MIT */
/*
 * wire.h - one request on its curl handle: the body that goes out, the bytes that come back.
 *
 * A waiting request should cost little: a long body is released as soon as curl has taken it, and
 * made again from the turn in the rare case that it is wanted once more.
 */
#ifndef COMMON_MODEL_WIRE_H
#define COMMON_MODEL_WIRE_H

#include "turn.h"

/* All on the I/O thread. */
bool wire_prepare(const struct io *io,
		  CURL *easy);			/* what holds for all requests; false: no memory */
bool wire_aim(struct turn *t);			/* t->easy at this turn; false: no memory */
bool wire_encode(struct turn *t, exs_err *err); /* makes t->body anew */

#endif
