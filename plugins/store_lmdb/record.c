/* SPDX-License-Identifier: MIT */
/* record.c - see record.h. */
#include "record.h"

#include <zlib.h>

#include "../common_store/rules.h"

#define MAGIC	0xE5u
#define VERSION 1u

static uint32_t sum_of(exs_str key, const char *p, size_t n)
{
	uLong crc = crc32(0, (const Bytef *)key.p, (uInt)key.n);

	return (uint32_t)(n ? crc32(crc, (const Bytef *)p, (uInt)n) : crc);
}

static void put32(char *to, uint32_t v)
{
	to[0] = (char)(unsigned char)v;
	to[1] = (char)(unsigned char)(v >> 8);
	to[2] = (char)(unsigned char)(v >> 16);
	to[3] = (char)(unsigned char)(v >> 24);
}

static uint32_t get32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

void record_write(char *to, exs_str key, exs_str value)
{
	to[0] = (char)(unsigned char)MAGIC;
	to[1] = (char)VERSION;
	to[2] = to[3] = 0;
	put32(to + 4, (uint32_t)value.n);
	put32(to + 8, sum_of(key, value.p, value.n));
	if (value.n)
		memcpy(to + RECORD_HEADER, value.p, value.n);
}

bool record_read(exs_str key, exs_str stored, exs_str *value)
{
	const char *p = stored.p;
	size_t n;

	if (stored.n < RECORD_HEADER)
		return false;
	n = stored.n - RECORD_HEADER;
	if ((unsigned char)p[0] != MAGIC || p[1] != (char)VERSION || p[2] || p[3])
		return false;
	if (get32(p + 4) != n || get32(p + 8) != sum_of(key, p + RECORD_HEADER, n))
		return false;
	*value = exs_bytes(p + RECORD_HEADER, n);
	return true;
}

int record_find(const struct env *env, MDB_txn *txn, exs_str key, exs_str *value)
{
	MDB_val k = { key.n, (void *)(uintptr_t)key.p };
	MDB_val v;
	int rc = mdb_get(txn, env->rows, &k, &v);

	if (rc)
		return rc;
	return record_read(key, exs_bytes(v.mv_data, v.mv_size), value) ? 0 : RECORD_DAMAGED;
}

exs_status record_fail(const struct env *env, exs_err *err, exs_str key, int rc)
{
	char text[KEY_TEXT_MAX];

	if (rc == MDB_NOTFOUND)
		return exs_fail(err, EXS_NOTFOUND, 0, "no row '%s' in the store",
				rules_key_text(key, text));
	if (rc == RECORD_DAMAGED)
		return exs_fail(err, EXS_CORRUPT, 0,
				"row '%s' of the store in '%.100s' is damaged: it fails its check",
				rules_key_text(key, text), env->path);
	return env_fail(env, err, rc, "be read");
}
