#pragma once

/* A live version in memory, and the files that services want made of it. */

#include "base/bytes.h"
#include "config/config.h"

typedef struct Bundle {
        Bytes key; /* secret; empty: it is elsewhere */
        Bytes cert;
        Bytes chain; /* empty without intermediates */
        Bytes fullchain;
        Bytes root; /* what the chain ends at; bundle_find_root() */
} Bundle;

void bundle_done(Bundle *b);

/* The parts of a file as PEM blocks, appended, each line ended. A `ret` that takes the key must be
 * secret. -ENOKEY: there is no key; -ENODATA: the root was not found. */
int bundle_content(const Bundle *b, FileContent content, Bytes *ret);

/* The same as the form wants it: PEM, DER, or PKCS#12 with this password, also for a JKS, which keytool makes of it.
 * Besides: -EOPNOTSUPP: this kind of key has no traditional form. */
int bundle_form(const Bundle *b,
                FileContent content,
                const FileForm *form,
                const char *password,
                Bytes *ret);

/* Fills the root from the system's store and `files` (PEM). One that is not found leaves it empty: -ENODATA says so
 * when it is wanted. */
int bundle_find_root(Bundle *b, const StringList *files);

/* Of a certificate that signed itself. */
bool bundle_root_is_leaf(const Bundle *b);

/* A key in the form that is wanted; appended to a secret `ret`. */
int bundle_key(const Bundle *b, const FileForm *form, Bytes *ret);
