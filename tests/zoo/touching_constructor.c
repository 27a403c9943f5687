/* SPDX-License-Identifier: MIT */
/* touching_constructor.c - changes its own file's time while it is loaded, as an installation under
 * way would. */
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "zoo.h"

__attribute__((constructor)) static void touch(void)
{
	const struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
	Dl_info info;

	if (dladdr((const void *)&zoo_options, &info))
		utimensat(AT_FDCWD, info.dli_fname, times, 0);
}
ZOO_WITH(zoo_options, zoo_ports, zoo_open, zoo_port)
