#pragma once

/* Requests for CAs without ACME: a person carries them there, and it may take weeks. STATE/signer/requests/NAME.json holds
 * the last one of each certificate, with its subject; the key is one of keys/NAME as any other, durable before its request
 * is. Asked again, the answer is the same. */

#include "acme/key.h"
#include "acme/subject.h"

typedef struct ManualWish {
        const StringList *names;
        const char *common_name; /* of a subject that has none; NULL: none */
        const Subject *subject;  /* NULL: that of the last request */
        KeyType type;            /* KEY_TYPE_INVALID: whatever there is, else `standard` */
        KeyType standard;
        const char *other; /* SPKI of a key that is not wanted any more; NULL: none */
        bool create;       /* else -ENOKEY if there is none as wished */
} ManualWish;

typedef struct ManualRequest {
        Bytes der;
        char spki_sha256[SHA256_HEX_SIZE];
        KeyType type;
} ManualRequest;

void manual_request_done(ManualRequest *m);

/* -ENOKEY; -EEXIST: the request's key is of another type than wished; -EBADMSG: the file is damaged; errors of
 * keystore_certificate(). */
int manual_request(int store_fd, const char *certificate, const ManualWish *w, ManualRequest *ret);
