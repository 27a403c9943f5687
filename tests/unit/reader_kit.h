/* SPDX-License-Identifier: MIT */
/* reader_kit.h - what every dialect's reader is asked. The file that includes it has defined `dialect` before. */
#ifndef TEST_READER_KIT_H
#define TEST_READER_KIT_H

#include "support/answer_kit.h"

static inline char *message_of(const char *p, size_t n)
{
	return answer_kit_stream(&dialect, p, n, NULL);
}

static EXS_UNUSED void gives(const char *stream, const char *want)
{
	char *got = message_of(stream, strlen(stream));

	assert_non_null(got);
	assert_string_equal(got, want);
	free(got);
}

static EXS_UNUSED void gives_nothing(const char *stream)
{
	char *got = message_of(stream, strlen(stream));

	if (got)
		fail_msg("%s gives %s", stream, got);
}

/* Cut at every byte: nothing before the first `whole`, the same as of all n behind them. */
static EXS_UNUSED void believed_only_whole(const char *stream, size_t n, size_t whole)
{
	char *full = message_of(stream, n), *got;
	size_t cut;

	assert_non_null(full);
	for (cut = 0; cut < n; cut++) {
		got = message_of(stream, cut);
		if (cut < whole)
			assert_null(got);
		else
			assert_string_equal(got, full);
		free(got);
	}
	free(full);
}

#endif
