/* SPDX-License-Identifier: MIT */
/* gone.c - see gone.h. */
#include "gone.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <openssl/evp.h>

#include <executus/helper.h>

#define HASH_BYTES 32
#define KEY_MAX_   (sizeof "gone/" + 2 * HASH_BYTES)
#define ROW_MAX	   4096u
#define URL_SHOWN  1024

static bool key_of(const char *url, char out[KEY_MAX_])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int n = 0, i;

	if (!EVP_Digest(url, strlen(url), hash, &n, EVP_sha256(), NULL) || n != HASH_BYTES)
		return false;
	memcpy(out, "gone/", sizeof "gone/");
	for (i = 0; i < n; i++)
		snprintf(out + 5 + 2 * i, 3, "%02x", hash[i]);
	return true;
}

int64_t gone_since(const exs_host *host, const exs_store_svc *store, const char *url,
		   int64_t for_ms)
{
	exs_err err = EXS_ERR_INIT;
	char key[KEY_MAX_];
	int64_t at = 0, now = host->wall_ms(host);
	exs_membuf row;
	cJSON *tree;
	const char *text;

	if (!store || !key_of(url, key))
		return 0;
	exs_membuf_init(&row, ROW_MAX);
	if (store->get(store, exs_cstr(key), &row.sink, &err) == EXS_OK) {
		tree = cJSON_ParseWithLength(row.p, row.n);
		text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, "at_ms"));
		at = text ? strtoll(text, NULL, 10) : 0;
		cJSON_Delete(tree);
	}
	exs_membuf_release(&row);
	return at > 0 && now - at < for_ms ? at : 0;
}

void gone_put(const exs_host *host, const exs_store_svc *store, const char *url)
{
	exs_err err = EXS_ERR_INIT;
	char key[KEY_MAX_], at[24], shown[URL_SHOWN + 1];
	cJSON *tree = cJSON_CreateObject();
	exs_op op = { .size = sizeof op, .kind = EXS_OP_PUT };
	const exs_op *ops[] = { &op };
	char *text;

	snprintf(at, sizeof at, "%" PRId64, host->wall_ms(host));
	snprintf(shown, sizeof shown, "%s", url);
	cJSON_AddNumberToObject(tree, "v", 1);
	cJSON_AddStringToObject(tree, "at_ms", at);
	cJSON_AddStringToObject(tree, "url", shown);
	text = cJSON_PrintUnformatted(tree);
	if (store && text && key_of(url, key)) {
		op.key = exs_cstr(key);
		op.value = exs_cstr(text);
		if (store->commit(store, ops, 1, &err))
			exs_logf(host, EXS_WARN, "that a receiver is gone cannot be stored: %s",
				 err.text);
	}
	cJSON_free(text);
	cJSON_Delete(tree);
}
