/* SPDX-License-Identifier: MIT */
/*
 * trail.c - see trail.h. A row is a fact as audit_jsonl writes it, with its times in milliseconds
 * in front, and linked to the row before it by a hash.
 */
#include "trail.h"

#include <inttypes.h>

#include <cjson/cJSON.h>

#include "../common_fact/line.h"
#include "seal.h"

struct exs_trail {
	exs_self *self;
	char run[RUN_ID_MAX + 1];
	exs_membuf head; /* the first part, and behind it what is being written */
	size_t fixed;
	exs_membuf row;
	struct tally tally;
};

/* ---- start ---- */

static void trail_free(exs_trail *t)
{
	exs_membuf_release(&t->head);
	exs_membuf_release(&t->row);
	free(t);
}

struct newest {
	int found;
	struct digest hash;
};

static exs_status newest_row(void *arg, exs_str key, exs_str value)
{
	struct newest *n = arg;

	(void)key;
	n->found = value.n > DIGEST_BYTES;
	if (n->found)
		memcpy(n->hash.b, value.p, DIGEST_BYTES);
	return EXS_AGAIN; /* one is enough */
}

/* The newest row must be the one that the head names, or the trail would go on from what somebody
 * made of it. */
static exs_status check_newest(exs_trail *t, exs_err *err)
{
	const exs_store_svc *store = t->self->store;
	struct newest n = { 0 };
	struct key key;
	exs_status s = store->scan(store, key_logs(&key, t->run), exs_bytes(NULL, 0),
				   EXS_SCAN_REVERSE, newest_row, &n, err);

	if (s != EXS_OK && s != EXS_AGAIN)
		return s;
	if (n.found && digest_same(&n.hash, &t->tally.hash))
		return EXS_OK;
	return exs_fail(err, EXS_CORRUPT, 0,
			"the trail of run '%s' is not what was written: see 'executus audit verify "
			"%s'",
			t->run, t->run);
}

/* A purge that was interrupted has taken the beginning of the log out: nothing can go on behind that. */
static exs_status check_whole(const exs_trail *t, exs_err *err)
{
	struct entry e;
	int64_t n;
	exs_status s = t->tally.ended_ms ? sealed_get(t->self, t->run, &n, err) : EXS_NOTFOUND;

	if (s == EXS_OK)
		s = entry_get(t->self, n, &e, err);
	if (s != EXS_OK)
		return s == EXS_NOTFOUND ? EXS_OK : s;
	if (e.what != ENTRY_FORGOTTEN || !digest_same(&e.rows, &t->tally.hash))
		return EXS_OK;
	return exs_fail(err, EXS_CONFLICT, 0,
			"the trail of run '%s' is being taken out: let 'executus audit purge' finish", t->run);
}

/* Goes on behind what is stored. NOTFOUND: nothing is. */
static exs_status go_on(exs_trail *t, exs_err *err)
{
	exs_str fixed, rest, head;
	struct key key;
	exs_status s = row_get(t->self, key_run(&key, t->run), &t->head, err);

	if (s != EXS_OK)
		return s;
	head = exs_bytes(t->head.p, t->head.n);
	if (!head_split(head, &fixed, &rest) || !head_tally(head, &t->tally))
		return exs_fail(err, EXS_CORRUPT, 0, "the head of run '%s' cannot be read", t->run);
	t->fixed = t->head.n = fixed.n;
	if (t->tally.rows && check_newest(t, err))
		return err->status;
	return check_whole(t, err);
}

static exs_status begin(exs_trail *t, const exs_run_info *run, exs_err *err)
{
	struct digest first;

	t->head.n = 0;
	if (head_fixed(&t->head, run, err) ||
	    digest_of(exs_bytes(t->head.p, t->head.n), exs_bytes(NULL, 0), &first, err))
		return err->status;
	t->fixed = t->head.n;
	tally_start(&t->tally, &first);
	return EXS_OK;
}

exs_status trail_start(exs_self *self, const exs_run_info *run, exs_trail **out, exs_err *err)
{
	exs_trail *t;
	exs_status s;

	if (!run_id_ok(run->run_id))
		return exs_fail(err, EXS_INVALID, 0,
				"a run id is 1 to %u letters, digits, '-', '_' and '.'",
				RUN_ID_MAX);
	t = calloc(1, sizeof *t);
	if (!t)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for a trail");
	t->self = self;
	snprintf(t->run, sizeof t->run, "%s", run->run_id);
	exs_membuf_init(&t->head, EXS_STORE_VALUE_MAX);
	exs_membuf_init(&t->row, LINE_MAX_BYTES);
	s = go_on(t, err);
	if (s == EXS_NOTFOUND)
		s = begin(t, run, err);
	if (s == EXS_OK)
		s = seal_begin(self, err);
	if (s != EXS_OK) {
		trail_free(t);
		return s;
	}
	*out = t;
	return EXS_OK;
}

/* ---- record ---- */

static exs_status put(exs_membuf *b, const char *text)
{
	return exs_membuf_put(&b->sink, text, strlen(text));
}

/* The word in a body that the head needs. */
static void status_of(const exs_fact *fact, char out[STATUS_MAX])
{
	const char *key = fact->kind == EXS_FACT_RUN_ENDED ? "status" : "why";
	cJSON *body = fact->body.n ? cJSON_ParseWithLength(fact->body.p, fact->body.n) : NULL;
	const cJSON *word = cJSON_GetObjectItemCaseSensitive(body, key);
	const char *said = cJSON_IsString(word) ? word->valuestring : "";

	if (fact->kind == EXS_FACT_RUN_PARKED)
		said = strcmp(said, "shutdown") == 0 ? "interrupted" : "parked";
	memset(out, 0, STATUS_MAX);
	snprintf(out, STATUS_MAX, "%.*s", (int)strspn(said, "abcdefghijklmnopqrstuvwxyz_"), said);
	cJSON_Delete(body);
}

static int has_status(int32_t kind)
{
	return kind == EXS_FACT_RUN_ENDED || kind == EXS_FACT_RUN_PARKED;
}

static void facts_of(const exs_fact *fact, struct row_facts *out)
{
	memset(out, 0, sizeof *out);
	out->seq = fact->seq;
	out->at_ms = fact->at_ms;
	out->run_ms = fact->run_ms;
	out->attempt = fact->attempt;
	out->step = fact->step;
	out->kind = fact->kind;
	if (has_status(fact->kind))
		status_of(fact, out->status);
	if (fact->usage) {
		out->has_usage = 1;
		out->usage = *fact->usage;
	}
}

/* What stands for a body that is too long. */
static exs_status cut_body(exs_str body, exs_membuf *out, exs_err *err)
{
	char hex[DIGEST_HEX + 1], text[DIGEST_HEX + 96];
	struct digest d;
	size_t n = BODY_BEGIN;
	exs_status s;

	if (digest_of(body, exs_bytes(NULL, 0), &d, err))
		return err->status;
	digest_hex(&d, hex);
	while (n > 0 && ((unsigned char)body.p[n] & 0xc0) == 0x80)
		n--;
	snprintf(text, sizeof text, "{\"cut\":true,\"bytes\":%zu,\"sha256\":\"%s\"", body.n, hex);
	s = put(out, text);
	if (s == EXS_OK)
		s = line_text(out, ",\"begins\":\"", exs_bytes(body.p, n));
	if (s == EXS_OK)
		s = put(out, "}");
	return s == EXS_OK ? EXS_OK : exs_fail(err, s, 0, "no memory for an audit row");
}

/* The row's JSON behind room for its hash. */
static exs_status make_row(exs_trail *t, const exs_fact *fact, const struct row_facts *facts,
			   exs_err *err)
{
	static const char room[DIGEST_BYTES];
	char text[160];
	exs_status s;

	t->row.n = 0;
	s = exs_membuf_put(&t->row.sink, room, sizeof room);
	snprintf(text, sizeof text, "{\"at_ms\":%" PRId64 ",\"run_ms\":%" PRId64 "%s%s%s,",
		 fact->at_ms, fact->run_ms, facts->status[0] ? ",\"status\":\"" : "", facts->status,
		 facts->status[0] ? "\"" : "");
	if (s == EXS_OK)
		s = put(&t->row, text);
	if (s == EXS_OK)
		s = line_of(&t->row, t->run, fact);
	if (s != EXS_OK)
		return exs_fail(err, s, 0, "no audit row for fact %" PRId64 " of run '%s': %s",
				fact->seq, t->run,
				s == EXS_TOOBIG ? "it would be too long" : "no memory");
	/* One object: without the line's own bracket, and without its newline. */
	memmove(t->row.p + DIGEST_BYTES + strlen(text), t->row.p + DIGEST_BYTES + strlen(text) + 1,
		t->row.n - DIGEST_BYTES - strlen(text) - 1);
	t->row.n -= 2;
	return EXS_OK;
}

static exs_status put_rows(exs_trail *t, const struct tally *after, exs_batch *batch, exs_err *err)
{
	const exs_store_svc *store = t->self->store;
	char mark[MARK_MAX + 1];
	struct key key;
	exs_status s = store->batch_put(store, batch, key_log(&key, t->run, after->last),
					exs_bytes(t->row.p, t->row.n), err);

	if (s == EXS_OK)
		s = head_rest(&t->head, after, err);
	if (s == EXS_OK)
		s = store->batch_put(store, batch, key_run(&key, t->run),
				     exs_bytes(t->head.p, t->head.n), err);
	t->head.n = t->fixed;
	snprintf(mark, sizeof mark, "%016llx", (unsigned long long)after->last);
	if (s == EXS_OK && after->ended_ms)
		s = store->batch_put(store, batch, key_unsealed(&key, t->run),
				     exs_bytes(mark, MARK_MAX), err);
	else if (s == EXS_OK && t->tally.ended_ms) /* a retry: that end was not the last */
		s = store->batch_del(store, batch, key_unsealed(&key, t->run), err);
	return s;
}

static exs_status record_short(exs_trail *t, const exs_fact *fact, struct row_facts *facts,
			       exs_batch *batch, exs_err *err)
{
	struct tally after = t->tally;
	struct digest hash;
	exs_status s;

	if (make_row(t, fact, facts, err) ||
	    digest_of(digest_str(&t->tally.hash),
		      exs_bytes(t->row.p + DIGEST_BYTES, t->row.n - DIGEST_BYTES), &hash, err))
		return err->status;
	memcpy(t->row.p, hash.b, DIGEST_BYTES);
	facts->bytes = (int64_t)t->row.n;
	tally_add(&after, facts, &hash);
	s = put_rows(t, &after, batch, err);
	if (s == EXS_OK)
		t->tally = after;
	if (t->row.cap > 2 * BODY_MAX)
		exs_membuf_release(&t->row);
	return s;
}

exs_status trail_record(exs_trail *t, const exs_fact *fact, exs_batch *batch, exs_err *err)
{
	struct row_facts facts;
	exs_fact shorter = *fact;
	exs_membuf body;
	exs_status s = EXS_OK;

	if (!batch)
		return exs_fail(
			err, EXS_UNSUPPORTED, 0,
			"run '%s' is not durable, and this trail is kept in the store: bind "
			"a checkpoint, or use audit_jsonl",
			t->run);
	exs_membuf_init(&body, BODY_MAX);
	facts_of(fact, &facts);
	if (fact->body.n > BODY_MAX) {
		s = cut_body(fact->body, &body, err);
		shorter.body = exs_bytes(body.p, body.n);
	}
	if (s == EXS_OK)
		s = record_short(t, &shorter, &facts, batch, err);
	exs_membuf_release(&body);
	return s;
}

exs_status trail_finish(exs_trail *t, exs_err *err)
{
	(void)err;
	if (t->tally.ended_ms)
		seal_wake(t->self);
	trail_free(t);
	return EXS_OK;
}

/* ---- reading a row back ---- */

static int64_t number(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	double d = cJSON_IsNumber(item) ? item->valuedouble : 0;

	if (d >= (double)HEAD_COUNT_MAX)
		return HEAD_COUNT_MAX;
	return d <= -(double)HEAD_COUNT_MAX ? -HEAD_COUNT_MAX : (int64_t)d;
}

static int32_t kind_of(const char *word)
{
	static const struct {
		const char *word;
		int32_t kind;
	} kinds[] = {
#define EXS_X(name, number, word) { word, number },
		EXS_FACT_LIST(EXS_X)
#undef EXS_X
	};
	size_t i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].word, word) == 0)
			return kinds[i].kind;
	return 0;
}

static int read_row(const cJSON *json, const char *run_id, struct row_facts *out)
{
	const cJSON *run = cJSON_GetObjectItemCaseSensitive(json, "run");
	const cJSON *kind = cJSON_GetObjectItemCaseSensitive(json, "kind");
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(json, "status");
	const cJSON *usage = cJSON_GetObjectItemCaseSensitive(json, "usage");

	if (!cJSON_IsString(run) || strcmp(run->valuestring, run_id) != 0 || !cJSON_IsString(kind))
		return 0;
	out->kind = kind_of(kind->valuestring);
	out->seq = number(json, "seq");
	out->at_ms = number(json, "at_ms");
	out->run_ms = number(json, "run_ms");
	out->attempt = number(json, "attempt");
	out->step = number(json, "step");
	if (cJSON_IsString(status))
		snprintf(out->status, sizeof out->status, "%s", status->valuestring);
	out->has_usage = cJSON_IsObject(usage);
	out->usage.in_tokens = number(usage, "in_tokens");
	out->usage.cache_read_tokens = number(usage, "cache_read_tokens");
	out->usage.cache_write_tokens = number(usage, "cache_write_tokens");
	out->usage.out_tokens = number(usage, "out_tokens");
	out->usage.reasoning_tokens = number(usage, "reasoning_tokens");
	out->usage.cost_micro = number(usage, "cost_micro");
	out->usage.estimated = number(usage, "estimated") != 0;
	return 1;
}

int row_facts_read(exs_str json, const char *run_id, struct row_facts *out)
{
	cJSON *tree = json.n ? cJSON_ParseWithLength(json.p, json.n) : NULL;
	int ok;

	memset(out, 0, sizeof *out);
	ok = tree && read_row(tree, run_id, out);
	cJSON_Delete(tree);
	return ok;
}

struct looking {
	const struct entry *e;
	int found;
};

static exs_status look_for_end(void *arg, exs_str key, exs_str value)
{
	struct looking *l = arg;
	struct row_facts facts;

	(void)key;
	if (value.n <= DIGEST_BYTES || memcmp(value.p, l->e->rows.b, DIGEST_BYTES) != 0)
		return EXS_OK;
	l->found = row_facts_read(exs_bytes(value.p + DIGEST_BYTES, value.n - DIGEST_BYTES),
				  l->e->run, &facts) &&
		   facts.kind == EXS_FACT_RUN_ENDED;
	return EXS_CANCELLED;
}

exs_status log_holds_end(const exs_self *self, const struct entry *e, int *found, exs_err *err)
{
	struct looking l = { e, 0 };
	struct key key;
	exs_status s = self->store->scan(self->store, key_logs(&key, e->run), exs_bytes(NULL, 0), 0,
					 look_for_end, &l, err);

	*found = l.found;
	return s == EXS_CANCELLED || s == EXS_CORRUPT ? EXS_OK : s; /* verify tells of damage */
}
