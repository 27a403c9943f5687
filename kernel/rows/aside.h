/* SPDX-License-Identifier: MIT */
/*
 * aside.h - a batch that no fact rests on and nobody waits for: what becomes of it is only logged.
 *
 * For rows whose loss costs little: an outbox row that stays is delivered once more with the same
 * id, a budget of a run without facts in the store books what it can.
 */
#ifndef ROWS_ASIDE_H
#define ROWS_ASIDE_H

#include "host/host.h"

/*
 * Takes the rows out of `b`, which is empty afterwards, and hands them to the store; without rows
 * or without a store nothing happens. `what` is a literal that ends "cannot be stored: ".
 */
void aside_send(struct host *h, struct batch *b, const char *what);

#endif
