/* SPDX-License-Identifier: MIT */
/* services.c - what a battery may ask of the host: log, clocks, and services by id. */
#include "host/calls.h"

#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/text.h"
#include "host/guard.h"

static struct instance *of_host(const exs_host *host)
{
	return container_of(host, struct instance, pub);
}

static struct instance *of_store(const exs_store_svc *svc)
{
	return container_of(svc, struct instance, store_svc);
}

static void host_log(const exs_host *host, int32_t level, const char *line)
{
	const struct instance *in = of_host(host);

	log_line(in->host->log, level, "battery '%s': %s", in->conf->name, line ? line : "");
}

static int64_t host_wall(const exs_host *host)
{
	const struct host *h = of_host(host)->host;

	return atomic_load(&h->still) ? atomic_load(&h->wall_ms) : clock_wall_ms();
}

static int64_t host_mono(const exs_host *host)
{
	const struct host *h = of_host(host)->host;

	return atomic_load(&h->still) ? atomic_load(&h->mono_ms) : clock_mono_ms();
}

void host_set_time(struct host *h, int64_t mono_ms, int64_t wall_ms)
{
	atomic_store(&h->mono_ms, mono_ms);
	atomic_store(&h->wall_ms, wall_ms);
	atomic_store(&h->still, true);
}

static const void *host_service(const exs_host *host, const char *id)
{
	struct instance *in = of_host(host);

	if (strcmp(id, EXS_SVC_STORE) == 0)
		return in->host->store && in->host->store != in ? &in->store_svc : NULL;
	if (strcmp(id, EXS_SVC_RUN) == 0)
		return &in->host->run_pub;
	return NULL;
}

/* ---- executus.svc.store/1 ---- */

static exs_str prefix_of(const struct instance *in)
{
	return str_of(in->prefix);
}

static exs_status prefixed(struct buf *out, const struct instance *in, exs_str key, exs_err *err)
{
	buf_init(out, EXS_STORE_KEY_MAX);
	buf_str(out, prefix_of(in));
	buf_str(out, key);
	if (buf_ok(out))
		return EXS_OK;
	if (out->status == EXS_NOMEM) {
		buf_release(out);
		return err_set(err, EXS_NOMEM, 0, "no memory for a key");
	}
	buf_release(out);
	return err_set(err, EXS_TOOBIG, 0, "a key has %zu bytes; %zu are possible here", key.n,
		       EXS_STORE_KEY_MAX - strlen(in->prefix));
}

static exs_status store_get(const exs_store_svc *svc, exs_str key, exs_sink *value, exs_err *err)
{
	struct instance *in = of_store(svc);
	struct buf full;
	exs_status status;

	if (key.n == 0) /* with the prefix it would be one */
		return err_set(err, EXS_INVALID, 0, "a key is empty; it has 1 byte at least");
	status = prefixed(&full, in, key, err);
	if (status)
		return status;
	status = call_store_get(in->host->store, buf_view(&full), value, err);
	buf_release(&full);
	return status;
}

struct scan {
	size_t cut;
	exs_status (*row)(void *, exs_str, exs_str);
	void *arg;
};

static exs_status scan_row(void *arg, exs_str key, exs_str value)
{
	const struct scan *s = arg;

	return s->row(s->arg, str_n(key.p + s->cut, key.n - s->cut), value);
}

static exs_status store_scan(const exs_store_svc *svc, exs_str prefix, exs_str from, uint32_t flags,
			     exs_status (*row)(void *, exs_str, exs_str), void *arg, exs_err *err)
{
	struct instance *in = of_store(svc);
	struct scan s = { strlen(in->prefix), row, arg };
	struct buf full, start;
	exs_status status = prefixed(&full, in, prefix, err);

	if (status)
		return status;
	status = prefixed(&start, in, from, err);
	if (status == EXS_OK) {
		status = call_store_scan(in->host->store, buf_view(&full),
					 from.n ? buf_view(&start) : str_of(NULL), flags, scan_row,
					 &s, err);
		buf_release(&start);
	}
	buf_release(&full);
	return status;
}

/* The battery's own batch, or the sentence why it is not. */
static exs_status open_batch(const exs_store_svc *svc, exs_batch *batch, struct batch **out,
			     exs_err *err)
{
	if (!batch || batch_of(batch)->open_to != svc)
		return err_set(err, EXS_INVALID, 0,
			       "battery '%s' adds to a batch that is not open to it: only during "
			       "the call that hands it over",
			       of_store(svc)->conf->name);
	*out = batch_of(batch);
	return EXS_OK;
}

static exs_status store_batch_put(const exs_store_svc *svc, exs_batch *batch, exs_str key,
				  exs_str value, exs_err *err)
{
	struct batch *b;

	if (open_batch(svc, batch, &b, err))
		return err->status;
	return batch_put(b, prefix_of(of_store(svc)), key, value, err);
}

static exs_status store_batch_del(const exs_store_svc *svc, exs_batch *batch, exs_str key,
				  exs_err *err)
{
	struct batch *b;

	if (open_batch(svc, batch, &b, err))
		return err->status;
	return batch_del(b, prefix_of(of_store(svc)), key, err);
}

static exs_status store_batch_add(const exs_store_svc *svc, exs_batch *batch, exs_str key,
				  int64_t delta, int64_t bound, exs_err *err)
{
	struct batch *b;

	if (open_batch(svc, batch, &b, err))
		return err->status;
	if (bound != INT64_MAX && !b->bounds_allowed)
		return err_set(err, EXS_INVALID, 0,
			       "battery '%s' adds with a bound to a batch of facts, whose one "
			       "condition is the run's head",
			       of_store(svc)->conf->name);
	return batch_add(b, prefix_of(of_store(svc)), key, delta, bound, err);
}

static exs_status store_batch_check(const exs_store_svc *svc, exs_batch *batch, exs_str key,
				    exs_str value, exs_err *err)
{
	struct batch *b;
	struct buf full;
	exs_status status;

	if (open_batch(svc, batch, &b, err))
		return err->status;
	if (!b->bounds_allowed)
		return err_set(err, EXS_INVALID, 0,
			       "battery '%s' adds a condition to a batch of facts, whose one "
			       "condition is the run's head",
			       of_store(svc)->conf->name);
	if (prefixed(&full, of_store(svc), key, err))
		return err->status;
	status = batch_check(b, buf_view(&full), value, err);
	buf_release(&full);
	return status;
}

static exs_status add_op(struct instance *in, struct batch *b, const exs_op *op, exs_err *err)
{
	struct buf full;
	exs_status status;

	switch (op->kind) {
	case EXS_OP_PUT:
		return batch_put(b, prefix_of(in), op->key, op->value, err);
	case EXS_OP_DEL:
		return batch_del(b, prefix_of(in), op->key, err);
	case EXS_OP_ADD:
		return batch_add(b, prefix_of(in), op->key, op->delta, op->bound, err);
	case EXS_OP_CHECK:
		if (prefixed(&full, in, op->key, err))
			return err->status;
		status = batch_check(b, buf_view(&full), op->value, err);
		buf_release(&full);
		return status;
	default:
		return err_set(err, EXS_INVALID, 0, "no operation has the kind %d", (int)op->kind);
	}
}

static exs_status store_commit(const exs_store_svc *svc, const exs_op *const *ops, uint64_t n,
			       exs_err *err)
{
	struct instance *in = of_store(svc);
	struct batch b;
	exs_status status = EXS_OK;
	uint64_t i;

	if (guard_inside(in))
		return err_set(err, EXS_UNSUPPORTED, 0,
			       "battery '%s' wants to wait for the store where every run would "
			       "wait with it",
			       in->conf->name);
	batch_init(&b);
	for (i = 0; i < n && status == EXS_OK; i++) {
		status = add_op(in, &b, ops[i], err);
		if (status)
			err->at = (int64_t)i;
	}
	if (status == EXS_OK)
		status = call_store_commit(in->host->store, &b, err);
	batch_release(&b);
	return status;
}

/* ---- executus.svc.run/1: what the engine set, as long as there is one ---- */

static struct host *of_run(const exs_run_svc *svc)
{
	return container_of(svc, struct host, run_pub);
}

/* The engine's verbs, held until run_let_go; NULL: no run is live. Readers come first, so a verb
 * may be nested. */
static const exs_run_svc *run_hold(struct host *h)
{
	pthread_rwlock_rdlock(&h->run_lock);
	return h->run_svc.size ? &h->run_svc : NULL;
}

static exs_status run_let_go(struct host *h, exs_status status)
{
	pthread_rwlock_unlock(&h->run_lock);
	return status;
}

static exs_status run_tally(const exs_run_svc *svc, uint64_t run, exs_tally *out)
{
	const exs_run_svc *e = run_hold(of_run(svc));

	return run_let_go(of_run(svc), e ? e->tally(e, run, out) : EXS_NOTFOUND);
}

static exs_status run_steer(const exs_run_svc *svc, uint64_t run, exs_str text)
{
	const exs_run_svc *e = run_hold(of_run(svc));

	return run_let_go(of_run(svc), e ? e->steer(e, run, text) : EXS_NOTFOUND);
}

static exs_status run_extend(const exs_run_svc *svc, uint64_t run, int64_t ms)
{
	const exs_run_svc *e = run_hold(of_run(svc));

	return run_let_go(of_run(svc), e ? e->extend(e, run, ms) : EXS_NOTFOUND);
}

static exs_status run_raise(const exs_run_svc *svc, uint64_t run, int32_t n)
{
	const exs_run_svc *e = run_hold(of_run(svc));

	return run_let_go(of_run(svc), e ? e->raise_steps(e, run, n) : EXS_NOTFOUND);
}

static exs_status run_kill(const exs_run_svc *svc, uint64_t run, exs_str why)
{
	const exs_run_svc *e = run_hold(of_run(svc));

	return run_let_go(of_run(svc), e ? e->kill(e, run, why) : EXS_NOTFOUND);
}

static exs_status run_cancel(const exs_run_svc *svc, uint64_t run, exs_str why)
{
	const exs_run_svc *e = run_hold(of_run(svc));

	return run_let_go(of_run(svc), e ? e->cancel(e, run, why) : EXS_NOTFOUND);
}

static exs_status run_artifact(const exs_run_svc *svc, uint64_t run, exs_str json)
{
	const exs_run_svc *e = run_hold(of_run(svc));

	return run_let_go(of_run(svc), e ? e->artifact(e, run, json) : EXS_NOTFOUND);
}

void host_set_run(struct host *h, const exs_run_svc *verbs, void *engine)
{
	pthread_rwlock_wrlock(&h->run_lock);
	if (verbs)
		h->run_svc = *verbs;
	else
		memset(&h->run_svc, 0, sizeof h->run_svc);
	h->engine = engine;
	pthread_rwlock_unlock(&h->run_lock);
}

void services_init_host(struct host *h)
{
	pthread_rwlock_init(&h->run_lock, NULL);
	h->run_pub = (exs_run_svc){ .size = sizeof h->run_pub,
				    .tally = run_tally,
				    .steer = run_steer,
				    .extend = run_extend,
				    .raise_steps = run_raise,
				    .kill = run_kill,
				    .cancel = run_cancel,
				    .artifact = run_artifact };
}

void services_init(struct instance *in)
{
	in->pub = (exs_host){ sizeof in->pub,	EXS_ABI,      in->conf->name,
			      EXECUTUS_VERSION, host_log,     host_wall,
			      host_mono,	host_service, in->host->conf->state_dir };
	in->store_svc = (exs_store_svc){ sizeof in->store_svc,
					 0,
					 store_get,
					 store_scan,
					 store_batch_put,
					 store_batch_del,
					 store_batch_add,
					 store_commit,
					 store_batch_check };
}
