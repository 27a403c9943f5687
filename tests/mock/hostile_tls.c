/* SPDX-License-Identifier: MIT */
/* hostile_tls.c - certificates made anew at each start: a good one, one that is over, one for
 * another host. */
#include "hostile.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define DAY 86400l

static const char *const names[] = { "good", "expired", "wrong-host", "client" };

static void add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert(ext);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
}

static X509 *make(EVP_PKEY *key, const char *alt, long from, long to)
{
	X509 *cert = X509_new();

	assert(cert);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), from);
	X509_gmtime_adj(X509_getm_notAfter(cert), to);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
				   (const unsigned char *)"hostile", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	add_extension(cert, NID_subject_alt_name, alt);
	add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
	assert(X509_sign(cert, key, EVP_sha256()));
	return cert;
}

/* DIR/NAME.pem has the certificate, then the key. */
static void write_pem(const char *dir, const char *name, X509 *cert, EVP_PKEY *key)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s.pem", dir, name);
	f = fopen(path, "w");
	assert(f);
	assert(PEM_write_X509(f, cert));
	assert(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL));
	assert(fclose(f) == 0);
}

SSL_CTX *hostile_tls(enum hostile_tls kind, const char *dir)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	X509 *cert;

	assert(key && ctx);
	cert = make(key, kind == HOSTILE_WRONG_HOST ? "DNS:other.example" : "IP:127.0.0.1",
		    kind == HOSTILE_EXPIRED ? -2 * DAY : -DAY,
		    kind == HOSTILE_EXPIRED ? -DAY : DAY);
	write_pem(dir, names[kind], cert, key);
	assert(SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1);
	if (kind == HOSTILE_CLIENT) { /* wants the other side to show the same certificate */
		X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert);
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}
