/* SPDX-License-Identifier: MIT */
/* image.h - the images of a transcript, as dialects write them. Any thread. */
#ifndef COMMON_MODEL_IMAGE_H
#define COMMON_MODEL_IMAGE_H

#include <executus/port/model.h>
#include "../common_json/scan.h"

/* JSON texts with their quotes. */
struct image {
	exs_str mime, data;
};

/* False: this part of a message is no image. */
bool image_of(exs_str part, struct image *out);
/* "data:image/png;base64,..." with its quotes. */
void image_add_url(struct text *out, const struct image *i);
/* How many tokens a request of so many bytes has, about. */
int64_t image_tokens(const exs_turn *turn, size_t bytes);

#endif
