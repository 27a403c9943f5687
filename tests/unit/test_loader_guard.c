/* SPDX-License-Identifier: MIT */
/* test_loader_guard.c - a battery that crashes, exits or hangs while it is loaded or opened is
 * named.
 */
#include "loader_kit.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define SAID_MAX 2048u

/* ---- each battery in a child, which must end with 3 and its name ---- */

struct child {
	pid_t pid;
	int fd;
};

static _Noreturn void run_child(const char *so)
{
	struct loader_guard guard;
	const struct loaded *l = NULL;
	exs_err err = EXS_ERR_INIT;
	struct loader ld;
	exs_self *self;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing that hangs outlives the test */
	loader_init(&ld, zoo_only);
	if (loader_guard_begin(&guard, NULL, &err) || loader_open(&ld, so, ".", &l, &err))
		_exit(90);
	loader_guard_naming(l->path, "open");
	l->battery->open(NULL, NULL, &self, &err);
	loader_guard_naming(NULL, NULL);
	loader_guard_end(&guard);
	_exit(91);
}

static struct child start_child(const char *so)
{
	struct child c;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	c.pid = fork();
	assert_true(c.pid >= 0);
	if (c.pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		run_child(so);
	}
	close(ends[1]);
	c.fd = ends[0];
	return c;
}

static int end_child(struct child c, char said[SAID_MAX])
{
	size_t n = 0;
	ssize_t got;
	int status;

	while (n + 1 < SAID_MAX && (got = read(c.fd, said + n, SAID_MAX - n - 1)) > 0)
		n += (size_t)got;
	said[n] = '\0';
	close(c.fd);
	assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
	return status;
}

static void ends_with_its_name(struct child c, const char *so, const char *what, const char *step)
{
	char said[SAID_MAX], want[256];
	int status = end_child(c, said);

	snprintf(want, sizeof want, "executus: battery '%s' %s in its step '%s'; ", so, what, step);
	if (strncmp(said, want, strlen(want)) != 0)
		fail_msg("'%s' does not begin with '%s'", said, want);
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1); /* one line */
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
}

static void a_battery_that_crashes_is_named(void **state)
{
	(void)state;
	ends_with_its_name(start_child("crashing_constructor.so"), "crashing_constructor.so",
			   "crashed (SIGSEGV)", "load");
	ends_with_its_name(start_child("aborting_constructor.so"), "aborting_constructor.so",
			   "aborted (SIGABRT)", "load");
	ends_with_its_name(start_child("crashing_open.so"), "crashing_open.so", "crashed (SIGSEGV)",
			   "open");
}

static void a_battery_that_calls_exit_is_named(void **state)
{
	(void)state;
	ends_with_its_name(start_child("exiting_constructor.so"), "exiting_constructor.so",
			   "called exit", "load");
}

static void a_battery_that_hangs_is_named(void **state)
{
	struct child one = start_child("hanging_constructor.so");
	struct child two = start_child("hanging_open.so");

	(void)state;
	ends_with_its_name(one, "hanging_constructor.so", "did not return within 5 s", "load");
	ends_with_its_name(two, "hanging_open.so", "did not return within 5 s", "open");
}

static void a_good_battery_passes_the_guard(void **state)
{
	char said[SAID_MAX];
	int status = end_child(start_child("good.so"), said);

	(void)state;
	assert_string_equal(said, "");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 91);
}

/* ---- the guard itself ---- */

static void the_guard_leaves_everything_as_it_was(void **state)
{
	struct box *b = *state;
	struct loader_guard guard;
	struct sigaction before, after;
	sigset_t alarm_only, mask;
	exs_err err = EXS_ERR_INIT;
	stack_t stack;

	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm_only, NULL);
	sigaction(SIGSEGV, NULL, &before);
	assert_int_equal(loader_guard_begin(&guard, NULL, &err), EXS_OK);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	assert_false(sigismember(&mask, SIGALRM)); /* else a hang would not be seen */
	opens(b, "good.so");
	loader_guard_end(&guard);
	sigaction(SIGSEGV, NULL, &after);
	assert_true(before.sa_handler == after.sa_handler);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	assert_true(sigismember(&mask, SIGALRM));
	pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
	sigaltstack(NULL, &stack);
	assert_ptr_not_equal(stack.ss_sp, guard.stack ? guard.stack : (void *)&stack);
	assert_int_equal(alarm(0), 0);
	assert_int_equal(loader_guard_begin(&guard, NULL, &err), EXS_OK); /* and again */
	loader_guard_end(&guard);
}

/* A crash of the host's own is not blamed on a battery. */
static void without_a_name_a_signal_does_what_it_did(void **state)
{
	struct loader_guard guard;
	exs_err err = EXS_ERR_INIT;
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		if (loader_guard_begin(&guard, NULL, &err))
			_exit(90);
		loader_guard_naming("x/y.so", "open");
		loader_guard_naming(NULL, NULL);
		raise(SIGBUS);
		_exit(91);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
}

static void naming_without_a_guard_does_nothing(void **state)
{
	(void)state;
	loader_guard_naming("x.so", "open");
	assert_int_equal(alarm(0), 0);
	loader_guard_naming(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_battery_that_crashes_is_named),
		TEST(a_battery_that_calls_exit_is_named),
		TEST(a_battery_that_hangs_is_named),
		TEST(a_good_battery_passes_the_guard),
		TEST(the_guard_leaves_everything_as_it_was),
		TEST(without_a_name_a_signal_does_what_it_did),
		TEST(naming_without_a_guard_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
