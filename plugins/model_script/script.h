/* SPDX-License-Identifier: MIT */
/*
 * script.h - what a script file says, checked and ready to be played. Immutable after script_open,
 * so any number of threads may read it. README.md describes the keys.
 */
#ifndef MODEL_SCRIPT_SCRIPT_H
#define MODEL_SCRIPT_SCRIPT_H

#include <regex.h>
#include <stdbool.h>
#include <executus/helper.h>

#define SCRIPT_TURNS_MAX 10000u /* of one file */
#define TURN_CALLS_MAX                                                                             \
	128u /* written in one turn: more than a kernel accepts, so that this can be tested */
#define TURN_LIST_MAX	    64u /* captures or expectations of one turn */
#define FOR_EACH_MAX	    16u /* calls made from one for_each */
#define CAPTURE_MATCHES_MAX 4096u
#define CAPTURE_GROUPS_MAX  9u
#define DURATION_MAX_MS	    (7ll * 24 * 3600 * 1000)
#define STALL_FOREVER	    INT64_MAX

/* p is NULL when the script does not give it, else NUL-terminated behind n. */
struct text {
	char *p;
	size_t n;
};

struct pattern {
	regex_t regex;
	char *source; /* NULL: not compiled */
};

enum capture_from { FROM_LAST, FROM_INDEX, FROM_TOOL, FROM_ALL, FROM_INPUT };

struct capture {
	enum capture_from from;
	int64_t index;	  /* FROM_INDEX: of a result in the last tool message */
	struct text tool; /* FROM_TOOL */
	struct pattern pattern;
	struct text as, join, deflt;
	int64_t group, limit; /* -1: not given */
	bool all;
};

struct call {
	struct text tool, id, for_each;
	struct text args;     /* JSON with placeholders inside its texts */
	struct text args_raw; /* exact bytes */
};

struct failure {
	int32_t klass, status; /* status -1: not given */
	struct text words;
	int64_t retry_after_ms, times; /* times -1: always */
};

struct turn {
	uint32_t line, number; /* where it stands in the file; a number of its own in the file */
	struct text say, think, put_raw;
	struct call *calls;
	size_t call_n;
	struct capture *captures;
	size_t capture_n;
	struct pattern *expect, *expect_system;
	size_t expect_n, expect_system_n;
	struct text *expect_tools;
	size_t expect_tools_n;
	int64_t expect_images;
	bool has_expect_images, has_expect_tools, has_fail, has_stream, has_usage, has_lie;
	bool repeat, end_twice, ignore_cancel;
	struct failure fail;
	int64_t stall_ms, delay_ms; /* 0: none; STALL_FOREVER */
	int64_t chunk, every_ms;    /* stream */
	const char *stop;	    /* NULL: by whether there are calls */
	exs_usage usage;
	int64_t lie_status;
};

struct script {
	struct text name;
	struct turn *turns;
	size_t turn_n;
};

struct script_file {
	struct script *scripts;
	size_t n;
	bool only; /* the file has one script without a name: it answers to every model name */
};

exs_status script_open(const char *path, struct script_file *out, exs_err *err);
void script_close(struct script_file *file);
/* NULL: the file has no script of that name. */
const struct script *script_find(const struct script_file *file, const char *model);

#endif
