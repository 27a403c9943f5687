/* SPDX-License-Identifier: MIT */
/*
 * store_kit.h - opens the store under test afresh for each case and hands it batches.
 *
 * The battery and its settings come from the command line. Bytes of a case are literals: S("key").
 */
#ifndef TEST_STORE_KIT_H
#define TEST_STORE_KIT_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>

#include <executus/port/store.h>
#include "support/double.h"

#define S(literal)   exs_bytes("" literal, sizeof(literal) - 1)
#define WAIT_MS	     60000 /* an answer that takes longer is none */
#define SETTINGS_MAX 8
#define PATH_BYTES   512

struct kit {
	struct double_host host;
	exs_self *self;
	const exs_store *store;
	char tmp[PATH_BYTES];
	char values[SETTINGS_MAX][PATH_BYTES];
	struct double_setting settings[SETTINGS_MAX + 1];
};

/* Reads BATTERY.so [key=value ...]; not 0: they make no sense, which was said. */
int kit_arguments(int argc, char **argv);
int kit_setup(void **state); /* *state is a struct kit */
int kit_teardown(void **state);

exs_op op_put(exs_str key, exs_str value);
exs_op op_del(exs_str key);
exs_op op_check(exs_str key, exs_str value);
exs_op op_absent(exs_str key);
exs_op op_add(exs_str key, int64_t delta, int64_t bound);

/* Submits and waits; fails the case unless the record was ended once. `at` (may be NULL) gets
 * err.at. */
exs_status kit_submit(struct kit *k, const exs_op *ops, uint64_t n, int64_t *at);
#define BATCH(k, ...)                                                                              \
	kit_submit(k, (const exs_op[]){ __VA_ARGS__ },                                             \
		   sizeof((const exs_op[]){ __VA_ARGS__ }) / sizeof(exs_op), NULL)
#define BATCH_AT(k, at, ...)                                                                       \
	kit_submit(k, (const exs_op[]){ __VA_ARGS__ },                                             \
		   sizeof((const exs_op[]){ __VA_ARGS__ }) / sizeof(exs_op), at)

exs_status kit_put(struct kit *k, exs_str key, exs_str value);
/* The status of get; the bytes must be as expected when it is OK. */
exs_status kit_get(struct kit *k, exs_str key, exs_str expected);
int64_t kit_counter(struct kit *k, exs_str key);
/* An exs_err that a function filled: right status, a sentence. */
void assert_explained(const exs_err *err, exs_status status);

/* A case with a store of its own. */
#define CASE(name) cmocka_unit_test_setup_teardown(name, kit_setup, kit_teardown)

/* The parts: how many cases failed. */
int store_batches(void);
int store_scans(void);
int store_threads(void);

#endif
