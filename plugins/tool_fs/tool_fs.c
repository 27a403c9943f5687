/* SPDX-License-Identifier: MIT */
/* tool_fs.c - files below one folder as tools: read, list, search and, where the conf allows it,
 * write. */
#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const exs_option options[] = {
	{ "root", EXS_OPT_PATH, EXS_REQUIRED, NULL,
	  "the folder that the tools see; nothing outside it", NULL },
	{ "write", EXS_OPT_BOOL, 0, "false", "offer write_file as well", NULL },
	{ "max_read", EXS_OPT_SIZE, EXS_POSITIVE, "256k", "most bytes of one answer", NULL },
	{ "max_results", EXS_OPT_INT, EXS_POSITIVE, "1000", "most lines of list_dir and grep",
	  NULL },
	{ "max_file", EXS_OPT_SIZE, EXS_POSITIVE, "8m", "grep skips bigger files, and says so",
	  NULL },
	{ "follow_symlinks", EXS_OPT_BOOL, 0, "true", "follow links that stay below the root",
	  NULL },
	{ "hidden", EXS_OPT_BOOL, 0, "false",
	  "show names that begin with a dot in list_dir and grep", NULL },
	{ "deny", EXS_OPT_LIST, 0, NULL,
	  "absolute paths that are closed to the tools; the state folder always is", NULL },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

static const struct tool {
	exs_status (*run)(struct fs_call *c, exs_err *err);
	int32_t effect;
	uint32_t needs; /* flags of the instance */
	const char *name, *about, *schema;
} tools[] = {
	{ fs_read_file, EXS_EFFECT_PURE, 0, "read_file",
	  "Read a text file. Gives its text as it is. When that is only a part, the first line "
	  "says which lines "
	  "these are and with which offset to go on. Binary files are refused.",
	  "{\"type\":\"object\",\"properties\":{"
	  "\"path\":{\"type\":\"string\",\"minLength\":1,\"description\":\"file, relative to the "
	  "root\"},"
	  "\"offset\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"first line, default "
	  "1\"},"
	  "\"limit\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"how many lines\"}},"
	  "\"required\":[\"path\"],\"additionalProperties\":false}" },
	{ fs_list_dir, EXS_EFFECT_PURE, 0, "list_dir",
	  "List what a folder holds, one path a line, sorted, relative to that folder: folders end "
	  "with '/', "
	  "files are followed by their size in bytes, links by '->' and where they lead. Hidden "
	  "names may be "
	  "left out. Use depth to see the folders below as well.",
	  "{\"type\":\"object\",\"properties\":{"
	  "\"path\":{\"type\":\"string\",\"description\":\"folder, relative to the root; default: "
	  "the root\"},"
	  "\"depth\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":8,\"description\":\"how many "
	  "levels, "
	  "default 1\"}},\"additionalProperties\":false}" },
	{ fs_grep, EXS_EFFECT_PURE, 0, "grep",
	  "Search text files line by line for a Perl-compatible regular expression (PCRE2). Gives "
	  "'path:line: text', sorted by path, paths relative to the root, long lines cut. Word "
	  "edges are \\b, never \\< or \\>. Links are not followed. The last lines say what was "
	  "skipped.",
	  "{\"type\":\"object\",\"properties\":{"
	  "\"pattern\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":1024,\"description\":"
	  "\"Perl-compatible regular expression (PCRE2), like ^int \\\\w+\\\\(\"},"
	  "\"path\":{\"type\":\"string\",\"description\":\"folder or file, relative to the root; "
	  "default: the root\"},"
	  "\"glob\":{\"type\":\"string\",\"maxLength\":1024,\"description\":\"only files whose "
	  "name "
	  "matches, like *.c: * ? [a-z] are known, {a,b} and folders are not\"},"
	  "\"ignore_case\":{\"type\":\"boolean\"},"
	  "\"max\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"most matches\"}},"
	  "\"required\":[\"pattern\"],\"additionalProperties\":false}" },
	{ fs_write_file, EXS_EFFECT_IDEMPOTENT, FS_WRITE, "write_file",
	  "Write a whole text file: the content given is all that the file holds afterwards. Mode "
	  "'replace' (the "
	  "default) makes or replaces the file, 'create' fails when it exists with other content. "
	  "Folders are "
	  "made only with parents true.",
	  "{\"type\":\"object\",\"properties\":{"
	  "\"path\":{\"type\":\"string\",\"minLength\":1,\"description\":\"file, relative to the "
	  "root\"},"
	  "\"content\":{\"type\":\"string\"},"
	  "\"mode\":{\"type\":\"string\",\"enum\":[\"create\",\"replace\"]},"
	  "\"parents\":{\"type\":\"boolean\",\"description\":\"make folders that are missing\"}},"
	  "\"required\":[\"path\",\"content\"],\"additionalProperties\":false}" },
};
#define TOOLS (sizeof tools / sizeof *tools)

/* ---- arguments ---- */

const char *fs_arg_text(const struct fs_call *c, const char *key, const char *deflt, exs_err *err)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(c->args, key);

	if (!v && deflt)
		return deflt;
	if (cJSON_IsString(v))
		return v->valuestring;
	exs_fail(err, EXS_INVALID, 0, "the argument '%s' must be a text", key);
	return NULL;
}

exs_status fs_arg_int(const struct fs_call *c, const char *key, int64_t deflt, int64_t max,
		      int64_t *out, exs_err *err)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(c->args, key);

	if (!v) {
		*out = deflt;
		return EXS_OK;
	}
	if (!cJSON_IsNumber(v) || !(v->valuedouble >= 1) || v->valuedouble > 9e15 ||
	    v->valuedouble != (double)(int64_t)v->valuedouble)
		return exs_fail(err, EXS_INVALID, 0,
				"the argument '%s' must be a whole number from 1 on", key);
	*out = (int64_t)v->valuedouble;
	if (*out > max)
		*out = max;
	return EXS_OK;
}

bool fs_arg_true(const struct fs_call *c, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(c->args, key));
}

/* An escaped NUL would end a text early, so that less would be written than was said. */
static bool has_nul(exs_str json)
{
	size_t i;

	for (i = 0; i + 5 < json.n; i++) {
		if (json.p[i] != '\\')
			continue;
		if (memcmp(json.p + i, "\\u0000", 6) == 0)
			return true;
		i++; /* the escaped character */
	}
	return json.n > 0 && memchr(json.p, '\0', json.n) != NULL;
}

/* ---- the port ---- */

static exs_status list(exs_self *self, exs_status (*each)(void *arg, const exs_tool_spec *spec),
		       void *arg, exs_err *err)
{
	size_t i;

	for (i = 0; i < TOOLS; i++) {
		exs_tool_spec spec = { 0 };
		exs_status s;

		if (tools[i].needs & ~self->flags)
			continue;
		spec.size = sizeof spec;
		spec.effect = tools[i].effect;
		spec.name = tools[i].name;
		spec.about = tools[i].about;
		spec.schema = exs_cstr(tools[i].schema);
		s = each(arg, &spec);
		if (s)
			return exs_fail(err, s, 0, "the tool '%s' was not taken", tools[i].name);
	}
	return EXS_OK;
}

static const struct tool *find_tool(const exs_self *self, const char *name)
{
	size_t i;

	for (i = 0; i < TOOLS; i++)
		if (strcmp(tools[i].name, name) == 0 && !(tools[i].needs & ~self->flags))
			return &tools[i];
	return NULL;
}

static exs_status run(struct fs_call *c, exs_err *err)
{
	const struct tool *tool = find_tool(c->self, c->call->tool);

	if (!tool)
		return exs_fail(err, EXS_NOTFOUND, 0, "there is no tool '%.64s' here",
				c->call->tool);
	if (fs_cancelled(c, err))
		return err->status;
	if (has_nul(c->call->args))
		return exs_fail(err, EXS_INVALID, 0,
				"a text in the arguments holds a NUL: leave it out");
	c->args = cJSON_ParseWithLength(c->call->args.p, c->call->args.n);
	if (!cJSON_IsObject(c->args))
		return exs_fail(err, EXS_INVALID, 0, "the arguments are not a JSON object");
	fs_deny_load(c);
	return tool->run(c, err);
}

static void call(exs_self *self, const exs_call *asked, exs_cancel *cancel, exs_done done)
{
	struct fs_call c = { .self = self, .call = asked, .cancel = cancel };
	exs_err err = EXS_ERR_INIT;
	exs_status s;

	exs_membuf_init(&c.out, self->max_read);
	s = run(&c, &err);
	if (!s && c.out.n > 0) {
		s = exs_write(done, c.out.p, c.out.n);
		if (s)
			exs_fail(&err, s, 0, "the answer is too long: ask for less");
	}
	cJSON_Delete(c.args);
	exs_membuf_release(&c.out);
	if (s)
		exs_end_err(done, &err);
	else
		exs_end(done, EXS_OK);
}

static const exs_tool table = { sizeof table, 0, list, call, NULL, NULL };

static const void *port(exs_self *self, const char *port_id)
{
	(void)self;
	return strcmp(port_id, EXS_PORT_TOOL) == 0 ? &table : NULL;
}

/* ---- life ---- */

static void self_close(exs_self *self)
{
	size_t i;

	for (i = 0; i < self->deny_n; i++)
		free(self->deny[i]);
	if (self->root >= 0)
		close(self->root);
	free(self->root_text);
	free(self->root_real);
	free(self);
}

/* What executus keeps for itself is closed to every model: opening LMDB's lock file would drop its locks. */
static exs_status deny_state(exs_self *self, const exs_host *host, exs_err *err)
{
	if (!EXS_HAS(host, state_dir) || !host->state_dir)
		return EXS_OK;
	self->deny[self->deny_n] = strdup(host->state_dir);
	if (!self->deny[self->deny_n])
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the settings");
	self->deny_n++;
	return EXS_OK;
}

static exs_status read_deny(exs_self *self, const exs_conf *conf, exs_err *err)
{
	exs_str where = conf->where(conf, "deny");
	int64_t i, n = conf->count(conf, "deny");

	if (n > (int64_t)FS_DENY_MAX)
		return exs_fail(err, EXS_INVALID, 0, "%.*s: deny holds more than %u paths",
				(int)where.n, where.p, FS_DENY_MAX);
	for (i = 0; i < n; i++) {
		exs_str path = conf->item(conf, "deny", i);

		if (path.n == 0 || path.p[0] != '/')
			return exs_fail(err, EXS_INVALID, 0,
					"%.*s: '%.*s' in deny must be an absolute path",
					(int)where.n, where.p, (int)(path.n < 100 ? path.n : 100),
					path.p);
		self->deny[i] = strndup(path.p, path.n);
		if (!self->deny[i])
			return exs_fail(err, EXS_NOMEM, 0, "no memory for the settings");
		self->deny_n++;
	}
	return EXS_OK;
}

static exs_status read_options(exs_self *self, const exs_conf *conf, exs_err *err)
{
	exs_str where = conf->where(conf, "max_read");
	int64_t max_read = conf->number(conf, "max_read");

	self->flags = (conf->number(conf, "write") ? FS_WRITE : 0u) |
		      (conf->number(conf, "follow_symlinks") ? FS_FOLLOW : 0u) |
		      (conf->number(conf, "hidden") ? FS_HIDDEN : 0u);
	self->max_file = conf->number(conf, "max_file");
	self->max_results = conf->number(conf, "max_results");
	if (max_read < FS_READ_MIN || max_read > FS_READ_MAX)
		return exs_fail(err, EXS_INVALID, 0, "%.*s: max_read must be from 4k to 1000k",
				(int)where.n, where.p);
	self->max_read = (size_t)max_read;
	where = conf->where(conf, "max_results");
	if (self->max_results < 1 || self->max_results > FS_RESULTS_MAX)
		return exs_fail(err, EXS_INVALID, 0, "%.*s: max_results must be from 1 to %d",
				(int)where.n, where.p, FS_RESULTS_MAX);
	return read_deny(self, conf, err);
}

/* The path of the root without links, and a proof that openat2 and /proc work. */
static exs_status probe_root(exs_self *self, exs_err *err)
{
	char path[40], real[FS_PATH_MAX];
	struct stat st;
	ssize_t n;
	int fd = fs_step(self->root, ".", &st);

	if (fd < 0)
		return exs_fail(err, EXS_UNSUPPORTED, errno,
				"this system has no openat2 (Linux 5.6), without which the root "
				"cannot be held");
	close(fd);
	snprintf(path, sizeof path, "/proc/self/fd/%d", self->root);
	n = readlink(path, real, sizeof real - 1);
	if (n <= 0 || (size_t)n == sizeof real - 1)
		return exs_fail(err, EXS_UNSUPPORTED, errno,
				"/proc is not mounted, without which no file opens");
	real[n] = '\0';
	self->root_real = strdup(real);
	return self->root_real ? EXS_OK : exs_fail(err, EXS_NOMEM, 0, "no memory for the settings");
}

/* A root in a denied folder could show nothing: a mistake that is better told at once. */
static exs_status check_above(exs_self *self, exs_str where, exs_err *err)
{
	struct fs_call c = { .self = self };
	int fd = fcntl(self->root, F_DUPFD_CLOEXEC, 0);
	exs_status s = EXS_OK;
	struct stat st, below = { 0 };

	fs_deny_load(&c);
	while (!s && fd >= 0 && fstat(fd, &st) == 0 &&
	       (st.st_dev != below.st_dev || st.st_ino != below.st_ino)) {
		int up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fs_denied(&c, &st))
			s = exs_fail(err, EXS_DENIED, 0,
				     "%.*s: the root '%.100s' is in a folder that deny closes",
				     (int)where.n, where.p, self->root_text);
		close(fd);
		fd = up;
		below = st;
	}
	if (fd >= 0)
		close(fd);
	return s;
}

static exs_status open_root(exs_self *self, const exs_conf *conf, exs_err *err)
{
	exs_str where = conf->where(conf, "root");
	const char *path = conf->text(conf, "root").p;
	size_t n = strlen(path);

	if (n == 0)
		return exs_fail(err, EXS_INVALID, 0, "%.*s: root is empty: give a folder",
				(int)where.n, where.p);
	self->root_text = strdup(path);
	if (!self->root_text)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for the settings");
	while (n > 1 && self->root_text[n - 1] == '/')
		self->root_text[--n] = '\0';
	self->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (self->root < 0 && errno == ENOTDIR)
		return exs_fail(err, EXS_INVALID, errno, "%.*s: the root '%.100s' is not a folder",
				(int)where.n, where.p, path);
	if (self->root < 0)
		return exs_fail(err, EXS_NOTFOUND, errno,
				"%.*s: the root '%.100s' cannot be opened: %s", (int)where.n,
				where.p, path,
				errno == ENOENT ? "it does not exist" : strerrordesc_np(errno));
	if (probe_root(self, err))
		return err->status;
	return check_above(self, where, err);
}

static exs_status self_open(const exs_host *host, const exs_conf *conf, exs_self **out,
			    exs_err *err)
{
	exs_self *self = calloc(1, sizeof *self);

	if (!self)
		return exs_fail(err, EXS_NOMEM, 0, "no memory for an instance");
	self->host = host;
	self->root = -1;
	if (read_options(self, conf, err) || deny_state(self, host, err) ||
	    open_root(self, conf, err)) {
		self_close(self);
		return err->status;
	}
	*out = self;
	return EXS_OK;
}

static const char *const ports[] = { EXS_PORT_TOOL, NULL };

EXS_BATTERY_FLAGS(EXS_CONCURRENT, "executus.tool_fs", EXECUTUS_VERSION,
		  "files below one folder as tools", "MIT", options, ports, self_open, self_close,
		  port)
