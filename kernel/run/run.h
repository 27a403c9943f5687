/* SPDX-License-Identifier: MIT */
/*
 * run.h - a run while it is alive in this process: a small state machine with a mailbox, owning no
 *thread.
 *
 * Whatever arrives is mail and makes the run ready; a step worker takes it, drains the mailbox,
 *records and folds facts, plans, starts the next action and lets go (run.c). Everything below but
 *the mailbox belongs to the worker that holds the run, so it needs no lock.
 *
 *	run.c	    the loop: receive, plan, perform
 *	mail.c	    mailbox, the run's one timer
 *	begin.c	    from the budget gate to the first fact; and again for a resumed run
 *	purse.c	    what the run may spend; reserve.c what a turn may cost
 *	turn.c	    asking the model
 *	delta.c	    what the model says while it says it
 *	call.c	    how tool calls begin; call_end.c how they end
 *	record.c    facts into the state and a batch
 *	commit.c    batches to the disk, in order, and what becomes of them
 *	watch.c	    facts to audits, critic and listener
 *	finish.c    the end, parking; delivery.c and outbox.c the deliveries
 *	inbox.c	    what other processes have to say to it
 */
#ifndef RUN_RUN_H
#define RUN_RUN_H

#include "base/cancel.h"
#include "fact/plan.h"
#include "host/calls.h"
#include "rows/head.h"
#include "run/engine.h"
#include "run/toolbox.h"

#define LINGER_MS	2 /* facts that nobody waits for may wait for company this long */
#define PENDING_MAX	(4u << 20) /* bytes of facts that go to the store without waiting */
#define UNDURABLE_TURNS 2 /* turns that may be ahead of the disk */
#define STORAGE_PAUSE_MS 100 /* before undurable batches are sent again; doubles up to */
#define STORAGE_PAUSE_MAX_MS 2000
#define TICK_MS		 1000	     /* between two ticks of a critic that asks for nothing else */
#define TICK_MIN_MS	 10   /* and the least that it may ask for */
#define DELTA_MAX	 (64u << 10) /* live text that waits for the listener */
#define DELIVERIES_MAX	 DELIVER_MAX
#define INBOX_RUN_MAX	 32u /* inbox rows of one run under way at once */

/* ---- mail ---- */

enum mail_kind {
	MAIL_BEGIN,
	MAIL_TURN,	/* a model turn ended */
	MAIL_CALL,	/* a tool call ended */
	MAIL_STORED,	/* a batch was answered */
	MAIL_RESERVED,	/* a budget reservation was answered */
	MAIL_DELIVERED, /* a delivery ended */
	MAIL_CANCEL,	/* the token fired */
	MAIL_NOTE,	/* somebody asks something of the run */
	MAIL_DUE	/* the timer */
};

struct mail {
	struct mail *next;
	enum mail_kind kind;
	bool posted; /* it is in the box: not twice */
};

enum note_what { NOTE_STEER, NOTE_EXTEND, NOTE_RAISE, NOTE_ARTIFACT, NOTE_INBOX };

struct note {
	struct mail mail;
	enum note_what what;
	int64_t number;			 /* EXTEND: milliseconds; RAISE: steps */
	char *text;			 /* owned; may be NULL */
	char key[HEAD_KEY_MAX + ID_MAX]; /* INBOX: the row to delete with the fact */
	int32_t cause;			 /* INBOX: EXS_CAUSE_ when it cancels */
	int32_t settled;		 /* INBOX: SETTLED_ when it is about a call */
	char call[CALL_ID_MAX];		 /* that one */
	char *who;			 /* says so; owned, may be NULL */
};

/* ---- time ---- */

enum due {
	DUE_DEADLINE,
	DUE_CLEANUP,
	DUE_RETRY,
	DUE_FLUSH,
	DUE_STORAGE,
	DUE_CALLS,
	DUE_TICK,
	DUE_DELIVERY,
	DUES
};

/* ---- recorded facts ---- */

struct fact_rec {
	struct fact_rec *next;
	exs_fact pub;
	exs_usage usage;
	char *text; /* call id, name and body */
	exs_fact shown; /* what watchers get, once it was made: shown.c */
	char *shown_text;
	bool shown_made;
};

/* One batch on its way to the disk. */
struct commit {
	struct mail mail;
	struct pending pending;
	struct commit *next;
	struct run *run;
	struct batch batch;
	struct head before, after;
	struct fact_rec *facts; /* for the watchers outside the store */
	int32_t step;		/* turns that are durable with it */
	int64_t sent_ms;	/* mono */
	bool out, answered;
};

/* ---- the parts of a run ---- */

struct turn_work;
struct call_work;
struct parcel_work;
struct reserve_work;

struct trail {
	struct instance *in;
	exs_trail *handle; /* NULL: not this run, or it failed */
};

enum run_phase {
	RUN_NEW,
	RUN_LIVE,
	RUN_ENDING,	/* the terminal batch is on its way */
	RUN_DELIVERING, /* it is durable; the world is told */
	RUN_OVER
};

struct run {
	struct engine *e;
	struct host *host;
	struct run *hash_next; /* of the engine's registry */
	char id[ID_MAX];
	exs_run_info info;
	_Atomic int refs;
	struct cancel *token;
	struct run_listener listener;
	const struct conf_agent
		*agent; /* NULL when a resumed run's agent is not in the conf any more */

	/* the mailbox: mail_lock */
	pthread_mutex_t mail_lock;
	pthread_cond_t over_cond;
	struct job job;
	struct mail *mails, **mail_tail;
	uint32_t note_n; /* notes that have not reached the transcript */
	bool scheduled, over;
	bool closed;	 /* it takes no notes any more */
	bool inbox_open; /* the heartbeat may bring rows: the beginning has taken its own */
	struct buf delta; /* live text, as it comes */
	bool delta_full;  /* some of it did not fit */
	char *cancel_text;
	struct mail cancel_mail, due_mail, begin_mail;
	uint64_t inbox_seen[INBOX_RUN_MAX]; /* rows taken in and perhaps not deleted yet */
	uint32_t inbox_n;
	_Atomic int64_t activity_ms; /* mono: the last fact or progress */
	exs_tally tally;	     /* for executus.svc.run/1 */

	/* time */
	struct timer timer;
	int64_t due[DUES]; /* mono; 0: not set */
	int64_t armed_ms;
	uint64_t transcript_id;			 /* new for each attempt */
	int64_t resumed_run_ms, resumed_mono_ms; /* active time at the begin of this attempt */

	/* the log */
	struct state state;
	bool durable;	    /* facts are stored */
	bool broken;	    /* a fact did not fit: the run ends */
	struct batch batch; /* rows of the next commit */
	struct fact_rec *pending, **pending_tail;
	uint32_t pending_n;
	size_t pending_bytes;
	struct commit *commits, **commit_tail; /* not durable yet, in order */
	struct head head;		       /* as it will be after the last commit */
	int64_t fence;			       /* of this attempt */
	bool head_stored;		       /* there is a head to check */
	int64_t durable_seq, first_seq;	       /* first_seq: of this attempt */
	const char *fork_why;		       /* PIN_, of a fork that begins; else NULL */
	bool fork_closes;		       /* its first batch cancels what it is forked from */
	int32_t durable_step;
	int storage_tries;
	int64_t storage_since_ms; /* mono: of the first of them */
	bool storage_failing;
	bool wants_end; /* it would end if its storage did not fail */

	/* ports */
	exs_ckpt *ckpt;
	struct trail *trails;
	exs_watch *watch;
	exs_watch *lost_watch; /* of a critic that failed: ended with the run */
	bool killed;
	int64_t critic_deadline_ms; /* active run time; 0: none */
	exs_purse *purse;
	bool turn_sent;	    /* the attempt before may have sent a turn whose end nobody recorded */
	bool granted;	    /* a reservation is open */
	bool settle;	    /* it is settled with the next batch */
	int reserve_tries; /* of one turn, after conflicts */
	exs_usage settle_usage;
	const struct offer *offer; /* tools */
	struct buf live;	   /* live text that may not be shown yet */
	bool live_shown, live_stopped; /* of the turn: something was; nothing more is */

	/* what is out */
	struct turn_work *turn;
	struct call_work *calls[CALLS_MAX];
	struct reserve_work *reserve;
	bool reserved; /* the next turn is paid for */
	bool target_chosen;
	uint32_t next_target; /* once chosen: which model of the chain the next turn asks */
	struct parcel_work *parcels[DELIVERIES_MAX];
	uint32_t parcel_n;

	enum run_phase phase;
	bool leaving; /* the process stops: park at the next boundary */
	bool told;    /* the result is out and stays what it is */
	bool cancel_seen, retry_waited;
	int64_t end_seq;    /* the terminal batch is durable from here on */
	int32_t end_status; /* EXS_ENDED_ of the run, PARKED or INTERRUPTED */
	int64_t queued_ms;  /* wall clock: when its deliveries were */
	const char *end_reason;
	struct buf end_body; /* of run_ended: what deliveries get */
	struct run_result result;
};

/* ---- mail.c ---- */
void run_post(struct run *run, struct mail *mail);
void run_post_locked(struct run *run, struct mail *mail); /* mail_lock is held */
/* A steer, extension or raise at once, from the worker that holds the run; room was seen to. */
void run_verdict(struct run *run, enum note_what what, int64_t number, exs_str text);
/* NOTFOUND: it ends. AGAIN: STEERS_MAX of them wait already. */
exs_status run_note(struct run *run, enum note_what what, int64_t number, exs_str text);
void note_free(struct note *n); /* takes NULL */
/* The next mail and the live text so far; neither: the run was let go. `delta` comes empty. */
struct mail *run_take_mail(struct run *run, struct buf *delta);
void run_close_mail(struct run *run); /* no notes from now on */
void run_due(struct run *run, enum due which, int64_t mono_ms); /* 0: not any more */
bool run_is_due(struct run *run, enum due which, int64_t now);	/* and clears it */
void run_arm(struct run *run);					/* sets the timer to the earliest */
void run_timer_fired(struct timer *t);
int64_t run_active_ms(const struct run *run);
void run_touch(struct run *run);

/* ---- run.c ---- */
void run_pass(struct job *job);
void run_note_received(struct run *run, struct note *n); /* takes it */
struct run *run_ref(struct run *run);
void run_unref(struct run *run);

/* ---- begin.c ---- */
void run_begin(struct run *run);
exs_status run_info_fill(struct run *run, exs_err *err);
/* The instance behind "instance/model", and the model's part of it; NULL: the conf has none. */
struct instance *target_instance(struct run *run, const char *target, const char **model);

/* ---- fork.c ---- */
exs_status fork_begin(struct run *run, exs_err *err); /* into the open batch */

/* ---- record.c ---- */
/* Appends a fact: folds it, and queues it for the batch. The body is taken. Returns its seq, 0 when
 * broken. */
int64_t run_record(struct run *run, int32_t kind, exs_str name, const char *call_id,
		   const exs_usage *usage, struct buf *body);
exs_status run_open_batch(struct run *run, exs_err *err);
void run_flush(struct run *run);
void fact_recs_free(struct fact_rec *list);

/* ---- commit.c ---- */
void commit_submit(struct run *run, struct commit *c); /* the last of the run's commits */
void commit_refused(struct run *run, const exs_err *err); /* later, or the run is parked */
void commit_taken(struct run *run); /* the storage takes what it is given */
void commit_free(struct commit *c);
void commit_watch(struct run *run); /* sees to it that the store's silence is noticed */
void run_stored(struct run *run, struct commit *c);
void run_storage_retry(struct run *run); /* DUE_STORAGE: send again, or give a silent store up */
bool run_may_start(const struct run *run);
/*
 * What the first calls of an attempt rest on: its first fact. A relaxed run does not wait for its
 * beginning, but always for a claim: until that is in, another process may have the run, and a run
 * that kills its process would not be seen to do so again and again.
 */
int64_t run_begun_seq(const struct run *run);

/* ---- watch.c ---- */
void watch_inside(struct run *run, struct fact_rec *facts, struct batch *b); /* while recording */
void watch_outside(struct run *run, struct fact_rec *facts);		     /* once durable */
void watch_start(struct run *run);
void watch_finish(struct run *run);
void watch_tick(struct run *run, int64_t now);

/* ---- inbox.c ---- */
/* What was left for it while nobody carried it, before it plans; then the heartbeat brings more. */
void inbox_adopt(struct run *run);
/* A message that is durable with the batch. */
exs_status inbox_put(struct engine *e, const char *run_id, const char *kind, exs_str text,
		     struct batch *b, exs_err *err);
/* Into the terminal batch: what nobody will read any more goes. */
void inbox_clear(struct run *run);

/* ---- turn.c ---- */
bool turn_perform(struct run *run, const struct action *a);
const char *turn_target(const struct run *run); /* which model the next turn asks, or the present one */
void turn_release(struct run *run); /* dispatches it once what it rests on is durable */
void turn_received(struct run *run, struct turn_work *t);
void turn_abandon(struct run *run);
struct turn_work *turn_of_mail(struct mail *mail);

/* ---- delta.c ---- */
void delta_add(struct run *run, exs_str text);	 /* any thread; leaf locks only */
void delta_show(struct run *run, exs_str fresh); /* to the listener, as far as it may be */
void delta_end(struct run *run);  /* the turn ended well: the rest is shown */
void delta_void(struct run *run); /* it did not: what was shown is void */

/* ---- purse.c ---- */
void run_tally_fill(const struct run *run, exs_tally *out);
exs_status purse_start(struct run *run, exs_err *err);	     /* into the open batch */
/* Fills what it cost, where that is known. */
void purse_price(struct run *run, const char *target, exs_usage *usage);
void purse_settle(struct run *run); /* the grant, into the open batch */
void purse_drop_grant(struct run *run);
void purse_settle_unused(struct run *run);
void purse_end(struct run *run);   /* with run_ended */
void purse_leave(struct run *run); /* it goes on later, or elsewhere */

/* ---- reserve.c ---- */
#define RESERVE_TRIES 8 /* while others change the rows that a reservation rests on */
int64_t turn_bytes(const struct run *run);	/* of what the next turn sends, about */
int64_t turn_estimate(const struct run *run); /* tokens of what the next turn sends */
/*
 * True: the turn may go on now. False: it was refused, or the store is asked. The grant before it is
 * settled.
 */
bool reserve_turn(struct run *run);
void reserve_received(struct run *run, struct mail *mail);
int64_t reserve_sent_ms(const struct run *run); /* mono; 0: none is on its way */
void reserve_abandon(struct run *run);		/* the store does not answer */
/* The grant goes with the next batch, with what the turn used. */
void reserve_settle(struct run *run, const struct pending *answer);

/* ---- call.c ---- */
bool calls_perform(struct run *run, const struct action *a);
bool calls_reconcile(struct run *run, const struct action *a);
bool calls_doubt(struct run *run, const struct action *a);
void calls_release(struct run *run);
void call_received(struct run *run, struct mail *mail);
void calls_due(struct run *run, int64_t now); /* time-outs */
void calls_abandon(struct run *run);
bool calls_out(const struct run *run);
void calls_close(struct run *run); /* outcomes for calls that will not run any more */

/* ---- finish.c ---- */
bool finish_end(struct run *run, const struct action *a);
bool finish_park(struct run *run, const char *why, const char *text);
void finish_stored(struct run *run);   /* the terminal batch is durable */
void finish_unstored(struct run *run); /* it cannot become durable */
void finish_lost(struct run *run);     /* another owner carries the run */
void finish_refused(struct run *run, int32_t status, const char *reason, const char *text);
void delivery_received(struct run *run, struct mail *mail);
void delivery_due(struct run *run);

#endif
