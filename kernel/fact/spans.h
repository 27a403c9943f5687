/* SPDX-License-Identifier: MIT */
/*
 * spans.h - places in a fact's body, and what is shown there instead: the arguments of tools that are
 * marked, the data of images. See redact.h.
 */
#ifndef FACT_SPANS_H
#define FACT_SPANS_H

#include "fact/redact.h"

#define SPANS_MAX   66u /* the arguments of 64 calls, `provider`, one to spare */
#define SECRET_MARK "[secret]"

struct spans {
	struct {
		exs_str at;
		const char *instead; /* JSON */
	} list[SPANS_MAX]; /* in the order of the body */
	size_t n;
};

/* Of a turn_ended, a call_started, a run_started; `secret` and `arg` as redact_shown has them. */
void spans_of_calls(exs_str body, redact_tool *secret, const void *arg, struct spans *out);
void spans_of_start(const exs_fact *f, redact_tool *secret, const void *arg, struct spans *out);
void spans_of_images(exs_str body, struct spans *out);
/* The data of images in a user's message; of other JSON nothing. */
void spans_of_question(exs_str message, struct spans *out);
/* The body with what stands there instead. */
void spans_splice(exs_str body, const struct spans *s, struct buf *out);

#endif
