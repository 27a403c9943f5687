/* SPDX-License-Identifier: MIT */
/*
 * fields.h - maps of a script into structs, by tables: a key, how its value is read, where it goes.
 *
 * An unknown key is an error that names the nearest known one. A reader writes its member only when
 * the value is good; memory that it made belongs to the struct, whose owner frees it also after a
 * failure.
 */
#ifndef MODEL_SCRIPT_FIELDS_H
#define MODEL_SCRIPT_FIELDS_H

#include "script.h"
#include "tree.h"

struct reader {
	const struct tree *tree;
	exs_err *err;
	uint32_t turns; /* read so far in the whole file */
};

struct field {
	const char *key;
	exs_status (*read)(struct reader *r, const struct node *value, void *at);
	size_t offset; /* of the member that `read` gets */
};

/* `what` names the map in messages: "a turn". The table ends with a NULL key. */
exs_status fields_read(struct reader *r, const struct node *map, const char *what,
		       const struct field *fields, void *object);
/* True when the map gives the key. */
bool fields_given(const struct reader *r, const struct node *map, const char *key);

exs_status field_text(struct reader *r, const struct node *value,
		      void *at); /* struct text, any bytes */
exs_status field_template(struct reader *r, const struct node *value,
			  void *at); /* struct text, checked ${} */
exs_status field_name(struct reader *r, const struct node *value,
		      void *at); /* struct text, not empty */
exs_status field_variable(struct reader *r, const struct node *value,
			  void *at); /* struct text, may stand in ${} */
exs_status field_flag(struct reader *r, const struct node *value, void *at); /* bool */
exs_status field_number(struct reader *r, const struct node *value,
			void *at); /* int64_t, 0 and up */
exs_status field_duration(struct reader *r, const struct node *value,
			  void *at); /* int64_t, milliseconds */
exs_status field_stall(struct reader *r, const struct node *value,
		       void *at); /* the same, or forever */
exs_status field_pattern(struct reader *r, const struct node *value, void *at); /* struct pattern */
exs_status field_args(struct reader *r, const struct node *value, void *at); /* struct text, JSON */

/* Checks that a list has 0 to max items, then makes zeroed memory for them; count 0 makes none. */
exs_status field_list(struct reader *r, const struct node *list, size_t max, size_t item_size,
		      void *items_out, size_t *n_out);
/* The place of the word in the NULL-ended list; an unknown one is an error that names the nearest.
 */
exs_status field_word(struct reader *r, const struct node *value, const char *what,
		      const char *const *words, size_t *out);

#endif
