/* SPDX-License-Identifier: MIT */
/* rules.c - see rules.h. */
#include "rules.h"

const char *rules_key_text(exs_str key, char out[KEY_TEXT_MAX])
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;
	size_t i;

	for (i = 0; i < key.n && n + 8 < KEY_TEXT_MAX; i++) {
		unsigned char c = (unsigned char)key.p[i];

		if (c >= 0x20 && c < 0x7f && c != '\\') {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	snprintf(out + n, KEY_TEXT_MAX - n, "%s", i < key.n ? "..." : "");
	return out;
}

exs_status rules_key(exs_str key, exs_err *err)
{
	char text[KEY_TEXT_MAX];

	if (key.n == 0)
		return exs_fail(err, EXS_INVALID, 0,
				"a key of the store is empty, it needs at least one byte");
	if (!key.p)
		return exs_fail(err, EXS_INVALID, 0,
				"a key of the store has %zu bytes and no pointer", key.n);
	if (key.n > EXS_STORE_KEY_MAX)
		return exs_fail(err, EXS_TOOBIG, 0,
				"key '%s' has %zu bytes, the store takes up to %u",
				rules_key_text(key, text), key.n, EXS_STORE_KEY_MAX);
	return EXS_OK;
}

static exs_status check_value(const exs_op *op, exs_err *err)
{
	char text[KEY_TEXT_MAX];

	if (op->value.n > EXS_STORE_VALUE_MAX)
		return exs_fail(err, EXS_TOOBIG, 0,
				"the value of '%s' has %zu bytes, the store takes up to %u",
				rules_key_text(op->key, text), op->value.n, EXS_STORE_VALUE_MAX);
	if (op->value.n && !op->value.p)
		return exs_fail(err, EXS_INVALID, 0,
				"the value of '%s' has %zu bytes and no pointer",
				rules_key_text(op->key, text), op->value.n);
	return EXS_OK;
}

static exs_status check_op(const exs_op *op, exs_err *err)
{
	char text[KEY_TEXT_MAX];

	if (!op || !EXS_HAS(op, bound))
		return exs_fail(err, EXS_INVALID, 0,
				"an operation of the batch is missing or too short");
	if (rules_key(op->key, err))
		return err->status;
	switch (op->kind) {
	case EXS_OP_PUT:
	case EXS_OP_CHECK:
		return check_value(op, err);
	case EXS_OP_DEL:
	case EXS_OP_ADD:
		return EXS_OK;
	default:
		return exs_fail(err, EXS_INVALID, 0,
				"operation %d on '%s' is not known to this store", (int)op->kind,
				rules_key_text(op->key, text));
	}
}

exs_status rules_batch(const exs_op *const *ops, uint64_t n, exs_err *err)
{
	uint64_t i;

	if (n == 0 || n > EXS_STORE_OPS_MAX)
		return exs_fail(err, EXS_INVALID, 0,
				"a batch of %llu operations: 1 to %u are allowed",
				(unsigned long long)n, EXS_STORE_OPS_MAX);
	if (!ops)
		return exs_fail(err, EXS_INVALID, 0,
				"a batch has operations and no pointer to them");
	for (i = 0; i < n; i++) {
		if (check_op(ops[i], err)) {
			err->at = (int64_t)i;
			return err->status;
		}
	}
	return EXS_OK;
}

void rules_counter(int64_t sum, char out[COUNTER_BYTES])
{
	uint64_t bits = (uint64_t)sum;
	unsigned i;

	for (i = 0; i < COUNTER_BYTES; i++)
		out[i] = (char)(unsigned char)(bits >> (8 * i));
}

static int64_t counter_of(const char *p)
{
	uint64_t bits = 0;
	unsigned i;

	for (i = 0; i < COUNTER_BYTES; i++)
		bits |= (uint64_t)(unsigned char)p[i] << (8 * i);
	return (int64_t)bits;
}

exs_status rules_sum(const exs_op *op, bool found, exs_str value, int64_t *out, exs_err *err)
{
	char text[KEY_TEXT_MAX];
	int64_t sum;

	if (found && value.n != COUNTER_BYTES)
		return exs_fail(err, EXS_CORRUPT, 0, "'%s' is no counter: it has %zu bytes, not %u",
				rules_key_text(op->key, text), value.n, COUNTER_BYTES);
	if (__builtin_add_overflow(found ? counter_of(value.p) : 0, op->delta, &sum))
		return exs_fail(err, EXS_CONFLICT, 0, "the sum of '%s' would leave 64 bits",
				rules_key_text(op->key, text));
	*out = sum;
	return EXS_OK;
}

static exs_status check_bound(const exs_op *op, bool found, exs_str value, exs_err *err)
{
	char text[KEY_TEXT_MAX];
	int64_t sum;

	if (rules_sum(op, found, value, &sum, err))
		return err->status;
	if (op->delta > 0 && sum > op->bound)
		return exs_fail(
			err, EXS_CONFLICT, 0, "the sum of '%s' would be %lld, its bound is %lld",
			rules_key_text(op->key, text), (long long)sum, (long long)op->bound);
	return EXS_OK;
}

exs_status rules_condition(const exs_op *op, bool found, exs_str value, exs_err *err)
{
	char text[KEY_TEXT_MAX];

	if (op->kind == EXS_OP_ADD)
		return check_bound(op, found, value, err);
	if (op->kind != EXS_OP_CHECK)
		return EXS_OK;
	if (!op->value.p && found)
		return exs_fail(err, EXS_CONFLICT, 0, "'%s' is there, the batch expects it absent",
				rules_key_text(op->key, text));
	if (!op->value.p)
		return EXS_OK;
	if (!found)
		return exs_fail(err, EXS_CONFLICT, 0, "'%s' is absent, the batch expects a value",
				rules_key_text(op->key, text));
	if (!exs_str_eq(op->value, value))
		return exs_fail(err, EXS_CONFLICT, 0,
				"'%s' holds another value than the batch expects",
				rules_key_text(op->key, text));
	return EXS_OK;
}
