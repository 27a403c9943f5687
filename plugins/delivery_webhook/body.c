/* SPDX-License-Identifier: MIT */
/* body.c - see body.h. */
#include "body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include <executus/helper.h>

#define LINK_MAX  1024u
#define CUT_TRIES 64 /* each takes an eighth off, at least */

static void timestamp(int64_t ms, char *out, size_t size)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(out, size, "1970-01-01T00:00:00Z");
}

static void put(cJSON *to, const char *key, const char *text)
{
	cJSON_DeleteItemFromObjectCaseSensitive(to, key);
	if (text && text[0])
		cJSON_AddStringToObject(to, key, text);
}

static void put_str(cJSON *to, const char *key, exs_str text)
{
	char *copy = text.n ? strndup(text.p, text.n) : NULL;

	put(to, key, copy);
	free(copy);
}

static cJSON *data_of(const exs_parcel *p)
{
	cJSON *data = p->result.n ? cJSON_ParseWithLength(p->result.p, p->result.n) : NULL;

	if (!cJSON_IsObject(data)) {
		cJSON_Delete(data);
		data = cJSON_CreateObject();
	}
	put(data, "run", p->run->run_id);
	put(data, "parent", p->run->parent_id);
	put(data, "agent", p->run->agent);
	put(data, "caller", p->run->caller);
	put(data, "channel", p->run->channel);
	put(data, "status", p->status);
	put_str(data, "error", p->error);
	put_str(data, "output", p->output);
	return data;
}

static void put_link(cJSON *data, const char *link, const char *run_id)
{
	const char *mark = strstr(link, "{run}");
	char text[LINK_MAX];

	if (!link[0])
		return;
	snprintf(text, sizeof text, "%.*s%s%s", mark ? (int)(mark - link) : (int)strlen(link), link,
		 mark ? run_id : "", mark ? mark + strlen("{run}") : "");
	put(data, "link", text);
}

/* Not within a character. */
static size_t cut_at(exs_str s, size_t n)
{
	while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* Shorter and shorter until it fits; NULL: it does not, or no memory. */
static char *cut_and_print(cJSON *root, cJSON *data, const exs_parcel *p, size_t max)
{
	size_t keep = p->output.n;
	char *text = NULL;
	int i;

	cJSON_AddTrueToObject(data, "truncated");
	cJSON_AddNumberToObject(data, "output_bytes", (double)p->output.n);
	for (i = 0; i < CUT_TRIES; i++) {
		size_t n;

		text = cJSON_PrintUnformatted(root);
		n = text ? strlen(text) : 0;
		if (!text || n <= max || keep == 0)
			break;
		cJSON_free(text);
		text = NULL;
		keep -= n - max < keep / 8 ? keep / 8 : n - max < keep ? n - max : keep;
		keep = cut_at(p->output, keep < 8 ? 0 : keep);
		put_str(data, "output", exs_bytes(p->output.p, keep));
	}
	if (text && strlen(text) > max) {
		cJSON_free(text);
		text = NULL;
	}
	return text;
}

exs_status body_make(const exs_parcel *parcel, const char *link, size_t max, int64_t now_ms,
		     char **out, exs_err *err)
{
	cJSON *root = cJSON_CreateObject(), *data = data_of(parcel);
	char stamp[32];

	timestamp(now_ms, stamp, sizeof stamp);
	put(root, "type", parcel->on == EXS_ENDED_PARKED ? "run.parked" : "run.ended");
	put(root, "timestamp", stamp);
	cJSON_AddItemToObject(root, "data", data);
	*out = cJSON_PrintUnformatted(root);
	if (*out && strlen(*out) > max) {
		cJSON_free(*out);
		put_link(data, link, parcel->run->run_id);
		*out = cut_and_print(root, data, parcel, max);
		if (!*out)
			exs_fail(err, EXS_TOOBIG, 0,
				 "the result does not fit into max_body (%zu bytes), even without "
				 "its output",
				 max);
	} else if (!*out) {
		exs_fail(err, EXS_NOMEM, 0, "no memory for the body of a webhook");
	}
	cJSON_Delete(root);
	return *out ? EXS_OK : err->status;
}
