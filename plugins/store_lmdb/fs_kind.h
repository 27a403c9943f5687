/* SPDX-License-Identifier: MIT */
/* fs_kind.h - which file systems cannot hold the store: LMDB needs one kernel's page cache and
 * locks. */
#ifndef STORE_FS_KIND_H
#define STORE_FS_KIND_H

/* The name of the file system when several machines may write to it, NULL when the store may live
 * there. */
const char *fs_shared_name(unsigned long statfs_type);

#endif
