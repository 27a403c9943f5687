/* SPDX-License-Identifier: MIT */
/*
 * sink.h - the file that lines are appended to, each by one write, so that lines of several
 * processes never mix.
 *
 * A file that was renamed or removed is left and the path is opened anew, as log rotation expects:
 * it needs neither a signal nor copytruncate. A line that was cut off by a full disk is completed or
 * taken back. Where it cannot be (a kill, somebody's line behind it) it is closed by a newline before
 * the next one: what follows stays whole.
 */
#ifndef AUDIT_JSONL_SINK_H
#define AUDIT_JSONL_SINK_H

#include <executus/helper.h>
#include <sys/stat.h>

#define SINK_LOOK_MS 1000 /* how often the path is compared with the open file */

struct sink {
	const exs_host *host;
	char *path;
	mode_t mode; /* of a new file */
	int sync;    /* each line is on the disk before sink_line returns */
	int fd;
	int torn; /* the file ends in the middle of a line */
	dev_t dev;
	ino_t ino;
	int64_t looked_ms;
};

exs_status sink_open(struct sink *s, exs_err *err);
void sink_close(struct sink *s);
/* Opens the path anew when it is another file now. */
exs_status sink_look(struct sink *s, exs_err *err);
/* Writes one line that ends in a newline; looks at the path first when that is due. */
exs_status sink_line(struct sink *s, exs_str line, exs_err *err);

#endif
