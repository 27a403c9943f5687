/* SPDX-License-Identifier: MIT */
/* stat.c - the figures of the store as one JSON object. */
#include <sys/stat.h>

#include "folder.h"
#include "readers.h"
#include "room.h"
#include "store_lmdb.h"

#define STAT_TEXT_MAX 640u

/* The length of the UTF-8 character at p, or 0 when there is none. */
static size_t utf8_length(const unsigned char *p)
{
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		return (p[1] & 0xc0) == 0x80 ? 2 : 0;
	if ((p[0] & 0xf0) == 0xe0) {
		if ((p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80)
			return 0;
		return (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ? 0 : 3;
	}
	if (p[0] < 0xf0 || p[0] > 0xf4 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80 ||
	    (p[3] & 0xc0) != 0x80)
		return 0;
	return (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) ? 0 : 4;
}

/* A path or a name may hold any byte; what is no character becomes U+FFFD. */
static exs_status put_text(exs_sink *json, const char *path)
{
	char out[8];
	exs_status s = EXS_OK;

	while (*path && s == EXS_OK) {
		unsigned char c = (unsigned char)*path;
		size_t n = utf8_length((const unsigned char *)path);

		if (n == 0) {
			s = json->put(json, "\\ufffd", 6);
			path++;
		} else if (c < 0x20 || c == '"' || c == '\\') {
			snprintf(out, sizeof out, "\\u%04x", c);
			s = json->put(json, out, 6);
			path++;
		} else {
			s = json->put(json, path, n);
			path += n;
		}
	}
	return s;
}

struct figures {
	struct room room;
	uint64_t entries, map, file;
	struct readers readers;
};

static exs_status collect(struct env *env, struct figures *f, exs_err *err)
{
	MDB_txn *txn;
	MDB_stat st;
	struct stat file;
	int fd, rc;

	if (env_read(env, &txn, err))
		return err->status;
	rc = room_measure(env, txn, &f->room);
	if (!rc)
		rc = mdb_stat(txn, env->rows, &st);
	mdb_txn_reset(txn); /* not counted among the readers */
	if (!rc)
		rc = mdb_env_get_fd(env->mdb, &fd);
	if (!rc)
		rc = readers_list(env, &f->readers);
	f->map = env->map_bytes;
	f->file = !rc && fstat(fd, &file) == 0 ? (uint64_t)file.st_size : 0;
	if (!rc)
		f->entries = st.ms_entries;
	env_read_end(env, txn);
	return rc ? env_fail(env, err, rc, "be measured") : EXS_OK;
}

static uint64_t behind(const struct figures *f, const struct reader *r)
{
	return r->txn < f->room.last_txn ? f->room.last_txn - r->txn : 0;
}

/* Who reads what is old, the oldest first. */
static exs_status put_old_readers(const struct figures *f, exs_sink *json)
{
	exs_status s = json->put(json, ",\"old_readers\":[", 16);
	char text[STAT_TEXT_MAX], name[PROCESS_NAME];
	uint64_t i;
	int n;

	for (i = 0; i < f->readers.n && s == EXS_OK; i++) {
		const struct reader *r = &f->readers.oldest[i];

		if (behind(f, r) < READER_OLD)
			break;
		n = snprintf(text, sizeof text, "%s{\"pid\":%ld,\"behind\":%llu,\"process\":\"",
			     i ? "," : "", r->pid, (unsigned long long)behind(f, r));
		s = json->put(json, text, (size_t)n);
		if (s == EXS_OK)
			s = put_text(json, reader_process(r->pid, name));
		if (s == EXS_OK)
			s = json->put(json, "\"}", 2);
	}
	return s == EXS_OK ? json->put(json, "]}", 2) : s;
}

exs_status lmdb_stat(exs_self *self, exs_sink *json, exs_err *err)
{
	struct env *env = &self->env;
	char text[STAT_TEXT_MAX];
	struct figures f;
	exs_status s;
	int n;

	if (collect(env, &f, err))
		return err->status;
	n = snprintf(text, sizeof text, "{\"backend\":\"lmdb\",\"durable\":%s,\"path\":\"",
		     env->sync ? "true" : "false");
	s = json->put(json, text, (size_t)n);
	if (s == EXS_OK)
		s = put_text(json, env->path);
	n = snprintf(text, sizeof text,
		     "\",\"used_bytes\":%llu,\"held_bytes\":%llu,\"limit_bytes\":%llu,"
		     "\"map_bytes\":%llu,\"file_bytes\":%llu,\"entries\":%llu,"
		     "\"readers\":%llu,\"oldest_reader_lag\":%llu,\"sync\":\"%s\"",
		     (unsigned long long)f.room.used, (unsigned long long)f.room.held, (unsigned long long)env->limit_bytes,
		     (unsigned long long)f.map, (unsigned long long)f.file,
		     (unsigned long long)f.entries, (unsigned long long)f.readers.count,
		     (unsigned long long)(f.readers.n ? behind(&f, &f.readers.oldest[0]) : 0), env->sync ? "full" : "none");
	if (s == EXS_OK)
		s = json->put(json, text, (size_t)n);
	if (s == EXS_OK)
		s = put_old_readers(&f, json);
	return s ? exs_fail(err, s, 0, "the figures of the store were not taken by their reader")
		 : EXS_OK;
}
