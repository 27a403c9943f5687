/* SPDX-License-Identifier: MIT */
/*
 * fsck.c - whether the pages of the file are what LMDB takes them for: every page belongs to one
 * map or is free, trees are whole and in order, and the maps count right. What stands in the rows
 * is not looked at. See fsck.h. Nobody writes while all of it is checked, in no process.
 */
#include "fsck.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "folder.h"
#include "store_lmdb.h"

#define META_MAGIC   0xBEEFC0DEu
#define META_VERSION 1u
#define SENTENCE_MAX 256u
#define OPENING_TRIES 8 /* a file that changes faster has somebody who has it open: it is sound */

/* MDB_meta of LMDB 0.9, behind the head of its page. */
struct meta_page {
	uint32_t magic, version;
	uint64_t address, map_bytes;
	struct fsck_map maps[2];
	uint64_t last_page, txn;
};

static void tell(struct fsck *f, int32_t kind, const char *text)
{
	exs_status s = f->say(f->arg, kind, exs_cstr(text));

	if (f->status == EXS_OK)
		f->status = s;
}

void fsck_damage(struct fsck *f, const char *format, ...)
{
	char text[SENTENCE_MAX];
	va_list args;

	if (f->said++ >= FSCK_SAID_MAX)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	tell(f, EXS_CHECK_DAMAGE, text);
}

bool fsck_take(struct fsck *f, uint64_t page, int as, const char *map)
{
	if (page < 2 || page > f->meta.last_page) {
		fsck_damage(f, "map '%s' has page %llu, and the file ends with %llu", map,
			    (unsigned long long)page, (unsigned long long)f->meta.last_page);
		return false;
	}
	if (f->seen[page] != PAGE_UNSEEN) {
		fsck_damage(f, "page %llu of map '%s' is %s already", (unsigned long long)page, map,
			    f->seen[page] == PAGE_FREE ? "free" : "in use");
		return false;
	}
	f->seen[page] = (unsigned char)as;
	if (as == PAGE_FREE)
		f->free++;
	else
		f->in_use++;
	return true;
}

/* The two first pages are written in turn: the newer one counts, the other is the state before it.
 */
static void read_metas(struct fsck *f)
{
	struct meta_page m;
	unsigned i;

	for (i = 0; i < 2; i++) {
		off_t at = (off_t)i * f->page_bytes + PAGE_HEAD;

		if (pread(f->fd, &m, sizeof m, at) != (ssize_t)sizeof m || m.magic != META_MAGIC ||
		    m.version != META_VERSION || m.maps[0].pad != f->page_bytes) {
			fsck_damage(f, "page %u does not begin a file of LMDB", i);
			continue;
		}
		if (i > 0 && m.txn <= f->meta.txn)
			continue;
		f->meta = (struct fsck_meta){ m.maps[0], m.maps[1], m.last_page, m.txn };
	}
}

/* LMDB itself is known to lose count of a page now and then: it costs room and nothing else. */
static void count_lost(struct fsck *f)
{
	char text[SENTENCE_MAX];
	uint64_t page;

	for (page = 2; page <= f->meta.last_page; page++)
		f->lost += f->seen[page] == PAGE_UNSEEN;
	snprintf(text, sizeof text,
		 "%llu pages of %u bytes, %llu free, %llu neither in use nor free",
		 (unsigned long long)f->meta.last_page + 1, f->page_bytes,
		 (unsigned long long)f->free, (unsigned long long)f->lost);
	tell(f, EXS_CHECK_NOTE, text);
}

/*
 * What the first pages say, and room to note each page; whether the file is as long as they say was
 * looked at when it was opened. False: it cannot be walked; without memory nothing was said.
 */
static bool begin(struct fsck *f)
{
	read_metas(f);
	if (f->said || f->meta.last_page == UINT64_MAX)
		return false;
	f->seen = calloc(f->meta.last_page + 1, 1);
	return f->seen != NULL;
}

static exs_status check(struct env *env, struct fsck *f, exs_err *err)
{
	int rc = mdb_env_get_fd(env->mdb, &f->fd);

	if (rc)
		return env_fail(env, err, rc, "be checked");
	f->page_bytes = env->page_bytes;
	if (begin(f)) {
		fsck_walk(f, &f->meta.free, "free", true);
		fsck_walk(f, &f->meta.main, "main", false);
		count_lost(f);
		free(f->seen);
	} else if (!f->said) {
		return exs_fail(err, EXS_NOMEM, 0, "no memory to check the store");
	}
	return f->status ? exs_fail(err, f->status, 0, "the check of the store was ended") : EXS_OK;
}

exs_status lmdb_check(exs_self *self, exs_status (*say)(void *arg, int32_t kind, exs_str text),
		      void *arg, exs_err *err)
{
	struct fsck f = { .say = say, .arg = arg };
	struct env *env = &self->env;
	MDB_txn *writing;
	exs_status s;
	int rc;

	if (env_enter(env, err))
		return err->status;
	rc = mdb_txn_begin(env->mdb, NULL, 0, &writing); /* what is in the file stays as it is */
	if (rc) {
		s = env_fail(env, err, rc, "be checked");
	} else {
		s = check(env, &f, err);
		mdb_txn_abort(writing);
	}
	env_leave(env);
	return s;
}

/* ---- before LMDB opens the file ---- */

/* The first finding says enough. */
static exs_status keep_first(void *arg, int32_t kind, exs_str text)
{
	exs_err *why = arg;

	if (kind == EXS_CHECK_DAMAGE && why->status == EXS_OK)
		(void)exs_fail(why, EXS_CORRUPT, 0, "%.*s", (int)text.n, text.p);
	return EXS_OK;
}

/* What is no file of LMDB is left to LMDB, which says so without ending the process. */
static bool read_page_bytes(struct fsck *f)
{
	struct meta_page m;

	if (pread(f->fd, &m, sizeof m, PAGE_HEAD) != (ssize_t)sizeof m || m.magic != META_MAGIC)
		return false;
	f->page_bytes = m.maps[0].pad;
	return f->page_bytes >= PAGE_HEAD + sizeof m && f->page_bytes <= UINT16_MAX + 1u;
}

/* Pages of the newest state are overwritten two commits later. False: there were some, look again.
 */
static bool walk_opening(struct fsck *f, exs_err *why)
{
	struct fsck now = { .fd = f->fd, .page_bytes = f->page_bytes, .say = f->say, .arg = why };

	if (!begin(f))
		return true;
	fsck_walk(f, &f->meta.main, "main", false);
	free(f->seen);
	read_metas(&now);
	return now.meta.txn == f->meta.txn;
}

exs_status fsck_opening(const struct env *env, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	struct fsck f;
	char *file;
	int fd, tries = 0;

	if (folder_join(env->path, DATA_FILE, &file, err))
		return err->status;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	free(file);
	if (fd < 0)
		return EXS_OK;
	do {
		why = (exs_err)EXS_ERR_INIT;
		f = (struct fsck){ .fd = fd, .roots = true, .say = keep_first, .arg = &why };
	} while (read_page_bytes(&f) && !walk_opening(&f, &why) && ++tries < OPENING_TRIES);
	close(fd);
	if (why.status == EXS_OK || tries == OPENING_TRIES)
		return EXS_OK;
	return exs_fail(err, EXS_CORRUPT, 0, "the store in '%s' is damaged, restore a copy: %.160s",
			env->path, why.text);
}
