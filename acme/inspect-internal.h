#pragma once

/* The insides of an inspection, for inspect*.c only:
 *
 *   inspect.c          the object, and which certificate is the leaf
 *   inspect-words.c    kinds of findings, levels
 *   inspect-read.c     what is in a file
 *   inspect-facts.c    what is told of each certificate
 *   inspect-leaf.c     what is wrong with the leaf
 *   inspect-names.c    and with its names
 *   inspect-chain.c    what is wrong with its chain, and who signed it */

#include <openssl/x509v3.h>

#include "acme/chain.h"
#include "acme/inspect.h"

/* What a file holds. */
typedef struct Material {
        CertificateStack *certificates; /* owns; in the order of the file */
        EVP_PKEY *key;                  /* owns; the first one */
        bool ordered;                   /* the order means something */
        bool key_encrypted, key_unreadable, encrypted, request;
        size_t unreadable; /* certificates */
} Material;

void material_done(Material *m);
int material_read(const Bytes *data, Material *ret);

typedef struct Inspector {
        const InspectInput *input;
        Inspection *result;
        CertificateStack *all; /* borrows; as given */
        bool ordered;
        X509 *leaf;             /* borrows */
        CertificateStack *path; /* owns; leaf, issuers that are there; no references */
} Inspector;

int inspect_facts(X509 *c, InspectedCertificate *ret);
int inspect_leaf(Inspector *i);
int inspect_names(Inspector *i);
int inspect_path(Inspector *i);  /* fills `path` */
int inspect_chain(Inspector *i); /* behind it */

/* What a key is, "RSA 2048 bits"; malloc'ed. */
int inspect_key_text(EVP_PKEY *key, char **ret);
/* FINDING_WEAK_KEY, WEAK_CURVE, UNUSUAL_CURVE or FINDING_MAX: none. */
FindingKind inspect_key_fault(EVP_PKEY *key);
/* Signed by means of MD5, SHA-1 or the like. */
bool inspect_signature_is_weak(X509 *c);
bool inspect_is_self_issued(X509 *c);

/* "mail.example.org", "CN = x": a name for a sentence; malloc'ed. */
int inspect_subject(X509 *c, char **ret);
int inspect_issuer(X509 *c, char **ret);
