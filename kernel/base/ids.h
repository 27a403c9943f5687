/* SPDX-License-Identifier: MIT */
/*
 * ids.h - names for runs: 26 letters and digits that sort by time and are unique without asking
 * anybody (ULID, lower case).
 *
 * Ids of one generator strictly increase, even when the wall clock stands still or jumps back.
 */
#ifndef BASE_IDS_H
#define BASE_IDS_H

#include <pthread.h>
#include <stdbool.h>
#include <executus/status.h>

#define ID_MAX 40u /* any id with its NUL */

struct ids {
	pthread_mutex_t lock;
	uint64_t last_ms;
	unsigned char last[10];
};

void ids_init(struct ids *g);
void ids_release(struct ids *g);
exs_status ids_next(struct ids *g, char out[ID_MAX], exs_err *err); /* IO: no random bytes */
bool id_ok(const char *id); /* letters, digits, '-', '_', '.' (not first); 1 to ID_MAX - 1 */

#endif
