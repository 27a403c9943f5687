/* SPDX-License-Identifier: MIT */
/* digest.c - see digest.h. */
#include "fact/digest.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"

const char *digest_word(enum digest_of which)
{
	static const char *const words[] = { "agent", "tools", "batteries" };

	return words[which];
}

void digests_json(const struct digests *d, struct buf *out)
{
	int i;

	for (i = 0; i < DIGESTS; i++)
		buf_printf(out, "%s\"%s\":\"%s\"", i ? "," : "{", digest_word((enum digest_of)i),
			   d->hex[i]);
	buf_puts(out, "}");
}

void digests_read(exs_str body, struct digests *inout)
{
	exs_str object;
	int i;

	if (!json_get_object(body, "digests", &object))
		return;
	for (i = 0; i < DIGESTS; i++) {
		auto_free char *hex =
			json_get_textz(object, digest_word((enum digest_of)i), DIGEST_MAX - 1);

		if (hex)
			snprintf(inout->hex[i], DIGEST_MAX, "%s", hex);
	}
}

uint32_t digests_changed(const struct digests *was, const struct digests *now)
{
	uint32_t changed = 0;
	int i;

	for (i = 0; i < DIGESTS; i++)
		if (was->hex[i][0] && now->hex[i][0] && strcmp(was->hex[i], now->hex[i]) != 0)
			changed |= 1u << i;
	return changed;
}

void digests_words(uint32_t changed, const char *quote, struct buf *out)
{
	bool first = true;
	int i;

	for (i = 0; i < DIGESTS; i++)
		if (changed & (1u << i)) {
			buf_printf(out, "%s%s%s%s",
				   first      ? ""
				   : quote[0] ? ","
					      : ", ",
				   quote, digest_word((enum digest_of)i), quote);
			first = false;
		}
}
