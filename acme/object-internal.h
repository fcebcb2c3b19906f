#pragma once

/* What object.c, authorization.c and directory.c share. */

#include "acme/object.h"

#define TOKEN_MIN          22 /* 128 bits */
#define TOKEN_MAX          83 /* so that token and thumbprint stay below 128 octets */
#define IDENTIFIERS_MAX    ((size_t) 100)
#define AUTHORIZATIONS_MAX (2 * IDENTIFIERS_MAX)
#define CHALLENGES_MAX     ((size_t) 100)
#define META_LIST_MAX      ((size_t) 100) /* profiles, CAA identities; the rest is passed over */
#define CAA_NAME_MAX       253
#define ECHO_MAX           ((size_t) 256) /* of what an order repeats */
#define ISSUERS_MAX        ((size_t) 10)  /* L-06 */

/* -EBADMSG with the reason. */
int object_refuse(const char **ret_reason, const char *reason);

/* A domain name as L-06 wants it: lower-case A-labels, no final dot, at most 253 octets. */
bool issuer_name_is_valid(const char *name);

int object_take_status(const Json *j, AcmeStatus *ret, const char **ret_reason);

/* Unix seconds; 0 when not said, or not a time. */
int64_t object_take_expires(const Json *j);

/* A checked copy of the URL. */
int object_check_url(
                const char *text, const StringList *origins, char **ret, const char **ret_reason);

/* The same of a member; an absent one leaves *ret alone. */
int object_take_url(
                const Json *j,
                const char *key,
                const StringList *origins,
                char **ret,
                const char **ret_reason);

/* Value of {type, value}: a DNS name in lower case or the text of an IP address (B-09, N-01). */
int object_take_identifier(const Json *j, char **ret, const char **ret_reason);
