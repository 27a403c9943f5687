/* SPDX-License-Identifier: MIT */
/* rows.c - see rows.h. */
#include "rows.h"

#include <inttypes.h>

exs_str key_run(struct key *k, const char *id)
{
	return key_make(k, "run/%s", id);
}

exs_str key_logs(struct key *k, const char *id)
{
	return key_make(k, "log/%s/", id);
}

exs_str key_log(struct key *k, const char *id, int64_t seq)
{
	return key_make(k, "log/%s/%016" PRIx64, id, (uint64_t)seq);
}

exs_str key_unsealed(struct key *k, const char *id)
{
	return key_make(k, "unsealed/%s", id);
}

exs_str key_sealed(struct key *k, const char *id)
{
	return key_make(k, "sealed/%s", id);
}

exs_str key_chain(struct key *k, int64_t n)
{
	return key_make(k, "chain/%016" PRIx64, (uint64_t)n);
}

exs_str key_tip(void)
{
	return exs_cstr("tip");
}

int number_read(exs_str hex, int64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (hex.n != 16)
		return 0;
	for (i = 0; i < hex.n; i++) {
		char c = hex.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return 0;
		v = v * 16 + (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	if (v > INT64_MAX)
		return 0;
	*out = (int64_t)v;
	return 1;
}

/* ---- pages ---- */

struct filling {
	struct page *page;
	size_t cut; /* bytes of the prefix */
	int full;
};

/* Ends the scan when the page is full: AGAIN, which page_next takes for what it is. */
static exs_status page_row(void *arg, exs_str key, exs_str value)
{
	struct filling *f = arg;
	struct page *p = f->page;
	const char *id = key.p + f->cut;
	size_t n = key.n - f->cut;
	const char *slash = memchr(id, '/', n);

	(void)value;
	if (slash)
		n = (size_t)(slash - id);
	if (n == 0 || n > RUN_ID_MAX || (strlen(p->last) == n && memcmp(p->last, id, n) == 0))
		return EXS_OK;
	if (p->n == PAGE_IDS) {
		f->full = 1;
		return EXS_AGAIN;
	}
	memcpy(p->id[p->n], id, n);
	p->id[p->n][n] = '\0';
	memcpy(p->last, p->id[p->n++], n + 1);
	return EXS_OK;
}

exs_status page_next(const struct exs_self *self, const char *prefix, uint32_t flags,
		     struct page *p, exs_err *err)
{
	struct filling f = { p, strlen(prefix), 0 };
	struct key from;
	exs_status s;

	p->n = 0;
	from.n = 0;
	/* Behind all keys of the last id when it has several: '0' follows '/'. */
	if (p->last[0])
		key_make(&from, "%s%s%s", prefix, p->last, strcmp(prefix, "log/") == 0 ? "0" : "");
	s = self->store->scan(self->store, exs_cstr(prefix), exs_bytes(from.p, from.n),
			      flags | EXS_SCAN_KEYS, page_row, &f, err);
	return s == EXS_AGAIN && f.full ? EXS_OK : s;
}

exs_status row_get(const struct exs_self *self, exs_str key, exs_membuf *out, exs_err *err)
{
	out->n = 0;
	return self->store->get(self->store, key, &out->sink, err);
}
