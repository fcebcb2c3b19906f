#pragma once

/* What the service*.c files share:
 *
 *   service.c          orders and certificate keys, and the table of all methods
 *   service-account.c  the account: made, found, updated
 *   service-key.c      what needs a grant: other account keys, the account's end, revocation
 *   service-stand-in.c  stand-ins until the first certificate
 *   service-elsewhere.c  requests to CAs without ACME, and keys that root brings */

#include "acme/jws.h"
#include "signer/request.h"

Request request_init(const char *method, VarlinkCall *call, const Json *parameters, void *userdata);

/* {key1: value1, key2: value2}; a value that is NULL is left out. */
int answer_pair(Request *q,
                const char *key1,
                const char *value1,
                const char *key2,
                const char *value2);

/* The body, signed with `key`. `payload` NULL: POST-as-GET. */
int answer_signed_by(Request *q, EVP_PKEY *key, const char *payload);
int answer_signed(Request *q, const char *payload); /* with the account's key */

/* service-account.c */
int method_account(VarlinkCall *call, const Json *parameters, void *userdata);
int method_sign_new_account(VarlinkCall *call, const Json *parameters, void *userdata);
int method_sign_account_update(VarlinkCall *call, const Json *parameters, void *userdata);

/* service-key.c */
int method_grant(VarlinkCall *call, const Json *parameters, void *userdata);
int method_prepare_account_key(VarlinkCall *call, const Json *parameters, void *userdata);
int method_promote_account_key(VarlinkCall *call, const Json *parameters, void *userdata);
int method_abandon_account_key(VarlinkCall *call, const Json *parameters, void *userdata);
int method_replace_account_key(VarlinkCall *call, const Json *parameters, void *userdata);
int method_sign_key_change(VarlinkCall *call, const Json *parameters, void *userdata);
int method_sign_deactivate(VarlinkCall *call, const Json *parameters, void *userdata);
int method_sign_revoke(VarlinkCall *call, const Json *parameters, void *userdata);

/* service-stand-in.c */
int method_stand_in(VarlinkCall *call, const Json *parameters, void *userdata);

/* service-elsewhere.c */
int method_manual_request(VarlinkCall *call, const Json *parameters, void *userdata);
int method_find_key(VarlinkCall *call, const Json *parameters, void *userdata);
int grant_import(
                Request *q); /* of method_grant(): at once, as there is nothing that the engine would use it for */
