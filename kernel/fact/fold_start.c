/* SPDX-License-Identifier: MIT */
/* fold_start.c - the part of the fold that reads the first fact: who, what, and under which limits.
 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "fact/body.h"
#include "fact/image.h"
#include "fact/message.h"
#include "fact/state_edit.h"
#include "fact/words.h"

/* What a body does not say stays as it is: in a new run, empty. */
static bool says(exs_str body, const char *key)
{
	exs_str v;

	return json_get(body, key, &v) == EXS_OK;
}

static void list_free(char **list, uint32_t *n)
{
	while (*n)
		free(list[--*n]);
}

static exs_status list_of(exs_str body, const char *key, uint32_t max, char **out, uint32_t *n)
{
	struct buf text;
	struct json_iter it;
	exs_str list, item;
	exs_status status = EXS_OK;

	if (!json_get_array(body, key, &list))
		return EXS_OK;
	list_free(out, n);
	buf_init(&text, RUN_NAME_MAX * 4);
	for (json_iter_init(&it, list); status == EXS_OK && json_next(&it, NULL, &item);) {
		buf_clear(&text);
		if (*n == max || json_text(item, &text) || !buf_ok(&text))
			status = EXS_CORRUPT;
		else if (!(out[*n] = str_dup(buf_view(&text))))
			status = EXS_NOMEM;
		else
			(*n)++;
	}
	buf_release(&text);
	return status;
}

/* No longer than it is: thousands of runs may wait. */
static exs_status list_alloc(exs_str body, const char *key, uint32_t max, char ***out, uint32_t *n)
{
	exs_str list = str_of("[]");
	struct json_iter it;
	uint32_t count = 0;
	char **room;

	if (!json_get_array(body, key, &list) && *out)
		return EXS_OK;
	for (json_iter_init(&it, list); count < max && json_next(&it, NULL, NULL);)
		count++;
	room = calloc(count + 1, sizeof *room);
	if (!room)
		return EXS_NOMEM;
	list_free(*out, n);
	free(*out);
	*out = room;
	return list_of(body, key, count, room, n);
}

static bool limits_of(exs_str body, struct limits *out)
{
	int64_t steps, same, failed, attempts, retries;
	exs_str v;

	if (!json_get_object(body, "limits", &v) || !json_get_int(v, "steps", &steps) ||
	    !json_get_int(v, "same_calls", &same) || !json_get_int(v, "failed_steps", &failed) ||
	    !json_get_int(v, "attempts", &attempts) ||
	    !json_get_int(v, "runtime_ms", &out->runtime_ms) ||
	    !json_get_int(v, "answer_tokens", &out->answer_tokens))
		return false;
	if (!json_get_int(v, "retries", &retries))
		retries = INT32_MAX; /* of an earlier release */
	if (retries < 0 || retries > INT32_MAX || steps < 1 || same < 1 || failed < 1 || attempts < 0 || out->runtime_ms < 1 ||
	    out->answer_tokens < 0 || steps > INT32_MAX || same > INT32_MAX || failed > INT32_MAX ||
	    attempts > INT32_MAX)
		return false;
	out->steps = (int32_t)steps;
	out->same_calls = (int32_t)same;
	out->failed_steps = (int32_t)failed;
	out->attempts = (int32_t)attempts;
	out->retries = (int32_t)retries;
	return true;
}

static exs_status texts_of(struct state *s, const exs_fact *f, exs_err *err)
{
	const struct {
		const char *key;
		char **to;
		size_t max;
	} texts[] = { { "agent", &s->agent, RUN_NAME_MAX },
		      { "caller", &s->caller, RUN_NAME_MAX },
		      { "channel", &s->channel, RUN_NAME_MAX },
		      { "parent", &s->parent, ID_MAX },
		      { "root", &s->root, ID_MAX },
		      { "tier", &s->tier, RUN_NAME_MAX },
		      { "input", &s->input, RUN_TEXT_MAX },
		      { "system", &s->system, RUN_TEXT_MAX } };
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		if (*texts[i].to && !says(f->body, texts[i].key))
			continue;
		free(*texts[i].to);
		*texts[i].to = fold_text(f->body, texts[i].key, texts[i].max);
		if (!*texts[i].to)
			return fold_corrupt(f, err, "a text is missing, too long or not a text");
	}
	return EXS_OK;
}

exs_status fold_beginning(struct state *s, const exs_fact *f, exs_err *err)
{
	int64_t v = 0, depth = 0;

	if (f->attempt != 1)
		return fold_corrupt(f, err, "it belongs to another attempt");
	if (!json_get_int(f->body, "v", &v) || v != 1)
		return err_set(err, EXS_CORRUPT, 0, "%s has version %lld; this release reads 1",
			       fact_word(f->kind), (long long)v);
	if (texts_of(s, f, err))
		return err->status;
	if (!limits_of(f->body, &s->limits))
		return fold_corrupt(f, err, "its limits are missing or out of range");
	json_get_int(f->body, "depth", &depth);
	s->depth = (int32_t)(depth < 0 || depth > 1000 ? 0 : depth);
	if (list_of(f->body, "models", CHAIN_MAX, s->models, &s->model_count) ||
	    s->model_count == 0)
		return fold_corrupt(f, err, "it names no model, or more than 8");
	if (list_alloc(f->body, "tools", TOOLS_MAX, &s->tools, &s->tool_count) ||
	    list_alloc(f->body, "deliver", DELIVER_MAX, &s->deliver, &s->deliver_count))
		return fold_corrupt(f, err, "its lists cannot be read");
	s->park_in_doubt = body_word_is(f->body, "in_doubt", "park");
	s->relaxed = body_word_is(f->body, "durability", "relaxed");
	digests_read(f->body, &s->digests);
	s->started = true;
	s->attempt = 1;
	s->started_ms = f->at_ms;
	return EXS_OK;
}

/* What is counted for an image is not what its bytes would be. */
static void count_images(struct state *s, exs_str images)
{
	struct image image;
	struct json_iter it;
	exs_str item;

	for (json_iter_init(&it, images); json_next(&it, NULL, &item);)
		if (image_of_fact(item, &image)) {
			s->image_count++;
			s->image_bytes += image.data.n;
		}
}

exs_status fold_input(struct state *s, const exs_fact *f, exs_err *err)
{
	exs_str images = str_of("[]");
	struct buf message;
	exs_status status;

	(void)json_get_array(f->body, "images", &images);
	buf_init(&message, RUN_TEXT_MAX * 2);
	if (!message_question(&message, str_of(s->input), images)) {
		buf_release(&message);
		return fold_corrupt(f, err, "one of its images is none");
	}
	status = state_segment_add(s, &message);
	buf_release(&message);
	if (status)
		return err_set(err, status, 0, "no room for the run's input");
	count_images(s, images);
	return EXS_OK;
}

exs_status fold_run_started(struct state *s, const exs_fact *f, exs_err *err)
{
	exs_status status = fold_beginning(s, f, err);

	return status ? status : fold_input(s, f, err);
}
