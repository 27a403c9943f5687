/* SPDX-License-Identifier: MIT */
/* start.c - a new run: what it is asked, by whom and under which limits, as its first fact. */
#include "run/start.h"

#include <string.h>

#include "base/text.h"
#include "fact/image.h"
#include "run/digest_now.h"
#include "run/engine_priv.h"

/* ---- its first fact ---- */

/* A member goes in unless it is what it was in the run that this one is forked from. */
struct body {
	struct buf *out;
	const struct state *was; /* NULL: it is no fork, everything goes in */
};

static void put_text(const struct body *b, const char *key, exs_str text, const char *was)
{
	if (b->was && was && str_is(text, was))
		return;
	buf_printf(b->out, ",\"%s\":", key);
	buf_json(b->out, text);
}

static bool same_list(const char *const *words, size_t n, char *const *was, uint32_t was_n)
{
	size_t i;

	for (i = 0; i < n && i < was_n; i++)
		if (strcmp(words[i], was[i]) != 0)
			return false;
	return n == was_n;
}

static void put_list(const struct body *b, const char *key, const char *const *words, size_t n,
		     char *const *was, uint32_t was_n)
{
	size_t i;

	if (b->was && same_list(words, n, was, was_n))
		return;
	buf_printf(b->out, ",\"%s\":[", key);
	for (i = 0; i < n; i++) {
		buf_puts(b->out, i ? "," : "");
		buf_jsonz(b->out, words[i]);
	}
	buf_puts(b->out, "]");
}

static void put_models(const struct body *b, const struct conf_agent *a)
{
	const char *words[CONF_TIER_MODELS_MAX];
	size_t i, n = a->tier ? a->tier->model_n : 0;

	for (i = 0; i < n; i++)
		words[i] = a->tier->models[i].text;
	put_list(b, "models", words, n, b->was ? b->was->models : NULL,
		 b->was ? b->was->model_count : 0);
}

static void put_deliver(const struct body *b, const struct run_spec *spec)
{
	const char *words[CONF_DELIVER_MAX];
	const char *const *list = spec->deliver;
	size_t n = 0;

	if (list) {
		while (list[n])
			n++;
	} else {
		for (list = words; n < spec->agent->deliver_n; n++)
			words[n] = spec->agent->deliver[n].text;
	}
	put_list(b, "deliver", list, n, b->was ? b->was->deliver : NULL,
		 b->was ? b->was->deliver_count : 0);
}

static void put_images(const struct body *b, const struct run_spec *spec)
{
	if (!spec->image_n)
		return;
	buf_puts(b->out, ",\"images\":");
	images_json(spec->images, spec->image_n, b->out);
}

/* A limit of steps counts from where the run begins; none has so many that the sum could be too large. */
static void put_limits(const struct body *b, const struct engine *e, const struct conf_agent *a)
{
	int32_t before = b->was ? b->was->step : 0;

	buf_printf(b->out,
		   ",\"limits\":{\"steps\":%d,\"runtime_ms\":%lld,\"same_calls\":%d,"
		   "\"failed_steps\":%d,\"answer_tokens\":%lld,\"attempts\":%d,\"retries\":%d}",
		   (int)(a->max_steps > INT32_MAX - before ? INT32_MAX : before + a->max_steps),
		   (long long)a->max_runtime_ms, (int)a->max_same_calls, (int)a->max_failed_steps,
		   (long long)a->max_tokens, (int)e->host->conf->run.attempts, (int)a->max_retries);
}

static void put_digests(const struct body *b, const struct engine *e, const struct conf_agent *a)
{
	struct digests digests;

	digests_now(e->host, &e->tools, a, a->tools, a->tool_n, &digests);
	if (b->was && memcmp(&b->was->digests, &digests, sizeof digests) == 0)
		return;
	buf_puts(b->out, ",\"digests\":");
	digests_json(&digests, b->out);
}

void start_body(const struct engine *e, const struct run_spec *spec, const char *id,
		const struct state *was, struct buf *out)
{
	static const char *const durability[] = { "strict", "relaxed", "none" };
	const struct conf_agent *a = spec->agent;
	const struct body b = { out, was };

	buf_puts(out, "{\"v\":1");
	put_text(&b, "agent", str_of(a->name), was ? was->agent : NULL);
	put_text(&b, "caller", str_of(spec->caller), was ? was->caller : NULL);
	put_text(&b, "channel", str_of(spec->channel), was ? was->channel : NULL);
	put_text(&b, "tier", str_of(a->tier_name), was ? was->tier : NULL);
	put_text(&b, "input", spec->input, was ? was->input : NULL);
	put_images(&b, spec);
	put_text(&b, "system", str_of(a->prompt), was ? was->system : NULL);
	if (!was) {
		put_text(&b, "parent", str_of(NULL), NULL);
		put_text(&b, "root", str_of(id), NULL);
	}
	put_models(&b, a);
	put_list(&b, "tools", a->tools, a->tool_n, was ? (char *const *)was->tools : NULL,
		 was ? was->tool_count : 0);
	put_deliver(&b, spec);
	put_limits(&b, e, a);
	buf_printf(out, ",\"in_doubt\":\"%s\",\"durability\":\"%s\"",
		   a->in_doubt == CONF_PARK ? "park" : "tell", durability[spec->durability]);
	put_digests(&b, e, a);
}

exs_status start_check(const struct engine *e, const struct run_spec *spec, exs_err *err)
{
	const struct conf_agent *a = spec->agent;

	if (!utf8_ok(spec->input))
		return err_set(err, EXS_INVALID, 0, "the question is not UTF-8 text (byte %zu)",
			       utf8_bad(spec->input.p, spec->input.n));
	if (spec->input.n > RUN_TEXT_MAX / 2)
		return err_set(err, EXS_TOOBIG, 0, "the question has %zu bytes; %u are possible",
			       spec->input.n, RUN_TEXT_MAX / 2);
	if (images_check(spec->images, spec->image_n, NULL, err))
		return err->status;
	if (!a->tier)
		return err_set(err, EXS_NOTFOUND, 0,
			       "agent '%s' asks for tier '%s', which the conf does not have",
			       a->name, a->tier_name);
	if (spec->durability != CONF_NONE && !!e->host->store != !!e->host->checkpoint)
		return err_set(err, EXS_INVALID, 0,
			       "a durable run needs both a store and a checkpoint, and only '%s' "
			       "is bound; bind both, or set "
			       "run.durability to none",
			       e->host->store ? "store" : "checkpoint");
	return EXS_OK;
}

/* ---- starting ---- */

exs_status start_run(struct engine *e, const struct run_listener *listener, struct run **out,
		     exs_err *err)
{
	char id[ID_MAX];

	if (ids_next(&e->ids, id, err))
		return err->status;
	return run_new(e, id, listener, out, err);
}

exs_status start_go(struct run *run, int32_t kind, struct buf *body, struct run **out,
		    exs_err *err)
{
	exs_status status = EXS_OK;

	if (body->n > EXS_FACT_BODY_MAX) {
		status = err_set(err, EXS_TOOBIG, 0,
				 "the question, its images and the agent's prompt take %zu bytes as a fact; "
				 "%u are possible: give less to one run",
				 body->n, EXS_FACT_BODY_MAX);
		buf_release(body);
		run_unref(run);
		return status;
	}
	run->first_seq = run_record(run, kind, str_of(NULL), NULL, NULL, body);
	if (run->broken)
		status = err_set(err, EXS_INVALID, 0, "the run cannot begin: %.200s",
				 run->result.error ? run->result.error : "no memory");
	if (status == EXS_OK)
		status = run_info_fill(run, err);
	if (status == EXS_OK)
		status = registry_add(run->e, run, err);
	if (status == EXS_OK) {
		*out = run_ref(run);
		run_post(run, &run->begin_mail);
	}
	run_unref(run);
	return status;
}

exs_status engine_start(struct engine *e, const struct run_spec *spec,
			const struct run_listener *listener, struct run **out, exs_err *err)
{
	struct run *run;
	struct buf body;
	exs_status status = start_check(e, spec, err);

	if (status == EXS_OK)
		status = start_run(e, listener, &run, err);
	if (status)
		return status;
	run->agent = spec->agent;
	run->durable = spec->durability != CONF_NONE && e->host->store && e->host->checkpoint;
	buf_init(&body, RUN_TEXT_MAX * 2);
	start_body(e, spec, run->id, NULL, &body);
	buf_puts(&body, "}");
	return start_go(run, EXS_FACT_RUN_STARTED, &body, out, err);
}
