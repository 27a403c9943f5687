/* SPDX-License-Identifier: MIT */
/*
 * at_call.c - runs a command and lets something happen at its n-th system call of a kind, counted
 * over all its threads.
 *
 *	at_call [-c CALL,...] [-n N [-e ERRNO [-f]]] [-o FILE] [-l LIB] -- COMMAND...
 *
 * Without -n the calls are only counted. With it the process dies there (SIGKILL) before the call
 * does anything, or with -e that call fails so; -f: it and all behind it. CALL is a name of the
 * table below, or "writes" (the default: whatever makes or changes a file, or tells somebody
 * something). FILE gets the count, the name of the call that was hit, and the file whose code a
 * SIGSEGV met, each "-" if there is none, the last with "early:" before it as long as the process
 * had no heap, which is before its own code began; LIB is preloaded into the command. Ends as the
 * command does, by a signal with 128 + its number.
 *
 * strace counts in each thread of its own, so that calls of a thread that comes to its n-th after
 * another one are never hit: hence this.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_US	    125 /* as env(1): it was not the command that failed */
#define EXIT_SIGNAL 128

struct name {
	const char *name;
	long nr;
	bool write; /* one of "writes" */
};

static const struct name names[] = {
	{ "write", SYS_write, true },	      { "writev", SYS_writev, true },
	{ "pwrite64", SYS_pwrite64, true },   { "pwritev", SYS_pwritev, true },
	{ "fsync", SYS_fsync, true },	      { "fdatasync", SYS_fdatasync, true },
	{ "msync", SYS_msync, true },	      { "ftruncate", SYS_ftruncate, true },
	{ "fallocate", SYS_fallocate, true }, { "rename", SYS_rename, true },
	{ "link", SYS_link, true },	      { "unlink", SYS_unlink, true },
	{ "mkdir", SYS_mkdir, true },	      { "sendto", SYS_sendto, true },
	{ "sendmsg", SYS_sendmsg, true },     { "openat", SYS_openat, false },
	{ "read", SYS_read, false },	      { "pread64", SYS_pread64, false },
	{ "recvfrom", SYS_recvfrom, false },  { "mmap", SYS_mmap, false },
	{ "socket", SYS_socket, false },      { "connect", SYS_connect, false },
};
#define NAMES (sizeof names / sizeof *names)

struct job {
	bool wanted[NAMES];
	unsigned long at, seen;
	int error;
	bool from;
	const char *report, *preload, *hit;
	char crashed[80]; /* in the code of which file; "": nowhere */
	pid_t root;
};

static void die(const char *what)
{
	perror(what);
	exit(EXIT_US);
}

static void usage(const char *what)
{
	fprintf(stderr,
		"at_call: %s\nusage: at_call [-c CALL,...] [-n N [-e ERRNO [-f]]] [-o FILE] -- "
		"COMMAND...\n",
		what);
	exit(EXIT_US);
}

/* ---- the command line ---- */

static void want(struct job *job, char *list)
{
	char *word, *rest = NULL;
	bool any;
	size_t i;

	memset(job->wanted, 0, sizeof job->wanted);
	for (word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		for (i = 0, any = false; i < NAMES; i++) {
			bool is = strcmp(word, "writes") == 0 ? names[i].write
							      : strcmp(word, names[i].name) == 0;

			job->wanted[i] |= is;
			any |= is;
		}
		if (!any)
			usage("no such call");
	}
}

static int error_of(const char *word)
{
	static const struct {
		const char *name;
		int error;
	} errors[] = {
		{ "EIO", EIO },	      { "ENOSPC", ENOSPC }, { "EMFILE", EMFILE },
		{ "ENOMEM", ENOMEM }, { "EACCES", EACCES }, { "ECONNREFUSED", ECONNREFUSED }
	};
	size_t i;

	for (i = 0; i < sizeof errors / sizeof *errors; i++)
		if (strcmp(word, errors[i].name) == 0)
			return errors[i].error;
	usage("no such error");
	return 0;
}

static void options(struct job *job, int argc, char **argv)
{
	char all[] = "writes";
	int c;

	want(job, all);
	while ((c = getopt(argc, argv, "+c:n:e:fo:l:")) != -1) {
		if (c == 'c')
			want(job, optarg);
		else if (c == 'n')
			job->at = strtoul(optarg, NULL, 10);
		else if (c == 'e')
			job->error = error_of(optarg);
		else if (c == 'f')
			job->from = true;
		else if (c == 'o')
			job->report = optarg;
		else if (c == 'l')
			job->preload = optarg;
		else
			usage("that is no option");
	}
	if (optind == argc)
		usage("which command?");
}

/* ---- the command ---- */

/* Only the calls that are looked for stop it: all others run at full speed. */
static void filter(const struct job *job)
{
	struct sock_filter code[NAMES + 4];
	struct sock_fprog program = { 0, code };
	unsigned char n = 0, last = 0;
	size_t i;

	for (i = 0; i < NAMES; i++)
		last = (unsigned char)(last + job->wanted[i]);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (i = 0; i < NAMES; i++)
		if (job->wanted[i]) {
			code[n] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							       (unsigned)names[i].nr,
							       (unsigned char)(last + 1 - n), 0);
			n++;
		}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	program.len = n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		die("at_call: seccomp");
}

static void start(struct job *job, char **argv)
{
	char go;
	int gate[2];

	if (pipe2(gate, O_CLOEXEC))
		die("at_call: pipe");
	job->root = fork();
	if (job->root < 0)
		die("at_call: fork");
	if (job->root == 0) {
		close(gate[1]);
		if (read(gate[0], &go, 1) != 1)
			_exit(EXIT_US);
		if (job->preload)
			setenv("LD_PRELOAD", job->preload, 1);
		filter(job);
		execvp(*argv, argv);
		die(*argv);
	}
	close(gate[0]);
	if (ptrace(PTRACE_SEIZE, job->root, NULL,
		   PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
			   PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL))
		die("at_call: ptrace");
	if (write(gate[1], "g", 1) != 1)
		die("at_call: pipe");
	close(gate[1]);
}

/* ---- what it does ---- */

static const char *name_of(long nr)
{
	size_t i;

	for (i = 0; i < NAMES; i++)
		if (names[i].nr == nr)
			return names[i].name;
	return "?";
}

/* In the place of the call: number -1 is skipped, and its result is what stands there. */
static void fail_call(pid_t thread, int error)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, thread, NULL, &regs))
		return; /* it is gone */
	regs.orig_rax = (unsigned long long)-1;
	regs.rax = (unsigned long long)-error;
	ptrace(PTRACE_SETREGS, thread, NULL, &regs);
}

/* What the tests themselves write: the report, and the notes of their batteries, NAME.log. */
static bool is_ours(const char *path)
{
	const char *report = getenv("FAIL_REPORT");
	size_t n = strlen(path);

	return (report && strcmp(path, report) == 0) ||
	       (n > 4 && strcmp(path + n - 4, ".log") == 0);
}

/* A write that wakes a thread goes to a descriptor that cannot be full. */
static bool may_fail(const struct job *job, pid_t thread)
{
	struct user_regs_struct regs;
	char link[64], path[4096];
	ssize_t n;

	if (ptrace(PTRACE_GETREGS, thread, NULL, &regs) || (long)regs.orig_rax != SYS_write)
		return true;
	snprintf(link, sizeof link, "/proc/%d/fd/%llu", (int)job->root, regs.rdi);
	n = readlink(link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	return strncmp(path, "anon_inode:", 11) != 0 && !is_ours(path);
}

static void on_call(struct job *job, pid_t thread)
{
	struct user_regs_struct regs;
	bool hit;

	/* Helper processes of it are not meant. */
	if (syscall(SYS_tgkill, job->root, thread, 0))
		return;
	if (job->error && !may_fail(job, thread))
		return;
	job->seen++;
	hit = job->at && (job->seen == job->at || (job->from && job->seen > job->at));
	if (!hit || ptrace(PTRACE_GETREGS, thread, NULL, &regs))
		return;
	if (!job->hit)
		job->hit = name_of((long)regs.orig_rax);
	if (job->error)
		fail_call(thread, job->error);
	else
		kill(job->root, SIGKILL);
}

/* Whose code it is: of an address in a file that is mapped, the file's last name. */
static void find_code(pid_t thread, unsigned long long at, char *out, size_t size)
{
	char path[64], line[4096 + 128], file[64] = "nowhere";
	unsigned long long first, end;
	bool heap = false;
	const char *name;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)thread);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f)) {
		heap |= strstr(line, "[heap]") != NULL;
		name = strrchr(line, '/');
		if (name && sscanf(line, "%llx-%llx", &first, &end) == 2 && at >= first && at < end)
			snprintf(file, sizeof file, "%.*s", (int)strcspn(name + 1, " \n"),
				 name + 1);
	}
	snprintf(out, size, "%s%s", f && !heap ? "early:" : "", file);
	if (f)
		fclose(f);
}

static void on_crash(struct job *job, pid_t thread)
{
	struct user_regs_struct regs;

	if (!syscall(SYS_tgkill, job->root, thread, 0) &&
	    !ptrace(PTRACE_GETREGS, thread, NULL, &regs))
		find_code(thread, regs.rip, job->crashed, sizeof job->crashed);
}

static void on_stop(struct job *job, pid_t thread, int status)
{
	int event = status >> 16, sig = WSTOPSIG(status);

	if (event == PTRACE_EVENT_SECCOMP)
		on_call(job, thread);
	else if (!event && sig == SIGSEGV)
		on_crash(job, thread);
	if (event == PTRACE_EVENT_STOP &&
	    (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU))
		ptrace(PTRACE_LISTEN, thread, NULL, NULL);
	else
		ptrace(PTRACE_CONT, thread, NULL, event ? 0L : (long)sig);
}

static int carry(struct job *job)
{
	int status, end = EXIT_US;
	pid_t who;

	while ((who = waitpid(-1, &status, __WALL)) > 0 || (who < 0 && errno == EINTR)) {
		if (who < 0)
			continue;
		if (WIFSTOPPED(status))
			on_stop(job, who, status);
		else if (who == job->root)
			end = WIFEXITED(status) ? WEXITSTATUS(status)
						: EXIT_SIGNAL + WTERMSIG(status);
	}
	return end;
}

static void report(const struct job *job)
{
	FILE *f = job->report ? fopen(job->report, "we") : NULL;

	if (!f) {
		if (job->report)
			die(job->report);
		return;
	}
	fprintf(f, "%lu %s %s\n", job->seen, job->hit ? job->hit : "-",
		*job->crashed ? job->crashed : "-");
	if (fclose(f))
		die(job->report);
}

int main(int argc, char **argv)
{
	struct job job = { 0 };
	int end;

	options(&job, argc, argv);
	start(&job, argv + optind);
	end = carry(&job);
	report(&job);
	return end;
}
