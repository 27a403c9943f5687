/* SPDX-License-Identifier: MIT */
/*
 * name.h - what a result's file may be called: a path below the folder, of letters, digits and - _
 * . + , = @, every part of which begins with a letter, a digit or '_'. So no name leaves the
 * folder, is hidden, or looks like an option.
 */
#ifndef DELIVERY_FILE_NAME_H
#define DELIVERY_FILE_NAME_H

#include <executus/helper.h>
#include <executus/port/delivery.h>

#define NAME_MAX_BYTES 512u
#define NAME_PART_MAX  200u /* NAME_MAX of every file system, less room for a temporary name */
#define NAME_PARTS_MAX 8u

/* INVALID: what is wrong with it. `who` begins the sentence. */
exs_status name_check(const char *name, const char *who, exs_err *err);

/* Is the template one, which stands at `where` in the conf: placeholders {run} {agent} {status}
 * {date}, good characters around them? */
exs_status name_check_template(exs_str tmpl, exs_str where, exs_err *err);

/* The name for a parcel; what a placeholder stands for has its odd characters replaced by '_'. */
exs_status name_make(exs_str tmpl, const exs_parcel *parcel, char out[NAME_MAX_BYTES],
		     exs_err *err);

#endif
