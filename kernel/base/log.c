/* SPDX-License-Identifier: MIT */
/* log.c - one line, one write; and the record that explains a failure. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#define ERASE_LINE "\r\033[K"

void log_init(struct log *log, int fd, int level)
{
	log->fd = fd;
	atomic_init(&log->level, level);
	atomic_init(&log->live_line, 0);
}

/* Times are for whoever hunts a fault; a person at a terminal knows what time it is. */
static size_t put_head(char *line, size_t max, int log_level, int level)
{
	static const char *const words[] = { "error: ", "warning: ", "", "debug: " };
	char when[CLOCK_TEXT_MAX] = "";
	const char *word = level >= EXS_ERROR && level <= EXS_DEBUG ? words[level] : "";
	int n;

	if (log_level >= EXS_DEBUG)
		clock_text(clock_wall_ms(), when);
	n = snprintf(line, max, "%s%sexecutus: %s", when, when[0] ? " " : "", word);
	return n < 0 ? 0 : (size_t)n;
}

/* Appends text as one harmless line with its newline; what does not fit ends in an ellipsis. */
static size_t put_text(char *line, size_t n, size_t max, exs_str text)
{
	static const char tail[] = "\xe2\x80\xa6";
	char piece[TEXT_PIECE_MAX];
	size_t at = 0, len;

	max -= sizeof tail; /* room for the ellipsis and the newline */
	while (at < text.n) {
		if (text.p[at] == '\n' || text.p[at] == '\t') {
			piece[0] = ' ';
			len = 1;
			at++;
		} else {
			len = text_piece(text, &at, piece);
		}
		if (n + len > max) {
			memcpy(line + n, tail, sizeof tail - 1);
			n += sizeof tail - 1;
			break;
		}
		memcpy(line + n, piece, len);
		n += len;
	}
	line[n++] = '\n';
	return n;
}

void log_line(struct log *log, int level, const char *fmt, ...)
{
	char text[LOG_LINE_MAX], line[LOG_LINE_MAX];
	size_t n = 0;
	int log_level, len;
	va_list ap;

	if (!log)
		return;
	log_level = atomic_load_explicit(&log->level, memory_order_relaxed);
	if (level > log_level)
		return;
	va_start(ap, fmt);
	len = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof text)
		len = (int)sizeof text - 1;
	while (len > 0 && text[len - 1] == '\n')
		len--;
	if (atomic_exchange(&log->live_line, 0)) {
		memcpy(line, ERASE_LINE, sizeof ERASE_LINE - 1);
		n = sizeof ERASE_LINE - 1;
	}
	n += put_head(line + n, sizeof line - n, log_level, level);
	n = put_text(line, n, sizeof line, str_n(text, (size_t)len));
	/* There is nobody left to tell when the log cannot be written. */
	if (write(log->fd, line, n) < 0)
		return;
}

void err_fill(exs_err *err, exs_status status, int sys, const char *fmt, ...)
{
	va_list ap;
	size_t n, bad;

	if (!err)
		return;
	err->status = status;
	err->sys = sys;
	err->klass = EXS_CLASS_NONE;
	err->retry_after_ms = 0;
	err->at = -1;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	/* The text is UTF-8 by contract, whatever a file name held; a cut character just goes. */
	n = strlen(err->text);
	while ((bad = utf8_bad(err->text, n)) < n) {
		if (n == sizeof err->text - 1 && n - bad < 4) {
			err->text[bad] = '\0';
			break;
		}
		err->text[bad] = '?';
	}
}

const char *status_word(exs_status status)
{
	switch (status) {
#define EXS_X(name, number, word, meaning)                                                         \
	case number:                                                                               \
		return word;
		EXS_STATUS_LIST(EXS_X)
#undef EXS_X
	default:
		return "unknown";
	}
}
