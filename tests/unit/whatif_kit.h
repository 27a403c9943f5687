/* SPDX-License-Identifier: MIT */
/* whatif_kit.h - a record and another configuration: real batteries, made-up facts, the recorded clock. */
#ifndef TEST_WHATIF_KIT_H
#define TEST_WHATIF_KIT_H

#include "plan_kit.h"
#include "run/whatif.h"
#include "temp_dir.h"

#define STEP_MS 100 /* between two facts of a tale */

struct kit {
	char dir[64], text[4096];
	struct log log;
	struct conf *conf;
	struct host *host;
	struct tale t;
	struct whatif w;
	exs_status status;
};

/* `batteries` are lines two spaces deep; the store of the conf is a folder that nobody may make. */
static EXS_UNUSED void open_conf(struct kit *k, const char *batteries, const char *ports, const char *agent)
{
	static const char *const folders[] = { TEST_BATTERIES, BATTERIES, NULL };
	exs_err err = EXS_ERR_INIT;

	memset(k, 0, sizeof *k);
	assert_int_equal(temp_dir_make("whatif", k->dir, sizeof k->dir), 0);
	log_init(&k->log, STDERR_FILENO, EXS_ERROR);
	snprintf(k->text, sizeof k->text,
		 "state: %s/state\n"
		 "batteries:\n  disk: { so: store_lmdb.so, path: /proc/nowhere }\n  one: { so: model_script.so }\n%s"
		 "ports: { store: disk%s }\ntiers: { fast: one/a }\nagents: { reviewer: { %s } }\n",
		 k->dir, batteries, ports, agent);
	if (conf_parse("other.yaml", str_of(k->text), &k->conf, &err) ||
	    host_open(k->conf, HOST_REHEARSAL, folders, &k->log, &k->host, &err))
		fail_msg("%s", err.text);
	whatif_init(&k->w, k->host, conf_agent(k->conf, "reviewer"), "01jabc");
	tell_start(&k->t);
}

static EXS_UNUSED void close_conf(struct kit *k)
{
	whatif_release(&k->w);
	tale_release(&k->t);
	host_close(k->host);
	conf_free(k->conf);
	temp_dir_remove(k->dir);
}

static EXS_UNUSED void open_critic(struct kit *k, const char *options, const char *agent)
{
	char line[1024];

	snprintf(line, sizeof line, "  eye: { so: critic.so, log: /dev/null, %s }\n", options);
	open_conf(k, line, ", critic: eye", agent);
}

static EXS_UNUSED void open_purse(struct kit *k, const char *options)
{
	char line[1024];

	snprintf(line, sizeof line, "  purse: { so: budget.so, log: /dev/null%s }\n", options);
	open_conf(k, line, ", budget: purse", "");
}

static EXS_UNUSED void ask(struct kit *k)
{
	exs_err err = EXS_ERR_INIT;
	uint32_t i;

	must_fold(&k->t);
	for (i = 0; i < k->t.n; i++) {
		if (k->t.facts[i].run_ms == k->t.facts[i].seq * 10)
			k->t.facts[i].run_ms = k->t.facts[i].seq * STEP_MS;
		assert_int_equal(whatif_expect(&k->w, &k->t.facts[i], &err), EXS_OK);
	}
	for (i = 0; i < k->t.n && k->status == EXS_OK; i++)
		k->status = whatif_fact(&k->w, &k->t.facts[i]);
}

static EXS_UNUSED void asked(struct kit *k)
{
	ask(k);
	if (k->status)
		fail_msg("%s", k->w.err.text);
}

static EXS_UNUSED void fails_with(struct kit *k, const char *words)
{
	ask(k);
	assert_int_not_equal(k->status, EXS_OK);
	if (!strstr(k->w.err.text, words))
		fail_msg("'%s' is not in '%s'", words, k->w.err.text);
	close_conf(k);
}

static EXS_UNUSED void would(const struct kit *k, size_t i, const char *what, int64_t seq)
{
	assert_true(i < k->w.would.n);
	assert_string_equal(k->w.would.list[i].what, what);
	assert_int_equal(k->w.would.list[i].seq, seq);
}

static EXS_UNUSED void tell_done(struct tale *t)
{
	tell_answer(t, "42");
	tell(t, EXS_FACT_RUN_ENDED, NULL, NULL, NULL,
	     "{\"status\":\"ok\",\"output\":\"42\",\"steps\":1}");
}

static EXS_UNUSED void tell_at(struct tale *t, int64_t run_ms)
{
	t->facts[t->n - 1].run_ms = run_ms;
}

/* n steps of four facts each. */
static EXS_UNUSED void tell_steps(struct tale *t, int n)
{
	char path[16];
	int i;

	for (i = 0; i < n; i++) {
		snprintf(path, sizeof path, "p%d", i);
		step_at(t, path, "ok");
	}
}

#endif
