/* SPDX-License-Identifier: MIT */
/*
 * abi.h - the number both sides compare, and the macros that let tables grow.
 *
 * A battery is compiled against one EXS_ABI. The host loads a battery when the major numbers agree
 * and the battery's minor number is not newer than the host's. Within one major number a table or
 * record only grows at its end, so the side that reads a member first asks EXS_HAS whether the other
 * side knows it.
 */
#ifndef EXECUTUS_ABI_H
#define EXECUTUS_ABI_H

#include <stddef.h>
#include <stdint.h>

#define EXS_ABI_MAJOR 1u
#define EXS_ABI_MINOR 0u
#define EXS_ABI ((EXS_ABI_MAJOR << 16) | EXS_ABI_MINOR)

/* The one symbol that a battery exports: constant data, readable before any of its code runs. */
#define EXS_BATTERY_SYMBOL "executus_battery"

/* True when the record or table that `t` points to was made by a side that knows `member`. */
#define EXS_HAS(t, member)                                                                         \
	((size_t)((const char *)&(t)->member - (const char *)(t)) + sizeof((t)->member) <=         \
	 (size_t)(t)->size)

/* True when the table has the function and fills it. */
#define EXS_CAN(t, fn) (EXS_HAS(t, fn) && (t)->fn)

#if defined(__GNUC__) || defined(__clang__)
#define EXS_EXPORT __attribute__((visibility("default")))
#define EXS_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define EXS_MUST_USE __attribute__((warn_unused_result))
#define EXS_UNUSED __attribute__((unused))
#else
#define EXS_EXPORT
#define EXS_PRINTF(fmt, first)
#define EXS_MUST_USE
#define EXS_UNUSED
#endif

#ifdef __cplusplus
#define EXS_BEGIN extern "C" {
#define EXS_END }
#else
#define EXS_BEGIN
#define EXS_END
#endif

#endif
