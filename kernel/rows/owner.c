/* SPDX-License-Identifier: MIT */
/* owner.c - see owner.h. The row is "k/owner/ID", the lock file STATE_DIR/owners/ID.lock. */
#include "rows/owner_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "base/thread.h"
#include "host/calls.h"

#define BEAT_MIN_MS 10
#define BEAT_AGAIN_MS 1000 /* after one that was refused */

static void owner_text(const struct owner *o, int64_t counter, char out[OWNER_TEXT_MAX])
{
	snprintf(out, OWNER_TEXT_MAX,
		 "{\"v\":1,\"boot\":\"%s\",\"pid\":%d,\"started_ms\":%" PRId64
		 ",\"counter\":%" PRId64 ",\"lease_ms\":%" PRId64 "}",
		 o->boot, (int)getpid(), o->started_ms, counter, o->lease_ms);
}

static void read_boot_id(char out[BOOT_ID_MAX])
{
	auto_close int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, BOOT_ID_MAX - 1);

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n\"\\")] = '\0';
}

/* ---- the lock file ---- */

char *owner_lock_path(const struct host *h, const char *id)
{
	struct buf b;
	char *path;

	buf_init(&b, 4096);
	buf_printf(&b, "%s/owners/%s.lock", h->conf->state_dir, id);
	path = buf_take(&b);
	buf_release(&b);
	return path;
}

static exs_status make_dirs(const char *path, exs_err *err)
{
	auto_free char *copy = strdup(path);
	char *p;

	if (!copy)
		return err_set(err, EXS_NOMEM, 0, "no memory for a path");
	for (p = strchr(copy + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(copy, 0700) && errno != EEXIST)
			return err_set(err, EXS_IO, errno,
				       "the state folder '%.150s' cannot be made: %s", copy,
				       strerror(errno));
		*p = '/';
	}
	return EXS_OK;
}

static exs_status take_lock(struct owner *o, exs_err *err)
{
	o->lock_path = owner_lock_path(o->host, o->id);
	if (!o->lock_path)
		return err_set(err, EXS_NOMEM, 0, "no memory for a path");
	if (make_dirs(o->lock_path, err))
		return err->status;
	o->lock_fd = open(o->lock_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (o->lock_fd < 0 || flock(o->lock_fd, LOCK_EX | LOCK_NB))
		return err_set(err, EXS_IO, errno, "'%.150s' cannot be made and locked: %s",
			       o->lock_path, strerror(errno));
	return EXS_OK;
}

/* ---- the heartbeat ---- */

static void set_timer(struct owner *o)
{
	int64_t beat_ms = o->lease_ms / 4;

	if (o->unclear && beat_ms > BEAT_AGAIN_MS) /* what waits for the disk waits for this too */
		beat_ms = BEAT_AGAIN_MS;
	timer_set(&o->host->timers, &o->timer,
		  clock_mono_ms() + (beat_ms > BEAT_MIN_MS ? beat_ms : BEAT_MIN_MS));
}

static void renewed(struct pending *p)
{
	struct owner *o = container_of(p, struct owner, pending);

	pthread_mutex_lock(&o->lock);
	o->out = false;
	if (p->status == EXS_OK) {
		o->counter++;
		atomic_store(&o->sure_until_ms, o->sent_ms + o->lease_ms / 2);
	} else {
		o->unclear = true;
		log_warn(o->host->log, "the lease was not renewed: %s", p->err.text);
	}
	pthread_cond_broadcast(&o->quiet);
	pthread_mutex_unlock(&o->lock);
}

static void owner_free(struct owner *o)
{
	if (o->lock_fd >= 0)
		close(o->lock_fd);
	free(o->lock_path);
	batch_release(&o->batch);
	buf_release(&o->pending.out);
	pthread_cond_destroy(&o->quiet);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

/* Nobody waited any longer for this answer. */
static void renewed_late(struct pending *p)
{
	owner_free(container_of(p, struct owner, pending));
}

exs_status owner_read_row(struct host *h, const char *id, struct buf *out, exs_err *err)
{
	char key[OWNER_KEY_MAX];
	struct buf_sink sink;

	snprintf(key, sizeof key, "k/owner/%s", id);
	buf_clear(out);
	return call_store_get(h->store, str_of(key), buf_sink_init(&sink, out), err);
}

/*
 * A renewal that failed may be in all the same. Nobody else writes our row, but whoever takes us
 * for dead deletes it. lock is held.
 */
static exs_status look_again(struct owner *o, exs_err *err)
{
	struct buf row;
	exs_status status;

	buf_init(&row, OWNER_TEXT_MAX);
	pthread_mutex_unlock(&o->lock);
	status = owner_read_row(o->host, o->id, &row, err);
	pthread_mutex_lock(&o->lock);
	if (status == EXS_OK && !json_get_int(buf_view(&row), "counter", &o->counter))
		status = err_set(err, EXS_CORRUPT, 0, "row '%s' of the store cannot be read",
				 o->key);
	buf_release(&row);
	if (status == EXS_NOTFOUND && o->counter > 0 && !atomic_exchange(&o->lost, true))
		log_error(o->host->log,
			  "this process was taken for dead and its runs were given to another one");
	if (status == EXS_OK)
		o->unclear = false;
	return status;
}

/* lock is held. */
static exs_status renew(struct owner *o, exs_err *err)
{
	char text[OWNER_TEXT_MAX];
	exs_status status = EXS_OK;

	if (o->unclear && look_again(o, err))
		return err->status;
	batch_release(&o->batch);
	o->batch.ends = true; /* a process that may not even be there could end nothing */
	if (o->counter > 0) {
		owner_text(o, o->counter, text);
		status = batch_check(&o->batch, str_of(o->key), str_of(text), err);
	}
	owner_text(o, o->counter + 1, text);
	if (status == EXS_OK)
		status = batch_put(&o->batch, str_of(NULL), str_of(o->key), str_of(text), err);
	if (status)
		return status;
	buf_release(&o->pending.out);
	o->sent_ms = clock_mono_ms();
	o->out = o->tried = true;
	pthread_mutex_unlock(&o->lock); /* a store without a committer ends at once */
	status = call_store_submit(o->host->store, &o->batch, &o->pending, err);
	pthread_mutex_lock(&o->lock);
	if (status)
		o->out = false;
	return status;
}

/* On a step worker: the batch, then the mail for our runs. */
static void work(struct job *job)
{
	struct owner *o = container_of(job, struct owner, job);
	exs_err err = EXS_ERR_INIT;

	pthread_mutex_lock(&o->lock);
	if (!o->out && !o->closing && !atomic_load(&o->lost) && renew(o, &err))
		log_warn(o->host->log, "the lease was not renewed: %s", err.text);
	pthread_mutex_unlock(&o->lock);
	o->beat(o->arg);
	pthread_mutex_lock(&o->lock);
	o->working = false;
	if (!o->closing)
		set_timer(o);
	pthread_cond_broadcast(&o->quiet);
	pthread_mutex_unlock(&o->lock);
}

static void fire(struct timer *t)
{
	struct owner *o = container_of(t, struct owner, timer);
	exs_err err = EXS_ERR_INIT;

	pthread_mutex_lock(&o->lock);
	if (!o->closing) {
		o->working = true;
		o->job.run = work;
		if (pool_submit(&o->host->steps, &o->job, &err)) {
			o->working = false;
			set_timer(o);
		}
	}
	pthread_mutex_unlock(&o->lock);
}

/* ---- life ---- */

/* Until no renewal and no heartbeat is under way. lock is held. */
static bool wait_quiet(struct owner *o, int64_t wait_ms)
{
	struct timespec until = mono_time(clock_mono_ms() + wait_ms);

	while (o->out || o->working)
		if (pthread_cond_timedwait(&o->quiet, &o->lock, &until))
			break;
	return !o->out && !o->working;
}

exs_status owner_open(struct host *host, struct ids *ids, void (*beat)(void *arg), void *arg,
		      struct owner **out, exs_err *err)
{
	struct owner *o = calloc(1, sizeof *o);
	exs_status status;

	if (!o)
		return err_set(err, EXS_NOMEM, 0, "no memory for an owner");
	o->host = host;
	o->lock_fd = -1;
	o->beat = beat;
	o->arg = arg;
	o->lease_ms = host->conf->run.lease_ms;
	o->started_ms = clock_wall_ms();
	o->timer.fire = fire;
	o->pending.ended = renewed;
	o->pending.late = renewed_late;
	pthread_mutex_init(&o->lock, NULL);
	cond_init_mono(&o->quiet);
	batch_init(&o->batch);
	read_boot_id(o->boot);
	status = ids_next(ids, o->id, err);
	snprintf(o->key, sizeof o->key, "k/owner/%s", o->id);
	if (status == EXS_OK)
		status = take_lock(o, err);
	if (status == EXS_OK) {
		pthread_mutex_lock(&o->lock);
		status = renew(o, err);
		if (status == EXS_OK && !wait_quiet(o, WAIT_STORE_MS))
			status = err_set(err, EXS_IO, 0,
					 "the store does not answer when this process's row is "
					 "written");
		else if (status == EXS_OK && o->counter == 0)
			status = err_set(err, o->pending.status, 0,
					 "the store does not take this process's row: %.150s",
					 o->pending.err.text);
		pthread_mutex_unlock(&o->lock);
	}
	if (status) {
		owner_close(o, 0);
		return status;
	}
	set_timer(o);
	*out = o;
	return EXS_OK;
}

/* A process that closed in good order has no row; it stays when the store does not answer. */
static void delete_row(struct owner *o)
{
	exs_err err = EXS_ERR_INIT;
	struct batch b;

	batch_init(&b);
	b.ends = true;
	if (batch_del(&b, str_of(NULL), str_of(o->key), &err) ||
	    call_store_commit(o->host->store, &b, &err))
		log_warn(o->host->log, "this process's row stays in the store: %s", err.text);
	batch_release(&b);
}

void owner_close(struct owner *o, int64_t wait_ms)
{
	bool quiet, heartbeat;

	if (!o)
		return;
	pthread_mutex_lock(&o->lock);
	o->closing = true;
	pthread_mutex_unlock(&o->lock);
	timer_cancel(&o->host->timers, &o->timer);
	pthread_mutex_lock(&o->lock);
	quiet = wait_quiet(o, wait_ms);
	heartbeat = o->working;
	pthread_mutex_unlock(&o->lock);
	if (quiet && o->tried)
		delete_row(o);
	if (!quiet)
		log_warn(o->host->log, "this process's row stays in the store, which is silent");
	if (o->lock_fd >= 0)
		unlink(o->lock_path);
	/* What the store or a worker may still touch stays until it lets go. */
	if (!quiet && (heartbeat || done_abandon(&o->host->done, &o->pending)))
		return;
	pthread_mutex_lock(&o->lock);
	while (o->out) /* its answer is being given right now */
		pthread_cond_wait(&o->quiet, &o->lock);
	pthread_mutex_unlock(&o->lock);
	owner_free(o);
}

const char *owner_id(const struct owner *o)
{
	static const char nobody[ID_MAX];

	return o ? o->id : nobody;
}

bool owner_is_sure(const struct owner *o)
{
	return !o || (!atomic_load(&o->lost) && clock_mono_ms() < atomic_load(&o->sure_until_ms));
}

bool owner_is_lost(const struct owner *o)
{
	return o && atomic_load(&o->lost);
}
