/* SPDX-License-Identifier: MIT */
/* screen.h - text as a terminal may see it. */
#ifndef DELIVERY_STDOUT_SCREEN_H
#define DELIVERY_STDOUT_SCREEN_H

#include <executus/bytes.h>

/*
 * Copies `in` to `out` (room for in.n bytes) without what would steer a terminal: control
 * characters but \n and \t, marks that change the direction of text, and bytes that are not UTF-8.
 * Returns the bytes copied.
 */
size_t screen_text(exs_str in, char *out);

#endif
