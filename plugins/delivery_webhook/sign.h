/* SPDX-License-Identifier: MIT */
/* sign.h - Standard Webhooks: who sent it, when, and that nothing was changed on the way. */
#ifndef WEBHOOK_SIGN_H
#define WEBHOOK_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include <executus/bytes.h>

#define KEY_MIN	      16u
#define KEY_MAX	      64u
#define SIGNATURE_MAX 128u /* of two keys: "v1,BASE64 v1,BASE64" */

struct key {
	unsigned char bytes[KEY_MAX];
	size_t n; /* 0: none */
};

/* "whsec_" and base64, or the bytes as they are. INVALID says how long it has to be; `name` is the
 * option. */
exs_status key_read(exs_str text, const char *name, struct key *out, exs_err *err);

/* The value of webhook-signature: one for each key that there is. INTERNAL when libcrypto fails. */
exs_status sign(const struct key *keys, size_t n, const char *id, int64_t seconds, exs_str body,
		char out[SIGNATURE_MAX], exs_err *err);

#endif
