/* SPDX-License-Identifier: MIT */
/* turn.c - see turn.h. */
#include "turn.h"

#include "wire.h"

#define BACKOFF_FIRST_MS 500
#define BACKOFF_MAX_MS	 8000

struct turn *turn_of_moment(struct moment *m)
{
	return (struct turn *)(void *)((char *)m - offsetof(struct turn, moment));
}

/* The state is the I/O thread's: it is TURN_NEW in memory that is new and in what was given back.
 */
void turn_clear(struct turn *t, struct io *io)
{
	t->io = io;
	t->must_poll = t->shown = false;
	t->flags = 0;
	t->easy = NULL;
	t->shard = NULL;
	t->sent = t->body_bytes = 0;
	t->tries = 0;
	t->told_ms = 0;
	body_init(&t->body, &io->cache);
	reply_init(&t->reply, t->io->dialect);
}

static struct peer peer_of(const struct turn *t)
{
	const struct settings *s = &t->io->set;

	return (struct peer){ s->server, t->ask->model, s->key };
}

/* ---- its moments ---- */

static int64_t due_at(const struct turn *t)
{
	const struct settings *s = &t->io->set;
	int64_t at = INT64_MAX;

	if (t->state == TURN_WAITING)
		at = t->since_ms + s->first_byte_ms;
	else if (t->state == TURN_READING)
		at = t->since_ms + (t->reply.answer.complete ? LINGER_MS : s->idle_ms);
	else if (t->state == TURN_RESTING)
		at = t->since_ms;
	return at < t->total_at_ms ? at : t->total_at_ms;
}

void turn_arm(struct turn *t)
{
	int64_t at = due_at(t), poll = io_now_ms(t->io) + POLL_MS;

	due_set(&t->io->due, &t->moment, t->must_poll && poll < at ? poll : at);
}

void turn_enter(struct turn *t, enum turn_state state)
{
	if (t->state == TURN_STARTING)
		t->io->starting--;
	if (state == TURN_STARTING)
		t->io->starting++;
	t->state = state;
	t->since_ms = io_now_ms(t->io);
	turn_arm(t);
}

/* ---- its end ---- */

static void leave_curl(struct turn *t)
{
	if (t->state == TURN_STARTING)
		t->io->starting--;
	if (t->state == TURN_QUEUED)
		TAILQ_REMOVE(&t->io->waiting, t, in_waiting);
	t->state = TURN_RESTING;
	if (!t->easy)
		return;
	io_detach(t);
	io_easy_give(t->io, t->easy);
	t->easy = NULL;
}

static void end(struct turn *t, const exs_usage *usage, const exs_err *err)
{
	struct io *io = t->io;
	exs_done done = t->done;

	leave_curl(t);
	due_remove(&io->due, &t->moment);
	TAILQ_REMOVE(&io->live, t, in_live);
	t->state = TURN_NEW;
	body_release(&t->body);
	reply_release(&t->reply);
	done.ops->end(done, err ? err->status : EXS_OK, usage, err);
	io_turn_free(io, t);
}

static exs_usage usage_of(const struct turn *t)
{
	const struct answer *a = &t->reply.answer;
	exs_usage u = a->usage;

	u.size = sizeof u;
	if (!a->has_usage) {
		u.estimated = 1;
		u.in_tokens = (int64_t)t->body_bytes / EXS_TOKEN_BYTES;
		u.out_tokens = (int64_t)answer_bytes(a) / EXS_TOKEN_BYTES;
	}
	return u;
}

static void fail(struct turn *t, const struct failure *f)
{
	/* A server bills what it sent, also when nobody may believe it. */
	bool billed = t->reply.answer.has_usage || answer_has_begun(&t->reply.answer);
	exs_usage usage = usage_of(t);

	end(t, billed ? &usage : NULL, &f->err);
}

static void succeed(struct turn *t)
{
	exs_usage usage = usage_of(t);
	struct peer peer = peer_of(t);
	struct failure f;
	exs_err why = EXS_ERR_INIT;
	struct text out;
	exs_status status;

	text_init(&out, EXS_TURN_ANSWER_MAX);
	status = answer_write(&t->reply.answer, t->ask->step, &out, &why);
	if (status) {
		errors_set(&peer, &f, status == EXS_INVALID ? EXS_IO : status,
			   status == EXS_INVALID ? EXS_CLASS_TRANSIENT : EXS_CLASS_PERMANENT,
			   "gave an answer that cannot be used: %.100s", why.text);
	} else {
		status = exs_write(t->done, out.mem.p, out.mem.n);
		if (status)
			errors_set(&peer, &f, status, EXS_CLASS_PERMANENT,
				   "gave an answer that the host does not take");
	}
	text_release(&out);
	if (status)
		end(t, &usage, &f.err);
	else
		end(t, &usage, NULL);
}

static bool cancelled(struct turn *t)
{
	struct peer peer;
	struct failure f;

	if (t->cancel->cause(t->cancel) == EXS_CAUSE_NONE)
		return false;
	peer = peer_of(t);
	errors_set(&peer, &f, EXS_CANCELLED, EXS_CLASS_NONE, "was cancelled");
	fail(t, &f);
	return true;
}

/* ---- trying again ---- */

static int64_t pause_ms(struct turn *t)
{
	int64_t ms = BACKOFF_MAX_MS;

	if (t->hints.after_ms >= 0)
		return t->hints.after_ms;
	if (t->tries < 4)
		ms = BACKOFF_FIRST_MS << t->tries;
	return ms - (int64_t)io_random(t->io, (uint64_t)ms / 4 + 1);
}

static void prepare_again(struct turn *t)
{
	reply_release(&t->reply);
	reply_init(&t->reply, t->io->dialect);
	t->sent = 0;
}

/* The server does not know an option that most do: never sent to it again. */
static bool drop_options(struct turn *t, long http)
{
	const struct dialect *d = t->io->dialect;
	uint32_t refused = 0;

	if (d->refused && (t->flags & d->options))
		refused = d->refused(http, text_view(&t->reply.body)) & t->flags & d->options;
	if (!refused)
		return false;
	atomic_fetch_or(&t->io->refused, refused);
	t->flags &= ~refused;
	body_release(&t->body);
	prepare_again(t);
	t->state = TURN_QUEUED;
	TAILQ_INSERT_TAIL(&t->io->waiting, t, in_waiting);
	turn_arm(t);
	return true;
}

static void fail_or_rest(struct turn *t, struct failure *f)
{
	const struct settings *s = &t->io->set;
	int64_t ms = pause_ms(t), now = io_now_ms(t->io);

	if (!f->again || t->shown || answer_has_begun(&t->reply.answer) || t->tries >= s->retries ||
	    ms > s->retry_ceiling_ms || now + ms >= t->total_at_ms) {
		fail(t, f);
		return;
	}
	exs_logf(t->io->host, EXS_INFO, "%s; asking again in %lld ms", f->err.text, (long long)ms);
	t->tries++;
	prepare_again(t);
	t->state = TURN_RESTING;
	t->since_ms = now + ms;
	turn_arm(t);
}

/* ---- events ---- */

static void fail_start(struct turn *t, const exs_err *why)
{
	struct peer peer = peer_of(t);
	struct failure f;

	errors_set(&peer, &f, why->status, EXS_CLASS_PERMANENT, "was not asked: %.120s", why->text);
	fail(t, &f);
}

void turn_accept(struct turn *t)
{
	exs_err err = EXS_ERR_INIT;

	t->hints = (struct hints){ -1, -1 };
	t->total_at_ms = io_now_ms(t->io) + t->io->set.total_ms;
	TAILQ_INSERT_TAIL(&t->io->live, t, in_live);
	t->state = TURN_RESTING;
	if (cancelled(t))
		return;
	if (!due_reserve(&t->io->due, t->io->due.n + 1)) {
		(void)exs_fail(&err, EXS_NOMEM, 0, "memory ran out");
		fail_start(t, &err);
		return;
	}
	t->state = TURN_QUEUED;
	TAILQ_INSERT_TAIL(&t->io->waiting, t, in_waiting);
	turn_arm(t);
}

void turn_start(struct turn *t)
{
	exs_err err = EXS_ERR_INIT;

	t->state = TURN_RESTING; /* it left the queue */
	t->sent = 0;
	if (body_size(&t->body) == 0 && !wire_encode(t, &err)) {
		fail_start(t, &err);
		return;
	}
	t->easy = io_easy_take(t->io);
	turn_enter(t, TURN_STARTING);
	if (t->easy && wire_aim(t) && io_attach(t->io, t))
		return;
	(void)exs_fail(&err, EXS_NOMEM, 0, "memory ran out");
	fail_start(t, &err);
}

/* True: the answer is whole. */
static bool judge(struct turn *t, CURLcode code, long http, int sys, struct failure *f)
{
	struct peer peer = peer_of(t);
	struct reply *r = &t->reply;

	if (code && (http == 0 || (http < 300 && r->bytes == 0))) {
		errors_curl(&peer, (int)code, curl_easy_strerror(code), sys, f);
		return false;
	}
	/* A JSON body that broke off was cut, even where it happens to read as a whole one. */
	if (code && r->kind == REPLY_JSON && r->status == EXS_OK)
		r->kind = REPLY_UNKNOWN;
	return reply_judge(r, &peer, http, &t->hints, f);
}

void turn_finished(struct turn *t, CURLcode code)
{
	struct failure f;
	long http = 0, sys = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &http);
	curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &sys);
	leave_curl(t);
	if (cancelled(t))
		return;
	if (judge(t, code, http, (int)sys, &f))
		succeed(t);
	else if (!drop_options(t, http))
		fail_or_rest(t, &f);
}

static void overdue(struct turn *t, int64_t now)
{
	const struct settings *s = &t->io->set;
	struct peer peer = peer_of(t);
	struct failure f;
	bool begun = t->state == TURN_READING;

	if (begun && t->reply.answer.complete) {
		leave_curl(t);
		succeed(t);
		return;
	}
	if (now >= t->total_at_ms) {
		errors_set(
			&peer, &f, EXS_IO, begun ? EXS_CLASS_TRUNCATED : EXS_CLASS_TRANSIENT,
			"did not end its answer within %lld s: raise 'total_timeout' if it needs "
			"longer",
			(long long)s->total_ms / 1000);
		f.again = false;
	} else if (begun) {
		errors_set(&peer, &f, EXS_IO, EXS_CLASS_TRUNCATED,
			   "fell silent within its answer for %lld ms: nothing of it is used",
			   (long long)s->idle_ms);
	} else {
		errors_set(
			&peer, &f, EXS_IO, EXS_CLASS_TRANSIENT,
			"did not begin to answer within %lld ms: raise 'first_byte_timeout' if it "
			"loads slowly",
			(long long)s->first_byte_ms);
	}
	leave_curl(t);
	t->hints = (struct hints){ -1, -1 };
	fail_or_rest(t, &f);
}

void turn_timer(struct turn *t)
{
	int64_t now = io_now_ms(t->io);

	if (t->must_poll && cancelled(t))
		return;
	if (due_at(t) > now) {
		turn_arm(t);
	} else if (t->state == TURN_RESTING && now < t->total_at_ms) {
		t->state = TURN_QUEUED;
		TAILQ_INSERT_TAIL(&t->io->waiting, t, in_waiting);
		turn_arm(t);
	} else {
		overdue(t, now);
	}
}

void turn_look(struct turn *t)
{
	if (t->state != TURN_NEW)
		(void)cancelled(t);
}

void turn_abandon(struct turn *t)
{
	struct peer peer = peer_of(t);
	struct failure f;

	errors_set(&peer, &f, EXS_LOST, EXS_CLASS_NONE, "was not heard out: the host closes");
	fail(t, &f);
}
