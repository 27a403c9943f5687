/* SPDX-License-Identifier: MIT */
/* mock_scenario.c - what one request asks for by the name of its model. */
#include "mock_text.h"

#include <stdlib.h>

#define COUNTED 64 /* faults that are counted */

/* True while the fault was asked for at most `times` times. */
static bool still(const char *kind, int times)
{
	static struct {
		char kind[MOCK_WORD_MAX];
		int n;
	} counted[COUNTED];
	size_t i;

	if (times < 0)
		return true;
	for (i = 0; i < COUNTED && counted[i].kind[0] && strcmp(counted[i].kind, kind) != 0; i++)
		;
	if (i == COUNTED)
		return false;
	snprintf(counted[i].kind, sizeof counted[i].kind, "%s", kind);
	return counted[i].n++ < times;
}

static bool known(const char *word)
{
	static const char *const others[] = {
		"429",	     "401",	  "nousage",	"huge",	     "never",	 "close",
		"json",	     "cutjson",	  "cut",	"noend",     "nofinish", "nodone",
		"textplain", "drip",	  "comments",	"reasoning", "badutf8",	 "refusal",
		"length",    "filter",	  "argsobject", "argsbad",   "dupids",	 "noids",
		"onechunk",  "stopcalls", "twocalls",	"noargs",    "foreign",	 "paused",
		"midway"
	};
	size_t i;

	for (i = 0; i < sizeof others / sizeof others[0]; i++)
		if (strcmp(others[i], word) == 0)
			return true;
	return mock_refuses(word) || strncmp(word, "failed", strlen("failed")) == 0;
}

static void direct(struct mock_scenario *s, char *word)
{
	char *colon = strchr(word, ':');
	int number = colon ? atoi(colon + 1) : -1;

	if (colon)
		*colon = '\0';
	if (strcmp(word, "turns") == 0) {
		s->turns = number;
	} else if (strcmp(word, "latency") == 0) {
		s->latency_ms = number;
	} else if (strcmp(word, "pace") == 0) {
		s->pace_ms = number;
		s->pace_from = 0;
	} else if (strcmp(word, "down") == 0) {
		s->down_at = number;
	} else if (known(word)) {
		snprintf(s->fault, sizeof s->fault, "%s", word);
		s->fault_times = number;
	}
}

void mock_scenario_for(struct mock_scenario *s, const struct mock_scenario *base,
		       const struct mock_request *r)
{
	static const char *const call_shapes[] = {
		"argsobject", "argsbad",   "dupids",   "noids",
		"onechunk",   "stopcalls", "twocalls", "noargs"
	};
	char words[MOCK_WORD_MAX], *word, *rest = words;
	size_t i;

	*s = *base;
	snprintf(words, sizeof words, "%s", r->model);
	while ((word = strsep(&rest, "+")))
		direct(s, word);
	if (s->fault[0] && !still(s->fault, s->fault_times))
		s->fault[0] = '\0';
	if (s->down_at > 0 && r->assistants >= s->down_at)
		snprintf(s->fault, sizeof s->fault, "500");
	for (i = 0; i < sizeof call_shapes / sizeof call_shapes[0]; i++)
		if (s->turns == 0 && fault(s, call_shapes[i]))
			s->turns = 1;
}
