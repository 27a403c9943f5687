/* SPDX-License-Identifier: MIT */
/*
 * answer_kit.h - a dialect's reader alone: the bytes of a stream, or of a whole body, become one
 * message. Includes what it needs of the common parts, so that a fuzzer sees their branches too.
 */
#ifndef TEST_ANSWER_KIT_H
#define TEST_ANSWER_KIT_H

#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"

#include "../../plugins/common_json/scan.c"
#include "../../plugins/common_json/text.c"
#include "../../plugins/common_model/answer.c"
#include "../../plugins/common_model/calls.c"
#include "../../plugins/common_model/lines.c"
#include "../../plugins/common_model/sse.c"

#include "../../plugins/common_model/dialect.h"

static inline void answer_kit_init(struct answer *a, const struct dialect *d)
{
	answer_init(a, d->answer_own_size, d->answer_own_release);
}

/* The message of a complete answer, checked by the kernel's gate; NULL: it may not be believed.
 * Free it. */
static inline char *answer_kit_write(struct answer *a)
{
	exs_err err = EXS_ERR_INIT;
	struct text out;

	if (!a->complete)
		return NULL;
	text_init(&out, EXS_TURN_ANSWER_MAX);
	if (answer_write(a, 3, &out, &err) == EXS_OK) {
		if (json_check_object(text_view(&out), JSON_DEPTH_MAX, &err))
			abort();
		return out.mem.p;
	}
	if (!err.text[0])
		abort();
	text_release(&out);
	return NULL;
}

struct answer_kit_stream {
	struct answer answer;
	const struct dialect *dialect;
	exs_status status; /* of the first event that failed */
};

static inline exs_status answer_kit_event(void *arg, exs_str data)
{
	struct answer_kit_stream *k = arg;

	k->status = k->dialect->event(&k->answer, data);
	return k->status;
}

/* What a stream of these bytes gives; `live`, when not NULL, gets the text as a terminal would. */
static inline char *answer_kit_stream(const struct dialect *d, const char *p, size_t n,
				      struct text *live)
{
	struct answer_kit_stream k = { .dialect = d };
	struct lines lines;
	struct sse s;
	size_t half = n / 2;
	char *message;

	answer_kit_init(&k.answer, d);
	sse_init(&s, answer_kit_event, &k);
	lines_init(&lines, answer_kit_event, &k);
	if ((d->lines ? lines_feed(&lines, p, half) : sse_feed(&s, p, half)) == EXS_OK) {
		if (live)
			answer_fresh(&k.answer, live);
		if (!d->lines)
			(void)sse_feed(&s, p + half, n - half);
		else if (lines_feed(&lines, p + half, n - half) == EXS_OK)
			(void)lines_end(&lines);
	}
	if (live)
		answer_fresh(&k.answer, live);
	message = answer_kit_write(&k.answer);
	lines_release(&lines);
	sse_release(&s);
	answer_release(&k.answer);
	return message;
}

static inline char *answer_kit_whole(const struct dialect *d, const char *p, size_t n)
{
	struct answer a;
	char *message;

	answer_kit_init(&a, d);
	(void)(d->lines ? d->event : d->whole)(&a, exs_bytes(p, n));
	message = answer_kit_write(&a);
	answer_release(&a);
	return message;
}

/*
 * Whatever a server sends: both ways to read it, over a copy of exactly this size, so that a read past
 * its end is seen. `take` gets each message, or NULL, and frees it.
 */
static inline int answer_kit_fuzz(const struct dialect *d, const uint8_t *data, size_t size,
				  void (*take)(char *message))
{
	char *copy = malloc(size ? size : 1);
	struct text live;

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	text_init(&live, EXS_TURN_ANSWER_MAX);
	take(answer_kit_stream(d, copy, size, &live));
	take(answer_kit_whole(d, copy, size));
	text_release(&live);
	free(copy);
	return 0;
}

/* What goes back of a message that came is JSON again. Frees it; NULL is none. */
static inline void answer_kit_send_back(char *message, bool (*request_message)(exs_str message, struct text *out))
{
	struct text out;

	if (!message)
		return;
	text_init(&out, REQUEST_MAX);
	text_adds(&out, "[{}");
	if (!request_message(exs_cstr(message), &out))
		abort();
	text_adds(&out, "]");
	if (!scan_is_value(text_view(&out)))
		abort();
	text_release(&out);
	free(message);
}

#endif
