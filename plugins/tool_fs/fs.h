/* SPDX-License-Identifier: MIT */
/*
 * fs.h - what the files of this battery share.
 *
 * Every object is reached one name at a time from the root's descriptor, opened with O_PATH (which
 * opens nothing), looked at, compared with what is denied, and only then opened for reading. So a
 * path cannot lead out of the root, a FIFO cannot block, and a denied file is never opened at all,
 * not even for a moment.
 */
#ifndef TOOL_FS_H
#define TOOL_FS_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <cjson/cJSON.h>
#include <executus/helper.h>
#include <executus/port/tool.h>
#include "text.h"

#define FS_PATH_MAX    4096u /* bytes of a path with its end */
#define FS_NAME_MAX    255u  /* bytes of one name */
#define FS_LINKS_MAX   40u   /* symbolic links behind one path */
#define FS_STEPS_MAX   4096u /* names walked for one path, those of links included */
#define FS_DENY_MAX    16u   /* entries of `deny` */
#define FS_DENY_SCAN   1024u /* names of a denied folder compared with a file of several names */
#define FS_CHUNK       (64u << 10)  /* bytes read at once */
#define FS_NOTE_MAX    512u	    /* bytes kept free in an answer for what is said about it */
#define FS_WRITE_MAX   (1u << 20)   /* bytes of content */
#define FS_READ_MIN    4096	    /* least `max_read` */
#define FS_READ_MAX    (1000 << 10) /* greatest `max_read`: below the host's cap for one answer */
#define FS_RESULTS_MAX 20000	    /* greatest `max_results` */
#define FS_FOLDER_MAX  20000u	    /* names read of one folder */
#define FS_WALK_MAX    100000u	    /* names seen in one walk */
#define FS_DEPTH_MAX   32u	    /* folders below each other in one walk */
#define FS_LIST_DEPTH  8	    /* greatest depth of list_dir */
#define FS_GREP_FILES  20000u	    /* files searched by one grep */
#define FS_GREP_LINE   (64u << 10)  /* bytes of a line that is searched */
#define FS_GREP_COSTLY 20u	    /* lines given up before the whole search is */
#define FS_GREP_SHOWN  400u	    /* bytes of a line that is shown */

enum { FS_WRITE = 1u, FS_FOLLOW = 2u, FS_HIDDEN = 4u };

struct exs_self {
	const exs_host *host;
	uint32_t flags;
	int root;	 /* O_PATH */
	char *root_text; /* as the conf gives it, without '/' at its end */
	char *root_real; /* without links */
	size_t max_read;
	int64_t max_results;
	int64_t max_file;
	char *deny[FS_DENY_MAX + 1]; /* and the state folder */
	size_t deny_n;
};

struct fs_id {
	dev_t dev;
	ino_t ino;
	const char *folder; /* its path when it is one, else NULL */
};

/* One call on its way. */
struct fs_call {
	exs_self *self;
	const exs_call *call;
	const exs_cancel *cancel;
	cJSON *args;
	struct fs_id denied[FS_DENY_MAX + 1];
	size_t denied_n;
	exs_membuf out; /* the answer, at most max_read bytes */
};

/* ---- path.c ---- */

/* One object below the root. */
struct fs_node {
	int fd;			/* O_PATH; -1: there is no such object (FS_MAY_MISS) */
	int folder;		/* O_PATH, where it stands; -1: it is the root */
	struct stat st;		/* of fd */
	char real[FS_PATH_MAX]; /* from the root, without links; "" is the root */
};

enum {
	FS_MAY_MISS = 1u,    /* the last name need not exist */
	FS_MAKE_FOLDERS = 2u /* folders that are missing on the way are made */
};

/* Finds `path`. OK: end it with fs_node_free. A failure's sentence is for the model. */
exs_status fs_find(struct fs_call *c, const char *path, uint32_t flags, struct fs_node **out,
		   exs_err *err);
void fs_node_free(struct fs_node *node);

/* O_PATH descriptor of one name in a folder, never following a link; -1 with errno. */
int fs_step(int folder, const char *name, struct stat *st);
/* Opens the object of an O_PATH descriptor for reading, or -1 with errno. Never blocks. */
int fs_reopen(int fd);
/* True when the object is one that `deny` names, or a file of a folder that it names. */
bool fs_denied(const struct fs_call *c, const struct stat *st);
/* Reads what `deny` means now: the files may be made anew between two calls. */
void fs_deny_load(struct fs_call *c);
/* Makes the names in a folder durable; 0 or an errno. */
int fs_sync_folder(int folder);
/* The sentence for a failed system call on a path. */
exs_status fs_sys(exs_err *err, int sys, const char *path);
/* The sentence for an object that is not a regular file. */
exs_status fs_not_a_file(exs_err *err, const struct stat *st, const char *path);

/* True when the call should end; fills err then. */
bool fs_cancelled(const struct fs_call *c, exs_err *err);

/* ---- walk.c ---- */

struct fs_entry {
	const char *path; /* from where the walk began */
	const char *name;
	int folder; /* O_PATH, where it stands */
	struct stat st;
};

enum { FS_GO, FS_STOP };

struct fs_walk {
	struct fs_call *call;
	unsigned depth; /* folders below each other, <= FS_DEPTH_MAX */
	int (*visit)(void *arg, const struct fs_entry *e); /* FS_GO or FS_STOP */
	void *arg;
	/* filled by the walk */
	size_t seen;	   /* names */
	size_t hidden;	   /* left out: names that begin with a dot, denied ones */
	size_t unreadable; /* folders that could not be read */
	bool cut;	   /* a bound was reached: there is more */
};

/* Visits what is below the folder, sorted by path, without following links. */
exs_status fs_walk(struct fs_walk *w, int folder, exs_err *err);

/* ---- the tools ---- */

exs_status fs_read_file(struct fs_call *c, exs_err *err);
exs_status fs_list_dir(struct fs_call *c, exs_err *err);
exs_status fs_grep(struct fs_call *c, exs_err *err);
exs_status fs_write_file(struct fs_call *c, exs_err *err);

/* ---- arguments (tool_fs.c) ---- */

/* The text of an argument, `deflt` when absent; NULL with the sentence in err when it is not a
 * text. */
const char *fs_arg_text(const struct fs_call *c, const char *key, const char *deflt, exs_err *err);
/* A whole number in [1, max], `deflt` when absent. */
exs_status fs_arg_int(const struct fs_call *c, const char *key, int64_t deflt, int64_t max,
		      int64_t *out, exs_err *err);
bool fs_arg_true(const struct fs_call *c, const char *key);

#endif
