#pragma once

/* A chain as OpenSSL objects: for the chain's own files here, and for keystores, which are made of them. */

#include <openssl/x509.h>

#include "acme/certinfo.h"

typedef STACK_OF(X509) CertificateStack;

void certificate_stack_free(CertificateStack *s);
DEFINE_CLEANUP(CertificateStack *, certificate_stack_free)

/* The certificates of a PEM text as they stand there; at least one. -EBADMSG with a reason (P-02). */
int pem_read_certificates(
                const void *pem, size_t size, CertificateStack **ret, const char **ret_reason);

/* The same in order, leaf first (P-03). */
int chain_load_all(const void *pem, size_t size, CertificateStack **ret, const char **ret_reason);

/* The same without a self-signed last one. */
int chain_load(const void *pem, size_t size, CertificateStack **ret, const char **ret_reason);

/* SAN of a certificate: -EBADMSG if it cannot be read; appended, sorted, unique. */
int certificate_names(X509 *c, StringList *ret);

/* notBefore and notAfter as Unix seconds. */
int certificate_dates(X509 *c, int64_t *ret_not_before, int64_t *ret_not_after);

int certificate_digest(X509 *c, char ret[SHA256_HEX_SIZE]); /* SHA-256 */

/* Common name of the issuer or the subject, escaped; -ENOENT if there is none that can be shown. */
int certificate_issuer_name(X509 *c, char **ret);
int certificate_subject_name(X509 *c, char **ret);

/* The serial number, upper-case hex, malloc'ed. */
int certificate_serial(X509 *c, char **ret);

/* certID; -ENOENT: it has none (renewal-info.c). */
int certificate_cert_id(X509 *c, char **ret);

int certificate_to_pem(X509 *c, Bytes *ret); /* appended */

/* Sets the reason, returns -EBADMSG. */
int chain_refuse(const char **ret_reason, const char *reason);
