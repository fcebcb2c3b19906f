#pragma once

/* Keystores of Java and others: one key with its chain under an alias. What is written is never twice the same (salts), so
 * it is compared by what is in it. */

#include <openssl/evp.h>

#include "acme/chain.h"
#include "hooks/bundle.h"

typedef struct Keystore {
        FileFormat format;
        EVP_PKEY *key;           /* owns */
        CertificateStack *chain; /* owns; leaf first */
        char *alias;             /* owns; NULL: none */
        bool legacy;             /* as old programs read PKCS#12 */
} Keystore;

void keystore_done(Keystore *k);

/* PKCS#12; appended. Modern: AES-256-CBC and HMAC-SHA-256; legacy: triple DES and HMAC-SHA-1, never RC2. */
int keystore_write(
                const Bundle *b,
                FileContent content,
                const FileForm *form,
                const char *password,
                Bytes *ret);

/* PKCS#12 or JKS, as the octets say. -EBADMSG: neither, damaged, another password, or more than one entry. */
int keystore_read(const Bytes *octets, const char *password, Keystore *ret);

/* Has the file at the place the form, key, chain and alias of what is wanted (a PKCS#12 or JKS)? */
bool keystore_same(
                const Bytes *there,
                const Bytes *wanted,
                const FileForm *form,
                const char *password);

/* keystore-jks.c; -EBADMSG. */
bool jks_looks_so(const Bytes *octets);
int jks_read(const Bytes *octets, const char *password, Keystore *ret);
