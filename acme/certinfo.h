#pragma once

/* Facts of a certificate chain, read from PEM, and the checks before anything is installed
 * (P-02 … P-05, R2.4.11). */

#include "acme/key.h"
#include "base/strings.h"

#define CHAIN_MAX_SIZE         ((size_t) 100 * 1024)
#define CHAIN_MAX_CERTIFICATES 10

typedef struct CertInfo {
        char leaf_sha256[SHA256_HEX_SIZE];
        char spki_sha256[SHA256_HEX_SIZE]; /* of the leaf's public key */
        StringList names; /* dNSName lower case, iPAddress as text; sorted, unique */
        int64_t not_before, not_after;
        char *serial;     /* upper-case hex */
        char *subject;    /* escaped one line; "" if empty */
        char *issuer;     /* escaped: common name, else the one-line name */
        char *cert_id;    /* for renewal information; NULL: it has none (T-04) */
        size_t count;     /* certificates in the chain */
        KeyType key_type; /* KEY_TYPE_INVALID if none of ours */
} CertInfo;

void certinfo_done(CertInfo *c);

/* Parses a PEM chain, leaf first. Only CERTIFICATE blocks; anything else, none, too many or too large is
 * -EBADMSG with *ret_reason (static text; may be NULL). */
int certinfo_parse(const void *pem, size_t size, CertInfo *ret, const char **ret_reason);

/* The chain in canonical PEM, parts apart: leaf only, intermediates only, all. A self-signed last one is dropped; a
 * permutation is put in order (P-03). Any of the outputs may be NULL; appended. */
int chain_split(const void *pem,
                size_t size,
                Bytes *ret_leaf,
                Bytes *ret_chain,
                Bytes *ret_fullchain,
                const char **ret_reason);

/* One certificate as PEM; appended. -EBADMSG: it is none. */
int certificate_der_to_pem(const void *der, size_t size, Bytes *ret, bool *ret_is_root);

/* Is this what the chain ends at: the common name of the last certificate's issuer, or the SHA-256 (hex) of the last
 * certificate as sent, which is the root where a CA sends it (P-08)? 1, 0; -EBADMSG if the chain cannot be read. */
int chain_has_issuer(const void *pem, size_t size, const char *issuer);

/* Have both chains the same leaf? 1, 0; -EBADMSG if one of them cannot be read. */
int chain_same_leaf(const void *a, size_t a_size, const void *b, size_t b_size);

/* The leaf as DER; appended. -EBADMSG. */
int chain_leaf_der(const void *pem, size_t size, Bytes *ret);

/* What a new certificate must satisfy. */
typedef struct CertExpectation {
        const char *spki_sha256; /* of our key; NULL: not checked */
        const StringList *names; /* all must be in it; extra ones are allowed unless exact_names */
        bool exact_names;
        int64_t now;
        int64_t skew_sec; /* allowed for notBefore */
} CertExpectation;

/* 0, or -EKEYREJECTED with *ret_reason = a sentence (static). Checks key, names, dates (P-04), not a CA, serverAuth when
 * an extended key usage is there, each certificate signed by the next. */
int chain_check(const void *pem, size_t size, const CertExpectation *e, const char **ret_reason);

/* The leaf's names that are not among `asked`, appended: of a chain that chain_check() took. -EBADMSG. */
int chain_extra_names(const void *pem, size_t size, const StringList *asked, StringList *ret);

/* What a client would find wrong with a chain as a service sent it, the leaf first: the date, the name that was asked for
 * (NULL: none was), an intermediate of `expected` (what the service was given; may be empty: not known) that is missing
 * or not in its place. 1: *ret_words, malloc'ed and escaped; 0: nothing; -EBADMSG: what was sent cannot be read. */
int chain_served_fault(
                const Bytes *served,
                const Bytes *expected,
                const char *name,
                int64_t now,
                char **ret_words);

/* Does this key belong to the chain's leaf? 1 yes, 0 no; -EBADMSG if the chain cannot be read. */
int chain_matches_key(const void *pem, size_t size, EVP_PKEY *k);
