/* SPDX-License-Identifier: MIT */
/* ids.c - 48 bits of time and 80 random bits as 26 letters of Crockford's alphabet, in lower case.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"

#define ID_LETTERS 26u

void ids_init(struct ids *g)
{
	memset(g, 0, sizeof *g);
	pthread_mutex_init(&g->lock, NULL);
}

void ids_release(struct ids *g)
{
	pthread_mutex_destroy(&g->lock);
}

/* The last random part plus one; false when it ran over. */
static bool count_up(unsigned char last[10])
{
	for (int i = 9; i >= 0; i--)
		if (++last[i] != 0)
			return true;
	return false;
}

/* 130 bits, the top two of them 0, five a letter. */
static void encode(uint64_t ms, const unsigned char tail[10], char out[ID_MAX])
{
	static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";
	unsigned char bytes[16];
	unsigned at, bits;

	for (int i = 0; i < 6; i++)
		bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
	memcpy(bytes + 6, tail, 10);
	out[0] = letters[bytes[0] >> 5];
	for (unsigned i = 1; i < ID_LETTERS; i++) {
		at = i * 5 - 2; /* of the letter's first bit */
		bits = (unsigned)bytes[at / 8] << 8;
		if (at / 8 + 1 < sizeof bytes)
			bits |= bytes[at / 8 + 1];
		out[i] = letters[(bits >> (11 - at % 8)) & 31];
	}
	out[ID_LETTERS] = '\0';
}

exs_status ids_next(struct ids *g, char out[ID_MAX], exs_err *err)
{
	uint64_t ms = (uint64_t)clock_wall_ms() & 0xffffffffffffu;
	unsigned char fresh[10];
	ssize_t got;

	/* Ten bytes are under the size up to which getrandom is neither interrupted nor short. */
	got = getrandom(fresh, sizeof fresh, 0);
	if (got != (ssize_t)sizeof fresh)
		return err_set(err, EXS_IO, errno, "the system gives no random bytes for an id: %s",
			       strerror(errno));
	pthread_mutex_lock(&g->lock);
	if (ms > g->last_ms) {
		g->last_ms = ms;
		memcpy(g->last, fresh, sizeof fresh);
	} else if (!count_up(g->last)) {
		g->last_ms++;
		memcpy(g->last, fresh, sizeof fresh);
	}
	encode(g->last_ms, g->last, out);
	pthread_mutex_unlock(&g->lock);
	return EXS_OK;
}

static bool id_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

bool id_ok(const char *id)
{
	size_t n = 0;

	if (!id || id[0] == '.')
		return false;
	while (n < ID_MAX && id_letter(id[n]))
		n++;
	return n > 0 && n < ID_MAX && id[n] == '\0';
}
