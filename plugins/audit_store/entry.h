/* SPDX-License-Identifier: MIT */
/*
 * entry.h - the entries of the chain over the runs that have ended, one JSON object each:
 *
 *	{"entry":N,"what":"ended","run":...,"rows":HASH,"at_ms":N,"previous":HASH,"hash":HASH}
 *
 * `rows` is the hash of the run's last row, `previous` that of the entry before (zeros for the
 * first), `hash` that of the object's own bytes up to it. "forgotten" follows when the run's rows
 * were taken out.
 */
#ifndef AUDIT_STORE_ENTRY_H
#define AUDIT_STORE_ENTRY_H

#include "rows.h"

#define ENTRY_MAX 640u

enum entry_what { ENTRY_ENDED, ENTRY_FORGOTTEN };

struct entry {
	int64_t n, at_ms;
	enum entry_what what;
	char run[RUN_ID_MAX + 1];
	struct digest rows, previous, hash;
};

/* The end of the chain; entries 0: there is none, the hash is zeros. */
struct tip {
	int64_t entries;
	struct digest hash;
};

/* The row's value, as text of `n` bytes; sets e->hash. */
exs_status entry_write(struct entry *e, char out[ENTRY_MAX], size_t *n, exs_err *err);
/* CORRUPT: these bytes are no entry, or its hash is not theirs; the sentence says which. */
exs_status entry_read(exs_str text, struct entry *out, exs_err *err);
exs_status entry_get(const exs_self *self, int64_t n, struct entry *out, exs_err *err);

size_t tip_write(const struct tip *t, char out[ENTRY_MAX]);
exs_status tip_get(const exs_self *self, struct tip *out, exs_err *err);
/* N of the newest entry about the run. NOTFOUND: there is none; CORRUPT. */
exs_status sealed_get(const exs_self *self, const char *run, int64_t *n, exs_err *err);

#endif
