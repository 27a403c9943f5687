/* SPDX-License-Identifier: MIT */
/* text.c - see text.h. */
#include "text.h"

#define REPAIRED "\xef\xbf\xbd" /* U+FFFD */

/* The length of the character at p and its code point; 0 when the bytes there are not UTF-8. */
static size_t next_char(const char *p, size_t n, uint32_t *cp)
{
	const unsigned char *u = (const unsigned char *)p;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;
	size_t len, i;

	if (u[0] < 0x80) {
		*cp = u[0];
		return 1;
	}
	len = u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : 2;
	if (u[0] < 0xc2 || u[0] > 0xf4 || len > n)
		return 0;
	c = u[0] & (0xffu >> (len + 1));
	for (i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3fu);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return len;
}

size_t text_cut(const char *p, size_t n, size_t max)
{
	size_t cut;

	if (n <= max)
		return n;
	for (cut = max; cut > 0 && max - cut < 4; cut--)
		if (((unsigned char)p[cut] & 0xc0) != 0x80)
			return cut;
	return max; /* no character is that long: these bytes are not UTF-8, so any place is as good
		     */
}

exs_status text_put(exs_membuf *out, const char *p, size_t n, size_t *bad)
{
	size_t i = 0, clean = 0;

	while (i < n) {
		uint32_t cp = 0;
		size_t len = next_char(p + i, n - i, &cp);
		exs_status s;

		if (len && cp) {
			i += len;
			continue;
		}
		s = exs_membuf_put(&out->sink, p + clean, i - clean);
		if (!s)
			s = exs_membuf_put(&out->sink, REPAIRED, sizeof REPAIRED - 1);
		if (s)
			return s;
		++*bad;
		clean = ++i;
	}
	return exs_membuf_put(&out->sink, p + clean, n - clean);
}

exs_status text_put_name(exs_membuf *out, const char *name)
{
	size_t n = strlen(name), i = 0;
	exs_status s = EXS_OK;

	while (i < n && !s) {
		uint32_t cp = 0;
		size_t len = next_char(name + i, n - i, &cp);
		char hex[8];

		if (len && cp >= 0x20 && cp != 0x7f) {
			s = exs_membuf_put(&out->sink, name + i, len);
			i += len;
			continue;
		}
		snprintf(hex, sizeof hex, "\\x%02x", (unsigned)(unsigned char)name[i]);
		s = exs_membuf_put(&out->sink, hex, strlen(hex));
		i++;
	}
	return s;
}

const char *text_show(struct text_shown *to, const char *name)
{
	const size_t room = sizeof to->s - sizeof "...";
	size_t n = strlen(name), i = 0, k = 0;

	while (i < n) {
		uint32_t cp = 0;
		size_t len = next_char(name + i, n - i, &cp);
		size_t step = len ? len : 1;

		if (k + step > room) {
			memcpy(to->s + k, "...", 3);
			k += 3;
			break;
		}
		if (len && cp >= 0x20 && cp != 0x7f)
			memcpy(to->s + k, name + i, step);
		else
			memset(to->s + k, '?', step);
		k += step;
		i += step;
	}
	to->s[k] = '\0';
	return to->s;
}

bool text_is_binary(const char *p, size_t n)
{
	return n > 0 && memchr(p, '\0', n < TEXT_PROBE ? n : TEXT_PROBE) != NULL;
}
