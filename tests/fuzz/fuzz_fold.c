/* SPDX-License-Identifier: MIT */
/*
 * fuzz_fold.c - a log of any facts: fold takes or refuses each, and what it took leads to a plan
 * that can be performed.
 *
 * One fact a line, "KIND STEP CALL BODY"; seq and attempt follow by themselves, because a wrong one
 * is refused at once and teaches nothing. A line that begins with '!' is folded with an empty usage
 * record.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "fact/plan.h"

#define FACTS_MAX 200u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
	if (!held)
		abort();
}

static exs_str word_of(exs_str *line)
{
	const char *p = line->n ? memchr(line->p, ' ', line->n) : NULL;
	exs_str word = str_n(line->p, p ? (size_t)(p - line->p) : line->n);

	*line = p ? str_n(p + 1, line->n - word.n - 1) : str_of(NULL);
	return word;
}

static int32_t number_of(exs_str *line)
{
	int64_t v = 0;

	(void)json_int(word_of(line), &v);
	return (int32_t)v;
}

/* Copies of exactly their size: a read past an end is seen, and so is a state that borrows. */
static exs_str copy_of(exs_str s)
{
	char *p = malloc(s.n ? s.n : 1);

	must(p != NULL);
	if (s.n)
		memcpy(p, s.p, s.n);
	return str_n(p, s.n);
}

static void check_segments(const struct state *s)
{
	size_t i, bytes = 0;

	for (i = 0; i < s->segment_count; i++) {
		must(json_check_object(str_n(s->segments[i].p, s->segments[i].n), JSON_DEPTH_MAX,
				       NULL) == EXS_OK);
		bytes += s->segments[i].n;
	}
	must(bytes == s->transcript_bytes);
}

static void check_plan(const struct state *s)
{
	struct action a;

	plan(s, &a);
	must(a.reason != NULL);
	must(s->call_count == CALLS_MAX || (a.calls >> s->call_count) == 0);
	must(a.kind != ACT_CALLS || a.calls);
	must(a.kind != ACT_RECONCILE || a.calls);
	must(a.kind != ACT_DOUBT || a.calls);
	must(a.kind != ACT_TURN ||
	     (s->target < s->model_count && s->call_count == 0 && s->steer_count == 0));
	must(a.kind != ACT_END || a.status > EXS_ENDED_NONE);
	must(!s->ended || a.kind == ACT_NOTHING);
}

static exs_status fold_line(struct state *s, exs_str line)
{
	static const exs_usage usage = { sizeof usage, 0, 1, 1, 1, 1, 1, 1 };
	exs_err err = EXS_ERR_INIT;
	exs_status status;
	exs_fact f = { 0 };

	f.size = sizeof f;
	if (line.n && line.p[0] == '!') {
		f.usage = &usage;
		line = str_n(line.p + 1, line.n - 1);
	}
	f.kind = number_of(&line);
	f.step = number_of(&line);
	f.call_id = copy_of(word_of(&line));
	f.name = f.call_id;
	f.body = copy_of(line);
	f.seq = s->seq + 1;
	f.attempt = (s->started ? s->attempt : 1) + (f.kind == EXS_FACT_RUN_RESUMED);
	status = fold(s, &f, &err);
	must(status == EXS_OK || status == EXS_CORRUPT || status == EXS_NOMEM ||
	     status == EXS_TOOBIG);
	must(status == EXS_OK ||
	     (err.text[0] && err.status == status && utf8_ok(str_of(err.text))));
	free((char *)(uintptr_t)f.call_id.p);
	free((char *)(uintptr_t)f.body.p);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	exs_str rest = str_n((const char *)data, size), line;
	exs_status status = EXS_OK;
	struct state s;
	uint32_t n = 0;
	const char *nl;

	state_init(&s);
	while (rest.n && status == EXS_OK && n++ < FACTS_MAX) {
		nl = memchr(rest.p, '\n', rest.n);
		line = str_n(rest.p, nl ? (size_t)(nl - rest.p) : rest.n);
		rest = nl ? str_n(nl + 1, rest.n - line.n - 1) : str_of(NULL);
		status = fold_line(&s, line);
		if (status == EXS_OK) {
			check_segments(&s);
			check_plan(&s);
		}
	}
	/* The kernel gives a run that broke an end. */
	if (status)
		(void)fold_line(
			&s, str_of("5 0  {\"status\":\"error\",\"output\":\"\",\"error\":\"e\"}"));
	state_release(&s);
	return 0;
}
