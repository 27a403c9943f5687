/* SPDX-License-Identifier: MIT */
/*
 * subject.h - the battery that a conformance suite is run on, from its command line:
 *
 *	port_NAME BATTERY.so [key=value ...] [@name=value ...]
 *
 * key=value are settings of the battery, {tmp} in one is a fresh folder; @name=value are words to
 *the suite itself.
 */
#ifndef TEST_SUBJECT_H
#define TEST_SUBJECT_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/double.h"

#define SUBJECT_ARGS_MAX 16u
#define SUBJECT_PATH_MAX 512u

struct subject {
	const char *path;
	struct double_setting set[SUBJECT_ARGS_MAX + 1];
	struct double_setting word[SUBJECT_ARGS_MAX + 1];
};

/* One instance of the battery with a host of its own. */
struct opened {
	struct double_host host;
	char tmp[SUBJECT_PATH_MAX];
	char values[SUBJECT_ARGS_MAX][SUBJECT_PATH_MAX];
	struct double_setting set[SUBJECT_ARGS_MAX + 1];
	const exs_battery *battery;
	exs_self *self;
	const void *port;
};

static inline int subject_args(struct subject *s, int argc, char **argv)
{
	size_t sets = 0, words = 0;
	int i;

	memset(s, 0, sizeof *s);
	if (argc < 2 || argc > 2 + (int)SUBJECT_ARGS_MAX) {
		fprintf(stderr, "usage: %s BATTERY.so [key=value ...]\n", argv[0]);
		return 2;
	}
	s->path = argv[1];
	for (i = 2; i < argc; i++) {
		char *eq = strchr(argv[i], '=');
		char *key = argv[i][0] == '@' ? argv[i] + 1 : argv[i];

		if (!eq) {
			fprintf(stderr, "'%s' is not key=value\n", argv[i]);
			return 2;
		}
		*eq = '\0';
		if (key == argv[i])
			s->set[sets++] = (struct double_setting){ key, eq + 1 };
		else
			s->word[words++] = (struct double_setting){ key, eq + 1 };
	}
	return 0;
}

/* The suite's own word of that name, or what stands for it when it was not given. */
static inline const char *subject_word(const struct subject *s, const char *name, const char *deflt)
{
	const struct double_setting *w;

	for (w = s->word; w->key; w++)
		if (strcmp(w->key, name) == 0)
			return w->value;
	return deflt;
}

/* Opens an instance on a host that is there already. */
static inline void subject_reopen(const struct subject *s, const char *port_id, struct opened *o)
{
	exs_err err = EXS_ERR_INIT;

	o->battery = double_load(s->path);
	if (o->battery->open(&o->host.host, double_host_conf(&o->host, o->battery->options, o->set),
			     &o->self, &err))
		fail_msg("the battery does not open: %s", err.text);
	o->port = o->battery->port(o->self, port_id);
	assert_non_null(o->port);
}

/* The settings with {tmp} replaced. */
static inline void subject_settings(const struct subject *s, struct opened *o)
{
	size_t i;

	for (i = 0; s->set[i].key; i++) {
		const char *value = s->set[i].value, *mark = strstr(value, "{tmp}");

		o->set[i] = s->set[i];
		if (!mark)
			continue;
		o->set[i].value = o->values[i];
		assert_true(snprintf(o->values[i], SUBJECT_PATH_MAX, "%.*s%s%s",
				     (int)(mark - value), value, o->tmp,
				     mark + strlen("{tmp}")) < (int)SUBJECT_PATH_MAX);
	}
}

static inline void subject_open(const struct subject *s, const char *port_id, struct opened *o)
{
	const char *base = getenv("TMPDIR");

	memset(o, 0, sizeof *o);
	snprintf(o->tmp, sizeof o->tmp, "%s/conformance.XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(o->tmp));
	subject_settings(s, o);
	double_host_init(&o->host, "subject");
	subject_reopen(s, port_id, o);
}

static inline int subject_remove(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline void subject_shut(struct opened *o)
{
	o->battery->close(o->self);
	o->self = NULL;
}

static inline void subject_close(struct opened *o)
{
	subject_shut(o);
	double_host_release(&o->host);
	nftw(o->tmp, subject_remove, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
