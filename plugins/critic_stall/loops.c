/* SPDX-License-Identifier: MIT */
/* loops.c - five ways in which a busy run gets nowhere. */
#include "loops.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#define ERROR_PREFIX 80 /* bytes of an error that make its class */

const char *const loop_keys[LOOPS] = { "same_call", "same_error", "ping_pong", "nothing_new",
				       "error_rate" };
const char *const loop_words[LOOPS] = { "same call", "same error", "two calls in turn",
					"nothing new", "error rate" };

static uint64_t mix(uint64_t h, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 1099511628211u;
	return h ? h : 1;
}

#define HASH_START UINT64_C(14695981039346656037)

/* Digits differ between two errors of one class, and so does the case. */
static uint64_t error_class(const char *s)
{
	uint64_t h = HASH_START;
	size_t i;

	for (i = 0; s[i] && i < ERROR_PREFIX; i++) {
		unsigned char u = (unsigned char)s[i];
		char c = isdigit(u) ? '0' : (char)tolower(u);

		if (c != '0' || i == 0 || !isdigit((unsigned char)s[i - 1]))
			h = mix(h, &c, 1);
	}
	return h;
}

/* It fires when it forms, and again only after it broke. */
static void judge(struct loops *l, int which, int64_t count)
{
	bool now = l->limit[which] > 0 && count >= l->limit[which];

	if (now && !l->formed[which])
		l->fired[which] = true;
	l->formed[which] = now;
}

static void call_started(struct loops *l, const exs_fact *fact, const cJSON *body)
{
	const char *args =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "args_sha256"));
	const cJSON *try = cJSON_GetObjectItemCaseSensitive(body, "try");
	uint64_t h;

	if (!args || (cJSON_IsNumber(try) && try->valuedouble > 1)) /* the host's own repetition */
		return;
	h = mix(HASH_START, fact->name.p, fact->name.n);
	h = mix(mix(h, "", 1), args, strlen(args));
	l->calls = h == l->last[0] ? l->calls + 1 : 1;
	l->turns = h == l->last[1] && h != l->last[0] ? l->turns + 1 : h == l->last[0] ? 0 : 1;
	l->last[1] = l->last[0];
	l->last[0] = h;
	judge(l, SAME_CALL, l->calls);
	judge(l, PING_PONG, (l->turns + 1) / 2); /* the alternation is turns + 1 calls long */
}

static void result_seen(struct loops *l, const char *content)
{
	uint64_t h = mix(HASH_START, content, strlen(content));
	int64_t i, n = l->seen_n < SEEN_MAX ? l->seen_n : SEEN_MAX;

	for (i = 0; i < n && l->seen[i] != h; i++)
		;
	l->known = i < n ? l->known + 1 : 0;
	if (i == n)
		l->seen[l->seen_n++ % SEEN_MAX] = h;
	judge(l, NOTHING_NEW, l->known);
}

static void call_ended(struct loops *l, const cJSON *body)
{
	const char *status = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "status"));
	const char *content =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "content"));
	bool bad = status && (strcmp(status, "error") == 0 || strcmp(status, "denied") == 0);
	uint64_t class = bad ? error_class(content ? content : "") : 0;
	int64_t i, failed = 0;

	l->errors = !bad ? 0 : class == l->error ? l->errors + 1 : 1;
	l->error = class;
	judge(l, SAME_ERROR, l->errors);
	l->failed[l->ended++ % RATE_OF] = bad;
	for (i = 0; i < RATE_OF; i++)
		failed += l->failed[i];
	judge(l, ERROR_RATE, l->ended < RATE_OF ? 0 : failed * 100 / RATE_OF);
	result_seen(l, content ? content : "");
}

void loops_observe(struct loops *l, const exs_fact *fact)
{
	cJSON *body;

	if (fact->kind != EXS_FACT_CALL_STARTED && fact->kind != EXS_FACT_CALL_ENDED)
		return;
	snprintf(l->tool, sizeof l->tool, "%.*s", (int)fact->name.n,
		 fact->name.n ? fact->name.p : "");
	body = cJSON_ParseWithLength(fact->body.p, fact->body.n);
	if (body && fact->kind == EXS_FACT_CALL_STARTED)
		call_started(l, fact, body);
	else if (body)
		call_ended(l, body);
	cJSON_Delete(body);
}
