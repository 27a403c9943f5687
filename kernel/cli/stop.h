/* SPDX-License-Identifier: MIT */
/*
 * stop.h - signals while runs are live: the first one stops them in good order, the second one ends
 * the process.
 *
 * SIGINT cancels the runs, SIGTERM and SIGHUP park them. The signals are blocked in every thread
 * and read by one of ours, so no handler runs in the middle of anything.
 */
#ifndef CLI_STOP_H
#define CLI_STOP_H

#include <pthread.h>
#include <signal.h>
#include "run/engine.h"

struct stop {
	pthread_t thread;
	int signals, end[2]; /* descriptors; the thread ends when end[1] is closed */
	sigset_t before;
	pthread_mutex_t lock;
	struct engine *engine; /* NULL: none yet */
	struct run **runs;     /* not owned references */
	size_t run_n, cap;
	int first; /* the first signal; 0: none */
	struct log *log;
};

/* From here on; before the engine is opened. */
exs_status stop_begin(struct stop *s, struct log *log, exs_err *err);
void stop_engine(struct stop *s, struct engine *e);
/* The run must live until stop_end. A signal that came before reaches it too. */
exs_status stop_add(struct stop *s, struct run *run, exs_err *err);
/* The first signal, or 0. Signals do again what they did before. */
int stop_end(struct stop *s);

#endif
