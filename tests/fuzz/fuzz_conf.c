/* SPDX-License-Identifier: MIT */
/* fuzz_conf.c - any bytes are a configuration or a sentence with a place, never a crash. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One option of each type: every converter sees what the bytes hold. */
static const exs_option options[] = {
	{ "text", EXS_OPT_TEXT, 0, NULL, "", NULL },
	{ "int", EXS_OPT_INT, 0, NULL, "", NULL },
	{ "bool", EXS_OPT_BOOL, 0, NULL, "", NULL },
	{ "size", EXS_OPT_SIZE, 0, NULL, "", NULL },
	{ "duration", EXS_OPT_DURATION, 0, NULL, "", NULL },
	{ "path", EXS_OPT_PATH, 0, NULL, "", NULL },
	{ "secret", EXS_OPT_SECRET, 0, NULL, "", NULL },
	{ "list", EXS_OPT_LIST, 0, "[a]", "", NULL },
	{ "tree", EXS_OPT_TREE, 0, "{ a: b }", "", NULL },
	{ "choice", EXS_OPT_CHOICE, 0, NULL, "", "one|two" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

static void check_sentence(const exs_err *err)
{
	size_t n = strnlen(err->text, sizeof err->text);

	assert(n > 0 && n < sizeof err->text);
	assert(utf8_bad(err->text, n) == n);
	assert(strncmp(err->text, "fuzz.yaml", 9) == 0 || err->status == EXS_NOMEM);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	exs_err err = EXS_ERR_INIT;
	struct settings *s = NULL;
	struct conf *c = NULL;

	if (conf_parse("fuzz.yaml", str_n((const char *)data, size), &c, &err)) {
		check_sentence(&err);
		return 0;
	}
	for (size_t i = 0; i < c->battery_n; i++) {
		if (settings_new(options, sizeof options[0], c->batteries[i].options, "battery", &s,
				 &err)) {
			check_sentence(&err);
			continue;
		}
		settings_free(s);
	}
	conf_free(c);
	return 0;
}
