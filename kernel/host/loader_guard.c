/* SPDX-License-Identifier: MIT */
/* loader_guard.c - a battery that crashes or hangs while it is loaded ends the process with its
 * name. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/loader.h"

#define GUARD_LINE_MAX 512u
#define GUARD_EXIT     3 /* configuration: see the exit statuses in docs */

/*
 * The one mutable global of the kernel. A signal handler gets a number and nothing else, so what it
 * needs must be reachable from a global; it is set only between begin and end, while one thread
 * loads batteries.
 */
static struct loader_guard *volatile guard_now;

static const struct {
	int number;
	const char *what;
} signals[GUARD_SIGNALS] = {
	{ SIGSEGV, "crashed (SIGSEGV)" }, { SIGBUS, "crashed (SIGBUS)" },
	{ SIGFPE, "crashed (SIGFPE)" },	  { SIGILL, "crashed (SIGILL)" },
	{ SIGABRT, "aborted (SIGABRT)" }, { SIGALRM, "did not return within 5 s" },
};
_Static_assert(LOADER_STEP_SECONDS == 5, "the sentence above says so");

/* Async-signal-safe: no stdio, no memory. */
static size_t add(char *line, size_t n, const char *text)
{
	while (*text && n < GUARD_LINE_MAX)
		line[n++] = *text++;
	return n;
}

static _Noreturn void tell_and_exit(const struct loader_guard *guard, const char *what)
{
	char line[GUARD_LINE_MAX];
	size_t n = 0, at = 0;

	n = add(line, n, "executus: battery '");
	n = add(line, n, guard->file);
	n = add(line, n, "' ");
	n = add(line, n, what);
	n = add(line, n, " in its step '");
	n = add(line, n, guard->step);
	n = add(line, n, "'; no run was live: take it out of the conf or rebuild it\n");
	while (at < n) {
		ssize_t put = write(guard->fd, line + at, n - at);

		if (put <= 0)
			break;
		at += (size_t)put;
	}
	_exit(GUARD_EXIT);
}

static void on_signal(int number)
{
	const struct loader_guard *guard = guard_now;

	for (size_t i = 0; guard && guard->named && i < GUARD_SIGNALS; i++) {
		if (signals[i].number == number)
			tell_and_exit(guard, signals[i].what);
	}
	/* Not a battery's: back to what it would have been, for whoever reads the core. */
	signal(number, SIG_DFL);
	raise(number);
}

/* A battery that calls exit would end the command as if it had succeeded. */
__attribute__((destructor)) static void on_exit_called(void)
{
	const struct loader_guard *guard = guard_now;

	if (guard && guard->named)
		tell_and_exit(guard, "called exit");
}

exs_status loader_guard_begin(struct loader_guard *guard, const struct log *log, exs_err *err)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	stack_t stack = { .ss_size = GUARD_STACK_BYTES };
	sigset_t set;

	assert(!guard_now);
	memset(guard, 0, sizeof *guard);
	guard->fd = log ? log->fd : STDERR_FILENO;
	/* A constructor that ran out of stack still gets its sentence. */
	guard->stack = malloc(GUARD_STACK_BYTES);
	if (!guard->stack)
		return err_set(err, EXS_NOMEM, 0, "no memory to load batteries");
	stack.ss_sp = guard->stack;
	sigaltstack(&stack, &guard->old_stack);
	guard_now = guard;
	sigemptyset(&set);
	for (size_t i = 0; i < GUARD_SIGNALS; i++)
		sigaddset(&set, signals[i].number);
	sa.sa_mask = set;
	for (size_t i = 0; i < GUARD_SIGNALS; i++)
		sigaction(signals[i].number, &sa, &guard->old[i]);
	pthread_sigmask(SIG_UNBLOCK, &set, &guard->old_mask);
	return EXS_OK;
}

void loader_guard_naming(const char *path, const char *step)
{
	struct loader_guard *guard = guard_now;
	const char *slash;

	if (!guard)
		return;
	alarm(0);
	guard->named = 0;
	if (!path)
		return;
	slash = strrchr(path, '/');
	path = slash ? slash + 1 : path;
	memset(guard->file, 0, sizeof guard->file);
	memset(guard->step, 0, sizeof guard->step);
	for (size_t i = 0; path[i] && i + 1 < sizeof guard->file; i++)
		guard->file[i] = (unsigned char)path[i] < ' ' ? '?' : path[i];
	for (size_t i = 0; step[i] && i + 1 < sizeof guard->step; i++)
		guard->step[i] = step[i];
	guard->named = 1;
	alarm(LOADER_STEP_SECONDS);
}

void loader_guard_end(struct loader_guard *guard)
{
	assert(guard_now == guard);
	alarm(0);
	pthread_sigmask(SIG_SETMASK, &guard->old_mask, NULL);
	for (size_t i = 0; i < GUARD_SIGNALS; i++)
		sigaction(signals[i].number, &guard->old[i], NULL);
	sigaltstack(&guard->old_stack, NULL);
	guard_now = NULL;
	free(guard->stack);
	guard->stack = NULL;
}
