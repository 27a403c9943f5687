/* SPDX-License-Identifier: MIT */
/* power_log.h - what power_log.c writes and power_images.c reads: one record for each event, in
 * order. */
#ifndef PROVE_POWER_LOG_H
#define PROVE_POWER_LOG_H

#include <stdint.h>

enum power_kind {
	POWER_WRITE = 1, /* data at `at` of file `ino` */
	POWER_SIZE,	 /* file `ino` is `at` bytes long */
	POWER_GROW,	 /* file `ino` is at least `at` bytes long */
	POWER_SYNC,	 /* what was written to file or folder `ino` before is on the disk */
	POWER_NAME,	 /* `path` in folder `parent` is file `ino` */
	POWER_FOLDER,	 /* `path` in folder `parent` is a folder */
	POWER_UNNAME,	 /* `path` in folder `parent` is nothing */
	POWER_TOLD	 /* data was told to somebody */
};

struct power_event {
	uint64_t ino, parent, at;
	uint32_t path_n, data_n; /* bytes that follow: the path, then the data */
	uint16_t kind;
	uint16_t synced; /* the write itself returned when it was on the disk */
	uint32_t reserved;
};

#endif
