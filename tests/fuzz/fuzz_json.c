/* SPDX-License-Identifier: MIT */
/*
 * fuzz_json.c - whatever the gate accepts, every reader walks whole and cJSON parses too; the
 * readers bear any bytes without the gate.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/json.h"
#include "base/text.h"

#define TEXT_ROOM    (1u << 20)
#define NUMBER_CJSON 60u /* cJSON keeps a number in 64 bytes and stumbles over a longer one */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held)
{
	if (!held)
		abort();
}

static bool inside(exs_str part, exs_str whole)
{
	return part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

/* Reads one value in every way there is. The result does not matter, only that it is had. */
static void read_all_ways(exs_str value, bool checked)
{
	struct buf text;
	int64_t number;

	buf_init(&text, TEXT_ROOM);
	if (json_text(value, &text) == EXS_OK && checked) {
		must(utf8_ok(buf_view(&text)));
		must(memchr(text.p, 0, text.n) == NULL);
	} else if (checked && buf_ok(&text)) {
		must(json_type(value) != JSON_STRING);
	}
	(void)json_int(value, &number);
	buf_release(&text);
}

/* A member is found by its decoded name, and it is the first of that name. */
static void find_again(exs_str object, exs_str key, exs_str value)
{
	struct buf name;
	exs_str found;

	buf_init(&name, TEXT_ROOM);
	must(json_text(key, &name) == EXS_OK);
	must(json_get(object, name.p, &found) == EXS_OK);
	must(found.p == value.p && found.n == value.n);
	buf_release(&name);
}

/* Walks one level and goes on in every item, by a list of its own: a text may be deep. */
static void walk(exs_str whole, bool checked)
{
	struct json_iter stack[JSON_DEPTH_MAX + 1];
	exs_str spans[JSON_DEPTH_MAX + 1], key, value;
	size_t depth = 0;

	read_all_ways(whole, checked);
	json_iter_init(&stack[0], whole);
	spans[0] = whole;
	for (;;) {
		if (!json_next(&stack[depth], &key, &value)) {
			must(!checked || !stack[depth].bad);
			if (depth-- == 0)
				return;
			continue;
		}
		must(inside(value, whole));
		read_all_ways(value, checked);
		if (checked && stack[depth].object)
			find_again(spans[depth], key, value);
		if (json_type(value) != JSON_OBJECT && json_type(value) != JSON_ARRAY)
			continue;
		must(!checked || depth < JSON_DEPTH_MAX);
		if (depth == JSON_DEPTH_MAX)
			continue;
		spans[++depth] = value;
		json_iter_init(&stack[depth], value);
	}
}

static bool has_long_number(exs_str text)
{
	size_t run = 0;

	for (size_t i = 0; i < text.n; i++) {
		run = text.p[i] && strchr("0123456789+-.eE", text.p[i]) ? run + 1 : 0;
		if (run > NUMBER_CJSON)
			return true;
	}
	return false;
}

static void check_accepted(exs_str text)
{
	exs_str whole = str_trim(text);
	enum json_type type = json_type(whole);
	cJSON *tree;

	must(type != JSON_BAD);
	must(utf8_ok(text));
	if (type == JSON_OBJECT || type == JSON_ARRAY)
		walk(text, true);
	else
		read_all_ways(text, true);
	if (has_long_number(text))
		return;
	tree = cJSON_ParseWithLength(text.p, text.n);
	must(tree != NULL);
	cJSON_Delete(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly this size: a read past its end is seen. */
	char *copy = malloc(size ? size : 1);
	exs_err err = EXS_ERR_INIT;
	exs_str text = { copy, size }, value;
	exs_status status;
	bool flag;

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	status = json_check(text, JSON_DEPTH_MAX, &err);
	must(status == EXS_OK || (err.at >= 0 && (size_t)err.at <= size && err.text[0]));
	walk(text, false);
	(void)json_get(text, "a", &value);
	(void)json_get_bool(text, "a", &flag);
	if (status == EXS_OK)
		check_accepted(text);
	must(json_check_object(text, JSON_DEPTH_MAX, NULL) != EXS_OK || status == EXS_OK);
	free(copy);
	return 0;
}
