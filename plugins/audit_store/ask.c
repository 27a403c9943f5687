/* SPDX-License-Identifier: MIT */
/* ask.c - see ask.h. Every run's head is read; an index would have to be right as well. */
#include "ask.h"

#include <cjson/cJSON.h>

/* ---- filters ---- */

static int text_is(const cJSON *head, const char *key, const char *wanted)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(head, key);

	return !wanted || (cJSON_IsString(item) && strcmp(item->valuestring, wanted) == 0);
}

static double number(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static int fits(const cJSON *head, const exs_audit_filter *f)
{
	const cJSON *usage = cJSON_GetObjectItemCaseSensitive(head, "usage");
	double started = number(head, "started_ms");

	if (f->flags & EXS_AUDIT_TOP && !text_is(head, "parent", ""))
		return 0;
	if ((f->from_ms && started < (double)f->from_ms) ||
	    (f->to_ms && started >= (double)f->to_ms))
		return 0;
	if (f->min_cost_micro && number(usage, "cost_micro") < (double)f->min_cost_micro)
		return 0;
	return text_is(head, "agent", f->agent) && text_is(head, "caller", f->caller) &&
	       text_is(head, "status", f->status) && text_is(head, "parent", f->parent);
}

/* A record of a side that knows less, as ours. */
static exs_audit_filter filter_of(const exs_audit_filter *theirs)
{
	exs_audit_filter mine = { .size = sizeof mine };

	if (theirs)
		exs_fill(&mine, sizeof mine, theirs, theirs->size);
	return mine;
}

/* ---- list ---- */

struct listing {
	exs_self *self;
	exs_audit_filter filter;
	each_json *row;
	void *arg;
	exs_membuf head;
	char parent[RUN_ID_MAX +
		    1]; /* of the run that was looked at last; empty: none that can be looked up */
};

/* A head that cannot be read must not hide the other runs: it is listed as what it is. */
static exs_status list_damaged(struct listing *l, const char *id)
{
	char json[RUN_ID_MAX + 256];
	int n = snprintf(json, sizeof json,
			 "{\"run\":\"%s\",\"agent\":\"\",\"caller\":\"\",\"parent\":\"\",\"root\":"
			 "\"\",\"status\":\"corrupt\",\"started_ms\":0,\"steps\":0,\"calls\":0,"
			 "\"usage\":{}}",
			 id);

	return l->row(l->arg, exs_bytes(json, (size_t)n));
}

static void keep_parent(struct listing *l, const cJSON *head)
{
	const cJSON *parent = cJSON_GetObjectItemCaseSensitive(head, "parent");

	l->parent[0] = '\0';
	if (cJSON_IsString(parent) && run_id_ok(parent->valuestring))
		snprintf(l->parent, sizeof l->parent, "%s", parent->valuestring);
}

/* NOTFOUND: there is no such run. */
static exs_status list_one(struct listing *l, const char *id, exs_err *err)
{
	struct key key;
	cJSON *head;
	exs_status s;

	l->parent[0] = '\0';
	if (!run_id_ok(id))
		return EXS_OK;
	s = row_get(l->self, key_run(&key, id), &l->head, err);
	if (s != EXS_OK && s != EXS_CORRUPT)
		return s;
	head = s == EXS_OK && l->head.n ? cJSON_ParseWithLength(l->head.p, l->head.n) : NULL;
	s = EXS_OK;
	if (!cJSON_IsObject(head)) {
		s = list_damaged(l, id);
	} else if (fits(head, &l->filter)) {
		s = l->row(l->arg, exs_bytes(l->head.p, l->head.n));
	}
	keep_parent(l, head);
	cJSON_Delete(head);
	return s == EXS_OK ? s : exs_fail(err, s, 0, "the list was stopped at run '%s'", id);
}

static exs_status list_all(struct listing *l, exs_err *err)
{
	struct page *page = calloc(1, sizeof *page);
	exs_status s = EXS_OK;
	size_t i;

	if (!page)
		return exs_fail(err, EXS_NOMEM, 0, "no memory to list the runs");
	do {
		s = page_next(l->self, "run/", EXS_SCAN_REVERSE, page, err);
		for (i = 0; s == EXS_OK && i < page->n; i++) {
			s = list_one(l, page->id[i], err);
			if (s == EXS_NOTFOUND) /* it was forgotten meanwhile */
				s = EXS_OK;
		}
	} while (s == EXS_OK && page->n);
	free(page);
	return s;
}

/* Rows may say anything: a run that was there before ends the line. */
static exs_status list_ancestors(struct listing *l, exs_err *err)
{
	char(*seen)[RUN_ID_MAX + 1] = calloc(ANCESTORS_MAX, sizeof *seen);
	exs_status s = EXS_OK;
	size_t n = 0, i;

	if (!seen)
		return exs_fail(err, EXS_NOMEM, 0, "no memory to list the runs");
	snprintf(seen[0], sizeof *seen, "%s", l->filter.run_id);
	while (s == EXS_OK && n < ANCESTORS_MAX) {
		s = list_one(l, seen[n++], err);
		for (i = 0; i < n && strcmp(seen[i], l->parent) != 0; i++)
			;
		if (s != EXS_OK || !l->parent[0] || i < n || n == ANCESTORS_MAX)
			break;
		snprintf(seen[n], sizeof *seen, "%s", l->parent);
	}
	free(seen);
	/* A parent that is gone ends the line; the run itself must be there. */
	return s == EXS_NOTFOUND && n > 1 ? EXS_OK : s;
}

exs_status ask_list(exs_self *self, const exs_audit_filter *filter, each_json *row, void *arg,
		    exs_err *err)
{
	struct listing l = { .self = self, .filter = filter_of(filter), .row = row, .arg = arg };
	const char *id = l.filter.run_id;
	exs_status s;

	if (id && !run_id_ok(id))
		return exs_fail(err, EXS_NOTFOUND, 0, "'%.40s' is not the id of a run", id);
	if (l.filter.flags & EXS_AUDIT_ANCESTORS && !id)
		return exs_fail(err, EXS_INVALID, 0, "the ancestors of which run? name it");
	exs_membuf_init(&l.head, EXS_STORE_VALUE_MAX);
	if (l.filter.flags & EXS_AUDIT_ANCESTORS)
		s = list_ancestors(&l, err);
	else
		s = id ? list_one(&l, id, err) : list_all(&l, err);
	exs_membuf_release(&l.head);
	if (s == EXS_NOTFOUND)
		exs_fail(err, s, 0, "there is no run '%s' in the trail", id);
	return s;
}

/* ---- read ---- */

struct reading {
	each_json *row;
	void *arg;
};

static exs_status read_row(void *arg, exs_str key, exs_str value)
{
	const struct reading *r = arg;

	(void)key;
	if (value.n <= DIGEST_BYTES) /* verify tells it */
		return EXS_OK;
	return r->row(r->arg, exs_bytes(value.p + DIGEST_BYTES, value.n - DIGEST_BYTES));
}

exs_status ask_read(exs_self *self, const char *run_id, each_json *row, void *arg, exs_err *err)
{
	struct reading r = { row, arg };
	exs_membuf head;
	struct key key;
	exs_status s = EXS_NOTFOUND;

	exs_membuf_init(&head, EXS_STORE_VALUE_MAX);
	if (run_id_ok(run_id))
		s = row_get(self, key_run(&key, run_id), &head, err);
	exs_membuf_release(&head);
	if (s == EXS_NOTFOUND)
		return exs_fail(err, s, 0, "there is no run '%.40s' in the trail", run_id);
	if (s != EXS_OK)
		return s;
	return self->store->scan(self->store, key_logs(&key, run_id), exs_bytes(NULL, 0), 0,
				 read_row, &r, err);
}
