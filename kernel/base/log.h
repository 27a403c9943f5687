/* SPDX-License-Identifier: MIT */
/*
 * log.h - sentences for the person who runs this, on stderr: whole lines, one write each.
 *
 * The place that knows writes the error's text; the place that decides logs it; nobody does both.
 * Control characters in a line are made visible, a line that is too long ends in an ellipsis. Times
 * are shown at level debug. A NULL log swallows everything (tests). Any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdatomic.h>
#include <executus/host.h>

#define LOG_LINE_MAX 2048u /* bytes of one line with all that stands before it */

struct log {
	int fd;
	_Atomic int level;     /* EXS_ERROR .. EXS_DEBUG: what is written */
	_Atomic int live_line; /* a progress line stands there: the next line erases it */
};

void log_init(struct log *log, int fd, int level);
void log_line(struct log *log, int level, const char *fmt, ...) EXS_PRINTF(3, 4);

#define log_error(log, ...) log_line(log, EXS_ERROR, __VA_ARGS__)
#define log_warn(log, ...)  log_line(log, EXS_WARN, __VA_ARGS__)
#define log_info(log, ...)  log_line(log, EXS_INFO, __VA_ARGS__)
#define log_debug(log, ...) log_line(log, EXS_DEBUG, __VA_ARGS__)

/*
 * Fills err as exs_fail of <executus/helper.h> does, and holds its text to UTF-8; is the status,
 * which the compiler sees, so that it knows what follows a failure. err may be NULL.
 */
void err_fill(exs_err *err, exs_status status, int sys, const char *fmt, ...) EXS_PRINTF(4, 5);
#define err_set(err, status, ...)                                                                  \
	__extension__({                                                                            \
		const exs_status err_set_ = (status);                                              \
		err_fill(err, err_set_, __VA_ARGS__);                                              \
		err_set_;                                                                          \
	})
const char *status_word(exs_status status);

#endif
