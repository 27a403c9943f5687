/* SPDX-License-Identifier: MIT */
/* port_tool.c - the contract of the tool port, held against any battery that fills it. */
#include "subject.h"

#include <cjson/cJSON.h>
#include <executus/port/tool.h>

#include "base/cancel.h"

#define TOOLS_MAX 64u
#define WAIT_MS                                                                                    \
	20000 /* the host gives up on a cancelled call after ten seconds; twice that on a busy     \
		 machine */

static struct subject subject;

/* ---- the list, kept ---- */

struct kept {
	char name[EXS_TOOL_NAME_MAX + 2];
	char *about, *schema;
	int32_t effect;
	int64_t timeout_ms;
	uint32_t flags;
};

struct shelf {
	struct kept tools[TOOLS_MAX];
	size_t n;
};

static char *copy(const char *p, size_t n)
{
	char *s = malloc(n + 1);

	assert_non_null(s);
	memcpy(s, p, n);
	s[n] = '\0';
	return s;
}

static exs_status keep(void *arg, const exs_tool_spec *spec)
{
	struct shelf *shelf = arg;
	struct kept *k = &shelf->tools[shelf->n];

	assert_true(shelf->n < TOOLS_MAX);
	assert_true(spec->size >= offsetof(exs_tool_spec, timeout_ms));
	assert_non_null(spec->name);
	assert_non_null(spec->about);
	assert_non_null(spec->schema.p);
	snprintf(k->name, sizeof k->name, "%s", spec->name);
	k->about = copy(spec->about, strlen(spec->about));
	k->schema = copy(spec->schema.p, spec->schema.n);
	k->effect = spec->effect;
	k->timeout_ms = EXS_HAS(spec, timeout_ms) ? spec->timeout_ms : 0;
	k->flags = EXS_HAS(spec, flags) ? spec->flags : 0;
	shelf->n++;
	return EXS_OK;
}

static void shelf_fill(struct shelf *shelf, const struct opened *o)
{
	const exs_tool *tool = o->port;
	exs_err err = EXS_ERR_INIT;

	memset(shelf, 0, sizeof *shelf);
	if (tool->list(o->self, keep, shelf, &err))
		fail_msg("list failed: %s", err.text);
}

static void shelf_release(struct shelf *shelf)
{
	while (shelf->n > 0) {
		free(shelf->tools[--shelf->n].about);
		free(shelf->tools[shelf->n].schema);
	}
}

/* ---- calls ---- */

/* Runs one call to its end and gives its status; the sentence goes to `text`. */
static exs_status run_call(const struct opened *o, const char *name, const char *args,
			   exs_cancel *token, char text[static sizeof((exs_err *)0)->text])
{
	const exs_tool *tool = o->port;
	exs_run_info run = double_run_info("run-1");
	exs_call call = { sizeof call, 1, &run, name, "1.0", "key-1", exs_cstr(args) };
	struct double_done d;
	exs_status status;

	double_done_init(&d, EXS_TOOL_RESULT_MAX);
	tool->call(o->self, &call, token, d.done);
	assert_true(double_done_wait(&d, WAIT_MS));
	assert_int_equal(d.ends, 1);
	status = d.status;
	memcpy(text, d.err.text, sizeof d.err.text);
	assert_true(status >= EXS_OK && status < EXS_STATUS_COUNT);
	if (status)
		assert_int_equal(d.err.status, status);
	double_done_release(&d);
	return status;
}

/* One sentence: there, on one line, ended. */
static void assert_sentence(const char *text)
{
	assert_int_not_equal(strlen(text), 0);
	assert_null(strpbrk(text, "\r\n"));
	assert_non_null(memchr(text, '\0', sizeof((exs_err *)0)->text));
}

/* ---- claims ---- */

static void lists_tools_with_names_that_models_accept(void **state)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	struct shelf shelf;
	struct opened o;
	size_t i, k;

	(void)state;
	subject_open(&subject, EXS_PORT_TOOL, &o);
	shelf_fill(&shelf, &o);
	assert_true(shelf.n >= 1);
	for (i = 0; i < shelf.n; i++) {
		size_t n = strlen(shelf.tools[i].name);

		assert_true(n >= 1 && n <= EXS_TOOL_NAME_MAX);
		assert_int_equal(strspn(shelf.tools[i].name, allowed), n);
		for (k = 0; k < i; k++)
			assert_string_not_equal(shelf.tools[i].name, shelf.tools[k].name);
	}
	shelf_release(&shelf);
	subject_close(&o);
}

static void says_what_each_tool_does_and_may_change(void **state)
{
	struct shelf shelf;
	struct opened o;
	size_t i;

	(void)state;
	subject_open(&subject, EXS_PORT_TOOL, &o);
	shelf_fill(&shelf, &o);
	for (i = 0; i < shelf.n; i++) {
		const struct kept *k = &shelf.tools[i];

		assert_int_not_equal(strlen(k->about), 0);
		assert_true(k->effect >= EXS_EFFECT_UNSAFE && k->effect <= EXS_EFFECT_RECONCILABLE);
		assert_true(k->timeout_ms >= 0);
		if (k->effect == EXS_EFFECT_RECONCILABLE)
			assert_true(EXS_CAN((const exs_tool *)o.port, reconcile));
	}
	shelf_release(&shelf);
	subject_close(&o);
}

static void gives_a_schema_of_an_object(void **state)
{
	struct shelf shelf;
	struct opened o;
	size_t i;

	(void)state;
	subject_open(&subject, EXS_PORT_TOOL, &o);
	shelf_fill(&shelf, &o);
	for (i = 0; i < shelf.n; i++) {
		cJSON *schema = cJSON_ParseWithOpts(shelf.tools[i].schema, NULL, 1);
		const cJSON *type, *wanted, *properties;

		assert_true(cJSON_IsObject(schema));
		type = cJSON_GetObjectItemCaseSensitive(schema, "type");
		assert_true(cJSON_IsString(type));
		assert_string_equal(type->valuestring, "object");
		properties = cJSON_GetObjectItemCaseSensitive(schema, "properties");
		assert_true(!properties || cJSON_IsObject(properties));
		cJSON_ArrayForEach(wanted, cJSON_GetObjectItemCaseSensitive(schema, "required"))
		{
			assert_true(cJSON_IsString(wanted));
			assert_non_null(
				cJSON_GetObjectItemCaseSensitive(properties, wanted->valuestring));
		}
		cJSON_Delete(schema);
	}
	shelf_release(&shelf);
	subject_close(&o);
}

static void gives_the_same_list_a_second_time(void **state)
{
	struct shelf a, b;
	struct opened o;
	size_t i;

	(void)state;
	subject_open(&subject, EXS_PORT_TOOL, &o);
	shelf_fill(&a, &o);
	shelf_fill(&b, &o);
	assert_int_equal(a.n, b.n);
	for (i = 0; i < a.n; i++) {
		assert_string_equal(a.tools[i].name, b.tools[i].name);
		assert_string_equal(a.tools[i].about, b.tools[i].about);
		assert_string_equal(a.tools[i].schema, b.tools[i].schema);
		assert_int_equal(a.tools[i].effect, b.tools[i].effect);
		assert_int_equal(a.tools[i].flags, b.tools[i].flags);
	}
	shelf_release(&a);
	shelf_release(&b);
	subject_close(&o);
}

static exs_status refuse(void *arg, const exs_tool_spec *spec)
{
	(void)spec;
	++*(int *)arg;
	return EXS_TOOBIG;
}

static void ends_the_list_when_the_host_takes_no_more(void **state)
{
	exs_err err = EXS_ERR_INIT;
	struct opened o;
	int calls = 0;

	(void)state;
	subject_open(&subject, EXS_PORT_TOOL, &o);
	assert_int_equal(((const exs_tool *)o.port)->list(o.self, refuse, &calls, &err),
			 EXS_TOOBIG);
	assert_int_equal(calls, 1);
	assert_sentence(err.text);
	subject_close(&o);
}

static void refuses_a_tool_that_it_does_not_have(void **state)
{
	struct cancel *token = cancel_new(NULL);
	char text[sizeof((exs_err *)0)->text];
	struct opened o;

	(void)state;
	subject_open(&subject, EXS_PORT_TOOL, &o);
	assert_int_not_equal(run_call(&o, "no_such_tool", "{}", cancel_public(token), text),
			     EXS_OK);
	assert_sentence(text);
	subject_close(&o);
	cancel_unref(token);
}

static void ends_every_call_once(void **state)
{
	struct cancel *token = cancel_new(NULL);
	char text[sizeof((exs_err *)0)->text];
	struct shelf shelf;
	struct opened o;
	size_t i;

	(void)state;
	subject_open(&subject, EXS_PORT_TOOL, &o);
	shelf_fill(&shelf, &o);
	for (i = 0; i < shelf.n; i++)
		if (run_call(&o, shelf.tools[i].name, "{}", cancel_public(token), text))
			assert_sentence(text);
	shelf_release(&shelf);
	subject_close(&o);
	cancel_unref(token);
}

static void ends_a_call_whose_token_has_fired(void **state)
{
	struct cancel *token = cancel_new(NULL);
	char text[sizeof((exs_err *)0)->text];
	struct shelf shelf;
	struct opened o;
	size_t i;

	(void)state;
	subject_open(&subject, EXS_PORT_TOOL, &o);
	shelf_fill(&shelf, &o);
	assert_true(cancel_fire(token, EXS_CAUSE_CALLER));
	for (i = 0; i < shelf.n; i++)
		if (run_call(&o, shelf.tools[i].name, "{}", cancel_public(token), text))
			assert_sentence(text);
	shelf_release(&shelf);
	subject_close(&o);
	cancel_unref(token);
}

static void takes_the_end_of_a_run_that_it_never_saw(void **state)
{
	const exs_tool *tool;
	struct opened o;

	(void)state;
	subject_open(&subject, EXS_PORT_TOOL, &o);
	tool = o.port;
	if (EXS_CAN(tool, run_ended)) {
		tool->run_ended(o.self, "run-unknown");
		tool->run_ended(o.self, "run-unknown");
	}
	subject_close(&o);
}

static void does_not_fill_a_port_that_it_does_not_name(void **state)
{
	struct opened o;

	(void)state;
	subject_open(&subject, EXS_PORT_TOOL, &o);
	assert_null(o.battery->port(o.self, "executus.no-such-port/1"));
	subject_close(&o);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_tools_with_names_that_models_accept),
		cmocka_unit_test(says_what_each_tool_does_and_may_change),
		cmocka_unit_test(gives_a_schema_of_an_object),
		cmocka_unit_test(gives_the_same_list_a_second_time),
		cmocka_unit_test(ends_the_list_when_the_host_takes_no_more),
		cmocka_unit_test(refuses_a_tool_that_it_does_not_have),
		cmocka_unit_test(ends_every_call_once),
		cmocka_unit_test(ends_a_call_whose_token_has_fired),
		cmocka_unit_test(takes_the_end_of_a_run_that_it_never_saw),
		cmocka_unit_test(does_not_fill_a_port_that_it_does_not_name),
	};
	int usage = subject_args(&subject, argc, argv);

	return usage ? usage : cmocka_run_group_tests(tests, NULL, NULL);
}
