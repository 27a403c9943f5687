/* SPDX-License-Identifier: MIT */
/* fs_kind.c - see fs_kind.h. The numbers are those of statfs(2), f_type. */
#include "fs_kind.h"

#include <stddef.h>

static const struct {
	unsigned long type;
	const char *name;
} shared[] = {
	{ 0x6969ul, "NFS" },	   { 0x517Bul, "SMB" },	       { 0xFE534D42ul, "SMB" },
	{ 0xFF534D42ul, "CIFS" },  { 0x00C36400ul, "Ceph" },   { 0x5346414Ful, "AFS" },
	{ 0x6B414653ul, "AFS" },   { 0x01021997ul, "9p" },     { 0x73757245ul, "Coda" },
	{ 0x564Cul, "NCP" },	   { 0x0BD00BD0ul, "Lustre" }, { 0x01161970ul, "GFS2" },
	{ 0x7461636Ful, "OCFS2" },
};

const char *fs_shared_name(unsigned long statfs_type)
{
	unsigned long type = statfs_type & 0xFFFFFFFFul; /* f_type is signed on some machines */
	size_t i;

	for (i = 0; i < sizeof shared / sizeof shared[0]; i++)
		if (shared[i].type == type)
			return shared[i].name;
	return NULL;
}
