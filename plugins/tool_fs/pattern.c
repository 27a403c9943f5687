/* SPDX-License-Identifier: MIT */
/* pattern.c - see pattern.h. */
#include "pattern.h"

#include <time.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define WHY_MAX 128u /* bytes of PCRE2's own words */

/* MATCH_INVALID_UTF: bytes that are not UTF-8 match nothing and the rest of the line is searched.
 */
#define OPTIONS (PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT)

struct pattern {
	pcre2_code *code;
	pcre2_match_data *found;
	pcre2_match_context *limits;
	unsigned items; /* since the last look, of this line or of those before */
};

/* One line on its way. */
struct attempt {
	struct pattern *pattern;
	const struct fs_call *call;
	uint64_t ends_ns; /* 0: not looked yet */
	exs_err *err;
	bool cancelled;
};

static const char *why(int code, char out[static WHY_MAX])
{
	out[0] = '\0'; /* stays so for a code without words */
	pcre2_get_error_message(code, (PCRE2_UCHAR *)out, WHY_MAX);
	return out;
}

/* ---- compiling ---- */

static exs_status refuse(int code, size_t offset, exs_err *err)
{
	char text[WHY_MAX];

	switch (code) {
	case PCRE2_ERROR_HEAP_FAILED:
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the pattern");
	case PCRE2_ERROR_PATTERN_STRING_TOO_LONG:
		return exs_fail(err, EXS_TOOBIG, 0,
				"the pattern has more than %u bytes: search for less at once",
				PATTERN_MAX);
	case PCRE2_ERROR_PATTERN_TOO_LARGE:
		return exs_fail(err, EXS_TOOBIG, 0,
				"the pattern is too big with its counts written out: use smaller "
				"counts or fewer of them");
	default:
		return exs_fail(err, EXS_INVALID, 0,
				"the pattern is wrong at offset %zu: %s; a backslash makes a "
				"special character stand for itself",
				offset, why(code, text));
	}
}

static exs_status compile(struct pattern *p, exs_str text, uint32_t options, exs_err *err)
{
	pcre2_compile_context *bounds = pcre2_compile_context_create(NULL);
	size_t size = 0, offset = 0;
	int code = PCRE2_ERROR_HEAP_FAILED;

	if (bounds) {
		pcre2_set_max_pattern_length(bounds, PATTERN_MAX);
		pcre2_set_parens_nest_limit(bounds, PATTERN_GROUPS_MAX);
		pcre2_set_newline(bounds, PCRE2_NEWLINE_LF);
		p->code =
			pcre2_compile((PCRE2_SPTR)text.p, text.n, options, &code, &offset, bounds);
	}
	pcre2_compile_context_free(bounds);
	if (!p->code)
		return refuse(code, offset, err);
	if (pcre2_pattern_info(p->code, PCRE2_INFO_SIZE, &size) || size > PATTERN_CODE_MAX)
		return refuse(PCRE2_ERROR_PATTERN_TOO_LARGE, 0, err);
	return EXS_OK;
}

exs_status pattern_compile(exs_str text, uint32_t flags, struct pattern **out, exs_err *err)
{
	struct pattern *p;

	if (text.n == 0)
		return exs_fail(err, EXS_INVALID, 0, "the pattern is empty: give what to look for");
	p = calloc(1, sizeof *p);
	if (!p)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the pattern");
	p->found = pcre2_match_data_create(1, NULL);
	p->limits = pcre2_match_context_create(NULL);
	if (!p->found || !p->limits) {
		pattern_free(p);
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the pattern");
	}
	pcre2_set_match_limit(p->limits, PATTERN_STEPS_MAX);
	pcre2_set_heap_limit(p->limits, PATTERN_HEAP_KIB);
	if (compile(p, text, OPTIONS | (flags & PATTERN_NOCASE ? PCRE2_CASELESS : 0), err)) {
		pattern_free(p);
		return err->status;
	}
	*out = p;
	return EXS_OK;
}

void pattern_free(struct pattern *pattern)
{
	if (!pattern)
		return;
	pcre2_code_free(pattern->code);
	pcre2_match_data_free(pattern->found);
	pcre2_match_context_free(pattern->limits);
	free(pattern);
}

/* ---- matching ---- */

static uint64_t processor_ns(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* PCRE2 calls it at every item of the pattern; not 0 ends the match. */
static int look(pcre2_callout_block *block, void *arg)
{
	struct attempt *a = arg;
	uint64_t now;

	(void)block;
	if (++a->pattern->items < PATTERN_LOOK_EVERY)
		return 0;
	a->pattern->items = 0;
	a->cancelled = fs_cancelled(a->call, a->err);
	if (a->cancelled)
		return PCRE2_ERROR_CALLOUT;
	now = processor_ns();
	if (a->ends_ns == 0)
		a->ends_ns = now + PATTERN_LINE_NS;
	return now < a->ends_ns ? 0 : PCRE2_ERROR_MATCHLIMIT;
}

exs_status pattern_match(struct pattern *pattern, const struct fs_call *call, exs_str line,
			 enum pattern_answer *out, exs_err *err)
{
	struct attempt a = { .pattern = pattern, .call = call, .err = err };
	char text[WHY_MAX];
	int rc;

	pcre2_set_callout(pattern->limits, look, &a);
	rc = pcre2_match(pattern->code, (PCRE2_SPTR)line.p, line.n, 0, 0, pattern->found,
			 pattern->limits);
	if (a.cancelled)
		return err->status;
	if (rc >= 0) {
		*out = PATTERN_YES;
		return EXS_OK;
	}
	switch (rc) {
	case PCRE2_ERROR_NOMATCH:
		*out = PATTERN_NO;
		return EXS_OK;
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
	case PCRE2_ERROR_DEPTHLIMIT: /* when the pattern itself sets one */
		*out = PATTERN_COSTLY;
		return EXS_OK;
	case PCRE2_ERROR_NOMEMORY:
		return exs_fail(err, EXS_NOMEM, 0, "no memory to match a line");
	default:
		return exs_fail(err, EXS_INVALID, 0,
				"the pattern cannot be matched: %s; write it without recursion",
				why(rc, text));
	}
}
