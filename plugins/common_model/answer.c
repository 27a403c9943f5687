/* SPDX-License-Identifier: MIT */
/* answer.c - see answer.h. */
#include "answer.h"

void answer_init(struct answer *a, size_t own_size, void (*own_release)(void *own))
{
	memset(a, 0, sizeof *a);
	text_init(&a->text, EXS_TURN_ANSWER_MAX);
	text_init(&a->reasoning, EXS_TURN_ANSWER_MAX);
	text_init(&a->refusal, EXS_TURN_ANSWER_MAX);
	text_init(&a->provider, EXS_TURN_ANSWER_MAX);
	text_init(&a->model, ANSWER_MODEL_MAX);
	text_init(&a->error, ANSWER_ERROR_MAX);
	calls_init(&a->calls);
	a->usage.size = sizeof a->usage;
	a->own = own_size ? calloc(1, own_size) : NULL;
	a->own_release = own_release;
}

void answer_release(struct answer *a)
{
	text_release(&a->text);
	text_release(&a->reasoning);
	text_release(&a->refusal);
	text_release(&a->provider);
	text_release(&a->model);
	text_release(&a->error);
	calls_release(&a->calls);
	if (a->own && a->own_release)
		a->own_release(a->own);
	free(a->own);
	a->own = NULL;
}

exs_status answer_status(const struct answer *a)
{
	return a->text.status	     ? a->text.status
	       : a->refusal.status   ? a->refusal.status
	       : a->reasoning.status ? a->reasoning.status
				     : a->provider.status;
}

exs_status answer_error(struct answer *a, exs_str value)
{
	text_clear(&a->error);
	text_add(&a->error, value.p, value.n);
	if (a->error.status)
		text_clear(&a->error);
	return EXS_IO;
}

bool answer_has_begun(const struct answer *a)
{
	return a->text.mem.n || a->reasoning.mem.n || a->refusal.mem.n || a->calls.n;
}

bool answer_has_fresh(const struct answer *a)
{
	return a->text.mem.n > a->shown;
}

void answer_fresh(struct answer *a, struct text *out)
{
	exs_str all = text_view(&a->text), fresh;

	fresh = exs_bytes(all.p + a->shown, text_whole(all) - a->shown);
	a->shown += fresh.n;
	(void)text_add_repaired(out, fresh);
}

size_t answer_bytes(const struct answer *a)
{
	size_t i, n = a->text.mem.n + a->reasoning.mem.n + a->refusal.mem.n;

	for (i = 0; i < a->calls.n; i++)
		n += a->calls.items[i].name.mem.n + a->calls.items[i].args.mem.n;
	return n;
}

static void write_part(struct text *out, const char *type, const struct text *part, bool *first)
{
	struct text clean;

	if (part->mem.n == 0)
		return;
	text_init(&clean, EXS_TURN_ANSWER_MAX);
	(void)text_add_repaired(&clean, text_view(part));
	text_adds(out, *first ? "{\"type\":\"" : ",{\"type\":\"");
	text_adds(out, type);
	text_adds(out, "\",\"text\":");
	text_add_json(out, text_view(&clean));
	text_adds(out, "}");
	if (clean.status && !out->status)
		out->status = clean.status;
	text_release(&clean);
	*first = false;
}

static const char *stop_word(const struct answer *a)
{
	if (a->stop == STOP_LENGTH)
		return "length";
	if (a->stop == STOP_FILTER)
		return "filter";
	if (a->stop == STOP_REFUSAL)
		return "refusal";
	if (a->calls.n)
		return "calls";
	return a->refusal.mem.n ? "refusal" : "end";
}

static void write_model(const struct answer *a, struct text *out)
{
	struct text clean;

	if (a->model.mem.n == 0 || a->model.status)
		return;
	text_init(&clean, ANSWER_MODEL_MAX * 3);
	(void)text_add_repaired(&clean, text_view(&a->model));
	text_adds(out, ",\"model\":");
	text_add_json(out, text_view(&clean));
	text_release(&clean);
}

exs_status answer_write(struct answer *a, int32_t step, struct text *out, exs_err *err)
{
	exs_status status = EXS_OK;
	bool first = true;
	size_t bad = 0;

	calls_drop(&a->calls, a->stop == STOP_LENGTH || a->stop == STOP_FILTER
				      ? CALLS_REPEATED | CALLS_CUT
				      : CALLS_REPEATED);
	text_adds(out, "{\"role\":\"assistant\",\"parts\":[");
	write_part(out, "reasoning", &a->reasoning, &first);
	write_part(out, "text", &a->text, &first);
	write_part(out, "text", &a->refusal, &first);
	text_adds(out, "]");
	if (a->calls.n) {
		text_adds(out, ",\"calls\":");
		status = calls_write(&a->calls, step, out, &bad);
	}
	if (status == EXS_INVALID)
		return exs_fail(err, status, 0, "the arguments of tool call %zu are not UTF-8",
				bad + 1);
	text_adds(out, ",\"stop\":\"");
	text_adds(out, stop_word(a));
	text_adds(out, "\"");
	write_model(a, out);
	if (a->provider.mem.n) {
		text_adds(out, ",\"provider\":");
		text_add(out, a->provider.mem.p, a->provider.mem.n);
	}
	text_adds(out, "}");
	status = status ? status : out->status;
	return status ? exs_fail(err, status, 0, "the answer is over %u bytes", EXS_TURN_ANSWER_MAX)
		      : EXS_OK;
}
