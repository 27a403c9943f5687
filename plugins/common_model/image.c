/* SPDX-License-Identifier: MIT */
/* image.c - see image.h. */
#include "image.h"

bool image_of(exs_str part, struct image *out)
{
	return scan_is_type(part, "image") && scan_get(part, "mime", &out->mime) && out->mime.p[0] == '"' &&
	       scan_get(part, "data", &out->data) && out->data.p[0] == '"';
}

void image_add_url(struct text *out, const struct image *i)
{
	text_adds(out, "\"data:");
	text_add(out, i->mime.p + 1, i->mime.n - 2);
	text_adds(out, ";base64,");
	text_add(out, i->data.p + 1, i->data.n - 1);
}

int64_t image_tokens(const exs_turn *turn, size_t bytes)
{
	exs_str key, part;
	struct scan_iter it;
	struct image image;
	size_t m, n = 0;

	for (m = 0; m < turn->message_count; m++) {
		scan_begin(&it, scan_get_list(turn->messages[m], "parts"));
		while (scan_next(&it, &key, &part))
			if (image_of(part, &image) && image.data.n < bytes) {
				bytes -= image.data.n;
				n++;
			}
	}
	return (int64_t)(bytes / EXS_TOKEN_BYTES + n * EXS_IMAGE_TOKENS);
}
