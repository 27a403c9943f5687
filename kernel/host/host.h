/* SPDX-License-Identifier: MIT */
/*
 * host.h - the batteries of one configuration, opened and bound to their ports.
 *
 * host_open loads every battery, opens the store first and the others in the order of the conf, and
 * binds ports. It owns the two pools, the timers and the done records. Only this folder calls
 * batteries: guard.c holds the door, calls.c has one function for each function of a port, work.c
 * runs the calls that may take long.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <executus/svc/run.h>
#include <executus/svc/store.h>
#include "base/pool.h"
#include "base/timer.h"
#include "conf/conf.h"
#include "host/batch.h"
#include "host/done.h"
#include "host/loader.h"
#include "host/ports.h"

#define STEP_WORKERS_MAX 4u    /* drain mailboxes; never inside a call that may block */
#define CALL_WORKERS_MAX 64u   /* turn, call, deliver of batteries that block */
#define STALL_MS	 10000 /* a short call that takes longer makes its instance LOST */
#define WATCHDOG_MS	 1000
#define CRUMBS		 16u  /* short calls at once in one instance that are watched */
#define REST_AFTER	 3    /* failures in a row before an instance rests */
#define REST_FIRST_MS	 1000 /* doubles with each further failure */
#define REST_MAX_MS	 60000
#define LOST_AFTER	 10	/* failures in a row that make it LOST until restart */
#define ABANDONED_MAX	 8	/* calls that never ended before an instance is LOST */
#define QUEUE_MAX	 65536u /* calls that wait for one serialised instance */
#define PREFIX_MAX	 (CONF_NAME_MAX + 4u)
#define WAIT_STORE_MS	 60000 /* a battery's own commit waits no longer */

struct host;
struct work;

/* Which thread is inside which short call since when: for the watchdog and the re-entry rule. */
struct crumb {
	_Atomic(const char *) what; /* NULL: free; "": being filled in */
	_Atomic(pthread_t) thread;
	_Atomic int64_t since_ms; /* INT64_MAX: inside a function of ours */
	_Atomic bool told;	  /* the watchdog named it */
};

struct instance {
	struct host *host;
	const struct conf_battery *conf;
	const struct loaded *loaded;
	const exs_battery *battery;
	struct settings *settings;
	exs_self *self;
	exs_host pub;
	exs_store_svc store_svc;
	char prefix[PREFIX_MAX]; /* of its keys in the store: "b/NAME/" */

	const exs_store *store; /* the tables of the ports that are bound; NULL: not this one */
	const exs_checkpoint *checkpoint;
	const exs_audit *audit;
	const exs_budget *budget;
	const exs_critic *critic;
	const exs_delivery *delivery;
	const exs_model *model;
	const exs_tool *tool;

	pthread_mutex_t lock;	    /* serialises all calls, unless EXS_CONCURRENT */
	_Atomic bool long_inside;   /* a long call holds it: nobody waits for that */
	pthread_mutex_t queue_lock; /* the five below */
	struct work *queue, **queue_tail;
	uint32_t queued;
	bool busy;  /* a work is inside, or on its way to a worker */
	bool stuck; /* it was abandoned in there: nothing queues up behind it */

	_Atomic int failures, abandoned;
	_Atomic bool lost;
	_Atomic int64_t rest_until_ms;
	bool may_rest; /* fills no port that fails closed */
	struct crumb crumbs[CRUMBS];
};

struct delivery_slot {
	const char *kind;
	struct instance *in;
};

struct host {
	struct log *log;
	const struct conf *conf;
	struct loader loader;
	struct instance *instances;
	size_t instance_n;
	struct instance *store, *checkpoint, *budget, *critic; /* NULL: not bound */
	struct instance *audits[CONF_BINDINGS_MAX];
	size_t audit_n;
	struct delivery_slot deliveries[CONF_BINDINGS_MAX];
	size_t delivery_n;
	struct timers timers;
	struct timer watchdog;
	struct pool steps, calls;
	struct done_table done;
	exs_run_svc run_pub; /* what batteries get: answers NOTFOUND while there is no engine */
	pthread_rwlock_t run_lock; /* run_svc and engine; readers are the verbs */
	exs_run_svc run_svc;	   /* the engine's, by host_set_run; size 0: none */
	void *engine;		   /* for kernel/run */
	int64_t stall_ms;
	/* of a rehearsal */
	struct conf_battery scratch; /* what stands for the store */
	_Atomic bool still;	     /* batteries see the time below and not the clock */
	_Atomic int64_t mono_ms, wall_ms;
};

/* Which batteries are loaded and opened. */
enum host_scope {
	HOST_ALL,
	HOST_PAST, /* the store and the checkpoint: enough to look at runs, without anybody's secrets */
	HOST_BUDGET, /* those and the budget */
	HOST_AUDIT, /* those and the audits */
	/* the budget and the critic, with a store in memory where the conf binds one: to see what they would say */
	HOST_REHEARSAL
};

/* Everything that can be known without opening a battery is checked before one is opened. */
exs_status host_open(const struct conf *conf, enum host_scope scope, const char *const *folders,
		     struct log *log, struct host **out, exs_err *err);
/* No run is live. Closes in reverse order; takes NULL. */
void host_close(struct host *h);

struct instance *host_instance(struct host *h, const char *name);
/* The delivery of that kind, or NULL. */
struct instance *host_delivery(struct host *h, exs_str kind);

/*
 * The verbs of executus.svc.run/1 from now on, called with &h->run_svc; NULL: there is no engine
 * any more. Waits until no verb is under way, so that the engine may go.
 */
void host_set_run(struct host *h, const exs_run_svc *verbs, void *engine);

/* What batteries are told when they ask for the time, from now on: it stands still in between. */
void host_set_time(struct host *h, int64_t mono_ms, int64_t wall_ms);

/* services.c: fills run_pub of a host; pub and store_svc of an instance. */
void services_init_host(struct host *h);
void services_init(struct instance *in);

#endif
