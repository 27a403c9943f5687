/* SPDX-License-Identifier: MIT */
/*
 * power_images.c - what may be on the disk when the power fails: rebuilds a folder from the log of
 * power_log.c, again and again, each time cut somewhere else, and asks executus what it finds.
 *
 *	power_images LOG FROM TO IMAGES SEED WANTED -- EXECUTUS OPTION...
 *
 * An image has all that was synced before the cut, and any part of what was not: each later write
 * whole, not at all, or torn at sectors of 512 bytes. Names follow the order in which they were
 * made, as a journal keeps them. FROM is the folder in the log, TO a new one for the image, to
 * which XDG_STATE_HOME points executus; OPTIONs follow each command.
 *
 * Each image has to open and to hold every fact that was told before the cut. Some are gone on
 * with, and have to come to WANTED. Prints counts; ends with 1 at the first image that fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "power_log.h"

#define EVENTS_MAX   100000u
#define FILES_MAX    64u
#define FILE_MAX     (16u << 20) /* bytes of one file of an image */
#define ANSWER_MAX   (8u << 20)
#define RUNS_MAX     16u
#define RUN_MAX	     64u
#define ARGS_MAX     16
#define SECTOR	     512u
#define RESUME_EVERY 100u

struct event {
	struct power_event e;
	const char *path, *data;
	size_t durable; /* the event that put it on the disk; SIZE_MAX: none did */
};

struct file {
	uint64_t ino;
	size_t n;
	unsigned char *p;
};

struct name {
	const char *path;
	size_t path_n;
	uint64_t ino; /* 0: a folder */
	bool there;
};

struct job {
	struct event *events;
	size_t n;
	struct file files[FILES_MAX];
	struct name names[FILES_MAX];
	size_t file_n, name_n;
	const char *from, *to, *wanted;
	char *answer;
	char *told; /* what was told before the cut */
	size_t told_n;
	char **executus;
	unsigned long images, told_images, resumed, dropped, torn, whole;
};

static void die(const char *what)
{
	fprintf(stderr, "power_images: %s%s%s\n", what, errno ? ": " : "",
		errno ? strerror(errno) : "");
	exit(2);
}

static void *room(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		die("no memory");
	return p;
}

/* ---- the log ---- */

static char *slurp(const char *path, size_t *n)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t done = 0;
	ssize_t got = 1;
	char *p;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	p = room((size_t)st.st_size + 1, 1);
	while (done < (size_t)st.st_size && got > 0) {
		got = read(fd, p + done, (size_t)st.st_size - done);
		done += got > 0 ? (size_t)got : 0;
	}
	close(fd);
	*n = done;
	return p;
}

static void load(struct job *job, const char *path)
{
	size_t n, at = 0;
	char *all = slurp(path, &n);

	job->events = room(EVENTS_MAX, sizeof *job->events);
	while (at + sizeof(struct power_event) <= n && job->n < EVENTS_MAX) {
		struct event *event = &job->events[job->n++];

		memcpy(&event->e, all + at, sizeof event->e);
		at += sizeof event->e;
		event->path = all + at;
		event->data = all + at + event->e.path_n;
		at += event->e.path_n + event->e.data_n;
	}
	if (at != n)
		die("the log is not whole");
}

static bool puts_on_disk(const struct event *sync, const struct event *what)
{
	bool is_name = what->e.kind >= POWER_NAME && what->e.kind <= POWER_UNNAME;

	return sync->e.kind == POWER_SYNC &&
	       sync->e.ino == (is_name ? what->e.parent : what->e.ino);
}

static void find_durable(struct job *job)
{
	size_t i, j;

	for (i = 0; i < job->n; i++) {
		job->events[i].durable = SIZE_MAX;
		if (job->events[i].e.kind == POWER_WRITE && job->events[i].e.synced)
			job->events[i].durable = i;
		for (j = i + 1; j < job->n && job->events[i].durable == SIZE_MAX; j++)
			if (puts_on_disk(&job->events[j], &job->events[i]))
				job->events[i].durable = j;
	}
}

/* ---- one image ---- */

static struct file *file_of(struct job *job, uint64_t ino)
{
	size_t i;

	for (i = 0; i < job->file_n; i++)
		if (job->files[i].ino == ino)
			return &job->files[i];
	if (job->file_n == FILES_MAX)
		die("too many files");
	job->files[i].ino = ino;
	if (!job->files[i].p)
		job->files[i].p = room(FILE_MAX, 1);
	job->file_n++;
	return &job->files[i];
}

static void lay(struct file *f, const struct event *w, size_t from, size_t n)
{
	if (w->e.at + from + n > FILE_MAX)
		die("a file is too large");
	memcpy(f->p + w->e.at + from, w->data + from, n);
	if (f->n < w->e.at + from + n)
		f->n = w->e.at + from + n;
}

static void lay_some(struct file *f, const struct event *w)
{
	size_t at = 0;

	while (at < w->e.data_n) {
		size_t n = SECTOR - (w->e.at + at) % SECTOR;

		n = n < w->e.data_n - at ? n : w->e.data_n - at;
		if (rand() % 2)
			lay(f, w, at, n);
		at += n;
	}
}

/* chance: of 100, that a write which was not synced is there. */
static void replay_write(struct job *job, const struct event *w, bool durable, int chance)
{
	struct file *f = file_of(job, w->e.ino);
	int dice = rand() % 100;

	if (durable || dice < chance) {
		lay(f, w, 0, w->e.data_n);
		job->whole += !durable;
	} else if (dice % 3 == 0) {
		lay_some(f, w);
		job->torn++;
	} else {
		job->dropped++;
	}
}

static void replay_size(struct job *job, const struct event *s)
{
	struct file *f = file_of(job, s->e.ino);

	if (s->e.at > FILE_MAX)
		die("a file is too large");
	if (s->e.kind == POWER_SIZE && s->e.at < f->n)
		memset(f->p + s->e.at, 0, f->n - s->e.at);
	if (s->e.kind == POWER_SIZE || f->n < s->e.at)
		f->n = s->e.at;
}

static void replay_name(struct job *job, const struct event *event)
{
	struct name *name = job->names;
	size_t i;

	for (i = 0; i < job->name_n; i++, name++)
		if (name->path_n == event->e.path_n &&
		    memcmp(name->path, event->path, name->path_n) == 0)
			break;
	if (i == FILES_MAX)
		die("too many names");
	job->name_n += i == job->name_n;
	*name = (struct name){ event->path, event->e.path_n,
			       event->e.kind == POWER_FOLDER ? 0 : event->e.ino,
			       event->e.kind != POWER_UNNAME };
}

static void replay(struct job *job, size_t cut)
{
	static const int chances[] = { 0, 10, 50, 90, 100 };
	int chance = chances[rand() % 5];
	size_t i, names = 0;

	for (i = 0; i < job->file_n; i++) {
		memset(job->files[i].p, 0, job->files[i].n);
		job->files[i].n = 0;
	}
	job->file_n = job->name_n = job->told_n = 0;
	for (i = 0; i < cut; i++)
		if (job->events[i].durable < cut && job->events[i].e.kind >= POWER_NAME &&
		    job->events[i].e.kind <= POWER_UNNAME)
			names = i + 1;
	names += (size_t)rand() % (cut - names + 1) * (size_t)(rand() % 2);
	/* The write at the cut was under way. */
	for (i = 0; i <= cut && i < job->n; i++) {
		const struct event *event = &job->events[i];

		if (event->e.kind == POWER_WRITE)
			replay_write(job, event, i < cut && event->durable < cut, chance);
		else if (i == cut)
			break;
		else if (event->e.kind == POWER_SIZE || event->e.kind == POWER_GROW)
			replay_size(job, event);
		else if (event->e.kind >= POWER_NAME && event->e.kind <= POWER_UNNAME && i < names)
			replay_name(job, event);
		else if (event->e.kind == POWER_TOLD) {
			memcpy(job->told + job->told_n, event->data, event->e.data_n);
			job->told_n += event->e.data_n;
		}
	}
	job->told[job->told_n] = '\0';
}

static void write_file(const char *path, const struct file *f)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, f->p, f->n) != (ssize_t)f->n || close(fd))
		die(path);
}

static void write_image(struct job *job)
{
	char path[4096];
	size_t i;

	snprintf(path, sizeof path, "rm -rf '%s' && mkdir -m 700 '%s'", job->to, job->to);
	if (system(path))
		die("the folder of the image cannot be made");
	for (i = 0; i < job->name_n; i++) {
		const struct name *name = &job->names[i];

		if (!name->there)
			continue;
		snprintf(path, sizeof path, "%s%.*s", job->to,
			 (int)(name->path_n - strlen(job->from)), name->path + strlen(job->from));
		if (name->ino)
			write_file(path, file_of(job, name->ino));
		else if (mkdir(path, 0700))
			die(path);
	}
}

/* ---- what executus says to it ---- */

/* Its standard output into job->answer; what it ended with. */
static int ask(struct job *job, const char *verb, const char *a, const char *b, const char *c)
{
	const char *args[ARGS_MAX] = { job->executus[0], verb };
	size_t n = 2, i, done = 0;
	ssize_t got = 1;
	int out[2], status;
	pid_t pid;

	for (i = 1; job->executus[i] && n < ARGS_MAX - 4; i++)
		args[n++] = job->executus[i];
	args[n++] = a;
	args[n++] = b;
	args[n] = c;
	if (pipe2(out, O_CLOEXEC) || (pid = fork()) < 0)
		die("fork");
	if (pid == 0) {
		dup2(out[1], 1);
		execv(args[0], (char **)(uintptr_t)args);
		_exit(127);
	}
	close(out[1]);
	while (got > 0 && done < ANSWER_MAX) {
		got = read(out[0], job->answer + done, ANSWER_MAX - done);
		done += got > 0 ? (size_t)got : 0;
	}
	job->answer[done] = '\0';
	close(out[0]);
	if (waitpid(pid, &status, 0) != pid)
		die("wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static size_t told_runs(const struct job *job, char runs[RUNS_MAX][RUN_MAX])
{
	const char *p = job->told;
	size_t n = 0, i;
	char run[RUN_MAX];

	while ((p = strstr(p, "{\"run\":\"")) != NULL) {
		p += 8;
		snprintf(run, sizeof run, "%.*s", (int)strcspn(p, "\""), p);
		for (i = 0; i < n && strcmp(runs[i], run) != 0; i++)
			;
		if (i < n)
			continue;
		if (n == RUNS_MAX)
			die("too many runs");
		snprintf(runs[n++], RUN_MAX, "%s", run);
	}
	return n;
}

/* Each line about that run stands in the answer, byte for byte. */
static bool holds(struct job *job, const char *run, size_t *lines)
{
	char *line = job->told, *end;
	bool held = true;

	for (; held && (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (strncmp(line + 8, run, strlen(run)) == 0) {
			held = strstr(job->answer, line) != NULL;
			++*lines;
		}
		*end = '\n';
	}
	return held;
}

static const char *look(struct job *job, bool resume)
{
	char runs[RUNS_MAX][RUN_MAX];
	size_t n = told_runs(job, runs), i, lines = 0;

	if (ask(job, "runs", "--json", NULL, NULL))
		return "it does not open";
	for (i = 0; i < n; i++)
		if (ask(job, "show", "--facts", "--json", runs[i]) || !holds(job, runs[i], &lines))
			return "a fact that was told is lost";
	job->told_images += n > 0;
	if (!resume)
		return NULL;
	job->resumed++;
	if (ask(job, "resume", "--all", NULL, NULL))
		return "its runs cannot be gone on with";
	for (i = 0; i < n; i++)
		if (ask(job, "show", "--facts", "--json", runs[i]) ||
		    !holds(job, runs[i], &lines) || !strstr(job->answer, job->wanted))
			return "it comes to another end";
	return ask(job, "store", "verify", NULL, NULL) ? "its rows are not sound" : NULL;
}

int main(int argc, char **argv)
{
	struct job job = { 0 };
	unsigned long images, i;
	const char *wrong;
	size_t cut;

	if (argc < 9 || strcmp(argv[7], "--") != 0) {
		fprintf(stderr, "usage: power_images LOG FROM TO IMAGES SEED WANTED -- EXECUTUS "
				"OPTION...\n");
		return 2;
	}
	load(&job, argv[1]);
	find_durable(&job);
	job.from = argv[2];
	job.to = argv[3];
	images = strtoul(argv[4], NULL, 10);
	srand((unsigned)strtoul(argv[5], NULL, 10));
	job.wanted = argv[6];
	job.executus = argv + 8;
	job.answer = room(ANSWER_MAX + 1, 1);
	job.told = room(ANSWER_MAX + 1, 1);
	setenv("XDG_STATE_HOME", job.to, 1);
	for (i = 0; i < images; i++) {
		cut = (size_t)rand() % (job.n + 1);
		replay(&job, cut);
		write_image(&job);
		wrong = look(&job, i % RESUME_EVERY == 0);
		if (wrong) {
			printf("image %lu, cut before event %zu of %zu: %s\n", i, cut, job.n,
			       wrong);
			return 1;
		}
	}
	printf("%zu %lu %lu %lu %lu %lu %lu\n", job.n, images, job.told_images, job.resumed,
	       job.dropped, job.torn, job.whole);
	return 0;
}
