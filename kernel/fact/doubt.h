/* SPDX-License-Identifier: MIT */
/*
 * doubt.h - calls of which nobody knows whether they happened: started, then the process died, and the
 * tool is not one that can be repeated or that always knows.
 */
#ifndef FACT_DOUBT_H
#define FACT_DOUBT_H

#include "fact/state.h"

#define DOUBT_NAMED_MAX 8u /* calls that a sentence names */

/* A person may have to say what became of it, once nobody carries the run. */
bool doubt_of(const struct call *c);
/* Bits of those calls. */
uint64_t doubt_calls(const struct state *s);
/* A sentence about these calls, and how to say what became of them. */
void doubt_text(const struct state *s, uint64_t calls, char *out, size_t size);

#endif
