/* SPDX-License-Identifier: MIT */
/* setup.c - finds the configuration and the batteries, and opens them. See cli.h. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/text.h"
#include "base/trust.h"
#include "cli/cli.h"

#define PLACES_MAX 3u /* where a configuration is looked for */

/* ---- telling what is wrong ---- */

/* "file:12:3: what" */
static bool has_place(const char *text)
{
	const char *p = text;

	while ((p = strchr(p, ':'))) {
		size_t line = strspn(++p, "0123456789");

		if (line && p[line] == ':' && strspn(p + line + 1, "0123456789"))
			return true;
	}
	return false;
}

int cli_conf_mistake(struct cli *c, const exs_err *err)
{
	struct buf line;

	if (!has_place(err->text)) {
		log_error(&c->log, "%s", err->text);
		return EXIT_CONF;
	}
	/* As compilers write it, so that an editor finds the place. */
	buf_init(&line, sizeof err->text * 12);
	text_one_line(&line, str_of(err->text), line.max - 1);
	buf_puts(&line, "\n");
	/* Without memory it is told all the same, in the other form. */
	if (!buf_ok(&line))
		log_error(&c->log, "%s", err->text);
	else if (write(STDERR_FILENO, line.p, line.n) < 0)
		c->out.failed = true;
	buf_release(&line);
	return EXIT_CONF;
}

int cli_failed(struct cli *c, const exs_err *err)
{
	log_error(&c->log, "%s", err->text);
	return exit_of_status(err->status);
}

int cli_usage(struct cli *c, const char *fmt, ...)
{
	char text[sizeof((exs_err *)NULL)->text];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	log_error(&c->log, "%s", text);
	return EXIT_USAGE;
}

/* ---- where the batteries are ---- */

/*
 * The batteries that belong to this executable: beside it in a build tree, or where it was
 * installed, which need not be the place that it was configured for. *out is NULL when there are
 * none; false: no memory.
 */
static bool folder_beside(char **out)
{
	static const char *const places[] = { "batteries", EXECUTUS_BATTERY_BESIDE };
	char exe[CLI_PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	char *slash = n > 0 ? strrchr(exe, '/') : NULL;

	*out = NULL;
	if (!slash)
		return true;
	*slash = '\0';
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		auto_free char *path = NULL;

		if (asprintf(&path, "%s/%s", exe, places[i]) < 0) {
			path = NULL;
			return false;
		}
		if (access(path, F_OK) == 0) {
			*out = take(path);
			return true;
		}
	}
	return true;
}

/* Says for what there is none. */
static bool no_memory(struct cli *c, const char *what, int *code)
{
	exs_err err = EXS_ERR_INIT;

	err_set(&err, EXS_NOMEM, 0, "no memory for %s", what);
	*code = cli_failed(c, &err);
	return false;
}

static bool find_folders(struct cli *c, int *code)
{
	uint32_t at = 0, n = 0;
	const char *dir;

	while ((dir = opts_next(&c->opts, OPT_BATTERY_DIR, &at))) {
		if (n == FOLDERS_MAX - 2) {
			*code = cli_usage(c, "more than %u battery folders", n);
			return false;
		}
		if (access(dir, F_OK)) {
			*code = cli_usage(c, "the battery folder '%.100s' does not exist", dir);
			return false;
		}
		c->folders[n++] = dir;
	}
	if (!folder_beside(&c->beside))
		return no_memory(c, "the battery folders", code);
	if (c->beside)
		c->folders[n++] = c->beside;
	c->folders[n++] = EXECUTUS_BATTERY_DIR;
	c->folders[n] = NULL;
	return true;
}

/* ---- where the configuration is ---- */

static char *join(const char *dir, const char *name)
{
	char *path = NULL;

	return dir && dir[0] == '/' && asprintf(&path, "%s/%s", dir, name) >= 0 ? path : NULL;
}

static bool find_conf(struct cli *c, int *code)
{
	static const char name[] = "executus/executus.yaml",
			  home_name[] = ".config/executus/executus.yaml";
	const char *given = opts_value(&c->opts, OPT_CONF), *env = getenv("EXECUTUS_CONF");
	auto_free char *xdg = join(getenv("XDG_CONFIG_HOME"), name);
	auto_free char *home = join(getenv("HOME"), home_name), *etc = join("/etc", name);
	const char *const places[PLACES_MAX] = { xdg, home, etc };
	struct buf looked;
	size_t i;

	if (!given && env && env[0])
		given = env;
	for (i = 0; !given && i < PLACES_MAX; i++)
		if (places[i] && access(places[i], F_OK) == 0)
			given = places[i];
	if (given) {
		c->conf_path = strdup(given);
		return c->conf_path || no_memory(c, "the name of the configuration", code);
	}
	buf_init(&looked, CLI_PATH_MAX);
	for (i = 0; i < PLACES_MAX; i++)
		if (places[i])
			buf_printf(&looked, "%s%s", looked.n ? ", " : "", places[i]);
	log_error(&c->log,
		  "no configuration: name one with -c FILE or in EXECUTUS_CONF (looked for %s)",
		  looked.p);
	buf_release(&looked);
	*code = EXIT_CONF;
	return false;
}

/* ---- life ---- */

bool cli_init(struct cli *c, int *code)
{
	if (opts_has(&c->opts, OPT_QUIET))
		atomic_store(&c->log.level, EXS_ERROR);
	if (opts_has(&c->opts, OPT_VERBOSE))
		atomic_store(&c->log.level, EXS_DEBUG);
	return find_folders(c, code);
}

void cli_release(struct cli *c)
{
	host_close(c->host);
	conf_free(c->conf);
	free(c->beside);
	free(c->conf_path);
}

bool cli_load_conf(struct cli *c, int *code)
{
	exs_err err = EXS_ERR_INIT;

	*code = EXIT_CONF;
	if (!find_conf(c, code))
		return false;
	if (conf_load(c->conf_path, &c->conf, &err)) {
		*code = cli_conf_mistake(c, &err);
		return false;
	}
	return true;
}

/* Who may write the folder of everything durable may write what a run goes on from. It need not
 * exist yet. */
static exs_status check_state(struct cli *c, exs_err *err)
{
	if (!conf_bound(c->conf, CONF_STORE) || access(c->conf->state_dir, F_OK))
		return EXS_OK;
	return trust_dir(c->conf->state_dir, err);
}

static bool open_scope(struct cli *c, enum host_scope scope, int *code)
{
	exs_err err = EXS_ERR_INIT;

	if (!cli_load_conf(c, code))
		return false;
	if (check_state(c, &err) || (scope == HOST_ALL && roots_check_conf(c, &err)) ||
	    host_open(c->conf, scope, c->folders, &c->log, &c->host, &err) ||
	    (scope == HOST_ALL && roots_check_host(c, &err))) {
		*code = cli_conf_mistake(c, &err);
		return false;
	}
	return true;
}

bool cli_open_host(struct cli *c, int *code)
{
	return open_scope(c, HOST_ALL, code);
}

static bool has_checkpoint(struct cli *c, int *code)
{
	if (c->host->checkpoint)
		return true;
	log_error(&c->log,
		  "%s binds no checkpoint, so no run is remembered: add 'checkpoint:' and 'store:' "
		  "to its ports",
		  c->conf->file);
	*code = EXIT_CONF;
	return false;
}

bool cli_open_runs(struct cli *c, int *code)
{
	return open_scope(c, HOST_ALL, code) && has_checkpoint(c, code);
}

bool cli_open_past(struct cli *c, int *code)
{
	return open_scope(c, HOST_PAST, code) && has_checkpoint(c, code);
}

bool cli_open_budget(struct cli *c, int *code)
{
	if (!open_scope(c, HOST_BUDGET, code))
		return false;
	if (c->host->budget)
		return true;
	log_error(&c->log, "%s binds no budget: add 'budget:' to its ports", c->conf->file);
	*code = EXIT_CONF;
	return false;
}

/* The store and the checkpoint may be missing: it is the trail that is asked. */
bool cli_open_audit(struct cli *c, struct instance **out, int *code)
{
	size_t i;

	if (!open_scope(c, HOST_AUDIT, code))
		return false;
	for (i = 0; i < c->host->audit_n; i++)
		if (EXS_CAN(c->host->audits[i]->audit, list)) {
			*out = c->host->audits[i];
			return true;
		}
	log_error(&c->log,
		  "%s binds no audit that can be asked: add a battery of audit_store.so to 'audit:' "
		  "of its ports",
		  c->conf->file);
	*code = EXIT_CONF;
	return false;
}
