/* SPDX-License-Identifier: MIT */
/*
 * verify.c - see verify.h: one run, and all of them.
 *
 * The trail may grow while it is looked at: a run's head is read before its log, and what stands
 * behind the row that the head names is a finding only when the head is still the same afterwards.
 */
#include "verify.h"

#include <inttypes.h>

#include "../common_fact/line.h"
#include "trail.h"

exs_status verify_found(struct verifying *v, const char *run, const char *what, int64_t n,
			const char *fmt, ...)
{
	char text[512], number[64];
	exs_membuf json;
	exs_status s;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	v->findings++;
	exs_membuf_init(&json, HEAD_MAX);
	s = line_text(&json, run ? "{\"run\":\"" : "{\"about\":\"", exs_cstr(run ? run : "chain"));
	snprintf(number, sizeof number, ",\"%s\":%" PRId64, what, n);
	if (s == EXS_OK && n > 0)
		s = exs_membuf_put(&json.sink, number, strlen(number));
	if (s == EXS_OK)
		s = line_text(&json, ",\"text\":\"", exs_cstr(text));
	if (s == EXS_OK)
		s = exs_membuf_put(&json.sink, "}", 1);
	if (s == EXS_OK)
		s = v->row(v->arg, exs_bytes(json.p, json.n));
	exs_membuf_release(&json);
	return s;
}

/* ---- the log ---- */

/* What the walk over a log knows. `bad`: said already, what follows would say it again and again.
 */
struct walk {
	struct verifying *v;
	const char *id;
	size_t cut;		/* bytes of the keys' prefix */
	struct tally told, now; /* by the head, by the rows */
	int bad, more;
	exs_err why;
};

static exs_status found_row(struct walk *w, int64_t seq, const char *text)
{
	w->bad = 1;
	return verify_found(w->v, w->id, "seq", seq, "%s", text);
}

static exs_status walk_row(void *arg, exs_str key, exs_str value)
{
	struct walk *w = arg;
	exs_str json = exs_bytes(value.p + DIGEST_BYTES,
				 value.n > DIGEST_BYTES ? value.n - DIGEST_BYTES : 0);
	struct row_facts facts;
	struct digest hash;
	int64_t seq = 0;

	if (w->bad)
		return EXS_OK;
	if (!number_read(exs_bytes(key.p + w->cut, key.n - w->cut), &seq))
		return found_row(w, 0, "a row of its log has a key that nobody writes");
	if (w->now.rows == w->told.rows) {
		w->more = 1;
		return EXS_OK;
	}
	if (json.n == 0)
		return found_row(w, seq, "the row is cut off");
	if (digest_of(digest_str(&w->now.hash), json, &hash, &w->why))
		return w->why.status;
	if (memcmp(hash.b, value.p, DIGEST_BYTES) != 0)
		return found_row(w, seq,
				 "the row is not what was written here, or the row before it is "
				 "gone");
	if (!row_facts_read(json, w->id, &facts))
		return found_row(w, seq, "the row cannot be read, or speaks of another run");
	if (facts.seq != seq)
		return found_row(w, seq, "the row stands in the place of another one");
	facts.bytes = (int64_t)value.n;
	tally_add(&w->now, &facts, &hash);
	return EXS_OK;
}

/* ---- the head ---- */

static exs_status check_rest(struct walk *w, exs_str rest, exs_err *err)
{
	exs_membuf again;
	exs_status s;

	exs_membuf_init(&again, HEAD_MAX);
	s = head_rest(&again, &w->now, err);
	if (s == EXS_OK && !exs_str_eq(rest, exs_bytes(again.p, again.n)))
		s = verify_found(w->v, w->id, "seq", 0,
				 "its head is not what its log says: status, sums or last row were "
				 "changed");
	exs_membuf_release(&again);
	return s;
}

static exs_status still_the_same(struct verifying *v, const char *id, exs_str head, int *same,
				 exs_err *err)
{
	exs_membuf now;
	struct key key;
	exs_status s;

	exs_membuf_init(&now, EXS_STORE_VALUE_MAX);
	s = row_get(v->self, key_run(&key, id), &now, err);
	*same = s == EXS_OK && exs_str_eq(head, exs_bytes(now.p, now.n));
	exs_membuf_release(&now);
	return s == EXS_NOTFOUND ? EXS_OK : s;
}

static exs_status check_end(struct walk *w, exs_str head, exs_str rest, exs_err *err)
{
	exs_status s;
	int same = 0;

	if (w->bad)
		return EXS_OK;
	if (w->now.rows == w->told.rows && !w->more)
		return check_rest(w, rest, err);
	s = still_the_same(w->v, w->id, head, &same, err);
	if (s != EXS_OK || !same)
		return s;
	if (w->more)
		return verify_found(
			w->v, w->id, "seq", w->now.last + 1,
			"there are rows behind the one that its head names as the last");
	return verify_found(w->v, w->id, "seq", w->now.last + 1,
			    "rows are missing at the end: %" PRId64 " of %" PRId64 " are there",
			    w->now.rows, w->told.rows);
}

static exs_status check_log(struct verifying *v, const char *id, exs_str head, exs_err *err)
{
	struct walk w = { .v = v, .id = id, .why = EXS_ERR_INIT };
	const exs_store_svc *store = v->self->store;
	struct digest first;
	exs_str fixed, rest;
	struct key key;
	exs_status s;

	if (!head_split(head, &fixed, &rest) || !head_tally(head, &w.told))
		return verify_found(v, id, "seq", 0, "its head cannot be read");
	if (digest_of(fixed, exs_bytes(NULL, 0), &first, err))
		return err->status;
	tally_start(&w.now, &first);
	key_logs(&key, id);
	w.cut = key.n;
	s = store->scan(store, exs_bytes(key.p, key.n), exs_bytes(NULL, 0), 0, walk_row, &w, err);
	if (s == EXS_CORRUPT) /* the store's own check: it is a finding as well */
		return verify_found(v, id, "seq", 0, "%s", err->text);
	return s == EXS_OK ? check_end(&w, head, rest, err) : s;
}

/* ---- its place in the chain ---- */

/* A finding about a head that may have moved on since it was read. */
static exs_status found_of(struct verifying *v, const char *id, exs_str head, int64_t n,
			   const char *text, exs_err *err)
{
	int same = 0;
	exs_status s = still_the_same(v, id, head, &same, err);

	return s == EXS_OK && same ? verify_found(v, id, "entry", n, "%s", text) : s;
}

/* The entry is about the run as its log ends now, or about an end that was retried. */
static exs_status check_entry(struct verifying *v, const char *id, exs_str head,
			      const struct tally *t, int64_t n, exs_err *err)
{
	struct entry e;
	int earlier = 0;
	exs_status s = entry_get(v->self, n, &e, err);

	if (s == EXS_NOTFOUND)
		return verify_found(v, id, "entry", n,
				    "its entry of the chain over the runs is gone");
	if (s == EXS_CORRUPT)
		return verify_found(v, id, "entry", n, "its entry of the chain is damaged: %s",
				    err->text);
	if (s != EXS_OK)
		return s;
	if (strcmp(e.run, id) == 0 && digest_same(&e.rows, &t->hash))
		return EXS_OK;
	if (!t->ended_ms && strcmp(e.run, id) == 0) {
		s = log_holds_end(v->self, &e, &earlier, err);
		if (s != EXS_OK || earlier || e.what == ENTRY_FORGOTTEN)
			return s;
	}
	return found_of(v, id, head, n, "its log ends otherwise than when the chain took it up",
			err);
}

/* A run that has ended waits to be sealed or is sealed; one that goes on is neither. */
static exs_status check_place(struct verifying *v, const char *id, exs_str head,
			      const struct tally *t, exs_err *err)
{
	exs_membuf mark;
	struct key key;
	int64_t n = 0;
	exs_status s;

	exs_membuf_init(&mark, EXS_STORE_VALUE_MAX);
	s = row_get(v->self, key_unsealed(&key, id), &mark, err);
	exs_membuf_release(&mark);
	if (s == EXS_OK && !t->ended_ms)
		return found_of(v, id, head, 0, "it was marked as ended, and its log does not end",
				err);
	if (s != EXS_NOTFOUND)
		return s;
	s = sealed_get(v->self, id, &n, err);
	if (s == EXS_NOTFOUND && !t->ended_ms)
		return EXS_OK;
	if (s == EXS_NOTFOUND)
		return verify_found(v, id, "entry", 0,
				    "it has ended, and the chain over the runs does not know it");
	if (s == EXS_CORRUPT)
		return verify_found(v, id, "entry", 0, "%s", err->text);
	return s == EXS_OK ? check_entry(v, id, head, t, n, err) : s;
}

/* Is there no head, or one of the log that the entry is about? */
static exs_status same_log(struct verifying *v, const struct entry *e, int *same, exs_err *err)
{
	struct tally t;
	struct key key;
	exs_status s = row_get(v->self, key_run(&key, e->run), &v->buf, err);

	*same = s != EXS_OK || !head_tally(exs_bytes(v->buf.p, v->buf.n), &t) ||
		digest_same(&e->rows, &t.hash);
	return s;
}

/* Was it chained as forgotten? Then what is left of it is on its way out. */
static exs_status is_forgotten(struct verifying *v, const char *id, int *out, exs_err *err)
{
	struct entry e;
	int64_t n = 0;
	exs_status s = sealed_get(v->self, id, &n, err);

	if (s == EXS_OK)
		s = entry_get(v->self, n, &e, err);
	*out = s == EXS_OK && e.what == ENTRY_FORGOTTEN && strcmp(e.run, id) == 0;
	if (*out) /* a run that was retried afterwards has another log */
		s = same_log(v, &e, out, err);
	return s == EXS_NOTFOUND || s == EXS_CORRUPT ? EXS_OK : s;
}

exs_status verify_run(struct verifying *v, const char *id, exs_err *err)
{
	struct tally t;
	struct key key;
	exs_str head;
	exs_status s;
	int gone = 0;

	if (!run_id_ok(id))
		return EXS_NOTFOUND;
	s = is_forgotten(v, id, &gone, err);
	if (s != EXS_OK)
		return s;
	s = row_get(v->self, key_run(&key, id), &v->buf, err);
	if (s == EXS_CORRUPT)
		return verify_found(v, id, "seq", 0, "%s", err->text);
	if (s != EXS_OK || gone)
		return s;
	head = exs_bytes(v->buf.p, v->buf.n);
	s = check_log(v, id, head, err);
	if (s == EXS_OK && head_tally(head, &t))
		s = check_place(v, id, head, &t, err);
	return s;
}

/* ---- rows of runs that have no head ---- */

static exs_status check_stray(struct verifying *v, const char *prefix, const char *id, exs_err *err)
{
	struct key key;
	exs_status s;
	int gone = 0;

	if (!run_id_ok(id))
		return verify_found(v, NULL, "entry", 0, "there is a row '%s%s' that nobody writes",
				    prefix, id);
	s = row_get(v->self, key_run(&key, id), &v->buf, err);
	if (s != EXS_NOTFOUND)
		return s == EXS_CORRUPT ? EXS_OK : s; /* told with the run */
	s = is_forgotten(v, id, &gone, err);
	if (s != EXS_OK || gone)
		return s;
	return verify_found(v, id, "seq", 0, "the run is gone, and '%s%s' is left of it", prefix,
			    id);
}

/* Of each run that has a row behind the prefix. */
static exs_status each_run(struct verifying *v, const char *prefix,
			   exs_status (*look)(struct verifying *v, const char *prefix,
					      const char *id, exs_err *err),
			   exs_err *err)
{
	struct page *page = calloc(1, sizeof *page);
	exs_status s;
	size_t i;

	if (!page)
		return exs_fail(err, EXS_NOMEM, 0, "no memory to look through the trail");
	do {
		s = page_next(v->self, prefix, 0, page, err);
		for (i = 0; s == EXS_OK && i < page->n; i++)
			s = look(v, prefix, page->id[i], err);
	} while (s == EXS_OK && page->n);
	free(page);
	return s;
}

exs_status verify_strays(struct verifying *v, const char *prefix, exs_err *err)
{
	return each_run(v, prefix, check_stray, err);
}

/* ---- all ---- */

/* A run that went meanwhile is none. */
static exs_status look_at_run(struct verifying *v, const char *prefix, const char *id, exs_err *err)
{
	exs_status s = verify_run(v, id, err);

	(void)prefix;
	return s == EXS_NOTFOUND ? EXS_OK : s;
}

static exs_status verify_runs(struct verifying *v, exs_err *err)
{
	return each_run(v, "run/", look_at_run, err);
}

static exs_status verify_each(struct verifying *v, exs_err *err)
{
	static const char *const strays[] = { "log/", "unsealed/", "sealed/" };
	exs_status s = verify_chain(v, err);
	size_t i;

	if (s == EXS_OK)
		s = verify_runs(v, err);
	for (i = 0; s == EXS_OK && i < sizeof strays / sizeof *strays; i++)
		s = verify_strays(v, strays[i], err);
	return s;
}

exs_status verify_all(exs_self *self, const char *run_id, each_json *row, void *arg, exs_err *err)
{
	struct verifying v = { .self = self, .row = row, .arg = arg };
	exs_status s;

	exs_membuf_init(&v.buf, EXS_STORE_VALUE_MAX);
	s = run_id ? verify_run(&v, run_id, err) : verify_each(&v, err);
	exs_membuf_release(&v.buf);
	if (s == EXS_NOTFOUND)
		return exs_fail(err, s, 0, "there is no run '%.40s' in the trail", run_id);
	if (s != EXS_OK || !v.findings)
		return s;
	return exs_fail(err, EXS_CORRUPT, 0,
			"the trail is not what was written: %" PRId64 " finding%s", v.findings,
			v.findings == 1 ? "" : "s");
}
