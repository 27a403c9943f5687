/* SPDX-License-Identifier: MIT */
/*
 * battery.h - the one symbol of a battery.
 *
 * `executus_battery` is constant data: the host reads ABI number and size from the file before it lets
 * any of the battery's code run. One battery may be opened several times under different names, and may
 * fill several ports. The order is open, port (once for each port bound), calls, close. A battery is never
 * unloaded. It owns no process state: no signal handler, exit, chdir, setenv, setlocale, umask, fork.
 *
 * By default the host serialises all calls into one instance. EXS_CONCURRENT opts out.
 */
#ifndef EXECUTUS_BATTERY_H
#define EXECUTUS_BATTERY_H

#include <executus/host.h>

EXS_BEGIN

/* Each battery defines its own. */
typedef struct exs_self exs_self;

/* Types of options. */
enum {
	EXS_OPT_TEXT = 1,
	EXS_OPT_INT = 2,      /* 64-bit, decimal */
	EXS_OPT_BOOL = 3,     /* true or false */
	EXS_OPT_SIZE = 4,     /* 64m: bytes, k m g are powers of 1024 */
	EXS_OPT_DURATION = 5, /* 90s: ms s m h d */
	EXS_OPT_PATH = 6,     /* ~ is the home folder; relative to the conf file's folder; no need to exist */
	EXS_OPT_SECRET = 7,   /* only as a reference: $env:NAME or $file:PATH */
	EXS_OPT_LIST = 8,     /* list of texts */
	EXS_OPT_TREE = 9,     /* any YAML, read as JSON text */
	EXS_OPT_CHOICE = 10   /* one of `choices` */
};

/* Flags of options. */
enum {
	EXS_REQUIRED = 1u, /* the conf must give it */
	EXS_POSITIVE = 2u  /* numbers: greater than 0 */
};

typedef struct exs_option {
	const char *key;
	int32_t type;        /* EXS_OPT_ */
	uint32_t flags;      /* EXS_REQUIRED, EXS_POSITIVE */
	const char *deflt;   /* as it would stand in the conf; NULL: none (0, "", empty) */
	const char *help;    /* one line */
	const char *choices; /* CHOICE: "a|b|c"; else NULL */
} exs_option;

/* Flags of batteries. */
enum {
	EXS_CONCURRENT = 1u,     /* calls into one instance may overlap */
	EXS_RETURNS_AT_ONCE = 2u /* turn, call, deliver return in microseconds and end later */
};

typedef struct exs_battery {
	uint32_t abi;         /* EXS_ABI */
	uint32_t size;        /* of this struct */
	uint32_t option_size; /* of one exs_option */
	uint32_t flags;       /* EXS_CONCURRENT, EXS_RETURNS_AT_ONCE */
	const char *id;       /* "org.example.count": reverse domain for third parties */
	const char *version;
	const char *summary; /* one line */
	const char *license; /* SPDX */
	const exs_option *options;    /* ended by a NULL key */
	const char *const *ports;     /* port ids it can fill, ended by NULL */
	/*
	 * Makes an instance. Not OK: nothing is left behind and `out` is untouched. May wait, touch files,
	 * start threads (all signals blocked in them). [main-thread]
	 */
	exs_status (*open)(const exs_host *host, const exs_conf *conf, exs_self **out, exs_err *err);
	/* Ends the instance; no call is running and none follows. Ends its threads. [main-thread] */
	void (*close)(exs_self *self);
	/* The table for a port id that `ports` lists, valid until close; NULL: not this one. [main-thread] */
	const void *(*port)(exs_self *self, const char *port_id);
} exs_battery;

/*
 * The last line of a battery. Positional, so that it is valid C++17; flags are EXS_CONCURRENT and so on.
 */
#define EXS_BATTERY_FLAGS(flags_, id_, version_, summary_, license_, options_, ports_, open_, close_,  \
			  port_)                                                                   \
	EXS_BEGIN                                                                                  \
	extern EXS_EXPORT const exs_battery executus_battery;                                      \
	EXS_EXPORT const exs_battery executus_battery = {                                          \
		EXS_ABI,  (uint32_t)sizeof(exs_battery), (uint32_t)sizeof(exs_option),             \
		(flags_), (id_),                         (version_),                               \
		(summary_), (license_),                  (options_),                               \
		(ports_), (open_),                       (close_),                                 \
		(port_)};                                                                          \
	EXS_END

#define EXS_BATTERY(id_, version_, summary_, license_, options_, ports_, open_, close_, port_)       \
	EXS_BATTERY_FLAGS(0u, id_, version_, summary_, license_, options_, ports_, open_, close_, port_)

EXS_END

#endif
