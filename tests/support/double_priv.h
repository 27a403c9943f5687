/* SPDX-License-Identifier: MIT */
/* double_priv.h - the parts that a double_host is put together from. */
#ifndef TEST_DOUBLE_PRIV_H
#define TEST_DOUBLE_PRIV_H

#include "base/auto.h"
#include "support/double.h"

extern const exs_conf double_conf_table;
extern const exs_store_svc double_store_table;

#endif
