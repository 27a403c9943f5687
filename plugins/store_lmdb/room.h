/* SPDX-License-Identifier: MIT */
/* room.h - how much of the file is in use, and how much of the rest may be written to now. */
#ifndef STORE_ROOM_H
#define STORE_ROOM_H

#include "env.h"

struct room {
	uint64_t used;	/* bytes: up to the last page, less the free ones */
	uint64_t held;	/* free, but somebody still reads what stood there */
	uint64_t ready; /* free, and nobody does */
	uint64_t last_txn;
};

/* 0, or what LMDB answered. */
int room_measure(const struct env *env, MDB_txn *reading, struct room *out);

#endif
