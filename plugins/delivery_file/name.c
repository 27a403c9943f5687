/* SPDX-License-Identifier: MIT */
/* name.c - file names out of templates and targets; see name.h. Touches no file. */
#include "name.h"

#include <time.h>

static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+,=@";
#define FIRST_BYTES 63u /* of `good`: those that may begin a part */

static int is_good(char c)
{
	return c != '\0' && strchr(good, c) != NULL;
}

static int may_begin(char c)
{
	return c != '\0' && memchr(good, c, FIRST_BYTES) != NULL;
}

/* What is wrong with one part, or NULL. */
static const char *part_fault(const char *p, size_t n)
{
	size_t i;

	if (n == 0)
		return "has an empty part: it must not begin or end with '/' or hold '//'";
	if (n > NAME_PART_MAX)
		return "has a part of more than 200 bytes";
	if (!may_begin(p[0]))
		return "has a part that does not begin with a letter, a digit or '_'";
	for (i = 0; i < n; i++)
		if (!is_good(p[i]))
			return "holds a character other than letters, digits and - _ . + , = @ /";
	return NULL;
}

exs_status name_check(const char *name, const char *who, exs_err *err)
{
	const char *fault, *p = name;
	size_t parts = 0, n;

	if (strlen(name) >= NAME_MAX_BYTES)
		return exs_fail(err, EXS_INVALID, 0, "%s is longer than %u bytes", who,
				NAME_MAX_BYTES - 1);
	for (;; p += n + 1) {
		n = strcspn(p, "/");
		fault = part_fault(p, n);
		if (fault)
			return exs_fail(err, EXS_INVALID, 0, "%s %s", who, fault);
		if (++parts > NAME_PARTS_MAX)
			return exs_fail(err, EXS_INVALID, 0, "%s has more than %u parts", who,
					NAME_PARTS_MAX);
		if (p[n] == '\0')
			return EXS_OK;
	}
}

/* ---- templates ---- */

struct text {
	char *p; /* NAME_MAX_BYTES */
	size_t n;
	int full;
};

static void add(struct text *t, char c)
{
	if (t->n + 1 >= NAME_MAX_BYTES) {
		t->full = 1;
		return;
	}
	t->p[t->n++] = c;
	t->p[t->n] = '\0';
}

/* A value never adds a part of its own, and never is one that is not allowed. */
static void add_value(struct text *t, const char *value)
{
	int begins = t->n == 0 || t->p[t->n - 1] == '/';

	if (*value == '\0' || (begins && !may_begin(*value)))
		add(t, '_');
	for (; *value; value++)
		add(t, is_good(*value) ? *value : '_');
}

/* The day the run began: the same on every attempt. */
static void add_date(struct text *t, int64_t started_ms)
{
	time_t seconds = (time_t)(started_ms / 1000);
	char day[32] = "";
	struct tm tm;

	if (started_ms > 0 && gmtime_r(&seconds, &tm))
		strftime(day, sizeof day, "%Y-%m-%d", &tm);
	add_value(t, day);
}

static int add_placeholder(struct text *t, exs_str key, const exs_parcel *parcel)
{
	if (exs_str_eq(key, exs_cstr("run")))
		add_value(t, parcel->run->run_id);
	else if (exs_str_eq(key, exs_cstr("agent")))
		add_value(t, parcel->run->agent);
	else if (exs_str_eq(key, exs_cstr("status")))
		add_value(t, parcel->status);
	else if (exs_str_eq(key, exs_cstr("date")))
		add_date(t, parcel->run->started_ms);
	else
		return 0;
	return 1;
}

exs_status name_make(exs_str tmpl, const exs_parcel *parcel, char out[NAME_MAX_BYTES], exs_err *err)
{
	struct text t = { out, 0, 0 };
	size_t i;

	out[0] = '\0';
	for (i = 0; i < tmpl.n; i++) {
		const char *close = memchr(tmpl.p + i, '}', tmpl.n - i);

		if (tmpl.p[i] != '{') {
			add(&t, tmpl.p[i]);
			continue;
		}
		if (!close ||
		    !add_placeholder(&t,
				     exs_bytes(tmpl.p + i + 1, (size_t)(close - tmpl.p) - i - 1),
				     parcel))
			return exs_fail(
				err, EXS_INVALID, 0,
				"'name' knows the placeholders {run} {agent} {status} {date} "
				"and no others");
		i = (size_t)(close - tmpl.p);
	}
	if (t.full)
		return exs_fail(err, EXS_INVALID, 0, "the file name is longer than %u bytes",
				NAME_MAX_BYTES - 1);
	return name_check(out, "the file name", err);
}

exs_status name_check_template(exs_str tmpl, exs_str where, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	exs_run_info run = { 0 };
	exs_parcel parcel = { 0 };
	char out[NAME_MAX_BYTES];

	run.run_id = run.agent = parcel.status = "x";
	parcel.run = &run;
	if (name_make(tmpl, &parcel, out, &why))
		return exs_fail(err, EXS_INVALID, 0, "%.*s: %s", (int)where.n, where.p, why.text);
	return EXS_OK;
}
