/* SPDX-License-Identifier: MIT */
/*
 * image.h - pictures that a question comes with: told by their first bytes, kept in the first fact of
 * the run, and shown to the model as parts of the question's message. Pure.
 */
#ifndef FACT_IMAGE_H
#define FACT_IMAGE_H

#include "base/buf.h"

#define IMAGES_MAX	16u	   /* of one question */
#define IMAGE_BYTES_MAX (5u << 20) /* of all of them: in base64 they stand in one fact */
#define IMAGE_MARK	"[image]"  /* instead of the data, where people watch */

/* "image/png", ... or NULL: none that models take. */
const char *image_mime(exs_str bytes);
/*
 * INVALID, TOOBIG: why these cannot be sent; `names` (NULL: by number) says which of them.
 */
exs_status images_check(const exs_str *list, size_t n, const char *const *names, exs_err *err);
/* The list as a fact has it: mime, bytes, sha256 and data of each. */
void images_json(const exs_str *list, size_t n, struct buf *out);

/* A part of a message that is an image, or an image of a fact; spans of JSON texts with their quotes. */
struct image {
	exs_str mime, data;
};
bool image_of_fact(exs_str item, struct image *out);
bool image_of_part(exs_str part, struct image *out);
/* {"type":"image",...} */
void image_part(const struct image *i, struct buf *out);
/* How many bytes it has. */
size_t image_bytes(const struct image *i);

#endif
