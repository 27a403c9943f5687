/* SPDX-License-Identifier: MIT */
/*
 * port/model.h - what comes next?
 *
 * Any number may be bound; a tier names "instance/model". Messages and answer are in the neutral form of
 * docs/MESSAGES.md. `messages` are the segments of the transcript in order, each immutable: transcript_id with
 * the index names one for ever, so a battery may keep its own encoding of each. The id is new for each
 * attempt and changes on compaction.
 */
#ifndef EXECUTUS_PORT_MODEL_H
#define EXECUTUS_PORT_MODEL_H

#include <executus/battery.h>
#include <executus/cancel.h>
#include <executus/done.h>
#include <executus/run.h>

EXS_BEGIN

#define EXS_PORT_MODEL "executus.model/1"
#define EXS_TURN_ANSWER_MAX (4u << 20) /* bytes a turn may put */
/* Where nobody counted: about so many bytes are a token, and so many tokens an image, whatever its bytes. */
#define EXS_TOKEN_BYTES 4
#define EXS_IMAGE_TOKENS 1600

typedef struct exs_turn {
	uint32_t size;
	int32_t step; /* 1-based */
	const exs_run_info *run;
	const char *model; /* what stands behind the instance's name in the tier */
	exs_str system;    /* may be empty */
	const exs_str *messages;
	uint64_t message_count;
	uint64_t transcript_id;
	exs_str tools;      /* JSON array of {"name","description","schema"}; "[]" for none */
	int64_t max_tokens; /* cap of the answer; 0: the model's own */
} exs_turn;

typedef struct exs_model_info {
	uint32_t size;
	uint32_t flags;
	int64_t context_tokens; /* 0: not known */
	int64_t max_out_tokens; /* 0: not known */
} exs_model_info;

typedef struct exs_model {
	uint32_t size;
	uint32_t reserved;
	/*
	 * Fills `out` up to out->size without asking the network. NOTFOUND: certainly no such model; a battery
	 * that cannot know answers OK. [worker-thread]
	 */
	exs_status (*describe)(exs_self *self, const char *model, exs_model_info *out, exs_err *err);
	/*
	 * One turn. Puts one assistant message of docs/MESSAGES.md, gives text as progress while it comes, and
	 * ends with the usage. Only a complete answer may end OK; one that broke off ends IO with class TRUNCATED.
	 * On failure the class says what the kernel may do; usage may be given then too. [worker-thread]
	 */
	void (*turn)(exs_self *self, const exs_turn *turn, exs_cancel *cancel, exs_done done);
} exs_model;

EXS_END

#endif
