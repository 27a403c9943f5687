/* SPDX-License-Identifier: MIT */
/*
 * checkpoint_damage.c - what is read from damaged rows is CORRUPT or what was written, never
 * something else.
 *
 * Works on the rows that the battery put into its batches; one that keeps runs elsewhere is passed
 * over.
 */
#include "conformance/checkpoint_kit.h"

/* Whatever was done to the rows: the facts as they were, or CORRUPT after some of them. */
static void assert_same_or_corrupt(struct opened *o, const exs_fact *facts, size_t n)
{
	struct reading r = { 0 };
	exs_err err = EXS_ERR_INIT;
	exs_status s = load_run(o, "run-a", &r, &err);
	size_t i;

	assert_true(s == EXS_OK || s == EXS_CORRUPT);
	assert_true(s == EXS_CORRUPT ? r.n <= n && err.text[0] : r.n == n);
	for (i = 0; i < r.n; i++)
		assert_true(same_fact(&facts[i], &r.kept[i].fact));
	forget(&r);
}

static void no_damaged_byte_changes_a_fact(void **state)
{
	static const unsigned char flips[] = { 0x01, 0x80, 0xff };
	const exs_usage usage = { sizeof usage, 0, 100, 20, 3, 40, 5, 600 };
	struct opened o;
	exs_fact facts[3];
	size_t row, at, i;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	facts[0] = fact_of(EXS_FACT_RUN_STARTED, 1, "{\"v\":1}");
	facts[1] = fact_of(EXS_FACT_TURN_ENDED, 2, "{\"ms\":3}");
	facts[1].usage = &usage;
	facts[1].name = exs_cstr("local/small");
	facts[2] = fact_of(EXS_FACT_CALL_ENDED, 3, "{\"content\":\"4\"}");
	facts[2].call_id = exs_cstr("1.0");
	write_facts(&o, "run-a", facts, 3);
	if (o.host.n == 0) {
		subject_close(&o);
		skip();
	}
	for (row = 0; row < o.host.n; row++) {
		for (at = 0; at < o.host.rows[row].value_n; at++) {
			for (i = 0; i < sizeof flips; i++) {
				o.host.rows[row].value[at] ^= (char)flips[i];
				assert_same_or_corrupt(&o, facts, 3);
				o.host.rows[row].value[at] ^= (char)flips[i];
			}
		}
	}
	assert_given_back(&o, "run-a", facts, 3);
	subject_close(&o);
}

static void no_damage_changes_a_long_body(void **state)
{
	char *body = long_body(100000);
	struct opened o;
	exs_fact facts[1];
	size_t row, at;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	facts[0] = fact_of(EXS_FACT_CALL_ENDED, 1, body);
	write_facts(&o, "run-a", facts, 1);
	if (o.host.n == 0) {
		free(body);
		subject_close(&o);
		skip();
	}
	for (row = 0; row < o.host.n; row++) {
		struct double_row *r = &o.host.rows[row];

		for (at = 0; at < r->value_n; at += 1 + r->value_n / 200) {
			r->value[at] ^= 1;
			assert_same_or_corrupt(&o, facts, 1);
			r->value[at] ^= 1;
		}
		if (r->value_n == 0)
			continue;
		r->value_n--;
		assert_same_or_corrupt(&o, facts, 1);
		r->value_n++;
	}
	assert_given_back(&o, "run-a", facts, 1);
	free(body);
	subject_close(&o);
}

static void no_row_cut_short_changes_a_fact(void **state)
{
	struct opened o;
	exs_fact facts[2];
	size_t row, n;

	(void)state;
	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	facts[0] = fact_of(EXS_FACT_RUN_STARTED, 1, "{\"v\":1}");
	facts[1] = fact_of(EXS_FACT_RUN_ENDED, 2, "{\"status\":\"ok\"}");
	write_facts(&o, "run-a", facts, 2);
	if (o.host.n == 0) {
		subject_close(&o);
		skip();
	}
	for (row = 0; row < o.host.n; row++) {
		n = o.host.rows[row].value_n;
		while (o.host.rows[row].value_n > 0) {
			o.host.rows[row].value_n--;
			assert_same_or_corrupt(&o, facts, 2);
		}
		o.host.rows[row].value_n = n;
	}
	subject_close(&o);
}

/* Takes the row away that holds the words. */
static bool lose_row_with(struct double_host *h, const char *words)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (memmem(h->rows[i].value, h->rows[i].value_n, words, strlen(words)))
			break;
	if (i == h->n)
		return false;
	free(h->rows[i].key);
	free(h->rows[i].value);
	memmove(h->rows + i, h->rows + i + 1, (h->n - i - 1) * sizeof *h->rows);
	h->n--;
	return true;
}

static void lose_and_load(int64_t lost, const char *words)
{
	struct reading r = { 0 };
	exs_err err = EXS_ERR_INIT;
	struct opened o;
	exs_fact facts[5];
	char number[16];
	int i;

	subject_open(&subject, EXS_PORT_CHECKPOINT, &o);
	for (i = 0; i < 5; i++)
		facts[i] = fact_of(EXS_FACT_STEERED, i + 1, i + 1 == lost ? words : "{\"text\":1}");
	write_facts(&o, "run-a", facts, 5);
	if (!lose_row_with(&o.host, words)) {
		subject_close(&o);
		skip();
	}
	assert_int_equal(load_run(&o, "run-a", &r, &err), EXS_CORRUPT);
	assert_int_equal(r.n, lost - 1);
	snprintf(number, sizeof number, "%d", (int)lost);
	assert_non_null(strstr(err.text, number));
	forget(&r);
	subject_close(&o);
}

static void names_the_first_fact_when_it_is_missing(void **state)
{
	(void)state;
	lose_and_load(1, "{\"text\":\"lost\"}");
}

static void names_a_fact_that_is_missing_in_the_middle(void **state)
{
	(void)state;
	lose_and_load(3, "{\"text\":\"lost\"}");
}

int checkpoint_damage(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_damaged_byte_changes_a_fact),
		cmocka_unit_test(no_damage_changes_a_long_body),
		cmocka_unit_test(no_row_cut_short_changes_a_fact),
		cmocka_unit_test(names_the_first_fact_when_it_is_missing),
		cmocka_unit_test(names_a_fact_that_is_missing_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
