/* SPDX-License-Identifier: MIT */
/* jsonl_kit.h - audit_jsonl alone, over a file that can be looked at. */
#ifndef TEST_JSONL_KIT_H
#define TEST_JSONL_KIT_H

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cjson/cJSON.h>
#include <executus/port/audit.h>

#include "alone_kit.h"
#include "temp_dir.h"

#define PATH_MAX_HERE 256

struct fixture {
	struct alone alone;
	const exs_audit *port;
	char dir[PATH_MAX_HERE / 2], path[PATH_MAX_HERE];
};

static EXS_UNUSED int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	alone_init(&f->alone, BATTERIES "/audit_jsonl.so", "trail");
	assert_int_equal(temp_dir_make("audit", f->dir, sizeof f->dir), 0);
	snprintf(f->path, sizeof f->path, "%s/trail.jsonl", f->dir);
	f->alone.set[0] = (struct double_setting){ "path", f->path };
	*state = f;
	return 0;
}

static EXS_UNUSED int teardown(void **state)
{
	struct fixture *f = *state;

	alone_release(&f->alone);
	temp_dir_remove(f->dir);
	free(f);
	return 0;
}

static EXS_UNUSED exs_status try_open(struct fixture *f)
{
	exs_status s = alone_open(&f->alone);

	if (s == EXS_OK)
		f->port = f->alone.battery->port(f->alone.self, EXS_PORT_AUDIT);
	return s;
}

static EXS_UNUSED exs_trail *start(struct fixture *f, const char *id)
{
	exs_run_info run = double_run_info(id);
	exs_trail *trail = NULL;

	if (f->port->start(f->alone.self, &run, &trail, &f->alone.err))
		fail_msg("start: %s", f->alone.err.text);
	return trail;
}

static EXS_UNUSED exs_fact fact_of(int64_t seq)
{
	exs_fact fact = { 0 };

	fact.size = sizeof fact;
	fact.kind = EXS_FACT_CALL_ENDED;
	fact.seq = seq;
	fact.at_ms = 1700000000123;
	fact.step = 2;
	fact.attempt = 1;
	fact.body = exs_cstr("{\"status\":\"ok\"}");
	return fact;
}

static EXS_UNUSED exs_status record(struct fixture *f, exs_trail *trail, int64_t seq)
{
	exs_fact fact = fact_of(seq);

	return f->port->record(trail, &fact, NULL, &f->alone.err);
}

/* The whole file, NUL-terminated. */
static EXS_UNUSED char *slurp(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, 4u << 20);

	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, (4u << 20) - 1, file) < (4u << 20) - 1);
	fclose(file);
	return text;
}

static EXS_UNUSED int count_lines(const char *path)
{
	char *text = slurp(path), *p;
	int n = 0;

	for (p = text; *p; p++)
		n += *p == '\n';
	free(text);
	return n;
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
