/* SPDX-License-Identifier: MIT */
/* ended.c - see ended.h. */
#include "base/ended.h"

#include <executus/run.h>

#include "base/text.h"

static const char *const words[EXS_ENDED_COUNT] = {
#define EXS_X(name, number, word) [number] = word,
	EXS_RUN_STATUS_LIST(EXS_X)
#undef EXS_X
};

const char *ended_word(int32_t status)
{
	return status >= 0 && status < EXS_ENDED_COUNT ? words[status] : "unknown";
}

int32_t ended_of(exs_str word)
{
	int32_t i;

	for (i = 0; i < EXS_ENDED_COUNT; i++)
		if (str_is(word, words[i]))
			return i;
	return -1;
}
