/* SPDX-License-Identifier: MIT */
/*
 * record.h - how a value stands in the file: a header of 12 bytes, then the value.
 *
 *	0  magic 0xE5    1  version 1    2  two bytes 0    4  length, little-endian    8  CRC-32 of
 *key and value
 *
 * LMDB has no checksums of its own. With this every flipped bit of a value is told from what was
 *written.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <stdbool.h>
#include "env.h"

#define RECORD_HEADER 12u

/* Writes header and value to RECORD_HEADER + value.n bytes. */
void record_write(char *to, exs_str key, exs_str value);

/* The value of a stored record, or false when it is not what was written. */
bool record_read(exs_str key, exs_str stored, exs_str *value);

#define RECORD_DAMAGED 1000000 /* beside LMDB's own numbers */

/* Finds the row and checks it: 0, MDB_NOTFOUND, RECORD_DAMAGED, or another answer of LMDB. */
int record_find(const struct env *env, MDB_txn *txn, exs_str key, exs_str *value);

/* The sentence for such an answer. */
exs_status record_fail(const struct env *env, exs_err *err, exs_str key, int rc);

#endif
