/* SPDX-License-Identifier: MIT */
/*
 * store_row.c - does to rows of a store what nobody should do, so that a test can see it found.
 *
 *	store_row CONF FOLDER flip KEY       one bit in the middle of its value
 *	store_row CONF FOLDER del KEY
 *	store_row CONF FOLDER put KEY VALUE
 *	store_row CONF FOLDER swap KEY KEY   their values
 *	store_row CONF FOLDER edit KEY OLD NEW  a text in the record of a fact by another of its length, and its sum is right again
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "host/calls.h"

#include "../../plugins/checkpoint_journal/record.h"

#define VALUE_MAX EXS_STORE_VALUE_MAX
#define SUM_AT	  8u /* of a record: record.h */
#define SUM_END	  16u

static exs_status get(struct host *h, const char *key, struct buf *out, exs_err *err)
{
	struct buf_sink sink;

	buf_init(out, VALUE_MAX);
	return call_store_get(h->store, str_of(key), buf_sink_init(&sink, out), err);
}

static exs_status put(struct batch *b, const char *key, const struct buf *value, exs_err *err)
{
	return batch_put(b, str_of(NULL), str_of(key), buf_view(value), err);
}

/* What only somebody who knows the rows can do: nothing but a replay finds it. */
static exs_status edit(struct buf *row, const char *old, const char *new, exs_err *err)
{
	size_t n = strlen(old);
	char *at = memmem(row->p, row->n, old, n);

	if (!at || strlen(new) != n || row->n < SUM_END)
		return err_set(err, EXS_INVALID, 0, "the row has no '%s', or '%s' is not as long", old, new);
	memcpy(at, new, n);
	put_u64(row->p + SUM_AT, record_sum(record_sum(0, row->p, SUM_AT), row->p + SUM_END, row->n - SUM_END));
	return EXS_OK;
}

static exs_status fill(struct host *h, struct batch *b, char **words, exs_err *err)
{
	struct buf one, other;
	exs_status status = EXS_OK;

	buf_init(&other, VALUE_MAX);
	if (strcmp(words[0], "put") == 0 && words[2])
		return batch_put(b, str_of(NULL), str_of(words[1]), str_of(words[2]), err);
	status = get(h, words[1], &one, err);
	if (status == EXS_OK && strcmp(words[0], "del") == 0) {
		status = batch_del(b, str_of(NULL), str_of(words[1]), err);
	} else if (status == EXS_OK && strcmp(words[0], "flip") == 0) {
		one.p[one.n / 2] = (char)(one.p[one.n / 2] ^ 1);
		status = put(b, words[1], &one, err);
	} else if (status == EXS_OK && strcmp(words[0], "edit") == 0 && words[2] && words[3]) {
		status = edit(&one, words[2], words[3], err);
		if (status == EXS_OK)
			status = put(b, words[1], &one, err);
	} else if (status == EXS_OK && strcmp(words[0], "swap") == 0 && words[2]) {
		status = get(h, words[2], &other, err);
		if (status == EXS_OK)
			status = put(b, words[1], &other, err);
		if (status == EXS_OK)
			status = put(b, words[2], &one, err);
	} else if (status == EXS_OK) {
		status = err_set(err, EXS_INVALID, 0, "flip, del, swap, edit or put, not '%s'", words[0]);
	}
	buf_release(&one);
	buf_release(&other);
	return status;
}

int main(int argc, char **argv)
{
	const char *const folders[] = { argc > 2 ? argv[2] : NULL, NULL };
	exs_err err = EXS_ERR_INIT;
	struct conf *conf = NULL;
	struct host *host = NULL;
	struct batch batch;
	struct log log;

	if (argc < 5) {
		fprintf(stderr, "usage: store_row CONF FOLDER flip|del|swap|put|edit KEY [KEY or VALUE, or OLD NEW]\n");
		return 2;
	}
	log_init(&log, 2, EXS_INFO);
	batch_init(&batch);
	if (conf_load(argv[1], &conf, &err) ||
	    host_open(conf, HOST_PAST, folders, &log, &host, &err) ||
	    fill(host, &batch, argv + 3, &err) || call_store_commit(host->store, &batch, &err))
		fprintf(stderr, "store_row: %s\n", err.text);
	batch_release(&batch);
	host_close(host);
	conf_free(conf);
	return err.status ? 1 : 0;
}
