#pragma once

/* What must be shown for a challenge (RFC 8555 §8). */

#include "base/base.h"

/* token "." thumbprint (J-05); malloc'ed. */
int key_authorization(const char *token, const char *thumbprint, char **ret);

/* base64url(SHA-256(key authorization)), 43 characters, malloc'ed (L-01). */
int dns01_value(const char *authorization, char **ret);

/* "_acme-challenge.example.org", or for dns-account-01 "_LABEL._acme-challenge.example.org" with the label of the
 * account URL (L-05); malloc'ed. */
int dns01_name(const char *identifier, char **ret);
int dns_account_name(const char *account_url, const char *identifier, char **ret);
int dns_account_label(const char *account_url, char **ret); /* "_ujmmovf2vn55tgye" */

/* What a person writes once for dns-persist-01. With `hash_prefix` (of the CA's directory) the form that names
 * neither key nor account, else the plain one (L-06, L-07). */
typedef struct PersistFacts {
        const char *name;   /* as in the certificate, with "*." */
        const char *issuer; /* domain name of the CA */
        const char *account_url;
        const char *thumbprint;
        const char *hash_prefix; /* NULL: plain */
} PersistFacts;
int dns_persist_value(const PersistFacts *f, char **ret); /* of the TXT record */
/* 43 characters; `domain` "*" makes one that fits any name. */
int dns_persist_hash(
                const char *domain, const char *thumbprint, const char *account_url, char **ret);
int dns_persist_name(const char *name, char **ret); /* "_validation-persist.example.org" */
