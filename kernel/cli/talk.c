/* SPDX-License-Identifier: MIT */
/* talk.c - see talk.h. */
#include "cli/talk.h"

#include "base/json.h"
#include "base/text.h"
#include "fact/image.h"
#include "fact/message.h"

#define ARGS_SHOW 400u

static void heading(struct out *out, const char *what)
{
	out_printf(out, "--- %s\n", what);
}

/* "[image/png, 12 KiB]" for each. */
static void put_images(struct out *out, exs_str message)
{
	struct image image;
	struct json_iter it;
	exs_str parts, part;
	struct buf line;
	size_t bytes;

	if (!json_get_array(message, "parts", &parts))
		return;
	for (json_iter_init(&it, parts); json_next(&it, NULL, &part);) {
		if (!image_of_part(part, &image))
			continue;
		bytes = image_bytes(&image);
		buf_init(&line, CLI_STAT_MAX);
		buf_puts(&line, "[");
		json_text(image.mime, &line);
		buf_printf(&line, bytes < 1024 ? ", %zu bytes]" : ", %zu KiB]",
			   bytes < 1024 ? bytes : (bytes + 512) / 1024);
		out_paragraph(out, buf_view(&line));
		buf_release(&line);
	}
}

static void put_parts(struct out *out, exs_str message)
{
	struct buf text;

	buf_init(&text, CLI_JSON_MAX);
	message_text(message, &text);
	out_paragraph(out, buf_view(&text));
	buf_release(&text);
	put_images(out, message);
}

static void put_calls(struct out *out, exs_str message)
{
	struct message_calls calls;
	struct message_call call;
	struct buf line, args;

	for (message_calls_init(&calls, message); message_calls_next(&calls, &call);) {
		buf_init(&line, CLI_STAT_MAX);
		buf_init(&args, CLI_JSON_MAX);
		json_text(call.arguments, &args);
		buf_puts(&line, "> ");
		json_text(call.name, &line);
		buf_puts(&line, " ");
		text_one_line(&line, buf_view(&args), ARGS_SHOW);
		buf_puts(&line, "\n");
		buf_release(&args);
		out_buf(out, &line);
	}
}

static void put_result(struct out *out, exs_str result)
{
	struct buf name, status, text;
	size_t shown;

	buf_init(&name, CLI_STAT_MAX);
	buf_init(&status, CLI_STAT_MAX);
	buf_init(&text, CLI_JSON_MAX);
	json_get_text(result, "name", &name);
	json_get_text(result, "status", &status);
	json_get_text(result, "content", &text);
	out_text(out, str_of("< "));
	out_text(out, buf_view(&name));
	out_printf(out, ": %s\n", status.p);
	shown = utf8_cut(buf_view(&text), TALK_RESULT_SHOW);
	out_paragraph(out, str_n(text.p, shown));
	if (shown < text.n)
		out_printf(out, "[%zu more bytes]\n", text.n - shown);
	buf_release(&text);
	buf_release(&status);
	buf_release(&name);
}

static void put_results(struct out *out, exs_str message)
{
	struct json_iter it;
	exs_str results, result;

	if (!json_get_array(message, "results", &results))
		return;
	for (json_iter_init(&it, results); json_next(&it, NULL, &result);)
		put_result(out, result);
}

static void put_message(struct out *out, exs_str message)
{
	struct buf role;

	buf_init(&role, RUN_NAME_MAX);
	json_get_text(message, "role", &role);
	heading(out, role.p);
	put_parts(out, message);
	put_calls(out, message);
	put_results(out, message);
	buf_release(&role);
}

void talk_text(struct out *out, const struct past *p)
{
	size_t i;

	if (p->state.system && p->state.system[0]) {
		heading(out, "system");
		out_paragraph(out, str_of(p->state.system));
	}
	for (i = 0; i < p->state.segment_count; i++)
		put_message(out, str_n(p->state.segments[i].p, p->state.segments[i].n));
}

void talk_json(struct out *out, const struct past *p)
{
	struct buf b;
	size_t i;

	buf_init(&b, CLI_JSON_MAX * 2u);
	buf_puts(&b, "{\"run\":");
	buf_jsonz(&b, p->id);
	buf_puts(&b, ",\"system\":");
	buf_jsonz(&b, p->state.system ? p->state.system : "");
	buf_puts(&b, ",\"messages\":[");
	for (i = 0; i < p->state.segment_count; i++) {
		buf_puts(&b, i ? ",\n" : "");
		buf_put(&b, p->state.segments[i].p, p->state.segments[i].n);
	}
	buf_puts(&b, "]}\n");
	out_buf(out, &b);
}
