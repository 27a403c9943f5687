/* SPDX-License-Identifier: MIT */
/*
 * verify_chain.c - see verify.h: the chain over the runs, and what is kept of it elsewhere.
 *
 * The walk goes along the entries that are there, so that its length does not depend on a number
 * that somebody wrote.
 */
#include "verify.h"

#include <inttypes.h>

#include "trail.h"

/* What was forgotten is what ended last: that is this entry, or one between the two. */
static exs_status forgotten_as(struct verifying *v, const struct entry *e, const struct entry *later,
			       int *out, exs_err *err)
{
	struct entry last = *e;
	exs_status s = EXS_OK;
	int64_t n;

	*out = digest_same(&later->rows, &e->rows);
	for (n = later->n - 1; n > e->n && s == EXS_OK && !*out; n--) {
		s = entry_get(v->self, n, &last, err);
		*out = s == EXS_OK && last.what == ENTRY_ENDED && strcmp(last.run, e->run) == 0 &&
		       digest_same(&last.rows, &later->rows);
		if (s == EXS_NOTFOUND || s == EXS_CORRUPT) /* told by the walk */
			s = EXS_OK;
	}
	return s;
}

/* A run may be retried after it was forgotten; then its trail began anew. */
static exs_status forgotten_between(struct verifying *v, const struct entry *e, int64_t last, int *out,
				    exs_err *err)
{
	struct entry later;
	exs_status s = EXS_OK;
	int64_t n;

	for (n = e->n + 1; n < last && s == EXS_OK && !*out; n++) {
		s = entry_get(v->self, n, &later, err);
		if (s == EXS_OK && later.what == ENTRY_FORGOTTEN && strcmp(later.run, e->run) == 0)
			return forgotten_as(v, e, &later, out, err);
		if (s == EXS_NOTFOUND || s == EXS_CORRUPT) /* told by the walk */
			s = EXS_OK;
	}
	return s;
}

/*
 * Is a later entry about the same run the reason why this one is not its newest? It was forgotten, so that nothing is
 * left to compare; or it was retried, and this end stands within its log.
 */
static exs_status followed(struct verifying *v, const struct entry *e, int64_t n, int *out,
			   exs_err *err)
{
	struct entry later;
	exs_status s = n > e->n ? entry_get(v->self, n, &later, err) : EXS_NOTFOUND;

	*out = 0;
	if (s == EXS_NOTFOUND || s == EXS_CORRUPT)
		return EXS_OK;
	if (s != EXS_OK || strcmp(later.run, e->run) != 0)
		return s;
	*out = e->what == ENTRY_FORGOTTEN;
	if (*out)
		return EXS_OK;
	if (later.what == ENTRY_FORGOTTEN)
		return forgotten_as(v, e, &later, out, err);
	s = log_holds_end(v->self, e, out, err);
	return s == EXS_OK && !*out ? forgotten_between(v, e, n, out, err) : s;
}

/*
 * The run is there, or was forgotten, and knows its entry: what it says is then looked at with the
 * runs. It may be forgotten meanwhile, so its place is read after itself.
 */
static exs_status check_run_of(struct verifying *v, const struct entry *e, exs_err *err)
{
	struct key key;
	int64_t n = 0;
	exs_status s = row_get(v->self, key_run(&key, e->run), &v->buf, err);
	int there = s != EXS_NOTFOUND, gone = 0;

	if (s == EXS_OK || s == EXS_NOTFOUND || s == EXS_CORRUPT)
		s = sealed_get(v->self, e->run, &n, err);
	if (s == EXS_OK || s == EXS_NOTFOUND || s == EXS_CORRUPT)
		s = followed(v, e, n, &gone, err);
	if (s != EXS_OK || gone || (n == e->n && (there || e->what == ENTRY_FORGOTTEN)))
		return s;
	return verify_found(v, e->run, "entry", e->n,
			    there ? "the chain knows the run, which does not know its entry"
				  : "the chain knows the run, and it is gone without having been "
				    "forgotten");
}

/* The walk along the entries. */
struct links {
	struct verifying *v;
	int64_t last; /* the number of the entry before; 0: none */
	struct digest hash;
	int known; /* the hash is that of the entry before: it is there and whole */
};

static exs_status check_gap(struct links *l, int64_t n)
{
	if (n == l->last + 1)
		return EXS_OK;
	l->known = 0;
	if (n == l->last + 2)
		return verify_found(l->v, NULL, "entry", n - 1, "the entry is gone");
	return verify_found(l->v, NULL, "entry", l->last + 1,
			    "the entries up to %" PRId64 " are gone", n - 1);
}

static exs_status check_link(struct links *l, int64_t n, exs_err *err)
{
	struct entry e;
	exs_status s = check_gap(l, n);

	if (s == EXS_OK)
		s = entry_get(l->v->self, n, &e, err);
	l->last = n;
	if (s == EXS_CORRUPT) {
		l->known = 0;
		return verify_found(l->v, NULL, "entry", n, "the entry is damaged: %s", err->text);
	}
	if (s != EXS_OK)
		return s;
	if (l->known && !digest_same(&e.previous, &l->hash))
		s = verify_found(l->v, e.run, "entry", n,
				 "the entry does not follow the one before it");
	l->hash = e.hash;
	l->known = 1;
	return s == EXS_OK ? check_run_of(l->v, &e, err) : s;
}

/* Entries behind the end may have come meanwhile: then the end moved too. */
static exs_status check_behind(struct verifying *v, int64_t n, exs_err *err)
{
	struct tip now;
	exs_status s = tip_get(v->self, &now, err);

	if (s != EXS_OK)
		return s == EXS_CORRUPT ? EXS_OK : s; /* told already */
	if (n <= now.entries)
		return EXS_OK;
	return verify_found(v, NULL, "entry", n,
			    "the entry stands behind the end of the chain: it was cut");
}

static exs_status check_tip(struct links *l)
{
	const struct tip *tip = &l->v->tip;

	if (l->last < tip->entries)
		return verify_found(l->v, NULL, "entry", l->last + 1,
				    "the entries up to %" PRId64 ", the last one, are gone",
				    tip->entries);
	if (l->known && !digest_same(&l->hash, &tip->hash))
		return verify_found(l->v, NULL, "entry", tip->entries,
				    "the entry is not the one that the end of the chain names");
	return EXS_OK;
}

static exs_status check_page(struct links *l, const struct page *page, exs_err *err)
{
	exs_status s = EXS_OK;
	int64_t n = 0;
	size_t i;

	for (i = 0; s == EXS_OK && i < page->n; i++) {
		if (!number_read(exs_cstr(page->id[i]), &n) || n < 1)
			s = verify_found(l->v, NULL, "entry", 0,
					 "there is a row 'chain/%s' that nobody writes",
					 page->id[i]);
		else if (n > l->v->tip.entries)
			s = check_behind(l->v, n, err);
		else
			s = check_link(l, n, err);
	}
	return s;
}

exs_status verify_chain(struct verifying *v, exs_err *err)
{
	struct links l = { .v = v, .known = 1 };
	struct page *page = calloc(1, sizeof *page);
	exs_status s;

	if (!page)
		return exs_fail(err, EXS_NOMEM, 0, "no memory to look through the chain");
	s = tip_get(v->self, &v->tip, err);
	if (s == EXS_CORRUPT)
		s = verify_found(v, NULL, "entry", 0, "%s", err->text);
	if (s == EXS_OK) {
		do {
			s = page_next(v->self, "chain/", 0, page, err);
			if (s == EXS_OK)
				s = check_page(&l, page, err);
		} while (s == EXS_OK && page->n);
	}
	free(page);
	return s == EXS_OK ? check_tip(&l) : s;
}

/* ---- what is kept elsewhere ---- */

exs_status verify_head(exs_self *self, exs_sink *json, exs_err *err)
{
	char text[ENTRY_MAX];
	struct tip tip;
	size_t n;

	if (tip_get(self, &tip, err))
		return err->status;
	n = tip_write(&tip, text);
	err->status = json->put(json, text, n);
	return err->status == EXS_OK ? EXS_OK
				     : exs_fail(err, err->status, 0, "no room for the head");
}

static exs_status not_held(int64_t n, exs_err *err)
{
	if (n)
		return exs_fail(err, EXS_CORRUPT, 0,
				"entry %" PRId64 " of the chain is not the one that was kept: the "
				"trail was shortened or replaced",
				n);
	return exs_fail(err, EXS_CORRUPT, 0,
			"no entry of the chain has the hash that was kept: the trail was shortened "
			"or replaced");
}

/* Is there an entry of that hash? A damaged one is none. */
static exs_status find_hash(exs_self *self, const struct digest *wanted, int *found, exs_err *err)
{
	struct page *page = calloc(1, sizeof *page);
	struct entry e;
	exs_status s;
	int64_t n;
	size_t i;

	if (!page)
		return exs_fail(err, EXS_NOMEM, 0, "no memory to look through the chain");
	do {
		s = page_next(self, "chain/", 0, page, err);
		for (i = 0; s == EXS_OK && i < page->n && !*found; i++) {
			if (!number_read(exs_cstr(page->id[i]), &n))
				continue;
			s = entry_get(self, n, &e, err);
			*found = s == EXS_OK && digest_same(&e.hash, wanted);
			if (s == EXS_CORRUPT || s == EXS_NOTFOUND)
				s = EXS_OK;
		}
	} while (s == EXS_OK && page->n && !*found);
	free(page);
	return s;
}

exs_status verify_holds(exs_self *self, exs_str hash, int64_t entries, exs_err *err)
{
	static const struct digest none;
	struct digest wanted;
	struct entry e;
	exs_status s;
	int found = 0;

	if (!digest_read(hash, &wanted) || entries < 0)
		return exs_fail(
			err, EXS_INVALID, 0,
			"a kept head is 64 hex digits, or what 'executus audit head' wrote");
	if (digest_same(&wanted, &none)) /* of an empty chain nothing can be missed */
		return EXS_OK;
	if (entries) {
		s = entry_get(self, entries, &e, err);
		found = s == EXS_OK && digest_same(&e.hash, &wanted);
	} else {
		s = find_hash(self, &wanted, &found, err);
	}
	if (s != EXS_OK && s != EXS_NOTFOUND && s != EXS_CORRUPT)
		return s;
	return found ? EXS_OK : not_held(entries, err);
}
