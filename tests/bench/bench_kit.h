/* SPDX-License-Identifier: MIT */
/* bench_kit.h - what the benchmarks share: a mock server, a kernel over a written configuration, medians. */
#ifndef BENCH_KIT_H
#define BENCH_KIT_H

#include <sys/types.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/text.h"
#include "run/engine.h"

struct mock {
	pid_t pid;
	int port;
};

struct kernel {
	struct log log;
	struct conf *conf;
	struct host *host;
	struct engine *engine;
};

#define DIR_MAX 64u

void die(const char *what) __attribute__((noreturn));
void dir_make(char out[DIR_MAX]); /* a folder of its own */
int dir_remove(const char *dir); /* with all that is in it; an exit status */
struct mock mock_start(const char *program, const char *const *more);
void mock_stop(const struct mock *m);

/* DIR/NAME.yaml: one model at the port, the no-op tools, a store and a journal when durable. */
void write_conf(const char *dir, const char *name, int port, const char *tool, int durable);
/* The same with another model battery and nothing that watches. */
void write_model_conf(const char *dir, const char *name, const char *so, int port, const char *tool, int durable);
void kernel_open(struct kernel *k, const char *dir, const char *name);
void kernel_close(struct kernel *k);
struct run *kernel_start(struct kernel *k, const struct run_listener *listener);
int kernel_end(struct run *run); /* waits for an ok end; its steps */

double median(double *v, int n);
long status_field(const char *pid, const char *key); /* of /proc/PID/status */

#endif
