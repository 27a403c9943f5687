/* SPDX-License-Identifier: MIT */
/* body.c - see body.h. */
#include "fact/body.h"

#include <string.h>

#include "base/text.h"
#include "fact/state.h"

#define KEY_MAX 64u /* no member that we know has a longer name */

/* A name written with escapes is the same name. */
static struct member *find_escaped(exs_str quoted, struct member *list, size_t n)
{
	struct member *found = NULL;
	struct buf key;
	size_t i;

	buf_init(&key, KEY_MAX);
	if (json_text(quoted, &key) == EXS_OK)
		for (i = 0; i < n; i++)
			if (str_eq(buf_view(&key), list[i].key))
				found = &list[i];
	buf_release(&key);
	return found;
}

static struct member *find(exs_str quoted, struct member *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (quoted.n == list[i].key.n + 2 &&
		    memcmp(quoted.p + 1, list[i].key.p, list[i].key.n) == 0)
			return &list[i];
	return memchr(quoted.p, '\\', quoted.n) ? find_escaped(quoted, list, n) : NULL;
}

void body_members(exs_str object, struct member *list, size_t n)
{
	struct json_iter it;
	struct member *m;
	exs_str key, value;
	size_t found = 0;

	json_iter_init(&it, object);
	if (!it.object)
		return;
	while (found < n && json_next(&it, &key, &value)) {
		m = find(key, list, n);
		if (!m || m->value.p)
			continue;
		m->value = value;
		found++;
	}
}

exs_str body_text(exs_str value, struct buf *scratch)
{
	const exs_str none = { NULL, 0 };

	if (json_type(value) != JSON_STRING || value.n < 2 || value.n - 2 > scratch->max * 6)
		return none;
	if (value.n - 2 <= scratch->max && !memchr(value.p, '\\', value.n))
		return str_n(value.p + 1, value.n - 2);
	buf_clear(scratch);
	if (json_text(value, scratch) || !buf_ok(scratch))
		return none;
	return buf_view(scratch);
}

bool body_word_is(exs_str object, const char *key, const char *word)
{
	struct buf text;
	bool same;

	buf_init(&text, RUN_NAME_MAX);
	same = json_get_text(object, key, &text) && str_is(buf_view(&text), word);
	buf_release(&text);
	return same;
}
