/* SPDX-License-Identifier: MIT */
/*
 * loader.h - finds a battery's file, decides whether it may be trusted, and loads it.
 *
 *	struct loader ld;
 *	struct loader_guard guard;
 *	loader_init(&ld, folders);
 *	if (loader_guard_begin(&guard, log, err)) ...
 *	loader_open(&ld, "audit_jsonl.so", conf_dir, &loaded, err);
 *	loader_guard_naming(loaded->path, "open");
 *	loaded->battery->open(...);
 *	loader_guard_naming(NULL, NULL);
 *	...
 *	loader_guard_end(&guard);
 *	...
 *	loader_release(&ld);
 *
 * Everything that can be known without running the battery's code is read from the file first:
 *owner and mode (base/trust.h), ELF headers against the file's size, ABI number and sizes. Then it
 *is loaded by its real path, the file is looked at again, and the table is checked. A file that was
 *loaded once (device and inode) is loaded for good: it is never unloaded, and opening it again
 *gives the same struct loaded.
 *
 * Main thread only, before the first run.
 */
#ifndef HOST_LOADER_H
#define HOST_LOADER_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include <executus/battery.h>
#include "base/log.h"

#define LOADER_STEP_SECONDS 5u	  /* one battery's loading or opening; more is a hang */
#define LOADER_SCAN_MAX	    1024u /* batteries looked at in one folder */
#define LOADER_NAME_MAX	    255u  /* letters of a file name */
#define LOADER_TEXT_MAX	    256u  /* letters of a battery's id, summary and so on */
#define LOADER_PORTS_MAX    32u	  /* ports of one battery */
#define LOADER_RECORD_MAX   4096u /* bytes of its table or of one option, as it says */
#define GUARD_STACK_BYTES   (64u << 10)
#define GUARD_SIGNALS	    6u

struct loaded {
	struct loaded *next;
	const exs_battery *battery;
	char *path;	  /* its real path */
	const char *file; /* the last part of path */
	void *handle;	  /* never closed */
	uid_t owner;
	dev_t dev;
	ino_t ino;
};

struct loader {
	const char *const
		*folders; /* where a name without a slash is looked for, ended by NULL; borrowed */
	struct loaded *list;
};

void loader_init(struct loader *ld, const char *const *folders);
/* Frees the records. What they name stays loaded until the process ends. */
void loader_release(struct loader *ld);

/*
 * `so` with a slash is relative to conf_dir; without one it is looked for in the folders. The
 * record lives as long as the loader. NOTFOUND, DENIED (owner or mode), INVALID, CORRUPT,
 * UNSUPPORTED (ABI), CONFLICT (the file changed meanwhile): each with a sentence that names the
 * file.
 */
exs_status loader_open(struct loader *ld, const char *so, const char *conf_dir,
		       const struct loaded **out, exs_err *err);

/*
 * Every NAME.so of a folder in the order of names: `why` is NULL when it was loaded, else `loaded`
 * is. `row` ends the scan by any status but OK, which is then returned.
 */
exs_status loader_scan(struct loader *ld, const char *dir,
		       exs_status (*row)(void *arg, const char *file, const struct loaded *loaded,
					 const exs_err *why),
		       void *arg, exs_err *err);

/* ---- what a battery must be: loader_check.c ---- */

/* The first numbers of exs_battery: plain integers, so they can be read from the file. */
struct loader_head {
	uint32_t abi, size, option_size, flags;
};

/* From the file, before any of its code runs. */
exs_status loader_check_file(int fd, const char *file, struct loader_head *out, exs_err *err);
/* In memory, after it was loaded: texts, options, ports, functions. */
exs_status loader_check_table(const exs_battery *battery, const char *file, exs_err *err);
/* The ids of the ports that this host knows, ended by NULL. */
const char *const *loader_port_ids(void);

/* ---- a battery that crashes or hangs while it is loaded or opened: loader_guard.c ---- */

/*
 * Between begin and end, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, a step of more than
 * LOADER_STEP_SECONDS and a call of exit, while a battery is named, write one sentence to the log's
 * descriptor (stderr without a log) and end the process with status 3: no run is live, so nothing
 * is lost. One guard at a time.
 */
struct loader_guard {
	char file[LOADER_NAME_MAX + 1], step[16];
	int fd;
	volatile sig_atomic_t named;
	void *stack;
	stack_t old_stack;
	sigset_t old_mask;
	struct sigaction old[GUARD_SIGNALS];
};

exs_status loader_guard_begin(struct loader_guard *guard, const struct log *log, exs_err *err);
/* The battery whose code runs next, and the step ("load", "open"); NULL: none. Without a guard:
 * nothing. */
void loader_guard_naming(const char *path, const char *step);
void loader_guard_end(struct loader_guard *guard);

#endif
