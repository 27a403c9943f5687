/* SPDX-License-Identifier: MIT */
/* fill.c - see fill.h. */
#include "fill.h"

/* ---- captures ---- */

bool next_line(exs_str *rest, exs_str *line)
{
	while (rest->n) {
		const char *end = memchr(rest->p, '\n', rest->n);
		size_t n = end ? (size_t)(end - rest->p) : rest->n;

		*line = exs_bytes(rest->p, n);
		rest->p += n + (end != NULL);
		rest->n -= n + (end != NULL);
		if (n)
			return true;
	}
	return false;
}

static struct value *find_value(const struct values *values, const char *name)
{
	size_t i;

	for (i = 0; i < values->n; i++)
		if (strcmp(values->v[i].name, name) == 0)
			return &values->v[i];
	return NULL;
}

const struct value *values_get(const struct values *values, const char *name)
{
	return find_value(values, name);
}

/* Takes p. A later capture of the same name takes the place of the earlier one. */
static exs_status values_set(struct values *values, const char *name, char *p, size_t n,
			     exs_err *err)
{
	struct value *v = find_value(values, name);

	if (!v && values->n == values->cap) {
		size_t cap = values->cap ? values->cap * 2 : 8;
		struct value *grown = realloc(values->v, cap * sizeof *grown);

		if (!grown) {
			free(p);
			return exs_fail(err, EXS_NOMEM, 0, "no memory for the capture '%s'", name);
		}
		values->v = grown;
		values->cap = cap;
	}
	if (v)
		free(v->p);
	else
		v = &values->v[values->n++];
	*v = (struct value){ name, p, n };
	return EXS_OK;
}

void values_release(struct values *values)
{
	size_t i;

	for (i = 0; i < values->n; i++)
		free(values->v[i].p);
	free(values->v);
}

/* The results before assistant message `position` that the capture looks at, line after line. */
static void searched(const struct capture *c, const struct convo *convo, size_t position,
		     struct out *o)
{
	const struct result *all = convo->results;
	size_t n = 0, first = 0, i, found = 0;

	if (c->from == FROM_INPUT) {
		out_puts(o, convo->input);
		return;
	}
	while (n < convo->n && all[n].before <= position)
		n++;
	if (n && (c->from == FROM_LAST || c->from == FROM_INDEX))
		for (first = n; first > 0 && all[first - 1].message == all[n - 1].message; first--)
			;
	for (i = first; i < n; i++) {
		if (c->from == FROM_INDEX && i - first != (size_t)c->index)
			continue;
		if (c->from == FROM_TOOL && strcmp(all[i].tool, c->tool.p) != 0)
			continue;
		if (found++)
			out_puts(o, "\n");
		out_puts(o, all[i].text);
	}
}

/* Appends the matches; how many there were. */
static size_t match(const struct capture *c, const char *text, struct out *o)
{
	regmatch_t at[CAPTURE_GROUPS_MAX + 1];
	const char *p = text;
	size_t max = c->all ? CAPTURE_MATCHES_MAX : 1;
	size_t n = 0;

	if (c->all && c->limit >= 0 && (size_t)c->limit < max)
		max = (size_t)c->limit;
	while (n < max) {
		/* A line begins behind a newline also when the search goes on there. */
		int flags = p == text || p[-1] == '\n' ? 0 : REG_NOTBOL;
		const regmatch_t *g = &at[c->group];

		if (regexec(&c->pattern.regex, p, CAPTURE_GROUPS_MAX + 1, at, flags) != 0)
			break;
		if (n++)
			out_put(o, c->join.p ? c->join.p : "\n", c->join.p ? c->join.n : 1);
		if (g->rm_so >= 0)
			out_put(o, p + g->rm_so, (size_t)(g->rm_eo - g->rm_so));
		p += at[0].rm_eo;
		if (at[0].rm_eo == at[0].rm_so && *p++ == '\0')
			break;
	}
	return n;
}

static exs_status find_one(const struct capture *c, size_t position, struct values *values,
			   exs_err *err)
{
	struct out text, found;
	size_t matches, n = 0;
	char *p;

	out_init(&text, SEARCHED_MAX);
	out_init(&found, FILLED_MAX);
	searched(c, values->convo, position, &text);
	matches = match(c, out_text(&text), &found);
	if (matches == 0 && c->deflt.p)
		out_put(&found, c->deflt.p, c->deflt.n);
	if (text.status)
		found.status = text.status;
	p = out_take(&found, &n);
	out_release(&text);
	out_release(&found);
	if (!p)
		return exs_fail(
			err, found.status, 0,
			"the capture '%s' looks at or finds more than it may; give it a limit",
			c->as.p);
	if (matches || c->deflt.p)
		return values_set(values, c->as.p, p, n, err);
	free(p);
	return EXS_OK;
}

static exs_status find_in_turn(const struct turn *turn, size_t position, struct values *values,
			       exs_err *err)
{
	size_t i;

	if (turn->capture_n && convo_load(values->convo, err))
		return err->status;
	for (i = 0; i < turn->capture_n; i++)
		if (find_one(&turn->captures[i], position, values, err))
			return err->status;
	return EXS_OK;
}

exs_status values_find(const struct script *script, struct convo *convo, struct values *out,
		       exs_err *err)
{
	size_t last = convo->position < script->turn_n ? convo->position : script->turn_n - 1;
	size_t i;

	memset(out, 0, sizeof *out);
	out->convo = convo;
	for (i = 0; i < last; i++)
		if (find_in_turn(&script->turns[i], i, out, err))
			return err->status;
	/* A turn that repeats looks from where the conversation is now. */
	return find_in_turn(&script->turns[last], convo->position, out, err);
}

/* ---- placeholders ---- */

struct placeholder {
	enum { P_NAME, P_INPUT, P_RESULT, P_RESULT_AT, P_LINES, P_ITEM } kind;
	char name[FILL_NAME_MAX + 1];
	size_t index;
	size_t length; /* of all of it, from $ to } */
};

static bool name_ok(const char *p, size_t n)
{
	size_t i;

	if (n == 0 || n > FILL_NAME_MAX || (p[0] >= '0' && p[0] <= '9'))
		return false;
	for (i = 0; i < n; i++)
		if (!(p[i] == '_' || (p[i] >= '0' && p[i] <= '9') ||
		      ((p[i] | 32) >= 'a' && (p[i] | 32) <= 'z')))
			return false;
	return true;
}

bool fill_name_ok(const char *name)
{
	static const char *const taken[] = { "input", "result", "item", "lines" };
	size_t i;

	for (i = 0; i < sizeof taken / sizeof taken[0]; i++)
		if (strcmp(name, taken[i]) == 0)
			return false;
	return name_ok(name, strlen(name));
}

static bool is(const char *p, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(p, word, n) == 0;
}

/* Reads what stands at "${"; NULL, or what is wrong with it. */
static const char *read_placeholder(const char *p, size_t n, struct placeholder *out)
{
	static const char shape[] =
		"a placeholder is ${NAME}, ${lines:NAME}, ${input}, ${result}, ${result:N} or "
		"${item}; write $${ for a literal ${";
	const char *end = memchr(p, '}', n);
	const char *word = p + 2, *colon;
	size_t length;

	if (!end)
		return "a placeholder begins with ${ and has no }; write $${ for a literal ${";
	length = (size_t)(end - word);
	out->length = (size_t)(end - p) + 1;
	colon = memchr(word, ':', length);
	if (colon && is(word, (size_t)(colon - word), "result")) {
		size_t digits = (size_t)(end - colon) - 1;

		if (digits == 0 || digits > 6 || strspn(colon + 1, "0123456789") != digits)
			return shape;
		out->kind = P_RESULT_AT;
		out->index = (size_t)strtoul(colon + 1, NULL, 10);
		return NULL;
	}
	out->kind = is(word, length, "input")	 ? P_INPUT
		    : is(word, length, "result") ? P_RESULT
		    : is(word, length, "item")	 ? P_ITEM
						 : P_NAME;
	if (colon && is(word, (size_t)(colon - word), "lines")) {
		out->kind = P_LINES;
		word = colon + 1;
		length = (size_t)(end - word);
	}
	if (!name_ok(word, length))
		return shape;
	memcpy(out->name, word, length);
	out->name[length] = '\0';
	return NULL;
}

/* The next "${" or "$${" in the text, or its end. */
static size_t plain_length(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i + 1 < n; i++)
		if (p[i] == '$' &&
		    (p[i + 1] == '{' || (p[i + 1] == '$' && i + 2 < n && p[i + 2] == '{')))
			return i;
	return n;
}

const char *fill_check(const char *p, size_t n)
{
	struct placeholder ph;
	const char *wrong;
	size_t skip;

	for (skip = plain_length(p, n); skip < n; skip = plain_length(p, n)) {
		p += skip;
		n -= skip;
		if (p[1] == '$') {
			p += 3;
			n -= 3;
			continue;
		}
		wrong = read_placeholder(p, n, &ph);
		if (wrong)
			return wrong;
		p += ph.length;
		n -= ph.length;
	}
	return NULL;
}

static void fill_piece(struct out *o, enum fill_mode mode, const char *p, size_t n)
{
	if (mode == FILL_JSON)
		out_escape(o, p, n);
	else
		out_put(o, p, n);
}

static exs_status fill_results(const struct values *values, const struct placeholder *ph,
			       enum fill_mode mode, struct out *o, exs_err *err)
{
	const struct convo *c = values->convo;
	size_t first = c->n, i;

	while (first > 0 && c->results[first - 1].message == c->results[c->n - 1].message)
		first--;
	if (ph->kind == P_RESULT_AT && ph->index >= c->n - first)
		return exs_fail(err, EXS_INVALID, 0,
				"${result:%zu} asks for a result that is not there: there are %zu",
				ph->index, c->n - first);
	if (c->n == 0)
		return exs_fail(err, EXS_INVALID, 0,
				"${result} is used before any tool has answered");
	for (i = first; i < c->n; i++) {
		if (ph->kind == P_RESULT_AT && i - first != ph->index)
			continue;
		if (ph->kind == P_RESULT && i > first)
			fill_piece(o, mode, "\n", 1);
		fill_piece(o, mode, c->results[i].text, strlen(c->results[i].text));
	}
	return EXS_OK;
}

static size_t count_lines(const struct value *v)
{
	size_t i, n = 0;

	for (i = 0; i < v->n; i++)
		n += v->p[i] == '\n';
	return n + (v->n > 0 && v->p[v->n - 1] != '\n');
}

static exs_status fill_value(const struct values *values, const struct placeholder *ph,
			     enum fill_mode mode, struct out *o, exs_err *err)
{
	const struct value *v;
	char number[24];

	if (ph->kind == P_ITEM) {
		if (!values->item.p)
			return exs_fail(err, EXS_INVALID, 0,
					"${item} is used outside of a call with for_each");
		fill_piece(o, mode, values->item.p, values->item.n);
		return EXS_OK;
	}
	if (ph->kind != P_NAME && ph->kind != P_LINES) {
		if (convo_load(values->convo, err))
			return err->status;
		if (ph->kind != P_INPUT)
			return fill_results(values, ph, mode, o, err);
		fill_piece(o, mode, values->convo->input, strlen(values->convo->input));
		return EXS_OK;
	}
	v = values_get(values, ph->name);
	if (!v)
		return exs_fail(err, EXS_INVALID, 0,
				"nothing captured the name '%s'; give its capture a default",
				ph->name);
	if (ph->kind == P_NAME) {
		fill_piece(o, mode, v->p, v->n);
		return EXS_OK;
	}
	snprintf(number, sizeof number, "%zu", count_lines(v));
	out_puts(o, number);
	return EXS_OK;
}

exs_status fill(const struct values *values, const struct text *text, enum fill_mode mode,
		struct out *out, exs_err *err)
{
	const char *p = text->p;
	size_t n = text->n;

	while (n) {
		struct placeholder ph;
		size_t plain = plain_length(p, n);
		const char *wrong;

		out_put(out, p, plain);
		p += plain;
		n -= plain;
		if (n == 0)
			break;
		if (p[1] == '$') {
			out_puts(out, "${");
			p += 3;
			n -= 3;
			continue;
		}
		wrong = read_placeholder(p, n, &ph);
		if (wrong)
			return exs_fail(err, EXS_INVALID, 0, "%s", wrong);
		if (fill_value(values, &ph, mode, out, err))
			return err->status;
		p += ph.length;
		n -= ph.length;
	}
	return EXS_OK;
}
