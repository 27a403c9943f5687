/* SPDX-License-Identifier: MIT */
/* artifact.c - see artifact.h. */
#include "fact/artifact.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <executus/svc/run.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "fact/state.h"

#define NAME_BYTES    255u
#define DEPTH	      4
#define SHA256_DIGITS 64u

static void put(struct buf *out, const char *key, const char *text)
{
	if (!text || !text[0])
		return;
	buf_printf(out, ",\"%s\":", key);
	buf_jsonz(out, text);
}

static bool is_sha256(const char *text)
{
	return !text || !text[0] ||
	       (strlen(text) == SHA256_DIGITS && strspn(text, "0123456789abcdef") == SHA256_DIGITS);
}

exs_status artifact_read(exs_str json, struct buf *out, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	auto_free char *name = NULL, *path = NULL, *url = NULL, *type = NULL, *sha = NULL;
	int64_t bytes = -1;

	buf_init(out, EXS_ARTIFACT_MAX);
	if (json_check_object(json, DEPTH, &why))
		return err_set(err, EXS_INVALID, 0, "an artifact is one JSON object: %.150s",
			       why.text);
	name = json_get_textz(json, "name", NAME_BYTES);
	path = json_get_textz(json, "path", ARTIFACT_TEXT_MAX);
	url = json_get_textz(json, "url", ARTIFACT_TEXT_MAX);
	type = json_get_textz(json, "type", NAME_BYTES);
	sha = json_get_textz(json, "sha256", SHA256_DIGITS);
	json_get_int(json, "bytes", &bytes);
	if (!name || !name[0])
		return err_set(err, EXS_INVALID, 0, "an artifact has a \"name\" of 1 to %u bytes",
			       NAME_BYTES);
	if (!(path && path[0]) == !(url && url[0]))
		return err_set(err, EXS_INVALID, 0,
			       "an artifact has either a \"path\" or a \"url\", of up to %u bytes",
			       ARTIFACT_TEXT_MAX);
	if (!is_sha256(sha))
		return err_set(err, EXS_INVALID, 0, "\"sha256\" has %u hex digits", SHA256_DIGITS);
	buf_puts(out, "{\"name\":");
	buf_jsonz(out, name);
	put(out, "path", path);
	put(out, "url", url);
	put(out, "type", type);
	put(out, "sha256", sha);
	if (bytes >= 0)
		buf_printf(out, ",\"bytes\":%" PRId64, bytes);
	buf_puts(out, "}");
	return buf_ok(out) ? EXS_OK : err_set(err, EXS_TOOBIG, 0, "an artifact is too long");
}

/* Its place in the list: that of the same name, or the next. */
static uint32_t place_of(const struct state *s, exs_str body)
{
	auto_free char *name = json_get_textz(body, "name", NAME_BYTES), *other = NULL;
	uint32_t i;

	for (i = 0; name && i < s->artifact_count; i++) {
		free(other);
		other = json_get_textz(str_of(s->artifacts[i]), "name", NAME_BYTES);
		if (other && strcmp(name, other) == 0)
			break;
	}
	return name ? i : ARTIFACTS_MAX;
}

bool artifact_fits(const struct state *s, exs_str body)
{
	return place_of(s, body) < ARTIFACTS_MAX;
}

exs_status artifact_fold(struct state *s, exs_str body, exs_err *err)
{
	uint32_t i = place_of(s, body);
	char *text;

	if (i >= ARTIFACTS_MAX)
		return EXS_OK;
	text = str_dup(body);
	if (!text)
		return err_set(err, EXS_NOMEM, 0, "no memory for an artifact");
	if (i == s->artifact_count)
		s->artifact_count++;
	else
		free(s->artifacts[i]);
	s->artifacts[i] = text;
	return EXS_OK;
}

void artifacts_json(const struct state *s, struct buf *out)
{
	uint32_t i;

	buf_puts(out, "[");
	for (i = 0; i < s->artifact_count; i++) {
		buf_puts(out, i ? "," : "");
		buf_puts(out, s->artifacts[i]);
	}
	buf_puts(out, "]");
}

char *artifacts_text(const struct state *s)
{
	struct buf b;
	char *text;

	if (!s->artifact_count)
		return NULL;
	buf_init(&b, ARTIFACTS_MAX * EXS_ARTIFACT_MAX + 16);
	artifacts_json(s, &b);
	text = buf_take(&b);
	buf_release(&b);
	return text;
}
