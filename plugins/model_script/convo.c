/* SPDX-License-Identifier: MIT */
/* convo.c - see convo.h. */
#include "convo.h"

#include <cjson/cJSON.h>

enum role { ROLE_OTHER, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL };

static exs_status bad_message(const struct convo *c, size_t i, exs_err *err)
{
	exs_fail(err, EXS_INVALID, 0, "message %zu of %zu is not a message in the neutral form",
		 i + 1, (size_t)c->turn->message_count);
	err->klass = EXS_CLASS_PERMANENT;
	return EXS_INVALID;
}

static cJSON *parse(const struct convo *c, size_t i)
{
	exs_str m = c->turn->messages[i];

	return cJSON_ParseWithLength(m.p, m.n);
}

static const char *member(const cJSON *object, const char *key)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

	return s ? s : "";
}

static enum role role_of_word(const char *p, size_t n)
{
	if (n == 4 && memcmp(p, "user", n) == 0)
		return ROLE_USER;
	if (n == 9 && memcmp(p, "assistant", n) == 0)
		return ROLE_ASSISTANT;
	if (n == 4 && memcmp(p, "tool", n) == 0)
		return ROLE_TOOL;
	return ROLE_OTHER;
}

/* Messages nearly always begin with their role, so that thousands of them need not be parsed to be
 * counted. */
static enum role role_of(const struct convo *c, size_t i)
{
	static const char usual[] = "{\"role\":\"";
	const size_t skip = sizeof usual - 1;
	exs_str m = c->turn->messages[i];
	const char *quote = NULL;
	enum role role = ROLE_OTHER;
	cJSON *doc;

	if (m.n > skip && memcmp(m.p, usual, skip) == 0)
		quote = memchr(m.p + skip, '"', m.n - skip);
	if (quote)
		role = role_of_word(m.p + skip, (size_t)(quote - m.p) - skip);
	if (role != ROLE_OTHER)
		return role;
	doc = parse(c, i);
	if (doc)
		role = role_of_word(member(doc, "role"), strlen(member(doc, "role")));
	cJSON_Delete(doc);
	return role;
}

exs_status convo_open(const exs_turn *turn, struct convo *out, exs_err *err)
{
	struct convo c = { .turn = turn };
	size_t i;

	for (i = 0; i < turn->message_count; i++) {
		enum role role = role_of(&c, i);

		if (role == ROLE_OTHER)
			return bad_message(&c, i, err);
		c.position += role == ROLE_ASSISTANT;
		c.tool_messages += role == ROLE_TOOL;
	}
	*out = c;
	return EXS_OK;
}

void convo_close(struct convo *c)
{
	size_t i;

	for (i = 0; i < c->doc_n; i++)
		cJSON_Delete(c->docs[i]);
	free(c->docs);
	free(c->results);
	free(c->input);
}

/* Text parts follow each other; reasoning is not part of the text. */
static void add_parts(const cJSON *doc, struct out *o)
{
	const cJSON *part;

	cJSON_ArrayForEach(part, cJSON_GetObjectItemCaseSensitive(
					 doc, "parts")) if (strcmp(member(part, "type"), "text") ==
							    0) out_puts(o, member(part, "text"));
}

static exs_status add_results(struct convo *c, const cJSON *doc, size_t message, size_t before,
			      exs_err *err)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(doc, "results");
	size_t more = (size_t)cJSON_GetArraySize(list);
	struct result *grown = realloc(c->results, (c->n + more + 1) * sizeof *grown);
	const cJSON *item;

	if (!grown)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the results of tools");
	c->results = grown;
	cJSON_ArrayForEach(item, list) c->results[c->n++] =
		(struct result){ member(item, "name"), member(item, "content"), message, before };
	return EXS_OK;
}

static exs_status load_input(struct convo *c, size_t message, exs_err *err)
{
	cJSON *doc = parse(c, message);
	struct out o;

	if (!doc)
		return bad_message(c, message, err);
	out_init(&o, CONVO_TEXT_MAX);
	add_parts(doc, &o);
	c->input = out_take(&o, NULL);
	out_release(&o);
	cJSON_Delete(doc);
	return c->input ? EXS_OK : exs_fail(err, EXS_NOMEM, 0, "no memory for the input");
}

static exs_status load_message(struct convo *c, size_t i, size_t *assistants, exs_err *err)
{
	enum role role = role_of(c, i);

	if (role == ROLE_ASSISTANT)
		++*assistants;
	if (role == ROLE_USER && !c->input)
		return load_input(c, i, err);
	if (role != ROLE_TOOL)
		return EXS_OK;
	c->docs[c->doc_n] = parse(c, i);
	if (!c->docs[c->doc_n])
		return bad_message(c, i, err);
	return add_results(c, c->docs[c->doc_n++], i, *assistants, err);
}

exs_status convo_load(struct convo *c, exs_err *err)
{
	size_t i, assistants = 0;

	if (c->loaded)
		return EXS_OK;
	c->docs = calloc(c->tool_messages + 1, sizeof(struct cJSON *));
	if (!c->docs)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the conversation");
	for (i = 0; i < c->turn->message_count; i++)
		if (load_message(c, i, &assistants, err))
			return err->status;
	if (!c->input)
		c->input = calloc(1, 1);
	if (!c->input)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the conversation");
	c->loaded = true;
	return EXS_OK;
}

exs_status convo_images(const struct convo *c, int64_t *out, exs_err *err)
{
	const cJSON *part;
	int64_t n = 0;
	cJSON *doc;
	size_t i;

	for (i = 0; i < c->turn->message_count; i++) {
		doc = parse(c, i);
		if (!doc)
			return bad_message(c, i, err);
		cJSON_ArrayForEach(part, cJSON_GetObjectItemCaseSensitive(doc, "parts"))
			n += strcmp(member(part, "type"), "image") == 0 && *member(part, "mime") &&
			     *member(part, "data");
		cJSON_Delete(doc);
	}
	*out = n;
	return EXS_OK;
}

exs_status convo_last_text(const struct convo *c, struct out *out, exs_err *err)
{
	const cJSON *item, *list;
	size_t last, n = 0;
	cJSON *doc;

	if (c->turn->message_count == 0)
		return EXS_OK;
	last = (size_t)c->turn->message_count - 1;
	doc = parse(c, last);
	if (!doc)
		return bad_message(c, last, err);
	add_parts(doc, out);
	list = cJSON_GetObjectItemCaseSensitive(doc, "results");
	cJSON_ArrayForEach(item, list)
	{
		if (n++)
			out_puts(out, "\n");
		out_puts(out, member(item, "content"));
	}
	cJSON_Delete(doc);
	return out->status ? exs_fail(err, out->status, 0,
				      "the newest message is too long to be looked at")
			   : EXS_OK;
}
