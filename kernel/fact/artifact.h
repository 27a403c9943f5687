/* SPDX-License-Identifier: MIT */
/*
 * artifact.h - what a run has made, by reference: {"name","path" or "url","bytes","type","sha256"}.
 *
 * A tool announces it, a fact records it, the result lists it. One of a name that was there before
 * replaces it: a call that is run again makes the same thing again.
 */
#ifndef FACT_ARTIFACT_H
#define FACT_ARTIFACT_H

#include <executus/bytes.h>

#include "base/buf.h"

struct state;

#define ARTIFACT_TEXT_MAX 1024u /* bytes of one of its texts */

/* What is known of the members, in one form. INVALID says what is missing. `out` is initialised by
 * it. */
exs_status artifact_read(exs_str json, struct buf *out, exs_err *err);

/* Into the state; past ARTIFACTS_MAX it is passed over. CORRUPT, NOMEM. */
exs_status artifact_fold(struct state *s, exs_str body, exs_err *err);
/* Is there room for one of that name? */
bool artifact_fits(const struct state *s, exs_str body);
/* "[{...},{...}]" */
void artifacts_json(const struct state *s, struct buf *out);
/* The same as a text to free(); NULL: there are none, or no memory. */
char *artifacts_text(const struct state *s);

#endif
