/* SPDX-License-Identifier: MIT */
/* settle.c - see settle.h. */
#include "run/settle.h"

#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "fact/doubt.h"
#include "fact/words.h"
#include "rows/load.h"
#include "run/call_priv.h"

/* ---- saying it ---- */

static exs_status refuse(const struct state *s, uint32_t i, const char *run_id, exs_err *err)
{
	const struct call *c = &s->calls[i];
	char id[CALL_ID_MAX];

	call_id(s, i, id);
	if (c->stage == CALL_ENDED)
		return err_set(err, EXS_INVALID, 0, "call %s of run %s is not in doubt: it ended as %s",
			       id, run_id, outcome_word(c->outcome));
	if (c->stage == CALL_PLANNED)
		return err_set(err, EXS_INVALID, 0,
			       "call %s of run %s is not in doubt: it was never started", id, run_id);
	return err_set(err, EXS_INVALID, 0,
		       "call %s of run %s needs no word: its tool is %s, so resume runs it again", id,
		       run_id, effect_word(c->effect));
}

static exs_status check_call(const struct state *s, const char *run_id, const char *call, exs_err *err)
{
	int32_t i = call_index(s, str_of(call));
	char said[512];

	if (s->ended)
		return err_set(err, EXS_INVALID, 0, "run %s has ended: nothing of it is in doubt",
			       run_id);
	if (i >= 0 && doubt_of(&s->calls[i]))
		return EXS_OK;
	if (i >= 0)
		return refuse(s, (uint32_t)i, run_id, err);
	if (!doubt_calls(s))
		return err_set(err, EXS_INVALID, 0, "no call of run %s is in doubt", run_id);
	doubt_text(s, doubt_calls(s), said, sizeof said);
	return err_set(err, EXS_INVALID, 0, "call '%.24s' of run %s is not in doubt; %.150s", call, run_id,
		       said);
}

static exs_status check_stored(struct engine *e, const char *run_id, const char *call, exs_err *err)
{
	struct state state;
	exs_status status;

	state_init(&state);
	status = state_load(e->host, run_id, &state, err);
	if (status == EXS_OK)
		status = check_call(&state, run_id, call, err);
	state_release(&state);
	return status;
}

/* What a live process carries is under way and not in doubt. */
static exs_status check_left(struct engine *e, const char *run_id, exs_err *err)
{
	struct head head;
	exs_status status = head_read(e->host, run_id, &head, err);

	if (status == EXS_NOTFOUND)
		return err_set(err, EXS_NOTFOUND, 0,
			       "there is no run '%.40s'; 'executus runs' lists them", run_id);
	if (status == EXS_OK && head.owner[0])
		status = owner_is_dead(e->owner, head.owner, err);
	if (status == EXS_CONFLICT) {
		exs_err why = *err;

		return err_set(err, EXS_CONFLICT, 0, "run %s goes on, nothing of it is in doubt: %.160s",
			       run_id, why.text);
	}
	return status;
}

static exs_status put_row(struct engine *e, const char *run_id, const char *call, int32_t word,
			  exs_str text, exs_err *err)
{
	char key[INBOX_KEY_MAX];
	struct batch b;
	struct buf row;
	exs_status status;

	snprintf(key, sizeof key, INBOX_PREFIX "%s/settle.%s", run_id, call);
	buf_init(&row, INBOX_ROW_MAX);
	buf_printf(&row, "{\"v\":1,\"kind\":\"settle\",\"call\":\"%s\",\"word\":\"%s\",\"who\":\"uid %u\",\"text\":",
		   call, settled_word(word), (unsigned)getuid());
	buf_json(&row, text);
	buf_puts(&row, "}");
	batch_init(&b);
	b.ends = true;
	status = batch_put(&b, str_of(NULL), str_of(key), buf_view(&row), err);
	if (status == EXS_OK)
		status = call_store_commit(e->host->store, &b, err);
	batch_release(&b);
	buf_release(&row);
	return status;
}

exs_status engine_settle(struct engine *e, const char *run_id, const char *call, const char *word,
			 exs_str text, exs_err *err)
{
	int32_t what = settled_of(str_of(word));
	exs_status status;

	if (!e->host->store || !e->host->checkpoint)
		return err_set(err, EXS_UNSUPPORTED, 0,
			       "nothing is stored here: bind a store and a checkpoint in the conf");
	if (what <= SETTLED_NOT)
		return err_set(err, EXS_INVALID, 0, "'%.40s': say done, not-done or retry", word);
	if (!id_ok(run_id))
		return err_set(err, EXS_INVALID, 0, "'%.40s' is not the id of a run", run_id);
	if (text.n > EXS_STEER_MAX || !utf8_ok(text))
		return err_set(err, EXS_INVALID, 0, "the text must be UTF-8 of at most %u bytes",
			       EXS_STEER_MAX);
	status = check_left(e, run_id, err);
	if (status == EXS_OK)
		status = check_stored(e, run_id, call, err);
	return status ? status : put_row(e, run_id, call, what, text, err);
}

/* ---- taking it in ---- */

static void record_settled(struct run *run, uint32_t i, const struct note *n)
{
	struct buf body, name;
	char id[CALL_ID_MAX];

	call_id(&run->state, i, id);
	buf_init(&name, RUN_NAME_MAX); /* the state's own may go with the fact */
	buf_puts(&name, run->state.calls[i].name);
	buf_init(&body, RUN_TEXT_MAX);
	buf_printf(&body, "{\"word\":\"%s\",\"who\":", settled_word(n->settled));
	buf_jsonz(&body, n->who ? n->who : "");
	buf_puts(&body, ",\"text\":");
	buf_jsonz(&body, n->text ? n->text : "");
	buf_puts(&body, "}");
	run_record(run, EXS_FACT_CALL_SETTLED, buf_view(&name), id, NULL, &body);
	buf_release(&name);
}

void settle_received(struct run *run, const struct note *n)
{
	int32_t i = call_index(&run->state, str_of(n->call));
	const char *text = n->text && n->text[0] ? n->text : NULL;

	if (i < 0 || run->state.calls[i].stage != CALL_STALE) {
		log_warn(run->host->log, "run %s: call %s is not in doubt any more; the word on it is passed over",
			 run->id, n->call);
		return;
	}
	record_settled(run, (uint32_t)i, n);
	if (run->broken)
		return;
	if (n->settled == SETTLED_DONE)
		call_end_with(run, (uint32_t)i, CALL_OK,
			      text ? text : "A person looked and says that this call was done.");
	else if (n->settled == SETTLED_NOT_DONE)
		call_end_with(run, (uint32_t)i, CALL_ERROR,
			      text ? text : "A person looked and says that this call was not done.");
}
