/* SPDX-License-Identifier: MIT */
/* answer.c - see answer.h. */
#include "answer.h"

#include "expect.h"
#include "fill.h"

/* ---- picking ---- */

exs_status answer_pick(const struct script *script, const struct convo *convo,
		       const struct turn **out, exs_err *err)
{
	size_t n = script->turn_n, at = convo->position;

	if (at >= n && script->turns[n - 1].repeat)
		at = n - 1;
	if (at >= n) {
		exs_fail(err, EXS_INVALID, 0,
			 "script '%.60s' has %zu turns and the conversation asks for turn %zu: add "
			 "one, or "
			 "'repeat: true' to the last",
			 script->name.p, n, at + 1);
		err->klass = EXS_CLASS_PERMANENT;
		return EXS_INVALID;
	}
	*out = &script->turns[at];
	return EXS_OK;
}

/* Says in front of the sentence where in the script it happened. */
static exs_status blame(const struct script *script, const struct turn *turn, exs_err *err)
{
	char what[sizeof err->text];
	int n;

	memcpy(what, err->text, sizeof what);
	n = snprintf(err->text, sizeof err->text,
		     "script '%.40s', turn %zu (line %u): ", script->name.p,
		     (size_t)(turn - script->turns) + 1, turn->line);
	snprintf(err->text + n, sizeof err->text - (size_t)n, "%.*s", (int)sizeof err->text - 1 - n,
		 what);
	text_repair(err->text);
	if (err->klass == EXS_CLASS_NONE && err->status != EXS_NOMEM)
		err->klass = EXS_CLASS_PERMANENT;
	return err->status;
}

/* ---- building ---- */

struct maker {
	const struct turn *turn;
	struct values values;
	struct out out;
	size_t call_n;
	size_t position;
	exs_err *err;
};

static void add_part(struct maker *m, const char *type, const char *p, size_t n, size_t *written)
{
	if ((*written)++)
		out_puts(&m->out, ",");
	out_puts(&m->out, "{\"type\":\"");
	out_puts(&m->out, type);
	out_puts(&m->out, "\",\"text\":");
	out_json(&m->out, p, n);
	out_puts(&m->out, "}");
}

/* The arguments of one call as a JSON string: the message carries them as text. */
static exs_status add_arguments(struct maker *m, const struct call *c)
{
	struct out args;
	exs_status s;

	if (c->args_raw.p || !c->args.p) {
		out_json(&m->out, c->args_raw.p ? c->args_raw.p : "{}",
			 c->args_raw.p ? c->args_raw.n : 2);
		return EXS_OK;
	}
	out_init(&args, FILLED_MAX);
	s = fill(&m->values, &c->args, FILL_JSON, &args, m->err);
	if (s == EXS_OK && args.status)
		s = exs_fail(m->err, args.status, 0,
			     "the arguments for '%.40s' are larger than %u bytes", c->tool.p,
			     FILLED_MAX);
	if (s == EXS_OK)
		out_json(&m->out, out_text(&args), args.buf.n);
	out_release(&args);
	return s;
}

/* `copy`: 0, or the number of a call made from for_each. */
static exs_status add_call(struct maker *m, const struct call *c, size_t copy)
{
	char id[32], suffix[24] = "";

	out_puts(&m->out, m->call_n++ ? "," : ",\"calls\":[");
	snprintf(id, sizeof id, "call_%zu_%zu", m->position + 1, m->call_n);
	if (copy)
		snprintf(suffix, sizeof suffix, "_%zu", copy);
	out_puts(&m->out, "{\"id\":\"");
	if (c->id.p) {
		out_escape(&m->out, c->id.p, c->id.n);
		out_puts(&m->out, suffix);
	} else {
		out_puts(&m->out, id);
	}
	out_puts(&m->out, "\",\"name\":");
	out_json(&m->out, c->tool.p, c->tool.n);
	out_puts(&m->out, ",\"arguments\":");
	if (add_arguments(m, c))
		return m->err->status;
	out_puts(&m->out, "}");
	return EXS_OK;
}

static exs_status add_call_for_each(struct maker *m, const struct call *c)
{
	const struct value *v = values_get(&m->values, c->for_each.p);
	exs_str rest, line;
	exs_status s = EXS_OK;
	size_t n = 0;

	if (!v)
		return exs_fail(m->err, EXS_INVALID, 0,
				"nothing captured the name '%s' of for_each", c->for_each.p);
	for (rest = exs_bytes(v->p, v->n); next_line(&rest, &line);)
		n++;
	if (n > FOR_EACH_MAX)
		return exs_fail(m->err, EXS_TOOBIG, 0,
				"for_each of '%s' would make %zu calls, at most %u are made: give "
				"the capture a limit",
				c->for_each.p, n, FOR_EACH_MAX);
	n = 0;
	for (rest = exs_bytes(v->p, v->n); s == EXS_OK && next_line(&rest, &line);) {
		m->values.item = line;
		s = add_call(m, c, ++n);
	}
	m->values.item = exs_bytes(NULL, 0);
	return s;
}

static exs_status add_calls(struct maker *m)
{
	const struct turn *t = m->turn;
	exs_status s = EXS_OK;
	size_t i;

	for (i = 0; i < t->call_n && s == EXS_OK; i++)
		s = t->calls[i].for_each.p ? add_call_for_each(m, &t->calls[i])
					   : add_call(m, &t->calls[i], 0);
	if (m->call_n)
		out_puts(&m->out, "]");
	return s;
}

/* Fills a text of the turn; NULL with an error when it cannot. */
static char *fill_text(struct maker *m, const struct text *text, size_t *n)
{
	struct out o;
	char *p = NULL;

	out_init(&o, FILLED_MAX);
	if (fill(&m->values, text, FILL_PLAIN, &o, m->err) == EXS_OK) {
		p = out_take(&o, n);
		if (!p)
			exs_fail(m->err, o.status, 0,
				 "the text with what it captured is larger than %u bytes",
				 FILLED_MAX);
	}
	out_release(&o);
	return p;
}

static exs_status add_parts(struct maker *m, struct answer *a)
{
	const struct turn *t = m->turn;
	size_t written = 0, n;

	out_puts(&m->out, "{\"role\":\"assistant\",\"parts\":[");
	if (t->think.p) {
		char *p = fill_text(m, &t->think, &n);

		if (!p)
			return m->err->status;
		add_part(m, "reasoning", p, n, &written);
		free(p);
	}
	if (t->say.p) {
		a->live = fill_text(m, &t->say, &a->live_n);
		if (!a->live)
			return m->err->status;
		add_part(m, "text", a->live, a->live_n, &written);
	}
	out_puts(&m->out, "]");
	return EXS_OK;
}

static exs_status build_message(struct maker *m, const char *model, struct answer *a)
{
	const struct turn *t = m->turn;

	if (add_parts(m, a) || add_calls(m))
		return m->err->status;
	out_puts(&m->out, ",\"stop\":\"");
	out_puts(&m->out, t->stop ? t->stop : m->call_n ? "calls" : "end");
	out_puts(&m->out, "\"");
	if (model && *model) {
		out_puts(&m->out, ",\"model\":");
		out_json(&m->out, model, strlen(model));
	}
	out_puts(&m->out, "}");
	if (t->put_raw.p) {
		out_release(&m->out);
		out_init(&m->out, ANSWER_MAX);
		out_put(&m->out, t->put_raw.p, t->put_raw.n);
	}
	a->message = out_take(&m->out, &a->message_n);
	if (!a->message)
		return exs_fail(m->err, m->out.status, 0, "the answer is larger than %u bytes",
				ANSWER_MAX);
	return EXS_OK;
}

/* ---- what comes with the message ---- */

static void count_usage(const struct turn *turn, const exs_turn *asked, struct answer *a)
{
	uint64_t sent = asked->system.n + asked->tools.n;
	uint64_t i;

	a->usage.size = sizeof a->usage;
	if (turn->has_usage) {
		a->usage = turn->usage;
		a->usage.size = sizeof a->usage;
		a->has_usage = true;
		return;
	}
	if (a->status)
		return;
	for (i = 0; i < asked->message_count; i++)
		sent += asked->messages[i].n;
	a->usage.estimated = 1;
	a->usage.in_tokens = (int64_t)(sent / EXS_TOKEN_BYTES) + 1;
	a->usage.out_tokens = (int64_t)(a->message_n / EXS_TOKEN_BYTES) + 1;
	a->has_usage = true;
}

static void set_failure(const struct script *script, const struct turn *turn,
			const struct failure *f, struct answer *a)
{
	if (f->words.p)
		exs_fail(&a->err, f->status, 0, "%s", f->words.p);
	else
		exs_fail(&a->err, f->status, 0, "script '%.60s', turn %zu: fails as it is written",
			 script->name.p, (size_t)(turn - script->turns) + 1);
	a->err.klass = f->klass;
	a->err.retry_after_ms = f->retry_after_ms;
	a->status = f->status;
	free(a->message);
	a->message = NULL;
}

static void set_ending(const struct turn *turn, struct answer *a)
{
	a->end_twice = turn->end_twice;
	a->chunk = (size_t)turn->chunk;
	a->every_ms = turn->every_ms;
	if (!turn->has_stream) {
		free(a->live);
		a->live = NULL;
		a->live_n = 0;
	}
	if (turn->has_lie && !a->err.status) {
		exs_fail(&a->err, (exs_status)turn->lie_status, 0, "the script ends with status %d",
			 (int)turn->lie_status);
		a->status = (exs_status)turn->lie_status;
	}
}

static exs_status make(struct maker *m, const struct script *script, struct convo *convo,
		       struct answer *a)
{
	exs_status s;

	if (expect_check(m->turn, convo, m->err))
		return m->err->status;
	if (values_find(script, convo, &m->values, m->err)) {
		values_release(&m->values);
		return m->err->status;
	}
	out_init(&m->out, ANSWER_MAX);
	m->position = convo->position;
	s = build_message(m, convo->turn->model, a);
	out_release(&m->out);
	values_release(&m->values);
	return s;
}

exs_status answer_make(const struct script *script, const struct turn *turn,
		       const struct failure *failure, struct convo *convo, struct answer **out,
		       exs_err *err)
{
	struct maker m = { .turn = turn, .err = err };
	struct answer *a = calloc(1, sizeof *a);

	if (!a)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for an answer");
	a->err.size = sizeof a->err;
	if (make(&m, script, convo, a)) {
		answer_free(a);
		return blame(script, turn, err);
	}
	if (failure)
		set_failure(script, turn, failure, a);
	set_ending(turn, a);
	count_usage(turn, convo->turn, a);
	*out = a;
	return EXS_OK;
}

void answer_free(struct answer *a)
{
	if (!a)
		return;
	free(a->message);
	free(a->live);
	free(a);
}

/* ---- saying it ---- */

bool answer_show(const struct answer *a, size_t *shown, exs_done done)
{
	size_t n = a->live_n - *shown;

	if (n == 0)
		return false;
	if (n > a->chunk)
		n = a->chunk;
	/* Never half a character. */
	while (*shown + n < a->live_n && ((unsigned char)a->live[*shown + n] & 0xc0) == 0x80)
		n++;
	done.ops->progress(done, exs_bytes(a->live + *shown, n));
	*shown += n;
	return *shown < a->live_n;
}

void answer_finish(const struct answer *a, exs_done done)
{
	exs_status s = a->message ? exs_write(done, a->message, a->message_n) : EXS_OK;

	if (s)
		exs_end_fail(done, s, "the host did not take an answer of %zu bytes", a->message_n);
	else
		done.ops->end(done, a->status, a->has_usage ? &a->usage : NULL,
			      a->status ? &a->err : NULL);
	if (a->end_twice)
		done.ops->end(done, EXS_OK, NULL, NULL);
}
