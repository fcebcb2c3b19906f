#pragma once

/* Certificates and perhaps a key as a person has them: several files, PEM in any order, DER, PKCS#7, PKCS#12. Whatever
 * they hold is put on one pile, from which the chain of a server is made. */

#include "acme/certinfo.h"

#define PILE_FILE_MAX         ((size_t) 512 * 1024)
#define PILE_CERTIFICATES_MAX 64

typedef struct Pile Pile;

int pile_new(Pile **ret);
Pile *pile_free(Pile *p);
DEFINE_CLEANUP(Pile *, pile_free)

/* Adds what is in the file; what is neither certificate nor key (parameters, requests) is passed over. -EBADMSG with
 * *ret_reason (static): nothing in it can be read; -ENOKEY: it needs a password (another one than this). `password` may
 * be NULL. */
int pile_add(Pile *p, const void *data, size_t size, const char *password, const char **ret_reason);

/* The one key on it, borrowed; NULL: none. */
EVP_PKEY *pile_key(const Pile *p);
size_t pile_count(const Pile *p); /* of certificates */

/* The key, and a certificate for it? One of renewd's own stand-ins? */
bool pile_has_pair(const Pile *p);
bool pile_has_stand_in(const Pile *p);

typedef struct PileChain {
        Bytes pem;       /* leaf first, each signed by the next; without the root */
        size_t unneeded; /* certificates that do not belong to it, roots not counted */
} PileChain;

void pile_chain_done(PileChain *c);

/* The chain of the certificate that belongs to the pile's key; without a key that of the only certificate for a server, of
 * several the one for all of `names`. The last one must be signed by a root of the pile, or of the system's trust store.
 * -EKEYREJECTED with *ret_why (malloc'ed, escaped). */
int pile_make_chain(
                const Pile *p,
                const StringList *names,
                int64_t now,
                PileChain *ret,
                char **ret_why);
