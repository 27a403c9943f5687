/* SPDX-License-Identifier: MIT */
/* test_log.c - what a log line looks like on the descriptor, and the record of a failure. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

struct fixture {
	struct log log;
	int out; /* what was written is read here */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	int fds[2];

	if (!f || pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
		return -1;
	log_init(&f->log, fds[1], EXS_INFO);
	f->out = fds[0];
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	close(f->log.fd);
	close(f->out);
	free(f);
	return 0;
}

/* A pipe hands out what several writes left in it, but a line a read is enough here. */
static const char *written(struct fixture *f, char out[2 * LOG_LINE_MAX])
{
	ssize_t n = read(f->out, out, 2 * LOG_LINE_MAX - 1);

	out[n > 0 ? n : 0] = '\0';
	return out;
}

static void lines_say_how_bad_it_is(void **state)
{
	struct fixture *f = *state;
	char text[2 * LOG_LINE_MAX];

	log_error(&f->log, "cannot %s", "go on");
	assert_string_equal(written(f, text), "executus: error: cannot go on\n");
	log_warn(&f->log, "odd");
	assert_string_equal(written(f, text), "executus: warning: odd\n");
	log_info(&f->log, "fine");
	assert_string_equal(written(f, text), "executus: fine\n");
}

static void lines_under_the_level_are_not_written(void **state)
{
	struct fixture *f = *state;
	char text[2 * LOG_LINE_MAX];

	log_debug(&f->log, "detail");
	assert_string_equal(written(f, text), "");
	atomic_store(&f->log.level, EXS_ERROR);
	log_warn(&f->log, "odd");
	assert_string_equal(written(f, text), "");
	log_error(&f->log, "bad");
	assert_string_equal(written(f, text), "executus: error: bad\n");
	log_line(NULL, EXS_ERROR, "nobody hears this");
}

static void the_time_stands_there_for_whoever_debugs(void **state)
{
	struct fixture *f = *state;
	char text[2 * LOG_LINE_MAX];

	atomic_store(&f->log.level, EXS_DEBUG);
	log_debug(&f->log, "detail");
	written(f, text);
	assert_memory_equal(text, "20", 2);
	assert_string_equal(text + strlen("2026-01-31T12:00:00Z"), " executus: debug: detail\n");
}

static void a_line_stays_one_line_and_harmless(void **state)
{
	struct fixture *f = *state;
	char text[2 * LOG_LINE_MAX];

	log_info(&f->log, "%s", "a\nb\tc\x1b[2J\xff\xe2\x80\xae\n\n");
	assert_string_equal(written(f, text), "executus: a b c\\x1b[2J\\xff\\u202e\n");
}

static void a_live_line_is_erased_once(void **state)
{
	struct fixture *f = *state;
	char text[2 * LOG_LINE_MAX];

	atomic_store(&f->log.live_line, 1);
	log_info(&f->log, "one");
	assert_string_equal(written(f, text), "\r\033[Kexecutus: one\n");
	log_info(&f->log, "two");
	assert_string_equal(written(f, text), "executus: two\n");
}

static void a_line_that_is_too_long_ends_in_an_ellipsis(void **state)
{
	struct fixture *f = *state;
	char long_text[2 * LOG_LINE_MAX], text[2 * LOG_LINE_MAX];
	size_t n;

	memset(long_text, '\x1b', sizeof long_text);
	long_text[sizeof long_text - 1] = '\0';
	atomic_store(&f->log.live_line, 1);
	log_warn(&f->log, "%s", long_text);
	n = strlen(written(f, text));
	assert_true(n <= LOG_LINE_MAX && n > LOG_LINE_MAX - 16);
	assert_string_equal(text + n - 4, "\xe2\x80\xa6\n");
	memset(long_text, 'x', sizeof long_text - 1);
	log_warn(&f->log, "%s", long_text);
	n = strlen(written(f, text));
	assert_int_equal(n, LOG_LINE_MAX);
	assert_string_equal(text + n - 4, "\xe2\x80\xa6\n");
}

static void *write_lines(void *arg)
{
	for (int i = 0; i < 100; i++)
		log_info(arg, "one sentence of a thread");
	return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
	static const char line[] = "executus: one sentence of a thread\n";
	struct fixture *f = *state;
	char got[sizeof line];
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &f->log), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 400; i++) {
		assert_int_equal(read(f->out, got, sizeof line - 1), sizeof line - 1);
		assert_memory_equal(got, line, sizeof line - 1);
	}
	assert_true(read(f->out, got, 1) < 0);
}

static void a_log_that_cannot_be_written_is_survived(void **state)
{
	struct log log;

	(void)state;
	log_init(&log, -1, EXS_INFO);
	log_error(&log, "nobody hears this");
}

static void a_failure_is_recorded_whole(void **state)
{
	exs_err err = EXS_ERR_INIT;

	(void)state;
	err.klass = EXS_CLASS_LIMIT;
	err.retry_after_ms = 5;
	err.at = 9;
	assert_int_equal(err_set(&err, EXS_IO, 2, "file '%s': gone", "x"), EXS_IO);
	assert_int_equal(err.status, EXS_IO);
	assert_int_equal(err.sys, 2);
	assert_int_equal(err.klass, EXS_CLASS_NONE);
	assert_int_equal(err.retry_after_ms, 0);
	assert_int_equal(err.at, -1);
	assert_string_equal(err.text, "file 'x': gone");
	assert_int_equal(err_set(NULL, EXS_DENIED, 0, "%d", 1), EXS_DENIED);
}

static void the_sentence_is_utf8_whatever_was_cut_or_named(void **state)
{
	exs_err err = EXS_ERR_INIT;
	char text[300];

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'a', sizeof text);
		for (size_t i = 100 + shift; i + 4 < sizeof text; i += 4)
			memcpy(text + i, "\xf0\x9f\x98\x80", 4);
		text[sizeof text - 1] = '\0';
		err_set(&err, EXS_IO, 0, "%s", text);
		assert_true(utf8_ok(str_of(err.text)));
		assert_true(strlen(err.text) > sizeof err.text - 5);
		assert_null(strchr(err.text, '?'));
	}
	err_set(&err, EXS_IO, 0, "file '%s' is gone",
		"a\xff"
		"b\xc3");
	assert_string_equal(err.text, "file 'a?b?' is gone");
}

static void every_status_has_a_word(void **state)
{
	(void)state;
	for (int i = 0; i < EXS_STATUS_COUNT; i++)
		assert_string_not_equal(status_word(i), "unknown");
	assert_string_equal(status_word(EXS_TOOBIG), "too big");
	assert_string_equal(status_word(EXS_STATUS_COUNT), "unknown");
	assert_string_equal(status_word(-1), "unknown");
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(lines_say_how_bad_it_is),
		T(lines_under_the_level_are_not_written),
		T(the_time_stands_there_for_whoever_debugs),
		T(a_line_stays_one_line_and_harmless),
		T(a_live_line_is_erased_once),
		T(a_line_that_is_too_long_ends_in_an_ellipsis),
		T(lines_of_threads_do_not_mix),
		T(a_log_that_cannot_be_written_is_survived),
		T(a_failure_is_recorded_whole),
		T(the_sentence_is_utf8_whatever_was_cut_or_named),
		T(every_status_has_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
