/* SPDX-License-Identifier: MIT */
/*
 * body.h - members of an object that passed the gate, several of them in one walk. A run is folded
 * again each time it is loaded, so a fact's body is walked once for what is wanted from it, and a
 * text without escapes is read where it stands.
 */
#ifndef FACT_BODY_H
#define FACT_BODY_H

#include "base/buf.h"
#include "base/json.h"

struct member {
	exs_str key;
	exs_str value; /* p NULL: absent */
};
/* of a literal */
#define MEMBER(name)                                                                               \
	{                                                                                          \
		{ name, sizeof name - 1 },                                                         \
		{                                                                                  \
			NULL, 0                                                                    \
		}                                                                                  \
	}

void body_members(exs_str object, struct member *list, size_t n);

/*
 * The decoded text of a member's value: a view of the value itself, or of `scratch` when there was
 * something to decode. p NULL: absent, no string, or over the scratch's bound.
 */
exs_str body_text(exs_str value, struct buf *scratch);

/* Whether the member is that word, and nothing but it. False: absent, no string, or longer than a name. */
bool body_word_is(exs_str object, const char *key, const char *word);

#endif
