/* SPDX-License-Identifier: MIT */
/* owner_other.c - is the process that carries a run dead, and how it learns that we think so. */
#include "rows/owner_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "host/calls.h"

#define POLL_MS	     100		  /* how often a silent owner's counter is looked at */
#define LEASE_MAX_MS (24 * 3600 * 1000LL) /* no silence is waited for longer */

/* Free: whoever held it is dead. A missing file says nothing (another host, another state folder).
 */
static bool lock_is_free(const struct host *h, const char *id)
{
	auto_free char *path = owner_lock_path(h, id);
	auto_close int fd = path ? open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static exs_status is_alive(const char *row, exs_err *err)
{
	int64_t pid = 0;

	json_get_int(str_of(row), "pid", &pid);
	return err_set(err, EXS_CONFLICT, 0, "process %lld carries it and is alive",
		       (long long)pid);
}

/*
 * It is dead, or will find that it was taken for dead: without its row it renews no lease, so it
 * starts no call that is not pure, even when it only slept. CONFLICT: it has just woken up.
 */
static exs_status depose(struct owner *me, const char *id, const char *row, exs_err *err)
{
	char key[OWNER_KEY_MAX];
	struct batch b;
	struct buf now;
	exs_status status;

	snprintf(key, sizeof key, "k/owner/%s", id);
	batch_init(&b);
	b.ends = true;
	status = batch_check(&b, str_of(key), str_of(row), err);
	if (status == EXS_OK)
		status = batch_del(&b, str_of(NULL), str_of(key), err);
	if (status == EXS_OK)
		status = call_store_commit(me->host->store, &b, err);
	batch_release(&b);
	if (status != EXS_CONFLICT)
		return status;
	/* Another one may have been faster in taking it for dead. */
	buf_init(&now, OWNER_TEXT_MAX);
	status = owner_read_row(me->host, id, &now, err);
	buf_release(&now);
	return status == EXS_OK ? is_alive(row, err) : status;
}

/* Nobody may be judged by a clock that is not ours: the counter must stand still while we look. */
static exs_status watch_counter(struct owner *me, const char *id, const char *first, exs_err *err)
{
	struct timespec pause = { 0, POLL_MS * 1000000L };
	int64_t lease = me->lease_ms, until;
	struct buf now;
	exs_status status = EXS_OK;

	/* A row that was damaged must not make us too hasty. */
	if (!json_get_int(str_of(first), "lease_ms", &lease) || lease < me->lease_ms)
		lease = me->lease_ms;
	if (lease > LEASE_MAX_MS)
		lease = LEASE_MAX_MS;
	until = clock_mono_ms() + lease;
	buf_init(&now, OWNER_TEXT_MAX);
	while (status == EXS_OK && clock_mono_ms() < until && !lock_is_free(me->host, id)) {
		nanosleep(&pause, NULL);
		status = owner_read_row(me->host, id, &now, err);
		if (status == EXS_OK && strcmp(now.p, first) != 0)
			status = is_alive(first, err);
	}
	buf_release(&now);
	if (status == EXS_OK)
		status = depose(me, id, first, err);
	return status == EXS_NOTFOUND ? EXS_OK : status;
}

/* Provably dead: what it left behind goes, and stays for the next one when it cannot. */
static void bury(struct owner *me, const char *id)
{
	auto_free char *path = owner_lock_path(me->host, id);
	char key[OWNER_KEY_MAX];
	exs_err err = EXS_ERR_INIT;
	struct batch b;

	snprintf(key, sizeof key, "k/owner/%s", id);
	batch_init(&b);
	b.ends = true;
	if (batch_del(&b, str_of(NULL), str_of(key), &err) ||
	    call_store_commit(me->host->store, &b, &err))
		log_debug(me->host->log, "the row of a dead process stays in the store: %s",
			  err.text);
	else if (path)
		unlink(path);
	batch_release(&b);
}

exs_status owner_is_dead(struct owner *me, const char *id, exs_err *err)
{
	struct buf row;
	exs_status status;

	if (!id[0])
		return EXS_OK;
	if (strcmp(id, owner_id(me)) == 0)
		return err_set(err, EXS_CONFLICT, 0, "this very process carries it");
	if (lock_is_free(me->host, id)) {
		bury(me, id);
		return EXS_OK;
	}
	buf_init(&row, OWNER_TEXT_MAX);
	status = owner_read_row(me->host, id, &row, err);
	if (status == EXS_NOTFOUND)
		status = EXS_OK; /* it closed in good order */
	else if (status == EXS_OK)
		status = watch_counter(me, id, row.p, err);
	buf_release(&row);
	return status;
}

bool owner_is_gone(struct owner *me, const char *id)
{
	exs_err err = EXS_ERR_INIT;
	struct buf row;
	exs_status status;

	if (!id[0] || lock_is_free(me->host, id))
		return true;
	buf_init(&row, OWNER_TEXT_MAX);
	status = owner_read_row(me->host, id, &row, &err);
	buf_release(&row);
	return status == EXS_NOTFOUND;
}

struct living {
	char id[ID_MAX];
	char row[OWNER_TEXT_MAX];
	struct host *host;
};

static exs_status look(void *arg, exs_str key, exs_str value)
{
	const size_t skip = sizeof "k/owner/" - 1;
	struct living *l = arg;

	if (key.n - skip >= ID_MAX || value.n >= OWNER_TEXT_MAX)
		return EXS_OK;
	memcpy(l->id, key.p + skip, key.n - skip);
	l->id[key.n - skip] = '\0';
	memcpy(l->row, value.p, value.n);
	l->row[value.n] = '\0';
	return lock_is_free(l->host, l->id) ? EXS_OK : EXS_CONFLICT;
}

exs_status owner_none_alive(struct host *h, exs_err *err)
{
	struct living l = { .host = h };
	exs_status status = call_store_scan(h->store, str_of("k/owner/"), str_of(NULL), 0, look, &l,
					    err);
	int64_t pid = 0;

	if (status != EXS_CONFLICT)
		return status;
	json_get_int(str_of(l.row), "pid", &pid);
	return err_set(err, EXS_CONFLICT, 0,
		       "process %lld carries runs of this store, or did so on another machine: end "
		       "it first",
		       (long long)pid);
}

/* The batch copies the key, so it may be filled inside a scan. */
static exs_status add_depose(void *arg, exs_str key, exs_str value)
{
	exs_err ignored = EXS_ERR_INIT;

	(void)value;
	return batch_del(arg, str_of(NULL), key, &ignored);
}

exs_status owner_depose_all(struct host *h, exs_err *err)
{
	exs_status status;
	struct batch b;

	batch_init(&b);
	b.ends = true;
	status = call_store_scan(h->store, str_of("k/owner/"), str_of(NULL), EXS_SCAN_KEYS,
				 add_depose, &b, err);
	if (status == EXS_OK && b.n)
		status = call_store_commit(h->store, &b, err);
	batch_release(&b);
	return status;
}
