/* SPDX-License-Identifier: MIT */
/* checkpoint_kit.c - see checkpoint_kit.h. */
#include "conformance/checkpoint_kit.h"

#include <cjson/cJSON.h>

static char *copy_of(exs_str s)
{
	char *p = malloc(s.n + 1);

	assert_non_null(p);
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

static exs_status keep(void *arg, const exs_fact *fact)
{
	struct reading *r = arg;
	struct kept *k = &r->kept[r->n];

	assert_true(r->n < KEPT_MAX);
	k->fact = *fact;
	k->fact.call_id.p = k->call_id = copy_of(fact->call_id);
	k->fact.name.p = k->name = copy_of(fact->name);
	k->fact.body.p = k->body = copy_of(fact->body);
	if (fact->usage) {
		k->usage = *fact->usage;
		k->fact.usage = &k->usage;
	}
	r->n++;
	return r->stop_after && r->n >= r->stop_after ? EXS_DENIED : EXS_OK;
}

void forget(struct reading *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		free(r->kept[i].call_id);
		free(r->kept[i].name);
		free(r->kept[i].body);
	}
	free(r->kept);
	memset(r, 0, sizeof *r);
}

exs_status load_run(struct opened *o, const char *run, struct reading *r, exs_err *err)
{
	const exs_checkpoint *port = o->port;

	r->kept = calloc(KEPT_MAX, sizeof *r->kept);
	assert_non_null(r->kept);
	return port->load(o->self, run, keep, r, err);
}

static int same_usage(const exs_usage *a, const exs_usage *b)
{
	if (!a || !b)
		return a == b;
	return a->estimated == b->estimated && a->in_tokens == b->in_tokens &&
	       a->cache_read_tokens == b->cache_read_tokens &&
	       a->cache_write_tokens == b->cache_write_tokens && a->out_tokens == b->out_tokens &&
	       a->reasoning_tokens == b->reasoning_tokens && a->cost_micro == b->cost_micro;
}

int same_fact(const exs_fact *a, const exs_fact *b)
{
	return a->kind == b->kind && a->seq == b->seq && a->at_ms == b->at_ms &&
	       a->run_ms == b->run_ms && a->step == b->step && a->phase == b->phase &&
	       a->attempt == b->attempt && exs_str_eq(a->call_id, b->call_id) &&
	       exs_str_eq(a->name, b->name) && exs_str_eq(a->body, b->body) &&
	       same_usage(a->usage, b->usage);
}

/* ---- writing ---- */

char *long_body(size_t n)
{
	char *body = malloc(n + 1);
	size_t i;

	assert_non_null(body);
	for (i = 0; i < n; i++)
		body[i] = "0123456789abcdefghijklmnopqrstuvwxyz-"[i % 37];
	memcpy(body, "{\"t\":\"", 6);
	memcpy(body + n - 2, "\"}", 3);
	return body;
}

exs_fact fact_of(int32_t kind, int64_t seq, const char *body)
{
	exs_fact f = { 0 };

	f.size = sizeof f;
	f.kind = kind;
	f.seq = seq;
	f.at_ms = 1700000000000 + seq;
	f.run_ms = 10 * seq;
	f.step = (int32_t)(seq / 3);
	f.attempt = 1;
	f.body = exs_cstr(body);
	return f;
}

exs_ckpt *begin_run(struct opened *o, const char *id, struct double_batch *b)
{
	const exs_checkpoint *port = o->port;
	exs_run_info run = double_run_info(id);
	exs_err err = EXS_ERR_INIT;
	exs_ckpt *ckpt = NULL;

	if (port->begin(o->self, &run, double_batch(b), &ckpt, &err))
		fail_msg("begin: %s", err.text);
	assert_non_null(ckpt);
	return ckpt;
}

exs_ckpt *adopt_run(struct opened *o, const char *id, int32_t attempt, struct double_batch *b)
{
	const exs_checkpoint *port = o->port;
	exs_run_info run = double_run_info(id);
	exs_err err = EXS_ERR_INIT;
	exs_ckpt *ckpt = NULL;

	run.attempt = attempt;
	if (port->adopt(o->self, &run, double_batch(b), &ckpt, &err))
		fail_msg("adopt: %s", err.text);
	assert_non_null(ckpt);
	return ckpt;
}

static void append_one(struct opened *o, exs_ckpt *ckpt, const exs_fact *fact,
		       struct double_batch *b)
{
	const exs_checkpoint *port = o->port;
	exs_err err = EXS_ERR_INIT;

	if (port->append(ckpt, &fact, 1, double_batch(b), &err))
		fail_msg("append: %s", err.text);
}

void append_plain(struct opened *o, exs_ckpt *ckpt, int64_t from, int64_t to,
		  struct double_batch *b)
{
	int64_t seq;

	for (seq = from; seq <= to; seq++) {
		exs_fact f = fact_of(EXS_FACT_STEERED, seq, "{\"text\":\"on\"}");

		append_one(o, ckpt, &f, b);
	}
}

void end_run(struct opened *o, exs_ckpt *ckpt, int32_t how, const char *status,
	     struct double_batch *b)
{
	const exs_checkpoint *port = o->port;
	exs_err err = EXS_ERR_INIT;

	if (port->end(ckpt, how, exs_cstr(status), double_batch(b), &err))
		fail_msg("end: %s", err.text);
}

/* A whole run of n plain facts, committed in one batch. */
void write_run(struct opened *o, const char *id, int64_t n, int32_t how, const char *status)
{
	struct double_batch b;
	exs_ckpt *ckpt;

	double_batch_init(&b);
	ckpt = begin_run(o, id, &b);
	append_plain(o, ckpt, 1, n, &b);
	end_run(o, ckpt, how, status, &b);
	double_batch_apply(&o->host, &b);
}

void write_facts(struct opened *o, const char *id, const exs_fact *facts, size_t n)
{
	struct double_batch b;
	exs_ckpt *ckpt;
	size_t i;

	double_batch_init(&b);
	ckpt = begin_run(o, id, &b);
	for (i = 0; i < n; i++)
		append_one(o, ckpt, &facts[i], &b);
	end_run(o, ckpt, EXS_CKPT_COMPLETE, "ok", &b);
	double_batch_apply(&o->host, &b);
}

void assert_given_back(struct opened *o, const char *id, const exs_fact *facts, size_t n)
{
	struct reading r = { 0 };
	exs_err err = EXS_ERR_INIT;
	size_t i;

	if (load_run(o, id, &r, &err))
		fail_msg("load: %s", err.text);
	assert_int_equal(r.n, n);
	for (i = 0; i < n; i++)
		assert_true(same_fact(&facts[i], &r.kept[i].fact));
	forget(&r);
}

void assert_seqs(struct opened *o, const char *id, int64_t last)
{
	struct reading r = { 0 };
	exs_err err = EXS_ERR_INIT;
	size_t i;

	if (load_run(o, id, &r, &err))
		fail_msg("load: %s", err.text);
	assert_int_equal(r.n, last);
	for (i = 0; i < r.n; i++)
		assert_int_equal(r.kept[i].fact.seq, i + 1);
	forget(&r);
}

static exs_status note(void *arg, exs_str head)
{
	static const char *const texts[] = { "run", "agent", "caller", "status" };
	struct listing *l = arg;
	cJSON *json = cJSON_ParseWithLength(head.p, head.n);
	size_t i;

	assert_non_null(json);
	assert_true(l->n < 16);
	for (i = 0; i < 4; i++)
		assert_true(cJSON_IsString(cJSON_GetObjectItem(json, texts[i])));
	assert_true(cJSON_IsNumber(cJSON_GetObjectItem(json, "started_ms")));
	assert_true(cJSON_IsNumber(cJSON_GetObjectItem(json, "attempt")));
	snprintf(l->run[l->n], 64, "%s", cJSON_GetObjectItem(json, "run")->valuestring);
	snprintf(l->status[l->n], 32, "%s", cJSON_GetObjectItem(json, "status")->valuestring);
	l->ended[l->n++] = cJSON_IsNumber(cJSON_GetObjectItem(json, "ended_ms"));
	cJSON_Delete(json);
	return EXS_OK;
}

void list_runs(struct opened *o, uint32_t flags, struct listing *l)
{
	exs_err err = EXS_ERR_INIT;

	memset(l, 0, sizeof *l);
	if (((const exs_checkpoint *)o->port)->list(o->self, flags, note, l, &err))
		fail_msg("list: %s", err.text);
}
