/* SPDX-License-Identifier: MIT */
/*
 * store_lmdb.c - fills the store port with LMDB: one local folder, no server, several processes.
 *
 * Reading happens on the caller's thread in short transactions, writing on one committer thread. A
 * record ends OK only after the commit of its group was synced.
 */
#include "store_lmdb.h"

#include "../common_store/rules.h"
#include "record.h"

/* [any-thread] */
static exs_status store_get(exs_self *self, exs_str key, exs_sink *value, exs_err *err)
{
	char text[KEY_TEXT_MAX];
	exs_str found;
	MDB_txn *txn;
	exs_status s;
	int rc;

	if (rules_key(key, err) || env_read(&self->env, &txn, err))
		return err->status;
	rc = record_find(&self->env, txn, key, &found);
	if (rc)
		s = record_fail(&self->env, err, key, rc);
	else if ((s = value->put(value, found.p, found.n)) != EXS_OK)
		exs_fail(err, s, 0, "row '%s' was not taken by its reader",
			 rules_key_text(key, text));
	env_read_end(&self->env, txn);
	return s;
}

/* [any-thread] */
static void store_submit(exs_self *self, const exs_op *const *ops, uint64_t n, exs_done done)
{
	committer_submit(&self->committer, ops, n, false, done);
}

/* [any-thread] */
static void store_submit_end(exs_self *self, const exs_op *const *ops, uint64_t n, exs_done done)
{
	committer_submit(&self->committer, ops, n, true, done);
}

static const exs_store table = {
	.size = sizeof table,
	.get = store_get,
	.scan = lmdb_scan,
	.submit = store_submit,
	.stat = lmdb_stat,
	.copy = lmdb_copy,
	.restore = lmdb_restore,
	.compact = lmdb_compact,
	.submit_end = store_submit_end,
	.check = lmdb_check,
};

static exs_status open_(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err)
{
	exs_self *self = calloc(1, sizeof *self);

	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for a store");
	if (env_open(&self->env, host, conf, err))
		goto undo_self;
	if (committer_start(&self->committer, &self->env, err))
		goto undo_env;
	*out = self;
	return EXS_OK;
undo_env:
	env_close(&self->env);
undo_self:
	free(self);
	return err->status;
}

static void close_(exs_self *self)
{
	committer_stop(&self->committer);
	env_close(&self->env);
	free(self);
}

static const void *port(exs_self *self, const char *port_id)
{
	(void)self;
	return strcmp(port_id, EXS_PORT_STORE) == 0 ? &table : NULL;
}

static const exs_option options[] = {
	{ "path", EXS_OPT_PATH, 0, NULL,
	  "folder of the store; without it the instance's name in the state folder", NULL },
	{ "limit", EXS_OPT_SIZE, EXS_POSITIVE, "1g",
	  "most bytes in use; the last twentieth is kept for the ends of runs", NULL },
	{ "map", EXS_OPT_SIZE, EXS_POSITIVE, "64g",
	  "address space for the file; halved while there is not enough", NULL },
	{ "sync", EXS_OPT_CHOICE, 0, "full",
	  "none: never waits for the disk, a power failure may cost all", "full|none" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

static const char *const ports[] = { EXS_PORT_STORE, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT | EXS_RETURNS_AT_ONCE, "executus.store_lmdb", EXECUTUS_VERSION,
		  "keeps rows in a local LMDB file, synced in groups", "MIT", options, ports, open_,
		  close_, port)
