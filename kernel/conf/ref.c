/* SPDX-License-Identifier: MIT */
/* ref.c - what a reference of the conf stands for; no sentence of this file holds a value. */
#include "conf/ref.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/file.h"
#include "conf/tree_build.h"

#define REF_CAP	  (REF_BYTES_MAX + 1u)	  /* with the newline that is stripped */
#define SLOT_SIZE (REF_BYTES_MAX + 4096u) /* untouched pages cost nothing */

#define ENV_PREFIX  "$env:"
#define FILE_PREFIX "$file:"

static bool starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool ref_is(const char *text)
{
	return starts(text, ENV_PREFIX) || starts(text, FILE_PREFIX);
}

void vault_release(struct vault *v)
{
	for (size_t i = 0; i < v->n; i++) {
		void *slot = (void *)(uintptr_t)v->list[i].p;

		explicit_bzero(slot, SLOT_SIZE);
		munmap(slot, SLOT_SIZE);
	}
	free(v->list);
	v->list = NULL;
	v->n = 0;
}

static exs_status read_env(const struct node *n, const char *what, char *buf, size_t *len,
			   exs_err *err)
{
	const char *name = n->value + strlen(ENV_PREFIX);
	char s[SHOWN_MAX];
	const char *value;

	if (!*name ||
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") !=
		    strlen(name))
		return node_fail(err, n, "%s: '%s' names no variable: write $env:NAME", what,
				 shown(s, n->value));
	value = getenv(name);
	if (!value)
		return node_fail(err, n, "%s: the environment variable '%s' is not set", what,
				 shown(s, name));
	*len = strlen(value);
	if (*len > REF_BYTES_MAX)
		return node_fail(err, n,
				 "%s: the environment variable '%s' is too long: at most %u bytes",
				 what, shown(s, name), REF_BYTES_MAX);
	memcpy(buf, value, *len);
	return EXS_OK;
}

static exs_status read_file(const struct node *n, const char *what, unsigned flags, char *buf,
			    size_t *len, exs_err *err)
{
	exs_err why = EXS_ERR_INIT;
	auto_free char *path = NULL;

	if (file_path(n->source, n->value + strlen(FILE_PREFIX), &path, &why) ||
	    file_read(path, flags, buf, REF_CAP, len, NULL, &why))
		return node_fail_why(err, n, what, &why);
	if (*len && buf[*len - 1] == '\n')
		--*len;
	if (*len > REF_BYTES_MAX)
		return node_fail(err, n, "%s: the file is too big: at most %u bytes", what,
				 REF_BYTES_MAX);
	return EXS_OK;
}

/* Fills buf (REF_CAP bytes) and ends it with a NUL. */
static exs_status fetch(const struct node *n, const char *what, unsigned flags, char *buf,
			size_t *len, exs_err *err)
{
	char s[SHOWN_MAX];
	exs_status st;

	if (starts(n->value, ENV_PREFIX))
		st = read_env(n, what, buf, len, err);
	else
		st = read_file(n, what, flags, buf, len, err);
	if (st)
		return st;
	if (memchr(buf, '\0', *len) || utf8_bad(buf, *len) < *len)
		return node_fail(err, n, "%s: '%s' does not hold text (UTF-8 without NUL)", what,
				 shown(s, n->value));
	buf[*len] = '\0';
	return EXS_OK;
}

exs_status ref_text(const struct node *n, const char *what, char **out, exs_err *err)
{
	auto_free char *buf = NULL;
	size_t len = 0;
	exs_status st;
	char *copy;

	if (!ref_is(n->value)) {
		copy = str_dup(str_n(n->value, n->value_n));
	} else {
		buf = malloc(REF_CAP);
		if (!buf)
			return tree_nomem(err);
		st = fetch(n, what, 0, buf, &len, err);
		if (st)
			return st;
		copy = str_dup(str_n(buf, len));
	}
	if (!copy)
		return tree_nomem(err);
	*out = copy;
	return EXS_OK;
}

/* One more slot, zeroed and without a value yet. */
static char *vault_slot(struct vault *v)
{
	exs_str *list;
	void *slot;

	if (v->n == VAULT_MAX)
		return NULL;
	list = realloc(v->list, (v->n + 1) * sizeof *list);
	if (!list)
		return NULL;
	v->list = list;
	slot = mmap(NULL, SLOT_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (slot == MAP_FAILED)
		return NULL;
	(void)madvise(slot, SLOT_SIZE, MADV_DONTDUMP); /* a kernel without it still has the wipe */
	list[v->n].p = slot;
	list[v->n].n = 0;
	v->n++;
	return slot;
}

exs_status ref_secret(const struct node *n, const char *what, struct vault *v, exs_str *out,
		      exs_err *err)
{
	size_t len = 0;
	exs_status st;
	char *slot;

	if (!ref_is(n->value))
		return node_fail(err, n,
				 "%s is a secret and never stands in the conf itself: write "
				 "$env:NAME or $file:PATH",
				 what);
	slot = vault_slot(v);
	if (!slot)
		return tree_nomem(err);
	st = fetch(n, what, FILE_PRIVATE, slot, &len, err);
	if (st)
		return st;
	if (len == 0)
		return node_fail(err, n, "%s: what the reference names is empty", what);
	v->list[v->n - 1].n = len;
	*out = v->list[v->n - 1];
	return EXS_OK;
}
