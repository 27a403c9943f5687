/* SPDX-License-Identifier: MIT */
/* spans.c - see spans.h. */
#include "fact/spans.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/text.h"
#include "fact/image.h"
#include "fact/message.h"

static void add_span(struct spans *s, exs_str at, const char *instead)
{
	size_t i = s->n;

	if (s->n == SPANS_MAX)
		return;
	for (; i > 0 && s->list[i - 1].at.p > at.p; i--)
		s->list[i] = s->list[i - 1];
	s->list[i].at = at;
	s->list[i].instead = instead;
	s->n++;
}

/* What the battery keeps of its own may well repeat the arguments. */
void spans_of_calls(exs_str body, redact_tool *secret, const void *arg, struct spans *out)
{
	struct message_calls calls;
	struct message_call call;
	exs_str message, provider;
	struct buf name;

	if (!json_get_object(body, "message", &message))
		return;
	buf_init(&name, message.n);
	for (message_calls_init(&calls, message); message_calls_next(&calls, &call);) {
		buf_clear(&name);
		/* A name that cannot be read is no reason to show what stands beside it. */
		if (json_text(call.name, &name) || secret(arg, name.p))
			add_span(out, call.arguments, "\"" SECRET_MARK "\"");
	}
	buf_release(&name);
	if (out->n && json_get_object(message, "provider", &provider))
		add_span(out, provider, "{}");
}

/* The digest of a short secret tells it to whoever tries all of them. */
void spans_of_start(const exs_fact *f, redact_tool *secret, const void *arg, struct spans *out)
{
	auto_free char *name = str_dup(f->name);
	exs_str digest;

	if ((!name || secret(arg, name)) && json_get(f->body, "args_sha256", &digest) == EXS_OK)
		add_span(out, digest, "\"" SECRET_MARK "\"");
}

static void add_images(exs_str object, const char *key, bool (*read)(exs_str, struct image *),
		       struct spans *out)
{
	struct json_iter it;
	struct image image;
	exs_str list, item;

	if (!json_get_array(object, key, &list))
		return;
	for (json_iter_init(&it, list); json_next(&it, NULL, &item);)
		if (read(item, &image))
			add_span(out, image.data, "\"" IMAGE_MARK "\"");
}

void spans_of_images(exs_str body, struct spans *out)
{
	add_images(body, "images", image_of_fact, out);
}

/* Only of a user's: what a model calls an image may be any text. */
void spans_of_question(exs_str message, struct spans *out)
{
	exs_str role;

	if (json_get(message, "role", &role) == EXS_OK && str_is(role, "\"user\""))
		add_images(message, "parts", image_of_part, out);
}

void spans_splice(exs_str body, const struct spans *s, struct buf *out)
{
	const char *p = body.p;
	size_t i;

	for (i = 0; i < s->n; i++) {
		buf_put(out, p, (size_t)(s->list[i].at.p - p));
		buf_puts(out, s->list[i].instead);
		p = s->list[i].at.p + s->list[i].at.n;
	}
	buf_put(out, p, (size_t)(body.p + body.n - p));
}
