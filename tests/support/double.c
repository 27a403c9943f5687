/* SPDX-License-Identifier: MIT */
/* double.c - see double.h. Aborts when memory runs out: a test that has none has failed. */
#include "support/double.h"

#include <assert.h>
#include <dlfcn.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"

/* ---- settings ---- */

static const struct double_setting *setting(const exs_conf *conf, const char *key)
{
	const struct double_conf *c = container_of(conf, struct double_conf, conf);
	const struct double_setting *s;

	for (s = c->set; s && s->key; s++)
		if (strcmp(s->key, key) == 0)
			return s;
	return NULL;
}

static const exs_option *option(const exs_conf *conf, const char *key)
{
	const struct double_conf *c = container_of(conf, struct double_conf, conf);
	const exs_option *o;

	for (o = c->options; o && o->key; o++)
		if (strcmp(o->key, key) == 0)
			return o;
	fprintf(stderr, "battery asks for the undeclared option '%s'\n", key);
	abort();
}

static int32_t conf_given(const exs_conf *conf, const char *key)
{
	(void)option(conf, key);
	return setting(conf, key) != NULL;
}

static const char *conf_raw(const exs_conf *conf, const char *key)
{
	const struct double_setting *s = setting(conf, key);
	const exs_option *o = option(conf, key);

	return s ? s->value : o->deflt;
}

static exs_str conf_text(const exs_conf *conf, const char *key)
{
	const char *raw = conf_raw(conf, key);

	return exs_cstr(raw ? raw : "");
}

static int64_t conf_number(const exs_conf *conf, const char *key)
{
	const exs_option *o = option(conf, key);
	const char *raw = conf_raw(conf, key);
	char *end;
	int64_t v;

	if (!raw)
		return 0;
	if (o->type == EXS_OPT_BOOL)
		return strcmp(raw, "true") == 0;
	v = strtoll(raw, &end, 10);
	if (o->type == EXS_OPT_SIZE)
		v *= *end == 'k' ? 1 << 10 : *end == 'm' ? 1 << 20 : *end == 'g' ? 1 << 30 : 1;
	if (o->type == EXS_OPT_DURATION)
		v *= strcmp(end, "s") == 0   ? 1000
		     : strcmp(end, "m") == 0 ? 60000
		     : strcmp(end, "h") == 0 ? 3600000
		     : strcmp(end, "d") == 0 ? 86400000
					     : 1;
	return v;
}

static int64_t conf_count(const exs_conf *conf, const char *key)
{
	const char *raw = conf_raw(conf, key);
	int64_t n = raw && *raw ? 1 : 0;

	for (; raw && *raw; raw++)
		n += *raw == '|';
	return n;
}

static exs_str conf_item(const exs_conf *conf, const char *key, int64_t index)
{
	struct double_conf *c = container_of(conf, struct double_conf, conf);
	const char *raw = conf_raw(conf, key);
	char *slot = c->items[index % 16];
	size_t n;

	if (index < 0 || index >= conf_count(conf, key))
		return exs_cstr("");
	while (index-- > 0)
		raw = strchr(raw, '|') + 1;
	n = strcspn(raw, "|");
	assert(n < sizeof c->items[0]);
	memcpy(slot, raw, n);
	slot[n] = '\0';
	return exs_bytes(slot, n);
}

static exs_str conf_json(const exs_conf *conf, const char *key)
{
	const char *raw = conf_raw(conf, key);

	return exs_cstr(raw ? raw : "null");
}

static exs_str conf_where(const exs_conf *conf, const char *key)
{
	(void)conf;
	(void)key;
	return exs_cstr("test.yaml:1:1");
}

/* ---- answers ---- */

static exs_status done_put(exs_done done, const char *p, size_t n)
{
	struct double_done *d = container_of(done.ops, struct double_done, ops);
	exs_status s;

	pthread_mutex_lock(&d->lock);
	s = d->ended ? EXS_LOST : exs_membuf_put(&d->out.sink, p, n);
	pthread_mutex_unlock(&d->lock);
	return s;
}

static void done_progress(exs_done done, exs_str delta)
{
	struct double_done *d = container_of(done.ops, struct double_done, ops);

	pthread_mutex_lock(&d->lock);
	exs_membuf_put(&d->progress.sink, delta.p, delta.n);
	pthread_mutex_unlock(&d->lock);
}

static void done_end(exs_done done, exs_status status, const exs_usage *usage, const exs_err *err)
{
	struct double_done *d = container_of(done.ops, struct double_done, ops);

	pthread_mutex_lock(&d->lock);
	if (d->ends++ == 0) {
		d->ended = true;
		d->status = status;
		if (usage) {
			exs_fill(&d->usage, sizeof d->usage, usage, usage->size);
			d->has_usage = true;
		}
		if (err)
			d->err = *err;
		pthread_cond_broadcast(&d->cond);
	}
	pthread_mutex_unlock(&d->lock);
}

void double_done_init(struct double_done *d, size_t cap)
{
	memset(d, 0, sizeof *d);
	d->ops.size = sizeof d->ops;
	d->ops.put = done_put;
	d->ops.progress = done_progress;
	d->ops.end = done_end;
	d->done.id = 1;
	d->done.ops = &d->ops;
	d->usage.size = sizeof d->usage;
	d->err.size = sizeof d->err;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->cond, NULL);
	exs_membuf_init(&d->out, cap);
	exs_membuf_init(&d->progress, 1u << 20);
}

void double_done_release(struct double_done *d)
{
	exs_membuf_release(&d->out);
	exs_membuf_release(&d->progress);
	pthread_cond_destroy(&d->cond);
	pthread_mutex_destroy(&d->lock);
}

bool double_done_wait(struct double_done *d, int64_t wait_ms)
{
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += (wait_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&d->lock);
	while (!d->ended && pthread_cond_timedwait(&d->cond, &d->lock, &until) == 0)
		;
	ended = d->ended;
	pthread_mutex_unlock(&d->lock);
	return ended;
}

/* ---- rows ---- */

static size_t row_at(const struct double_host *h, const char *key, size_t n, bool *found)
{
	size_t i;
	int c = 1;

	for (i = 0; i < h->n; i++) {
		size_t m = n < h->rows[i].key_n ? n : h->rows[i].key_n;

		c = memcmp(h->rows[i].key, key, m);
		if (c == 0)
			c = h->rows[i].key_n < n ? -1 : h->rows[i].key_n > n;
		if (c >= 0)
			break;
	}
	*found = i < h->n && c == 0;
	return i;
}

static char *copy(const char *p, size_t n)
{
	char *q = malloc(n + 1);

	assert(q);
	if (n)
		memcpy(q, p, n);
	q[n] = '\0';
	return q;
}

static void row_put(struct double_host *h, const char *key, size_t kn, const char *value, size_t vn)
{
	bool found;
	size_t i = row_at(h, key, kn, &found);

	if (found) {
		free(h->rows[i].value);
	} else {
		if (h->n == h->cap) {
			h->cap = h->cap ? h->cap * 2 : 64;
			h->rows = realloc(h->rows, h->cap * sizeof *h->rows);
			assert(h->rows);
		}
		memmove(h->rows + i + 1, h->rows + i, (h->n - i) * sizeof *h->rows);
		h->n++;
		h->rows[i].key = copy(key, kn);
		h->rows[i].key_n = kn;
	}
	h->rows[i].value = copy(value, vn);
	h->rows[i].value_n = vn;
}

static void row_del(struct double_host *h, const char *key, size_t kn)
{
	bool found;
	size_t i = row_at(h, key, kn, &found);

	if (!found)
		return;
	free(h->rows[i].key);
	free(h->rows[i].value);
	memmove(h->rows + i, h->rows + i + 1, (h->n - i - 1) * sizeof *h->rows);
	h->n--;
}

static struct double_host *host_of(const exs_store_svc *svc)
{
	return container_of(svc, struct double_host, store);
}

static exs_status svc_get(const exs_store_svc *svc, exs_str key, exs_sink *value, exs_err *err)
{
	struct double_host *h = host_of(svc);
	bool found;
	size_t i = row_at(h, key.p, key.n, &found);

	if (!found)
		return exs_fail(err, EXS_NOTFOUND, 0, "no row '%.*s'", (int)key.n, key.p);
	return value->put(value, h->rows[i].value, h->rows[i].value_n);
}

static bool has_prefix(const struct double_row *r, exs_str prefix)
{
	return r->key_n >= prefix.n && (prefix.n == 0 || memcmp(r->key, prefix.p, prefix.n) == 0);
}

static exs_status svc_scan(const exs_store_svc *svc, exs_str prefix, exs_str from, uint32_t flags,
			   exs_status (*row)(void *, exs_str, exs_str), void *arg, exs_err *err)
{
	struct double_host *h = host_of(svc);
	size_t i;
	exs_status s = EXS_OK;

	(void)err;
	for (i = 0; i < h->n && s == EXS_OK; i++) {
		const struct double_row *r = &h->rows[flags & EXS_SCAN_REVERSE ? h->n - 1 - i : i];
		size_t m = r->key_n < from.n ? r->key_n : from.n;
		int c = m ? memcmp(r->key, from.p, m) : 0;

		if (c == 0)
			c = r->key_n < from.n ? -1 : r->key_n > from.n;
		if (!has_prefix(r, prefix))
			continue;
		if (from.n && (flags & EXS_SCAN_REVERSE ? c > 0 : c < 0))
			continue;
		s = row(arg, exs_bytes(r->key, r->key_n),
			exs_bytes(flags & EXS_SCAN_KEYS ? NULL : r->value,
				  flags & EXS_SCAN_KEYS ? 0 : r->value_n));
	}
	return s;
}

static void batch_add_row(struct double_batch *b, exs_str key, const char *p, size_t n, bool add)
{
	if (b->n == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 16;
		b->rows = realloc(b->rows, b->cap * sizeof *b->rows);
		b->add = realloc(b->add, b->cap * sizeof *b->add);
		assert(b->rows && b->add);
	}
	b->rows[b->n].key = copy(key.p, key.n);
	b->rows[b->n].key_n = key.n;
	b->rows[b->n].value = p ? copy(p, n) : NULL;
	b->rows[b->n].value_n = n;
	b->add[b->n++] = add;
}

static exs_status batch_check(struct double_host *h, exs_str key, size_t value_n, exs_err *err)
{
	if (h->fail_batch)
		return exs_fail(err, EXS_IO, 0, "the test says no");
	if (key.n == 0 || key.n > EXS_STORE_KEY_MAX || value_n > EXS_STORE_VALUE_MAX)
		return exs_fail(err, EXS_TOOBIG, 0, "key of %zu bytes, value of %zu bytes", key.n, value_n);
	return EXS_OK;
}

static exs_status svc_batch_put(const exs_store_svc *svc, exs_batch *batch, exs_str key, exs_str value,
				exs_err *err)
{
	if (batch_check(host_of(svc), key, value.n, err))
		return err->status;
	batch_add_row((struct double_batch *)(void *)batch, key, value.p ? value.p : "", value.n, false);
	return EXS_OK;
}

static exs_status svc_batch_del(const exs_store_svc *svc, exs_batch *batch, exs_str key, exs_err *err)
{
	if (batch_check(host_of(svc), key, 0, err))
		return err->status;
	batch_add_row((struct double_batch *)(void *)batch, key, NULL, 0, false);
	return EXS_OK;
}

static exs_status svc_batch_add(const exs_store_svc *svc, exs_batch *batch, exs_str key, int64_t delta,
				int64_t bound, exs_err *err)
{
	(void)bound;
	if (batch_check(host_of(svc), key, 8, err))
		return err->status;
	batch_add_row((struct double_batch *)(void *)batch, key, (const char *)&delta, sizeof delta, true);
	return EXS_OK;
}

static void apply_add(struct double_host *h, exs_str key, int64_t delta)
{
	bool found;
	size_t i = row_at(h, key.p, key.n, &found);
	int64_t sum = 0;

	if (found)
		memcpy(&sum, h->rows[i].value, sizeof sum);
	sum += delta;
	row_put(h, key.p, key.n, (const char *)&sum, sizeof sum);
}

static exs_status svc_commit(const exs_store_svc *svc, const exs_op *const *ops, uint64_t n, exs_err *err)
{
	struct double_host *h = host_of(svc);
	uint64_t i;

	for (i = 0; i < n; i++) {
		bool found;
		size_t at = row_at(h, ops[i]->key.p, ops[i]->key.n, &found);

		if (ops[i]->kind != EXS_OP_CHECK)
			continue;
		if (found != (ops[i]->value.p != NULL) ||
		    (found && !exs_str_eq(ops[i]->value, exs_bytes(h->rows[at].value, h->rows[at].value_n))))
			return exs_fail(err, EXS_CONFLICT, 0, "check %d failed", (int)i);
	}
	for (i = 0; i < n; i++) {
		const exs_op *op = ops[i];

		if (op->kind == EXS_OP_PUT)
			row_put(h, op->key.p, op->key.n, op->value.p ? op->value.p : "", op->value.n);
		else if (op->kind == EXS_OP_DEL)
			row_del(h, op->key.p, op->key.n);
		else if (op->kind == EXS_OP_ADD)
			apply_add(h, op->key, op->delta);
	}
	return EXS_OK;
}

void double_batch_init(struct double_batch *b)
{
	memset(b, 0, sizeof *b);
}

exs_batch *double_batch(struct double_batch *b)
{
	return (exs_batch *)(void *)b;
}

void double_batch_drop(struct double_batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		free(b->rows[i].key);
		free(b->rows[i].value);
	}
	free(b->rows);
	free(b->add);
	memset(b, 0, sizeof *b);
}

void double_batch_apply(struct double_host *h, struct double_batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		const struct double_row *r = &b->rows[i];
		int64_t delta;

		if (!r->value) {
			row_del(h, r->key, r->key_n);
		} else if (b->add[i]) {
			memcpy(&delta, r->value, sizeof delta);
			apply_add(h, exs_bytes(r->key, r->key_n), delta);
		} else {
			row_put(h, r->key, r->key_n, r->value, r->value_n);
		}
	}
	double_batch_drop(b);
}

/* ---- the run service ---- */

static struct double_host *run_host(const exs_run_svc *svc)
{
	return container_of(svc, struct double_host, run);
}

static exs_status run_tally(const exs_run_svc *svc, uint64_t run, exs_tally *out)
{
	struct double_host *h = run_host(svc);

	if (run == 0)
		return EXS_NOTFOUND;
	exs_fill(out, out->size, &h->tally, sizeof h->tally);
	return EXS_OK;
}

static exs_status run_steer(const exs_run_svc *svc, uint64_t run, exs_str text)
{
	struct double_host *h = run_host(svc);

	if (run == 0)
		return EXS_NOTFOUND;
	snprintf(h->steered, sizeof h->steered, "%.*s", (int)text.n, text.p);
	return EXS_OK;
}

static exs_status run_extend(const exs_run_svc *svc, uint64_t run, int64_t ms)
{
	(void)svc;
	return run == 0 ? EXS_NOTFOUND : ms > 0 ? EXS_OK : EXS_INVALID;
}

static exs_status run_raise(const exs_run_svc *svc, uint64_t run, int32_t n)
{
	(void)svc;
	return run == 0 ? EXS_NOTFOUND : n > 0 ? EXS_OK : EXS_INVALID;
}

static exs_status run_kill(const exs_run_svc *svc, uint64_t run, exs_str why)
{
	(void)why;
	run_host(svc)->kills++;
	return run == 0 ? EXS_NOTFOUND : EXS_OK;
}

/* ---- the host ---- */

static void host_log(const exs_host *host, int32_t level, const char *line)
{
	struct double_host *h = container_of(host, struct double_host, host);

	(void)level;
	snprintf(h->log[h->log_n++ % 64], sizeof h->log[0], "%s", line);
}

static int64_t host_wall(const exs_host *host)
{
	struct double_host *h = container_of(host, struct double_host, host);

	return h->wall_ms ? h->wall_ms : clock_wall_ms();
}

static int64_t host_mono(const exs_host *host)
{
	struct double_host *h = container_of(host, struct double_host, host);

	return h->mono_ms ? h->mono_ms : clock_mono_ms();
}

static const void *host_service(const exs_host *host, const char *id)
{
	struct double_host *h = container_of(host, struct double_host, host);

	if (strcmp(id, EXS_SVC_STORE) == 0 && !h->no_store)
		return &h->store;
	if (strcmp(id, EXS_SVC_RUN) == 0)
		return &h->run;
	return NULL;
}

void double_host_init(struct double_host *h, const char *name)
{
	memset(h, 0, sizeof *h);
	h->host = (exs_host){ sizeof h->host, EXS_ABI, name,      "0-test",
			      host_log,       host_wall, host_mono, host_service, "/nonexistent/executus" };
	h->store = (exs_store_svc){ sizeof h->store, 0,	      svc_get,	     svc_scan,
				    svc_batch_put,   svc_batch_del, svc_batch_add, svc_commit, NULL };
	h->run = (exs_run_svc){ sizeof h->run, 0, run_tally, run_steer, run_extend, run_raise, run_kill, run_kill };
	h->conf.conf = (exs_conf){ sizeof h->conf.conf, 0, conf_given, conf_text, conf_number,
				   conf_count, conf_item, conf_json, conf_where };
	h->tally.size = sizeof h->tally;
}

void double_host_release(struct double_host *h)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		free(h->rows[i].key);
		free(h->rows[i].value);
	}
	free(h->rows);
	h->rows = NULL;
	h->n = h->cap = 0;
}

const exs_conf *double_host_conf(struct double_host *h, const exs_option *options,
				 const struct double_setting *set)
{
	h->conf.options = options;
	h->conf.set = set;
	return &h->conf.conf;
}

bool double_host_logged(const struct double_host *h, const char *part)
{
	unsigned i;

	for (i = 0; i < 64; i++)
		if (strstr(h->log[i], part))
			return true;
	return false;
}

const exs_battery *double_load(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const exs_battery *battery;

	if (!handle) {
		fprintf(stderr, "%s\n", dlerror());
		abort();
	}
	battery = dlsym(handle, EXS_BATTERY_SYMBOL);
	if (!battery) {
		fprintf(stderr, "%s exports no %s\n", path, EXS_BATTERY_SYMBOL);
		abort();
	}
	return battery;
}

exs_run_info double_run_info(const char *run_id)
{
	exs_run_info info = { 0 };

	info.size = sizeof info;
	info.attempt = 1;
	info.run = 7;
	info.run_id = info.root_id = run_id;
	info.parent_id = "";
	info.agent = "tester";
	info.caller = "someone";
	info.channel = "test";
	info.tier = "fast";
	info.input = exs_cstr("what is there?");
	info.started_ms = 1700000000000;
	info.max_steps = 12;
	info.flags = EXS_RUN_DURABLE;
	return info;
}
