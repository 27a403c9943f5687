/* SPDX-License-Identifier: MIT */
/* screen.c - see screen.h. A model writes what it likes: escape sequences of it must not reach a
 * terminal. */
#include "screen.h"

#include <string.h>

/* The UTF-8 character at p: its code, with its length in *len; -1 and length 1 when there is none.
 */
static int32_t decode(const unsigned char *p, size_t n, size_t *len)
{
	static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	int32_t c;
	size_t want, i;

	*len = 1;
	if (p[0] < 0x80)
		return p[0];
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return -1;
	want = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n < want)
		return -1;
	c = p[0] & (0x7f >> want);
	for (i = 1; i < want; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[want] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return -1;
	*len = want;
	return c;
}

static int steers(int32_t c)
{
	if (c == '\n' || c == '\t')
		return 0;
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x200e || c == 0x200f || c == 0x061c ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

size_t screen_text(exs_str in, char *out)
{
	size_t i, len, n = 0;

	for (i = 0; i < in.n; i += len) {
		int32_t c = decode((const unsigned char *)in.p + i, in.n - i, &len);

		if (steers(c))
			continue;
		memcpy(out + n, in.p + i, len);
		n += len;
	}
	return n;
}
