/* SPDX-License-Identifier: MIT */
/* test_ports.c - what a table must have before the kernel calls it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/auto.h"
#include "host/ports.h"

#define TABLE_MAX 256u
#define UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)NULL)->member))
#define FN(type, member)                                                                           \
	{                                                                                          \
#member, offsetof(type, member)                                                    \
	}

/* Every function that a port must have; what is missing here may be NULL. */
static const struct {
	const char *id;
	uint32_t size;
	struct {
		const char *name;
		size_t at;
	} fn[8];
} ports[] = {
	{ EXS_PORT_STORE,
	  offsetof(exs_store, restore),
	  { FN(exs_store, get), FN(exs_store, scan), FN(exs_store, submit), FN(exs_store, stat) } },
	{ EXS_PORT_CHECKPOINT,
	  offsetof(exs_checkpoint, forget),
	  { FN(exs_checkpoint, begin), FN(exs_checkpoint, adopt), FN(exs_checkpoint, append),
	    FN(exs_checkpoint, end), FN(exs_checkpoint, load), FN(exs_checkpoint, list) } },
	{ EXS_PORT_AUDIT,
	  UP_TO(exs_audit, finish),
	  { FN(exs_audit, start), FN(exs_audit, record), FN(exs_audit, finish) } },
	{ EXS_PORT_BUDGET,
	  offsetof(exs_budget, explain),
	  { FN(exs_budget, check), FN(exs_budget, start), FN(exs_budget, reserve),
	    FN(exs_budget, settle), FN(exs_budget, finish) } },
	{ EXS_PORT_CRITIC,
	  sizeof(exs_critic),
	  { FN(exs_critic, watch), FN(exs_critic, observe), FN(exs_critic, tick),
	    FN(exs_critic, deadline_ms), FN(exs_critic, unwatch) } },
	{ EXS_PORT_DELIVERY, sizeof(exs_delivery), { FN(exs_delivery, deliver) } },
	{ EXS_PORT_MODEL, sizeof(exs_model), { FN(exs_model, describe), FN(exs_model, turn) } },
	{ EXS_PORT_TOOL, sizeof(exs_tool), { FN(exs_tool, list), FN(exs_tool, call) } },
};

union table {
	uint32_t size;
	char bytes[TABLE_MAX];
	void (*align)(void);
};

static void nothing(void)
{
}

static void fill(union table *t, size_t i)
{
	void (*fn)(void) = nothing;
	size_t j;

	memset(t, 0, sizeof *t);
	t->size = ports[i].size;
	for (j = 0; j < ARRAY_LEN(ports[i].fn) && ports[i].fn[j].name; j++)
		memcpy(t->bytes + ports[i].fn[j].at, &fn, sizeof fn);
}

static exs_status check(size_t i, const union table *t, exs_err *err)
{
	*err = (exs_err)EXS_ERR_INIT;
	return port_check(ports[i].id, t, "mine", "mine.so", err);
}

static void a_table_with_its_required_functions_is_enough(void **state)
{
	union table t;
	exs_err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(ports); i++) {
		fill(&t, i);
		assert_int_equal(check(i, &t, &err), EXS_OK);
		t.size = TABLE_MAX; /* a later revision */
		assert_int_equal(check(i, &t, &err), EXS_OK);
	}
}

static void refuses_a_table_without_any_one_of_them_and_names_it(void **state)
{
	char wanted[128];
	union table t;
	exs_err err;
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LEN(ports); i++)
		for (j = 0; j < ARRAY_LEN(ports[i].fn) && ports[i].fn[j].name; j++) {
			fill(&t, i);
			memset(t.bytes + ports[i].fn[j].at, 0, sizeof(void (*)(void)));
			assert_int_equal(check(i, &t, &err), EXS_INVALID);
			snprintf(wanted, sizeof wanted,
				 "battery 'mine' (mine.so) fills port '%s' without its function "
				 "'%s'",
				 ports[i].id, ports[i].fn[j].name);
			assert_string_equal(err.text, wanted);
		}
}

static void refuses_a_table_shorter_than_the_first_revision(void **state)
{
	union table t;
	exs_err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(ports); i++) {
		fill(&t, i);
		t.size--;
		assert_int_equal(check(i, &t, &err), EXS_INVALID);
		assert_non_null(strstr(err.text, "rebuild the battery"));
		assert_non_null(strstr(err.text, ports[i].id));
	}
}

static void refuses_no_table(void **state)
{
	exs_err err;

	(void)state;
	assert_int_equal(check(0, NULL, &err), EXS_INVALID);
	assert_string_equal(
		err.text,
		"battery 'mine' (mine.so) lists port 'executus.store/1' but gives no table for it");
}

static void refuses_a_port_that_nobody_knows(void **state)
{
	exs_err err = EXS_ERR_INIT;
	union table t;

	(void)state;
	fill(&t, 0);
	assert_int_equal(port_check("executus.store/2", &t, "mine", "mine.so", &err),
			 EXS_UNSUPPORTED);
	assert_non_null(strstr(err.text, "executus.store/2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_with_its_required_functions_is_enough),
		cmocka_unit_test(refuses_a_table_without_any_one_of_them_and_names_it),
		cmocka_unit_test(refuses_a_table_shorter_than_the_first_revision),
		cmocka_unit_test(refuses_no_table),
		cmocka_unit_test(refuses_a_port_that_nobody_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
