/* SPDX-License-Identifier: MIT */
/* stop.c - see stop.h. */
#include "cli/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/thread.h"

#define EXIT_SIGNAL 128 /* and the signal's number, as shells count */

static void stop_run(const struct stop *s, struct run *run)
{
	if (s->first == SIGINT)
		run_cancel(run, EXS_CAUSE_CALLER, "interrupted at the terminal");
}

/* The lock is held. */
static void stop_all(struct stop *s)
{
	size_t i;

	for (i = 0; i < s->run_n; i++)
		stop_run(s, s->runs[i]);
	if (s->first != SIGINT && s->engine)
		engine_shutdown(s->engine);
}

static void received(struct stop *s, int signal)
{
	if (s->first)
		_exit(EXIT_SIGNAL + signal);
	log_info(s->log, "%s; once more ends the process at once",
		 signal == SIGINT ? "cancelling" : "stopping, the run can be resumed");
	pthread_mutex_lock(&s->lock);
	s->first = signal;
	stop_all(s);
	pthread_mutex_unlock(&s->lock);
}

static void *watch(void *arg)
{
	struct stop *s = arg;
	struct pollfd fds[2] = { { s->signals, POLLIN, 0 }, { s->end[0], POLLIN, 0 } };
	struct signalfd_siginfo info;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (fds[1].revents)
			return NULL;
		if (fds[0].revents && read(s->signals, &info, sizeof info) == sizeof info)
			received(s, (int)info.ssi_signo);
	}
}

exs_status stop_begin(struct stop *s, struct log *log, exs_err *err)
{
	sigset_t set;
	int sys;

	memset(s, 0, sizeof *s);
	s->log = log;
	pthread_mutex_init(&s->lock, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, &s->before);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC);
	sys = s->signals < 0 || pipe2(s->end, O_CLOEXEC) ? errno : 0;
	if (!sys) {
		sys = thread_start(&s->thread, watch, s);
		if (!sys)
			return EXS_OK;
		close(s->end[0]);
		close(s->end[1]);
	}
	if (s->signals >= 0)
		close(s->signals);
	pthread_sigmask(SIG_SETMASK, &s->before, NULL);
	pthread_mutex_destroy(&s->lock);
	return err_set(err, EXS_IO, sys, "signals cannot be watched: %s", strerror(sys));
}

void stop_engine(struct stop *s, struct engine *e)
{
	pthread_mutex_lock(&s->lock);
	s->engine = e;
	if (s->first)
		stop_all(s);
	pthread_mutex_unlock(&s->lock);
}

exs_status stop_add(struct stop *s, struct run *run, exs_err *err)
{
	exs_status status = EXS_OK;
	size_t cap = s->cap ? s->cap * 2 : 8;
	struct run **grown;

	pthread_mutex_lock(&s->lock);
	if (s->run_n == s->cap) {
		grown = realloc(s->runs, cap * sizeof(*grown));
		if (grown) {
			s->runs = grown;
			s->cap = cap;
		}
	}
	if (s->run_n < s->cap) {
		s->runs[s->run_n++] = run;
		stop_run(s, run);
		if (s->first && s->first != SIGINT)
			engine_shutdown(s->engine);
	} else {
		status = err_set(err, EXS_NOMEM, 0, "no memory for %zu runs", cap);
	}
	pthread_mutex_unlock(&s->lock);
	return status;
}

int stop_end(struct stop *s)
{
	close(s->end[1]); /* wakes the thread; a write could fail, and it would be waited for in vain */
	pthread_join(s->thread, NULL);
	close(s->signals);
	close(s->end[0]);
	pthread_sigmask(SIG_SETMASK, &s->before, NULL);
	pthread_mutex_destroy(&s->lock);
	free(s->runs);
	return s->first;
}
