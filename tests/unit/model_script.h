/* SPDX-License-Identifier: MIT */
/* model_script.h - one instance of the battery, one conversation, and how to ask; for its three
 * suites. */
#ifndef TEST_MODEL_SCRIPT_H
#define TEST_MODEL_SCRIPT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <unistd.h>

#include <executus/port/model.h>

#include "base/cancel.h"
#include "support/double.h"

#define WAIT_MS 10000

struct fixture {
	struct double_host host;
	const exs_battery *battery;
	const exs_model *model;
	exs_self *self;
	exs_run_info run;
	exs_str messages[16];
	size_t n;
	struct double_done done;
	char dir[64], path[96];
};

static const char asked[] =
	"{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"text\":\"what is \\\"there\\\"?\"}]}";
static const char said[] = "{\"role\":\"assistant\",\"parts\":[],\"stop\":\"end\"}";

static inline exs_status open_script(struct fixture *f, const char *path, exs_err *err)
{
	const struct double_setting set[] = { { "script", path }, { NULL, NULL } };
	const exs_conf *conf = double_host_conf(&f->host, f->battery->options, set);

	return f->battery->open(&f->host.host, conf, &f->self, err);
}

static inline void open_shipped(struct fixture *f, const char *file)
{
	exs_err err = EXS_ERR_INIT;
	char path[512];

	snprintf(path, sizeof path, TEST_DATA "/scripts/%s", file);
	if (open_script(f, path, &err))
		fail_msg("%s", err.text);
	f->model = f->battery->port(f->self, EXS_PORT_MODEL);
	assert_non_null(f->model);
}

/* Writes the text to a file and opens that. */
static inline exs_status open_text(struct fixture *f, const char *text, size_t n, exs_err *err)
{
	FILE *file = fopen(f->path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
	return open_script(f, f->path, err);
}

static inline int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	const char *tmp = getenv("TMPDIR");

	assert_non_null(f);
	double_host_init(&f->host, "script");
	double_done_init(&f->done, EXS_TURN_ANSWER_MAX);
	f->battery = double_load(BATTERIES "/model_script.so");
	f->run = double_run_info("run1");
	f->messages[f->n++] = exs_cstr(asked);
	snprintf(f->dir, sizeof f->dir, "%.32s/model_script_XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof f->path, "%s/script.yaml", f->dir);
	*state = f;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->self)
		f->battery->close(f->self);
	double_done_release(&f->done);
	double_host_release(&f->host);
	unlink(f->path);
	rmdir(f->dir);
	free(f);
	return 0;
}

static inline exs_turn turn_of(struct fixture *f, const char *script)
{
	exs_turn t = { .size = sizeof t };

	t.step = 1;
	t.run = &f->run;
	t.model = script;
	t.system = exs_cstr("You are brief.");
	t.messages = f->messages;
	t.message_count = f->n;
	t.transcript_id = 1;
	t.tools = exs_cstr(
		"[{\"name\":\"list_dir\",\"schema\":{}},{\"name\":\"read_file\",\"schema\":{}}]");
	return t;
}

/* Asks and waits for the end; what was put. */
static const char *ask(struct fixture *f, const char *script)
{
	exs_turn t = turn_of(f, script);
	struct cancel *token = cancel_new(NULL);

	double_done_release(&f->done);
	double_done_init(&f->done, EXS_TURN_ANSWER_MAX);
	f->model->turn(f->self, &t, cancel_public(token), f->done.done);
	assert_true(double_done_wait(&f->done, WAIT_MS));
	cancel_unref(token);
	return f->done.out.p ? f->done.out.p : "";
}

static inline void says(struct fixture *f, const char *script, const char *part)
{
	const char *answer = ask(f, script);

	if (f->done.status || !strstr(answer, part))
		fail_msg("wanted '%s', got status %d, '%s' '%s'", part, f->done.status,
			 f->done.err.text, answer);
}

static inline void fails(struct fixture *f, const char *script, exs_status status, int32_t klass,
			 const char *part)
{
	ask(f, script);
	if (f->done.status != status || f->done.err.klass != klass ||
	    !strstr(f->done.err.text, part))
		fail_msg("wanted %d/%d '%s', got %d/%d '%s'", status, klass, part, f->done.status,
			 f->done.err.klass, f->done.err.text);
	assert_int_equal(f->done.out.n, 0);
}

static inline void hear(struct fixture *f, const char *message)
{
	f->messages[f->n++] = exs_cstr(message);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
