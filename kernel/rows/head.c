/* SPDX-License-Identifier: MIT */
/* head.c - see head.h. */
#include "rows/head.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "host/calls.h"

#define HEAD_DEPTH_MAX 4u /* more than it has; members may be added */

void head_text(const struct head *h, char out[HEAD_TEXT_MAX])
{
	snprintf(out, HEAD_TEXT_MAX,
		 "{\"v\":1,\"fence\":%" PRId64 ",\"seq\":%" PRId64 ",\"owner\":\"%s\"}", h->fence,
		 h->seq, h->owner);
}

exs_status head_parse(exs_str text, struct head *out, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	struct head h = { 0 };
	int64_t v = 0;
	char *owner;

	if (json_check_object(text, HEAD_DEPTH_MAX, &why))
		return err_set(err, EXS_CORRUPT, 0, "a run's head cannot be read: %.150s",
			       why.text);
	json_get_int(text, "v", &v);
	if (v != 1)
		return err_set(err, EXS_CORRUPT, 0,
			       "a run's head has version %lld; this release reads 1", (long long)v);
	owner = json_get_textz(text, "owner", ID_MAX - 1);
	if (!owner || (owner[0] && !id_ok(owner)) || !json_get_int(text, "fence", &h.fence) ||
	    !json_get_int(text, "seq", &h.seq) || h.fence < 1 || h.seq < 1) {
		free(owner);
		return err_set(err, EXS_CORRUPT, 0,
			       "a run's head lacks its fence, sequence or owner");
	}
	snprintf(h.owner, sizeof h.owner, "%s", owner);
	free(owner);
	*out = h;
	return EXS_OK;
}

void head_key(const char *run_id, char out[HEAD_KEY_MAX])
{
	snprintf(out, HEAD_KEY_MAX, "k/head/%s", run_id);
}

exs_status head_read(struct host *h, const char *run_id, struct head *out, exs_err *err)
{
	char key[HEAD_KEY_MAX];
	struct buf value;
	struct buf_sink sink;
	exs_status status;

	head_key(run_id, key);
	buf_init(&value, HEAD_TEXT_MAX);
	status = call_store_get(h->store, str_of(key), buf_sink_init(&sink, &value), err);
	if (status == EXS_OK)
		status = head_parse(buf_view(&value), out, err);
	else if (status == EXS_TOOBIG)
		status = err_set(err, EXS_CORRUPT, 0, "a run's head is longer than %u bytes",
				 HEAD_TEXT_MAX);
	buf_release(&value);
	if (status == EXS_CORRUPT) {
		exs_err why = *err;

		err_set(err, EXS_CORRUPT, 0, "row '%s' of the store: %.180s", key, why.text);
	}
	return status;
}

exs_status head_move(struct batch *b, const char *run_id, const struct head *before,
		     const struct head *after, exs_err *err)
{
	char key[HEAD_KEY_MAX], text[HEAD_TEXT_MAX];
	exs_status status;

	head_key(run_id, key);
	if (before)
		head_text(before, text);
	status = batch_check(b, str_of(key), before ? str_of(text) : str_of(NULL), err);
	head_text(after, text);
	return status ? status : batch_put(b, str_of(NULL), str_of(key), str_of(text), err);
}

bool head_equal(const struct head *a, const struct head *b)
{
	return a->fence == b->fence && a->seq == b->seq && strcmp(a->owner, b->owner) == 0;
}
