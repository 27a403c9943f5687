/* SPDX-License-Identifier: MIT */
/*
 * head.h - the row that holds a run together: who carries it, under which fence, up to which fact.
 *
 * Every facts batch checks the head it was made on and puts the next one, so a durable batch
 * implies all earlier ones of the run, a stalled owner is refused at its next append, and a batch
 * that is sent twice is recognised. Keys of the kernel begin with "k/", those of batteries with
 * "b/NAME/".
 */
#ifndef ROWS_HEAD_H
#define ROWS_HEAD_H

#include <stdbool.h>
#include "base/ids.h"
#include "host/batch.h"
#include "host/host.h"

#define HEAD_TEXT_MAX 160u
#define HEAD_KEY_MAX  64u
#define INBOX_PREFIX  "k/inbox/" /* RUN/ID: messages of other processes, see inbox.c */
#define INBOX_KEY_MAX (HEAD_KEY_MAX + ID_MAX)
#define INBOX_ROW_MAX (EXS_STEER_MAX * 6u + 256u) /* every byte escaped */

struct head {
	int64_t fence;	    /* rises with each owner */
	int64_t seq;	    /* of the last fact */
	char owner[ID_MAX]; /* empty: nobody, the run ended or was left */
};

/* The stored form; CHECK compares these bytes. */
void head_text(const struct head *h, char out[HEAD_TEXT_MAX]);
exs_status head_parse(exs_str text, struct head *out, exs_err *err); /* CORRUPT */
void head_key(const char *run_id, char out[HEAD_KEY_MAX]);
/* NOTFOUND when the run was never stored. */
exs_status head_read(struct host *h, const char *run_id, struct head *out, exs_err *err);
/* CHECK before (NULL: must not exist yet), PUT after. */
exs_status head_move(struct batch *b, const char *run_id, const struct head *before,
		     const struct head *after, exs_err *err);
bool head_equal(const struct head *a, const struct head *b);

#endif
