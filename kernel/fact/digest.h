/* SPDX-License-Identifier: MIT */
/*
 * digest.h - what a run is made with: its agent, its tools and the batteries, each as one word.
 *
 * They are in run_started and run_resumed, so a run that is taken up by a process with another conf
 * knows what changed. Order does not matter where it has no meaning: batteries in another order of
 * the file are the same batteries.
 */
#ifndef FACT_DIGEST_H
#define FACT_DIGEST_H

#include <executus/bytes.h>

#include "base/buf.h"

#define DIGEST_MAX 17u /* 16 hex digits of SHA-256; empty: not known */

enum digest_of { DIGEST_AGENT, DIGEST_TOOLS, DIGEST_BATTERIES, DIGESTS };

struct digests {
	char hex[DIGESTS][DIGEST_MAX];
};

const char *digest_word(enum digest_of which); /* "agent", "tools", "batteries" */

/* {"agent":"...","tools":"...","batteries":"..."} */
void digests_json(const struct digests *d, struct buf *out);
/* From the body of a fact; what is not there stays as it is. */
void digests_read(exs_str body, struct digests *inout);
/* Bit 1 << DIGEST_ of each that is known of both and differs. */
uint32_t digests_changed(const struct digests *was, const struct digests *now);
/* Those words with commas between them: "agent, tools". */
void digests_words(uint32_t changed, const char *quote, struct buf *out);

#endif
