/* SPDX-License-Identifier: MIT */
/* bench_rows.c - see bench_rows.h. */
#include "bench_rows.h"

#include "rows/head.h"

void must(exs_status status, const exs_err *err)
{
	if (status)
		die(err->text);
}

exs_run_info rows_info(const char *id)
{
	return (exs_run_info){ .size = sizeof(exs_run_info),
			       .attempt = 1,
			       .run_id = id,
			       .parent_id = "",
			       .root_id = id,
			       .agent = "a",
			       .caller = "",
			       .channel = "cli",
			       .tier = "fast",
			       .input = str_of("go"),
			       .started_ms = clock_wall_ms() };
}

void rows_append(struct kernel *k, exs_ckpt *ckpt, int64_t seq, int32_t kind, const char *body,
		 struct batch *b)
{
	exs_fact f = {
		.size = sizeof f, .kind = kind, .seq = seq, .attempt = 1, .body = str_of(body)
	};
	const exs_fact *list[] = { &f };
	exs_err err = EXS_ERR_INIT;

	must(call_ckpt_append(k->host->checkpoint, ckpt, list, 1, b, &err), &err);
}

void rows_head(const char *id, int64_t seq, struct batch *b)
{
	struct head head = { .fence = 1, .seq = seq };
	exs_err err = EXS_ERR_INIT;

	must(head_move(b, id, NULL, &head, &err), &err);
}

void rows_commit(struct kernel *k, struct batch *b)
{
	exs_err err = EXS_ERR_INIT;

	must(call_store_commit(k->host->store, b, &err), &err);
	batch_release(b);
	batch_init(b);
}

void rows_run(struct kernel *k, const char *id, int64_t facts, enum rows_end end, struct batch *b,
	      size_t batch)
{
	exs_run_info run = rows_info(id);
	exs_err err = EXS_ERR_INIT;
	exs_ckpt *ckpt = NULL;
	int64_t seq;

	rows_head(id, facts, b);
	must(call_ckpt_begin(k->host->checkpoint, &run, b, &ckpt, &err), &err);
	for (seq = 1; seq <= facts; seq++) {
		rows_append(k, ckpt, seq, EXS_FACT_STEERED, ROWS_BODY, b);
		if (b->n >= batch)
			rows_commit(k, b);
	}
	must(call_ckpt_end(k->host->checkpoint, ckpt,
			   end == ROWS_OPEN ? EXS_CKPT_LEAVE : EXS_CKPT_COMPLETE,
			   str_of(end == ROWS_OPEN ? "parked" : "ok"), b, &err),
	     &err);
}

struct sum {
	size_t bytes, rows;
};

static exs_status add_row(void *arg, exs_str key, exs_str value)
{
	struct sum *sum = arg;

	sum->bytes += key.n + value.n;
	sum->rows++;
	return EXS_OK;
}

size_t rows_stored(struct kernel *k, size_t *rows)
{
	exs_err err = EXS_ERR_INIT;
	struct sum sum = { 0, 0 };

	must(call_store_scan(k->host->store, str_of(NULL), str_of(NULL), 0, add_row, &sum, &err),
	     &err);
	if (rows)
		*rows = sum.rows;
	return sum.bytes;
}
