/* SPDX-License-Identifier: MIT */
/*
 * host.h - what a battery gets when it is opened: the host, its settings, and services by id.
 *
 * Both records are per instance and valid until close returned. A setting was checked and converted
 * against the battery's declared options before open is called, so a read cannot fail: asking for a key
 * that was not declared, or with another type, is a mistake of the battery that is logged and answered
 * with 0 or the empty text.
 */
#ifndef EXECUTUS_HOST_H
#define EXECUTUS_HOST_H

#include <executus/bytes.h>

EXS_BEGIN

enum { EXS_ERROR = 0, EXS_WARN = 1, EXS_INFO = 2, EXS_DEBUG = 3 };

typedef struct exs_host exs_host;
struct exs_host {
	uint32_t size;
	uint32_t abi;         /* EXS_ABI of the host */
	const char *name;     /* this instance's name in the conf; also its name space in the store */
	const char *version;  /* of the host, "0.1.0" */
	/* One sentence, no newline; the host adds time and the instance's name. [any-thread] */
	void (*log)(const exs_host *host, int32_t level, const char *line);
	/* Milliseconds since 1970. May jump: for showing, never for waiting. [any-thread] */
	int64_t (*wall_ms)(const exs_host *host);
	/* Milliseconds on a clock that never runs backwards. [any-thread] */
	int64_t (*mono_ms)(const exs_host *host);
	/*
	 * The service of that id ("executus.svc.store/1"), or NULL when this host has none or the port
	 * behind it is not bound. Valid until close returned. [any-thread]
	 */
	const void *(*service)(const exs_host *host, const char *id);
	/*
	 * The folder for the state of this configuration: absolute, NUL-terminated, perhaps not made yet. A battery
	 * that keeps files of its own puts them in a folder of its instance's name beneath it.
	 */
	const char *state_dir;
};

typedef struct exs_conf exs_conf;
struct exs_conf {
	uint32_t size;
	uint32_t reserved;
	/* 1 when the conf gives the key, 0 when its default holds (or it has none). [any-thread] */
	int32_t (*given)(const exs_conf *conf, const char *key);
	/* TEXT, PATH, CHOICE, SECRET: NUL-terminated behind n. Empty when absent. [any-thread] */
	exs_str (*text)(const exs_conf *conf, const char *key);
	/* INT as it is, BOOL as 0 or 1, SIZE in bytes, DURATION in milliseconds. [any-thread] */
	int64_t (*number)(const exs_conf *conf, const char *key);
	/* LIST: how many, and each text. [any-thread] */
	int64_t (*count)(const exs_conf *conf, const char *key);
	/* The item of a LIST, NUL-terminated behind n; empty past its end. [any-thread] */
	exs_str (*item)(const exs_conf *conf, const char *key, int64_t index);
	/* TREE: the whole value as JSON text (every scalar a string), "null" when absent. [any-thread] */
	exs_str (*json)(const exs_conf *conf, const char *key);
	/* "file:line:column" of the key, or of the battery's entry when absent, NUL-terminated: for messages. [any-thread] */
	exs_str (*where)(const exs_conf *conf, const char *key);
};

EXS_END

#endif
