/* SPDX-License-Identifier: MIT */
/*
 * bits.c - flips every bit of records as they stand in a store, one at a time, and of their keys:
 * the check that every read goes through has to see each.
 *
 *	bits FOLDER RECORDS
 *
 * Prints "RECORDS FLIPS"; ends with 1 at the first flip that is not seen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <executus/port/store.h>

#include "plugins/store_lmdb/record.h"

#define RECORD_MAX (1u << 20)

/* record.c says it in sentences that are not wanted here. */
exs_status env_fail(const struct env *env, exs_err *err, int rc, const char *what)
{
	(void)env;
	return exs_fail(err, EXS_IO, rc, "%s", what);
}

static void die(const char *what, int rc)
{
	fprintf(stderr, "bits: %s: %s\n", what, mdb_strerror(rc));
	exit(2);
}

struct copy {
	char key[EXS_STORE_KEY_MAX], record[RECORD_MAX];
	size_t key_n, record_n;
};

static bool is_sound(const struct copy *c)
{
	exs_str value;

	return record_read(exs_bytes(c->key, c->key_n), exs_bytes(c->record, c->record_n), &value);
}

/* Each bit of the n bytes at p, which are a part of the copy. */
static unsigned long flip_all(struct copy *c, char *p, size_t n)
{
	unsigned long flips;

	for (flips = 0; flips < n * 8; flips++) {
		char mask = (char)(1 << flips % 8);

		p[flips / 8] = (char)(p[flips / 8] ^ mask);
		if (is_sound(c)) {
			printf("bit %lu of '%.*s' is not missed\n", flips, (int)c->key_n, c->key);
			exit(1);
		}
		p[flips / 8] = (char)(p[flips / 8] ^ mask);
	}
	return flips;
}

int main(int argc, char **argv)
{
	unsigned long records = 0, flips = 0, most = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	static struct copy c;
	MDB_val key, value;
	MDB_cursor *cursor;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi rows;
	int rc;

	if (!most) {
		fprintf(stderr, "usage: bits FOLDER RECORDS\n");
		return 2;
	}
	rc = mdb_env_create(&env);
	if (!rc)
		rc = mdb_env_set_maxdbs(env, DBS_MAX);
	if (!rc)
		rc = mdb_env_open(env, argv[1], MDB_RDONLY | MDB_NOLOCK, 0);
	if (!rc)
		rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	if (!rc)
		rc = mdb_dbi_open(txn, "rows", 0, &rows);
	if (!rc)
		rc = mdb_cursor_open(txn, rows, &cursor);
	if (rc)
		die(argv[1], rc);
	while (records < most && mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
		if (key.mv_size > sizeof c.key || value.mv_size > sizeof c.record)
			die("a record", MDB_BAD_VALSIZE);
		c.key_n = key.mv_size;
		c.record_n = value.mv_size;
		memcpy(c.key, key.mv_data, c.key_n);
		memcpy(c.record, value.mv_data, c.record_n);
		if (!is_sound(&c))
			die("a record that nobody touched", MDB_CORRUPTED);
		flips += flip_all(&c, c.key, c.key_n) + flip_all(&c, c.record, c.record_n);
		records++;
	}
	printf("%lu %lu\n", records, flips);
	mdb_env_close(env);
	return 0;
}
