/* SPDX-License-Identifier: MIT */
/* test_run_damage.c - a store that was damaged is a sentence that names the run, and nothing is
 * guessed. */
#include "owner_kit.h"

static void assert_corrupt(struct kit *k, const char *id, const char *part)
{
	exs_err err = EXS_ERR_INIT;
	exs_status status = kit_resume(k, id, &err);

	if (status != EXS_CORRUPT || !strstr(err.text, part))
		fail_msg("%d '%s', expected '%s'", (int)status, err.text, part);
	if (!strstr(err.text, id))
		fail_msg("no run in '%s'", err.text);
}

static void a_damaged_head_is_named(void **state)
{
	static const struct {
		const char *head, *part;
	} heads[] = {
		{ "garbage", "cannot be read" },
		{ "", "cannot be read" },
		{ "{\"v\":2,\"fence\":1,\"seq\":3,\"owner\":\"\"}", "version 2" },
		{ "{\"v\":1,\"fence\":1,\"owner\":\"\"}", "lacks" },
		{ "{\"v\":1,\"fence\":1,\"seq\":99,\"owner\":\"\"}", "its head says 99" },
		{ "{\"v\":1,\"fence\":1,\"seq\":1,\"owner\":\"\"}", "its head says 1" },
	};
	char id[ID_MAX], key[HEAD_KEY_MAX], good[512];
	struct kit k;
	size_t i;

	(void)state;
	kit_open(&k, "turns:\n  - stall: forever\n", KIT_LMDB, NULL, NULL);
	leave_a_run(&k, id);
	kit_script(&k, "turns:\n  - say: done\n");
	kit_reopen(&k);
	head_key(id, key);
	assert_int_equal(get_row(&k, key, good), EXS_OK);
	for (i = 0; i < sizeof heads / sizeof *heads; i++) {
		set_row(&k, key, heads[i].head);
		assert_corrupt(&k, id, heads[i].part);
	}
	set_row(&k, key, good);
	resume_ok(&k, id, "done");
	kit_close(&k);
}

static void a_missing_fact_is_named(void **state)
{
	char id[ID_MAX], prefix[128];
	struct keys keys;
	struct kit k;

	(void)state;
	kit_open(&k, "turns:\n  - stall: forever\n", KIT_LMDB, NULL, NULL);
	leave_a_run(&k, id);
	kit_reopen(&k);
	snprintf(prefix, sizeof prefix, "b/journal/fact/%s/", id);
	keys_of(&k, prefix, &keys);
	assert_true(keys.n >= 3);
	set_row(&k, keys.list[1], NULL);
	assert_corrupt(&k, id, "");
	set_row(&k, keys.list[0], NULL);
	assert_corrupt(&k, id, "");
	kit_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_damaged_head_is_named),
		cmocka_unit_test(a_missing_fact_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
