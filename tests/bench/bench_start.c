/* SPDX-License-Identifier: MIT */
/*
 * bench_start.c - from the start of the process to its first model request: a new run, and one of 300 steps resumed.
 *
 *	bench_start MOCK EXECUTUS
 *
 * The model is a socket of this program that never answers: the clock stops when the request arrives. What the
 * waiting process takes in memory is read then.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_kit.h"

#define ROUNDS	15
#define STEPS	300
#define WAIT_MS 20000

extern char **environ;

static int listen_here(int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)&a, &n))
		die("no socket");
	*port = ntohs(a.sin_port);
	return fd;
}

static pid_t spawn(const char *program, const char *conf, const char *verb, const char *word)
{
	char *argv[] = { (char *)(uintptr_t)program, "-q",
			 "-B",			     TEST_BATTERIES,
			 "-c",			     (char *)(uintptr_t)conf,
			 (char *)(uintptr_t)verb,    (char *)(uintptr_t)word,
			 NULL };
	posix_spawn_file_actions_t files;
	pid_t pid;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", 1, 0);
	if (posix_spawn(&pid, program, &files, NULL, argv, environ))
		die("executus does not start");
	posix_spawn_file_actions_destroy(&files);
	return pid;
}

/* Milliseconds until a request arrived; the process is killed, its memory read before. */
static double until_request(int listener, const char *program, const char *conf, const char *verb, const char *word,
			    long *rss)
{
	struct pollfd p = { listener, POLLIN, 0 };
	int64_t begun = clock_mono_ns();
	pid_t pid = spawn(program, conf, verb, word);
	char pid_text[16], byte;
	double ms;
	int fd;

	if (poll(&p, 1, WAIT_MS) != 1)
		die("no request came");
	fd = accept(listener, NULL, NULL);
	if (fd < 0 || read(fd, &byte, 1) != 1)
		die("no request came");
	ms = (double)(clock_mono_ns() - begun) / 1e6;
	snprintf(pid_text, sizeof pid_text, "%d", (int)pid);
	*rss = status_field(pid_text, "VmRSS:");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
	return ms;
}

/* ---- a run of many steps, left in good order ---- */

struct leave {
	struct engine *engine;
};

static void on_fact(void *arg, const exs_run_info *run, const exs_fact *fact)
{
	struct leave *l = arg;

	(void)run;
	if (fact->kind == EXS_FACT_TURN_ENDED && fact->step == STEPS)
		engine_shutdown(l->engine);
}

static void make_long_run(const char *mock_program, const char *dir, char id[ID_MAX])
{
	static const char *const args[] = { "--turns", "1000", "--tool", "noop_pure", "--args", "{}", NULL };
	struct mock mock = mock_start(mock_program, args);
	struct run_listener listener = { 0 };
	struct leave leave;
	struct kernel k;
	struct run *run;

	write_conf(dir, "resume", mock.port, "noop_pure", 1);
	kernel_open(&k, dir, "resume");
	leave.engine = k.engine;
	listener.arg = &leave;
	listener.fact = on_fact;
	run = kernel_start(&k, &listener);
	engine_wait(run, -1);
	if (run_result(run)->status != EXS_ENDED_INTERRUPTED)
		die("the long run was not left");
	snprintf(id, ID_MAX, "%s", run_info(run)->run_id);
	run_drop(run);
	kernel_close(&k);
	mock_stop(&mock);
}

int main(int argc, char **argv)
{
	char dir[DIR_MAX], conf[128], id[ID_MAX];
	double start[ROUNDS], resume[ROUNDS];
	long rss = 0, rss_resumed = 0;
	int listener, port, i;

	if (argc < 3)
		die("usage: bench_start MOCK EXECUTUS");
	dir_make(dir);
	listener = listen_here(&port);
	write_conf(dir, "start", port, "noop_pure, self_status", 1);
	snprintf(conf, sizeof conf, "%s/start.yaml", dir);
	for (i = 0; i < ROUNDS; i++)
		start[i] = until_request(listener, argv[2], conf, "run", "go", &rss);
	make_long_run(argv[1], dir, id);
	write_conf(dir, "resume", port, "noop_pure", 1);
	snprintf(conf, sizeof conf, "%s/resume.yaml", dir);
	for (i = 0; i < ROUNDS; i++)
		resume[i] = until_request(listener, argv[2], conf, "resume", id, &rss_resumed);
	printf("from the start of the process to its first model request, six batteries, durable: median of %d\n", ROUNDS);
	printf("  a new run                       %8.1f ms, then %ld KiB resident\n", median(start, ROUNDS), rss);
	printf("  a run of %d steps, resumed     %8.1f ms, then %ld KiB resident\n", STEPS, median(resume, ROUNDS),
	       rss_resumed);
	return dir_remove(dir);
}
