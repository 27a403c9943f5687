/* SPDX-License-Identifier: MIT */
/*
 * log.h - sentences for the person who runs this, on stderr. Whole lines, one write each, any thread.
 *
 * The place that knows writes the error's text; the place that decides logs it; nobody does both. Control
 * characters in a line are made visible. A NULL log swallows everything (tests).
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdatomic.h>
#include <executus/host.h>

#define LOG_LINE_MAX 2048u

struct log {
	int fd;
	_Atomic int level;    /* EXS_ERROR .. EXS_DEBUG: what is written */
	_Atomic int live_line; /* a progress line stands on the terminal: erase it before writing */
};

void log_init(struct log *log, int fd, int level);
void log_line(struct log *log, int level, const char *fmt, ...) EXS_PRINTF(3, 4);

#define log_error(log, ...) log_line(log, EXS_ERROR, __VA_ARGS__)
#define log_warn(log, ...)  log_line(log, EXS_WARN, __VA_ARGS__)
#define log_info(log, ...)  log_line(log, EXS_INFO, __VA_ARGS__)
#define log_debug(log, ...) log_line(log, EXS_DEBUG, __VA_ARGS__)

/* Fills err as exs_fail of <executus/helper.h> does; returns status. err may be NULL. */
exs_status err_set(exs_err *err, exs_status status, int sys, const char *fmt, ...) EXS_PRINTF(4, 5);
const char *status_word(exs_status status);

#endif
