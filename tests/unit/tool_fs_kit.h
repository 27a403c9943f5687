/* SPDX-License-Identifier: MIT */
/* tool_fs_kit.h - a folder tree, an instance of tool_fs on it, and one-line calls, for the suites
 * test_tool_fs*. */
#ifndef TEST_TOOL_FS_KIT_H
#define TEST_TOOL_FS_KIT_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <executus/port/tool.h>

#include "support/double.h"
#include "temp_dir.h"

#define SECRET	 "what stands outside"
#define SET_MAX	 8
#define KIT_PATH 400 /* room of every path that kit_path writes */

/* base/root is the tools' root; base/outside/secret.txt must never be seen. */
struct kit {
	char base[256], root[300], outside[300];
	struct double_host host;
	struct double_setting set[SET_MAX + 2];
	const exs_battery *battery;
	exs_self *self;
	const exs_tool *tool;
	exs_cancel *cancel;
	const char *key;
	char *text; /* of the last call's answer */
	size_t n;
	exs_err err;
};

/* ---- files ---- */

static inline void kit_path(char *out, const char *dir, const char *name)
{
	assert_true(snprintf(out, KIT_PATH, "%s/%s", dir, name) < KIT_PATH);
}

/* Makes a file below the root. */
static inline void put_bytes(const struct kit *k, const char *name, const char *p, size_t n)
{
	char path[KIT_PATH];
	FILE *f;

	kit_path(path, k->root, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static inline void put_text(const struct kit *k, const char *name, const char *text)
{
	put_bytes(k, name, text, strlen(text));
}

static inline void put_folder(const struct kit *k, const char *name)
{
	char path[KIT_PATH];

	kit_path(path, k->root, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static inline void put_link(const struct kit *k, const char *to, const char *name)
{
	char path[KIT_PATH];

	kit_path(path, k->root, name);
	assert_int_equal(symlink(to, path), 0);
}

/* The whole of a file below the root; free it. NULL when it does not exist. */
static inline char *get_text(const struct kit *k, const char *name)
{
	char path[KIT_PATH], *text = calloc(1, 1u << 21);
	FILE *f;

	assert_non_null(text);
	kit_path(path, k->root, name);
	f = fopen(path, "r");
	if (!f) {
		free(text);
		return NULL;
	}
	assert_true(fread(text, 1, (1u << 21) - 1, f) < (1u << 21) - 1);
	fclose(f);
	return text;
}

static inline void assert_holds(const struct kit *k, const char *name, const char *want)
{
	char *text = get_text(k, name);

	assert_non_null(text);
	assert_string_equal(text, want);
	free(text);
}

/* ---- life ---- */

/* Opens another instance with these settings ("root" is added when it is not among them). */
static inline exs_status kit_open(struct kit *k, const struct double_setting *set, exs_err *err)
{
	size_t n = 0;
	bool root = false;
	exs_status s;

	for (; set && set->key && n < SET_MAX; set++) {
		root |= strcmp(set->key, "root") == 0;
		k->set[n++] = *set;
	}
	if (!root)
		k->set[n++] = (struct double_setting){ "root", k->root };
	k->set[n] = (struct double_setting){ NULL, NULL };
	if (k->self)
		k->battery->close(k->self);
	k->self = NULL;
	s = k->battery->open(&k->host.host, double_host_conf(&k->host, k->battery->options, k->set),
			     &k->self, err);
	k->tool = s ? NULL : k->battery->port(k->self, EXS_PORT_TOOL);
	return s;
}

static inline void kit_reopen(struct kit *k, const struct double_setting *set)
{
	exs_err err = EXS_ERR_INIT;

	if (kit_open(k, set, &err))
		fail_msg("tool_fs does not open: %s", err.text);
}

static inline int set_up(void **state)
{
	struct kit *k = calloc(1, sizeof *k);
	char path[KIT_PATH];

	assert_non_null(k);
	assert_int_equal(temp_dir_make("fs", k->base, sizeof k->base), 0);
	assert_int_equal(chmod(k->base, 0755), 0);
	snprintf(k->root, sizeof k->root, "%s/root", k->base);
	snprintf(k->outside, sizeof k->outside, "%s/outside", k->base);
	assert_int_equal(mkdir(k->root, 0755), 0);
	assert_int_equal(mkdir(k->outside, 0755), 0);
	kit_path(path, "..", "outside/secret.txt");
	put_text(k, path, SECRET "\n");
	double_host_init(&k->host, "fs");
	k->battery = double_load(BATTERIES "/tool_fs.so");
	k->key = "key-1";
	kit_reopen(k, NULL);
	*state = k;
	return 0;
}

static inline int tear_down(void **state)
{
	struct kit *k = *state;

	if (k->self)
		k->battery->close(k->self);
	double_host_release(&k->host);
	assert_int_equal(temp_dir_remove(k->base), 0);
	free(k->text);
	free(k);
	return 0;
}

/* ---- calls ---- */

/* Calls a tool; text and err of the kit hold what came. Safe from several threads on kits of their
 * own. */
static inline exs_status kit_call(struct kit *k, const char *tool, exs_str args)
{
	exs_run_info run = double_run_info("r1");
	exs_call call = { sizeof call, 1, &run, tool, "1.0", k->key, args };
	struct double_done d;

	double_done_init(&d, EXS_TOOL_RESULT_MAX);
	k->tool->call(k->self, &call, k->cancel, d.done);
	assert_int_equal(d.ends, 1);
	free(k->text);
	k->n = d.out.n;
	k->text = calloc(1, d.out.n + 1);
	assert_non_null(k->text);
	if (d.out.n)
		memcpy(k->text, d.out.p, d.out.n);
	k->err = d.err;
	double_done_release(&d);
	assert_null(strstr(k->text, SECRET));
	if (d.status) {
		assert_int_equal(k->err.status, d.status);
		assert_int_not_equal(strlen(k->err.text), 0);
	}
	return d.status;
}

/* The same with the arguments written with ' for ". */
__attribute__((format(printf, 3, 4))) static inline exs_status ask(struct kit *k, const char *tool,
								   const char *fmt, ...)
{
	char args[16384], *q;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(args, sizeof args, fmt, ap);
	va_end(ap);
	assert_true(n > 0 && (size_t)n < sizeof args);
	for (q = args; *q; q++)
		if (*q == '\'')
			*q = '"';
	return kit_call(k, tool, exs_bytes(args, (size_t)n));
}

static inline void assert_says(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in: %s", part, text);
}

/* Becomes a user that root's rights do not help; back with 0 when the test began as root. */
static inline void become(uid_t user)
{
	if (getuid() == 0)
		assert_int_equal(seteuid(user), 0);
}
#define NOBODY 65534

/* A token that fires at its n-th look. */
struct late {
	exs_cancel token;
	int looks, fires_at;
};

static inline int32_t late_cause(const exs_cancel *token)
{
	struct late *l = (struct late *)(void *)(uintptr_t)token;

	return ++l->looks >= l->fires_at ? EXS_CAUSE_TIMEOUT : EXS_CAUSE_NONE;
}

static inline struct late late(int fires_at)
{
	struct late l = { .token = { sizeof l.token, 0, late_cause, NULL, NULL, NULL },
			  .fires_at = fires_at };

	return l;
}

#endif
