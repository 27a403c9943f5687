/* SPDX-License-Identifier: MIT */
/* test_audit_jsonl.c - the lines of the JSON-lines trail, of one writer and of several. */
#include "unit/jsonl_kit.h"

/* ---- claims: lines ---- */

static void writes_one_line_a_fact_with_its_columns(void **state)
{
	const exs_usage usage = { sizeof usage, 1, 10, 2, 3, 4, 5, 6 };
	struct fixture *f = *state;
	exs_trail *trail;
	exs_fact fact = fact_of(7);
	char *text;

	assert_int_equal(try_open(f), EXS_OK);
	assert_true(f->port->flags & EXS_AUDIT_OUTSIDE);
	trail = start(f, "run-a");
	assert_int_equal(f->port->record(trail, &fact, NULL, &f->alone.err), EXS_OK);
	fact.call_id = exs_cstr("2.0");
	fact.name = exs_cstr("read_file");
	fact.usage = &usage;
	assert_int_equal(f->port->record(trail, &fact, NULL, &f->alone.err), EXS_OK);
	assert_int_equal(f->port->finish(trail, &f->alone.err), EXS_OK);
	text = slurp(f->path);
	assert_string_equal(
		text,
		"{\"run\":\"run-a\",\"seq\":7,\"at\":\"2023-11-14T22:13:20.123Z\",\"kind\":\"call_"
		"ended\","
		"\"step\":2,\"attempt\":1,\"body\":{\"status\":\"ok\"}}\n"
		"{\"run\":\"run-a\",\"seq\":7,\"at\":\"2023-11-14T22:13:20.123Z\",\"kind\":\"call_"
		"ended\","
		"\"step\":2,\"attempt\":1,\"call\":\"2.0\",\"name\":\"read_file\","
		"\"usage\":{\"in_tokens\":10,\"cache_read_tokens\":2,\"cache_write_tokens\":3,"
		"\"out_tokens\":4,\"reasoning_tokens\":5,\"cost_micro\":6,\"estimated\":1},"
		"\"body\":{\"status\":\"ok\"}}\n");
	free(text);
}

static void stays_valid_json_on_one_line_for_any_text(void **state)
{
	struct fixture *f = *state;
	exs_trail *trail;
	exs_fact fact = fact_of(1);
	char name[256], *text;
	cJSON *json;
	int i;

	assert_int_equal(try_open(f), EXS_OK);
	trail = start(f, "run-a");
	for (i = 0; i < 256; i++)
		name[i] = (char)i;
	fact.name = exs_bytes(name, sizeof name);
	fact.call_id = exs_cstr("gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x8e");
	fact.body = exs_cstr("{\n\t\"a\" :\r\n 1}");
	assert_int_equal(f->port->record(trail, &fact, NULL, &f->alone.err), EXS_OK);
	f->port->finish(trail, &f->alone.err);
	assert_int_equal(count_lines(f->path), 1);
	text = slurp(f->path);
	json = cJSON_Parse(text);
	assert_non_null(json);
	assert_string_equal(cJSON_GetObjectItem(json, "call")->valuestring,
			    "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x8e");
	assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "body"), "a")->valueint, 1);
	assert_non_null(strstr(text, "\\u0000\\u0001"));
	assert_non_null(strstr(text, "\\u0022"));
	assert_non_null(strstr(text, "\\u005c"));
	assert_non_null(strstr(text, "\\u007f\xef\xbf\xbd\xef\xbf\xbd"));
	cJSON_Delete(json);
	free(text);
}

static void shows_odd_times_and_kinds_without_losing_the_line(void **state)
{
	static const int64_t times[] = { INT64_MAX, INT64_MIN, -1, 0 };
	struct fixture *f = *state;
	exs_trail *trail;
	size_t i;
	char *text;

	assert_int_equal(try_open(f), EXS_OK);
	trail = start(f, "run-a");
	for (i = 0; i < 4; i++) {
		exs_fact fact = fact_of(1);

		fact.at_ms = times[i];
		fact.kind = 4711;
		fact.body = exs_cstr("");
		assert_int_equal(f->port->record(trail, &fact, NULL, &f->alone.err), EXS_OK);
	}
	f->port->finish(trail, &f->alone.err);
	text = slurp(f->path);
	assert_non_null(strstr(text, "\"at\":\"1969-12-31T23:59:59.999Z\",\"kind\":\"fact_4711\""));
	assert_non_null(strstr(text, "\"body\":{}}\n"));
	assert_int_equal(count_lines(f->path), 4);
	free(text);
}

static void refuses_a_line_over_its_bound_and_goes_on(void **state)
{
	struct fixture *f = *state;
	exs_trail *trail;
	exs_fact fact = fact_of(1);
	size_t n = 16u << 20;
	char *body = malloc(n);

	assert_int_equal(try_open(f), EXS_OK);
	trail = start(f, "run-a");
	memset(body, ' ', n);
	fact.body = exs_bytes(body, n);
	assert_int_equal(f->port->record(trail, &fact, NULL, &f->alone.err), EXS_TOOBIG);
	assert_non_null(strstr(f->alone.err.text, "16 MiB"));
	assert_int_equal(record(f, trail, 2), EXS_OK);
	assert_int_equal(count_lines(f->path), 1);
	f->port->finish(trail, &f->alone.err);
	free(body);
}

/* ---- claims: several writers ---- */

#define WRITERS	     3
#define LINES_OF_ONE 200

static void *write_lines(void *arg)
{
	struct fixture *f = arg;
	exs_trail *trail = start(f, "run-a");
	char body[3000];
	int i;

	memset(body, 'x', sizeof body);
	memcpy(body, "{\"t\":\"", 6);
	memcpy(body + sizeof body - 2, "\"}", 2);
	for (i = 1; i <= LINES_OF_ONE; i++) {
		exs_fact fact = fact_of(i);

		fact.body = exs_bytes(body, sizeof body);
		if (f->port->record(trail, &fact, NULL, &f->alone.err))
			break;
	}
	f->port->finish(trail, &f->alone.err);
	return NULL;
}

static void lines_of_several_writers_never_mix(void **state)
{
	struct fixture *f = *state;
	struct fixture writer[WRITERS];
	pthread_t thread[WRITERS];
	char *text, *line, *save;
	int i, n = 0;

	for (i = 0; i < WRITERS; i++) {
		writer[i] = *f;
		double_host_init(&writer[i].alone.host, "trail");
		assert_int_equal(try_open(&writer[i]), EXS_OK);
	}
	for (i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, write_lines, &writer[i]), 0);
	for (i = 0; i < WRITERS; i++) {
		pthread_join(thread[i], NULL);
		writer[i].alone.battery->close(writer[i].alone.self);
	}
	text = slurp(f->path);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		cJSON *json = cJSON_Parse(line);

		assert_non_null(json);
		cJSON_Delete(json);
		n++;
	}
	assert_int_equal(n, WRITERS * LINES_OF_ONE);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(writes_one_line_a_fact_with_its_columns),
		CLAIM(stays_valid_json_on_one_line_for_any_text),
		CLAIM(shows_odd_times_and_kinds_without_losing_the_line),
		CLAIM(refuses_a_line_over_its_bound_and_goes_on),
		CLAIM(lines_of_several_writers_never_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
