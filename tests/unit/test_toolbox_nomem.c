/* SPDX-License-Identifier: MIT */
/* test_toolbox_nomem.c - tools, offers and arguments when the n-th allocation fails, for every n.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "failing_malloc.h"
#include "toolbox_kit.h"

#define SWEEP_MAX 1000u /* allocations of one round, and room */

static const exs_tool_spec *const two[] = { &kit_read, &kit_grep, NULL };
static const exs_tool_spec *const one[] = { &kit_post, NULL };
static const char *const names[] = { "post", "grep", "post" };

/* The first status that is not what it is with enough memory, or OK. */
static exs_status use(struct toolbox *box, exs_err *err)
{
	static const char *const stranger[] = { "grpe" };
	const struct offer *o;
	exs_status status = toolbox_offer(box, names, 3, &o, err);

	if (status)
		return status;
	status = toolbox_offer(box, stranger, 1, &o, err);
	if (status != EXS_NOTFOUND)
		return status ? status : EXS_INTERNAL;
	status = tool_check_args(offer_find(o, "grep"), str_of("{\"p\\u0061ttern\":\"a\"}"), err);
	if (status)
		return status;
	status = tool_check_args(offer_find(o, "grep"), str_of("{\"patern\":\"a\"}"), err);
	return status == EXS_INVALID ? EXS_OK : EXS_INTERNAL;
}

static exs_status round_of(struct kit *k, exs_err *err)
{
	struct toolbox box;
	exs_status status = toolbox_init(&box, k->host, err);

	if (status)
		return status;
	status = use(&box, err);
	toolbox_release(&box);
	return status;
}

static void every_failed_allocation_is_a_sentence(void **state)
{
	exs_err err = EXS_ERR_INIT;
	unsigned n = 1;
	struct kit k;

	(void)state;
	kit_init(&k, two, one, NULL);
	assert_int_equal(round_of(&k, &err), EXS_OK);
	for (; CAN_FAIL && n < SWEEP_MAX; n++) {
		long before = live;
		exs_status status;
		unsigned rest;

		memset(err.text, 0, sizeof err.text);
		left = n;
		status = round_of(&k, &err);
		rest = left;
		left = 0;
		if (live != before)
			fail_msg("allocation %u: %ld are left behind", n, live - before);
		if (rest)
			break; /* fewer allocations than n: the sweep is over */
		/* A sentence without its suggestion is one, too. */
		if (status != EXS_NOMEM && status != EXS_OK)
			fail_msg("allocation %u: status %d: %s", n, (int)status, err.text);
		assert_true(err.text[0] != '\0');
	}
	kit_release(&k);
	if (!CAN_FAIL)
		skip();
	assert_true(n > 20 && n < SWEEP_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_failed_allocation_is_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
