/* SPDX-License-Identifier: MIT */
/*
 * blocks.h - the content blocks of one answer, in the order in which they were opened.
 *
 * What a block says goes into the answer's text, reasoning and calls. The list keeps only what
 * these cannot say: which block an index means, and the thinking, which has to go back unchanged
 * and in its place (docs/MESSAGES.md has the form of `provider`).
 */
#ifndef MODEL_ANTHROPIC_BLOCKS_H
#define MODEL_ANTHROPIC_BLOCKS_H

#include "../common_model/answer.h"

#define BLOCKS_MAX    256u	  /* blocks of one answer */
#define BLOCKS_SIGNED (1u << 20)  /* bytes of a signature, or of thinking that is encrypted */
#define BLOCKS_MEMBER "anthropic" /* of `provider`: the list of blocks */

/* BLOCK_OTHER: tools of the server's own, and what is not known yet. */
enum block_kind { BLOCK_OTHER, BLOCK_TEXT, BLOCK_THINKING, BLOCK_REDACTED, BLOCK_CALL };

struct block {
	enum block_kind kind;
	int64_t index; /* by which its deltas name it */
	size_t bytes;  /* BLOCK_TEXT: of the answer's text */
	size_t call;   /* BLOCK_CALL: its place among the answer's calls */
	bool given;    /* BLOCK_CALL: the input came with the start; deltas replace it */
	struct text thinking, signature; /* BLOCK_REDACTED has its data in `signature` */
};

struct blocks {
	struct block *items; /* NULL before the first */
	size_t n, cap;
};

void blocks_release(struct blocks *b);
/* A new block with what it holds already. TOOBIG over a bound, NOMEM. */
exs_status blocks_open(struct blocks *b, struct answer *a, int64_t index, exs_str block);
/* More of the latest block with this index. INVALID: there is none; TOOBIG, NOMEM. */
exs_status blocks_add(struct blocks *b, struct answer *a, int64_t index, exs_str delta);
/* Writes the answer's `provider`, when there is thinking to go back. */
exs_status blocks_keep(const struct blocks *b, struct answer *a);

#endif
