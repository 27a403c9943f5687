/* SPDX-License-Identifier: MIT */
/* price.c - see price.h. */
#include "price.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include <executus/helper.h>

#include "limits.h"

#define PER_TOKENS  1000000	     /* a price is for so many */
#define DOLLARS_MAX INT64_C(1000000) /* of a million tokens; more is a mistake */
#define MODEL_MAX   128

struct price {
	char model[MODEL_MAX]; /* without the star */
	size_t model_n;
	bool prefix;
	int64_t from_ms, to_ms;			  /* to: exclusive; 0: open */
	int64_t in, cache_read, cache_write, out; /* millionths of a dollar for PER_TOKENS */
};

struct prices {
	size_t n;
	struct price list[];
};

struct reading {
	const char *file;
	int number; /* of the entry, 1-based */
	const cJSON *node;
	exs_err *err;
};

static exs_status wrong(const struct reading *r, const char *key, const char *hint)
{
	return exs_fail(r->err, EXS_INVALID, 0, "%.150s: price %d: '%s': %s", r->file, r->number,
			key, hint);
}

static const char *text_of(const struct reading *r, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r->node, key));
}

/* `deflt` < 0: it must be given. */
static exs_status read_price(const struct reading *r, const char *key, int64_t deflt, int64_t *out)
{
	const char *text = text_of(r, key);

	*out = deflt;
	if (!text && !cJSON_HasObjectItem(r->node, key) && deflt >= 0)
		return EXS_OK;
	if (!text || !decimal_parse(text, 6, out) || *out > DOLLARS_MAX * 1000000)
		return wrong(r, key, "write dollars for a million tokens as a text, \"2.50\"");
	return EXS_OK;
}

static exs_status read_day(const struct reading *r, const char *key, bool required, int64_t *out)
{
	const char *text = text_of(r, key), *end;
	struct tm tm = { 0 };
	int day;

	*out = 0;
	if (!text && !required && !cJSON_HasObjectItem(r->node, key))
		return EXS_OK;
	end = text ? strptime(text, "%Y-%m-%d", &tm) : NULL;
	day = tm.tm_mday;
	if (end && !*end)
		*out = (int64_t)timegm(&tm) * 1000;
	/* The 30th of February is taken for a day in March. */
	if (!end || *end || tm.tm_mday != day)
		return wrong(r, key, "write a day as \"2026-01-31\"");
	return EXS_OK;
}

static exs_status read_model(const struct reading *r, struct price *p)
{
	const char *text = text_of(r, "model");
	size_t n = text ? strlen(text) : 0;

	if (n == 0 || n >= MODEL_MAX)
		return wrong(r, "model", "write the model's name, up to 127 bytes");
	if (memchr(text, '*', n - 1))
		return wrong(r, "model", "a * may stand at its end only");
	p->prefix = text[n - 1] == '*';
	p->model_n = n - p->prefix;
	memcpy(p->model, text, p->model_n);
	p->model[p->model_n] = '\0';
	return EXS_OK;
}

/* A member that nobody reads would be a price that nobody pays. */
static exs_status check_members(const struct reading *r)
{
	static const char *const known[] = { "model",	    "in",     "cache_read",
					     "cache_write", "out",    "valid_from",
					     "valid_to",    "source", "source_date" };
	const cJSON *c;
	char name[64];
	size_t i;

	cJSON_ArrayForEach(c, r->node)
	{
		for (i = 0; i < sizeof known / sizeof *known; i++)
			if (strcmp(c->string, known[i]) == 0)
				break;
		if (i < sizeof known / sizeof *known)
			continue;
		snprintf(name, sizeof name, "%.40s", c->string);
		return wrong(r, name,
			     "an entry takes model, in, cache_read, cache_write, out, valid_from, "
			     "valid_to, source and source_date");
	}
	return EXS_OK;
}

static exs_status read_entry(const struct reading *r, struct price *p)
{
	const char *source = text_of(r, "source");
	int64_t seen;

	if (!cJSON_IsObject(r->node))
		return wrong(r, "entry", "write an object");
	if (check_members(r) || read_model(r, p) || read_price(r, "in", -1, &p->in) ||
	    read_price(r, "out", -1, &p->out) ||
	    read_price(r, "cache_read", p->in, &p->cache_read) ||
	    read_price(r, "cache_write", p->in, &p->cache_write) ||
	    read_day(r, "valid_from", false, &p->from_ms) ||
	    read_day(r, "valid_to", false, &p->to_ms) || read_day(r, "source_date", true, &seen))
		return r->err->status;
	if (!source || !source[0])
		return wrong(r, "source", "say where the price was read");
	if (p->to_ms && p->to_ms <= p->from_ms)
		return wrong(r, "valid_to", "it is not later than valid_from");
	return EXS_OK;
}

static exs_status read_tree(const char *file, const cJSON *tree, struct prices **out, exs_err *err)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(tree, "prices");
	struct reading r = { .file = file, .err = err };
	int n = cJSON_GetArraySize(list);
	struct prices *p;

	if (!cJSON_IsArray(list) || n < 1 || n > PRICES_MAX)
		return exs_fail(err, EXS_INVALID, 0,
				"%.150s: it needs \"prices\", a list of 1 to %d entries", file,
				PRICES_MAX);
	p = calloc(1, sizeof *p + (size_t)n * sizeof *p->list);
	if (!p)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for %d prices", n);
	cJSON_ArrayForEach(r.node, list)
	{
		r.number++;
		if (read_entry(&r, &p->list[p->n])) {
			free(p);
			return err->status;
		}
		p->n++;
	}
	*out = p;
	return EXS_OK;
}

/* The whole file, NUL-terminated; NULL with a sentence. */
static char *slurp(const char *file, exs_err *err)
{
	FILE *f = fopen(file, "re");
	char *text = f ? malloc(PRICE_FILE_MAX + 1) : NULL;
	size_t n;

	if (!f) {
		exs_fail(err, EXS_IO, errno, "%.150s: the prices cannot be read: %s", file,
			 strerror(errno));
		return NULL;
	}
	if (!text) {
		exs_fail(err, EXS_NOMEM, 0, "no memory for the prices");
		fclose(f);
		return NULL;
	}
	n = fread(text, 1, PRICE_FILE_MAX + 1, f);
	if (ferror(f) || n > PRICE_FILE_MAX) {
		if (ferror(f))
			exs_fail(err, EXS_IO, errno, "%.150s: the prices cannot be read: %s", file,
				 strerror(errno));
		else
			exs_fail(err, EXS_TOOBIG, 0, "%.150s: it is longer than %u bytes", file,
				 PRICE_FILE_MAX);
		free(text);
		text = NULL;
	} else {
		text[n] = '\0';
	}
	fclose(f);
	return text;
}

exs_status prices_read(const exs_conf *conf, struct prices **out, exs_err *err)
{
	const char *file = conf->text(conf, "prices").p, *end = NULL;
	exs_status status;
	cJSON *tree;
	char *text;

	*out = NULL;
	if (!file || !file[0])
		return EXS_OK;
	text = slurp(file, err);
	if (!text)
		return err->status;
	tree = cJSON_ParseWithOpts(text, &end, 1);
	if (tree)
		status = read_tree(file, tree, out, err);
	else
		status = exs_fail(err, EXS_INVALID, 0, "%.150s: it is no JSON at byte %td", file,
				  end ? end - text : (ptrdiff_t)0);
	cJSON_Delete(tree);
	free(text);
	return status;
}

void prices_free(struct prices *p)
{
	free(p);
}

static bool fits(const struct price *p, const char *model, int64_t wall_ms)
{
	if (wall_ms < p->from_ms || (p->to_ms && wall_ms >= p->to_ms))
		return false;
	return p->prefix ? strncmp(model, p->model, p->model_n) == 0 : strcmp(model, p->model) == 0;
}

/* A whole name before one with a star, a longer one before a shorter, a younger price before an
 * older. */
static bool better(const struct price *a, const struct price *b)
{
	if (!b)
		return true;
	if (a->prefix != b->prefix)
		return b->prefix;
	if (a->model_n != b->model_n)
		return a->model_n > b->model_n;
	return a->from_ms > b->from_ms;
}

static const struct price *find(const struct prices *p, const char *model, int64_t wall_ms)
{
	const struct price *best = NULL;
	size_t i;

	for (i = 0; i < p->n; i++)
		if (fits(&p->list[i], model, wall_ms) && better(&p->list[i], best))
			best = &p->list[i];
	return best;
}

static int64_t count(int64_t n)
{
	return n > 0 ? n : 0;
}

bool prices_cost(const struct prices *p, const char *model, int64_t wall_ms, const exs_usage *u,
		 int64_t *out)
{
	const char *slash = strchr(model, '/');
	const struct price *at = p ? find(p, model, wall_ms) : NULL;
	int64_t read = count(u->cache_read_tokens), write = count(u->cache_write_tokens);
	int64_t plain = count(u->in_tokens - read - write);
	unsigned __int128 sum;
	int64_t in;

	if (!at && p && slash)
		at = find(p, slash + 1, wall_ms);
	if (!at)
		return false;
	/* What is only foreseen may all be written to a cache, which costs more. */
	in = u->estimated && at->cache_write > at->in ? at->cache_write : at->in;
	sum = (unsigned __int128)(uint64_t)plain * (uint64_t)in;
	sum += (unsigned __int128)(uint64_t)read * (uint64_t)at->cache_read;
	sum += (unsigned __int128)(uint64_t)write * (uint64_t)at->cache_write;
	sum += (unsigned __int128)(uint64_t)count(u->out_tokens) * (uint64_t)at->out;
	sum = (sum + PER_TOKENS - 1) / PER_TOKENS;
	*out = sum > INT64_MAX ? INT64_MAX : (int64_t)sum;
	return true;
}
