/* SPDX-License-Identifier: MIT */
/*
 * fuzz_schema.c - a schema on the first line, a value behind it: any bytes end in a status, what
 * passed the gate also in a sentence, and a value is the same as itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/schema.h"
#include "base/schema_value.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
	if (!held)
		abort();
}

/* A copy of exactly this size: a read past its end is seen. */
static char *copy_of(const char *p, size_t n)
{
	char *copy = malloc(n ? n : 1);

	must(copy != NULL);
	if (n)
		memcpy(copy, p, n);
	return copy;
}

static void check_sentence(const exs_err *err)
{
	must(err->text[0] != '\0' && memchr(err->text, '\0', sizeof err->text) != NULL);
	must(utf8_ok(str_of(err->text)));
	must(strchr(err->text, '\n') == NULL && strchr(err->text, '\x1b') == NULL);
}

/* Of checked text. */
static void check_value_laws(exs_str a, exs_str b)
{
	struct effort e = { SCHEMA_WORK_MAX, false };

	must(value_same(&e, a, a));
	must(value_same(&e, a, b) == value_same(&e, b, a));
	if (json_type(a) != JSON_NUMBER || json_type(b) != JSON_NUMBER)
		return;
	must(value_order(a, b) == -value_order(b, a));
	must((value_order(a, b) == 0) == value_same(&e, a, b));
}

static void check_pair(exs_str schema, exs_str value)
{
	exs_err gate = EXS_ERR_INIT, err = EXS_ERR_INIT;
	exs_status status = schema_check(schema, value, &err);

	must(status == EXS_OK || status == EXS_INVALID);
	if (json_check(schema, JSON_DEPTH_MAX, &gate) || json_check(value, JSON_DEPTH_MAX, &gate))
		return;
	if (status)
		check_sentence(&err);
	check_value_laws(str_trim(schema), str_trim(value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *line = size ? memchr(p, '\n', size) : NULL;
	size_t n = line ? (size_t)(line - p) : size;
	char *schema = copy_of(p, n),
	     *value = copy_of(line ? line + 1 : p, line ? size - n - 1 : 0);

	check_pair(str_n(schema, n), str_n(value, line ? size - n - 1 : 0));
	free(schema);
	free(value);
	return 0;
}
