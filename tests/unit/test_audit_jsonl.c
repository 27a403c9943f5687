/* SPDX-License-Identifier: MIT */
/* test_audit_jsonl.c - the lines of the JSON-lines trail, and what becomes of them when the file
 * moves or fails. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cjson/cJSON.h>
#include <executus/port/audit.h>

#include "alone_kit.h"
#include "temp_dir.h"

#define PATH_MAX_HERE 256

struct fixture {
	struct alone alone;
	const exs_audit *port;
	char dir[PATH_MAX_HERE / 2], path[PATH_MAX_HERE];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	alone_init(&f->alone, BATTERIES "/audit_jsonl.so", "trail");
	assert_int_equal(temp_dir_make("audit", f->dir, sizeof f->dir), 0);
	snprintf(f->path, sizeof f->path, "%s/trail.jsonl", f->dir);
	f->alone.set[0] = (struct double_setting){ "path", f->path };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	alone_release(&f->alone);
	temp_dir_remove(f->dir);
	free(f);
	return 0;
}

static exs_status try_open(struct fixture *f)
{
	exs_status s = alone_open(&f->alone);

	if (s == EXS_OK)
		f->port = f->alone.battery->port(f->alone.self, EXS_PORT_AUDIT);
	return s;
}

static exs_trail *start(struct fixture *f, const char *id)
{
	exs_run_info run = double_run_info(id);
	exs_trail *trail = NULL;

	if (f->port->start(f->alone.self, &run, &trail, &f->alone.err))
		fail_msg("start: %s", f->alone.err.text);
	return trail;
}

static exs_fact fact_of(int64_t seq)
{
	exs_fact fact = { 0 };

	fact.size = sizeof fact;
	fact.kind = EXS_FACT_CALL_ENDED;
	fact.seq = seq;
	fact.at_ms = 1700000000123;
	fact.step = 2;
	fact.attempt = 1;
	fact.body = exs_cstr("{\"status\":\"ok\"}");
	return fact;
}

static exs_status record(struct fixture *f, exs_trail *trail, int64_t seq)
{
	exs_fact fact = fact_of(seq);

	return f->port->record(trail, &fact, NULL, &f->alone.err);
}

/* The whole file, NUL-terminated. */
static char *slurp(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, 4u << 20);

	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, (4u << 20) - 1, file) < (4u << 20) - 1);
	fclose(file);
	return text;
}

static int count_lines(const char *path)
{
	char *text = slurp(path), *p;
	int n = 0;

	for (p = text; *p; p++)
		n += *p == '\n';
	free(text);
	return n;
}

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

/* ---- claims: the file ---- */

static void a_new_file_is_private_unless_the_group_may_read(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	assert_int_equal(try_open(f), EXS_OK);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	f->alone.battery->close(f->alone.self);
	unlink(f->path);
	f->alone.set[1] = (struct double_setting){ "mode", "group" };
	f->alone.set[2] = (struct double_setting){ "fsync", "true" };
	assert_int_equal(try_open(f), EXS_OK);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	f->port->finish(start(f, "run-a"), &f->alone.err);
}

static void a_full_disk_is_told(void **state)
{
	struct fixture *f = *state;
	exs_trail *trail;

	f->alone.set[0].value = "/dev/full";
	assert_int_equal(try_open(f), EXS_OK);
	trail = start(f, "run-a");
	assert_int_equal(record(f, trail, 1), EXS_IO);
	assert_int_equal(f->alone.err.klass, EXS_CLASS_TRANSIENT);
	assert_non_null(strstr(f->alone.err.text, "/dev/full"));
	assert_non_null(strstr(f->alone.err.text, "make room"));
	f->port->finish(trail, &f->alone.err);
}

static void does_not_open_without_its_folder_or_on_a_folder(void **state)
{
	struct fixture *f = *state;
	char path[PATH_MAX_HERE];

	snprintf(path, sizeof path, "%s/none/trail", f->dir);
	f->alone.set[0].value = path;
	assert_int_equal(try_open(f), EXS_IO);
	assert_non_null(strstr(f->alone.err.text, "make its folder"));
	f->alone.set[0].value = f->dir;
	assert_int_not_equal(try_open(f), EXS_OK);
	snprintf(path, sizeof path, "%s/fifo", f->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	f->alone.set[0].value = path;
	assert_int_equal(try_open(f), EXS_INVALID);
	assert_non_null(strstr(f->alone.err.text, "is not a file"));
	assert_null(f->alone.self);
}

static void follows_a_rotation_within_a_second(void **state)
{
	struct fixture *f = *state;
	char old[PATH_MAX_HERE];
	exs_trail *trail;

	f->alone.host.mono_ms = 1000;
	assert_int_equal(try_open(f), EXS_OK);
	trail = start(f, "run-a");
	assert_int_equal(record(f, trail, 1), EXS_OK);
	snprintf(old, sizeof old, "%s/trail.1", f->dir);
	assert_int_equal(rename(f->path, old), 0);
	f->alone.host.mono_ms += 999;
	assert_int_equal(record(f, trail, 2), EXS_OK);
	assert_int_equal(count_lines(old), 2);
	f->alone.host.mono_ms += 1;
	assert_int_equal(record(f, trail, 3), EXS_OK);
	assert_int_equal(count_lines(old), 2);
	assert_int_equal(count_lines(f->path), 1);
	f->port->finish(trail, &f->alone.err);
}

static void looks_for_its_file_at_each_start(void **state)
{
	struct fixture *f = *state;
	exs_run_info run = double_run_info("run-b");
	exs_trail *trail, *none = NULL;
	char gone[PATH_MAX_HERE];

	f->alone.host.mono_ms = 1000;
	assert_int_equal(try_open(f), EXS_OK);
	assert_int_equal(unlink(f->path), 0);
	trail = start(f, "run-a");
	assert_int_equal(record(f, trail, 1), EXS_OK);
	assert_int_equal(count_lines(f->path), 1);
	snprintf(gone, sizeof gone, "%s.gone", f->dir);
	assert_int_equal(rename(f->dir, gone), 0);
	assert_int_equal(f->port->start(f->alone.self, &run, &none, &f->alone.err), EXS_IO);
	assert_null(none);
	assert_int_equal(record(f, trail, 2), EXS_IO);
	assert_int_equal(rename(gone, f->dir), 0);
	assert_int_equal(record(f, trail, 3), EXS_OK);
	assert_int_equal(count_lines(f->path), 2);
	f->port->finish(trail, &f->alone.err);
}

static void closes_a_line_that_a_kill_cut_off(void **state)
{
	struct fixture *f = *state;
	exs_trail *trail;
	char *text;

	spit(f->path, "{\"run\":\"run-x\",\"se");
	assert_int_equal(try_open(f), EXS_OK);
	trail = start(f, "run-a");
	assert_int_equal(record(f, trail, 1), EXS_OK);
	f->port->finish(trail, &f->alone.err);
	text = slurp(f->path);
	assert_true(strncmp(text, "{\"run\":\"run-x\",\"se\n{\"run\":\"run-a\"", 33) == 0);
	free(text);
}

/* ---- claims: room for a part of a line ---- */

static void limit_size(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_line_that_fits_in_part_is_taken_back(void **state)
{
	struct fixture *f = *state;
	exs_trail *trail;
	struct stat one, st;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(try_open(f), EXS_OK);
	trail = start(f, "run-a");
	assert_int_equal(record(f, trail, 1), EXS_OK);
	assert_int_equal(stat(f->path, &one), 0);
	limit_size((rlim_t)one.st_size + 20);
	assert_int_equal(record(f, trail, 2), EXS_IO);
	assert_non_null(strstr(f->alone.err.text, "whole line"));
	assert_non_null(strstr(f->alone.err.text, "rotate it"));
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_size, one.st_size);
	limit_size(RLIM_INFINITY);
	assert_int_equal(record(f, trail, 3), EXS_OK);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_size, 2 * one.st_size);
	assert_int_equal(count_lines(f->path), 2);
	f->port->finish(trail, &f->alone.err);
}

static void a_part_that_somebody_holds_is_closed_by_the_next_line(void **state)
{
	struct fixture *f = *state;
	struct stat one, st;
	exs_trail *trail;
	int fd;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(try_open(f), EXS_OK);
	trail = start(f, "run-a");
	assert_int_equal(record(f, trail, 1), EXS_OK);
	assert_int_equal(stat(f->path, &one), 0);
	fd = open(f->path, O_RDONLY | O_CLOEXEC); /* another writer, in the middle of its line */
	assert_true(fd >= 0 && flock(fd, LOCK_SH) == 0);
	limit_size((rlim_t)one.st_size + 20);
	assert_int_equal(record(f, trail, 2), EXS_IO);
	limit_size(RLIM_INFINITY);
	assert_int_equal(close(fd), 0);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_size, one.st_size + 20);
	assert_int_equal(record(f, trail, 3), EXS_OK);
	assert_int_equal(count_lines(f->path), 3);
	f->port->finish(trail, &f->alone.err);
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
#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CLAIM(writes_one_line_a_fact_with_its_columns),
		CLAIM(stays_valid_json_on_one_line_for_any_text),
		CLAIM(shows_odd_times_and_kinds_without_losing_the_line),
		CLAIM(refuses_a_line_over_its_bound_and_goes_on),
		CLAIM(a_new_file_is_private_unless_the_group_may_read),
		CLAIM(a_full_disk_is_told),
		CLAIM(does_not_open_without_its_folder_or_on_a_folder),
		CLAIM(follows_a_rotation_within_a_second),
		CLAIM(looks_for_its_file_at_each_start),
		CLAIM(closes_a_line_that_a_kill_cut_off),
		CLAIM(a_line_that_fits_in_part_is_taken_back),
		CLAIM(a_part_that_somebody_holds_is_closed_by_the_next_line),
		CLAIM(lines_of_several_writers_never_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
