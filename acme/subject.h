#pragma once

/* The subject of a certificate request for CAs that want one (RFC 5280 §4.1.2.6; the bounds of X.520). */

#include <openssl/x509.h>

#include "base/strings.h"

typedef enum SubjectField {
        SUBJECT_COUNTRY, /* in the order in which they are written */
        SUBJECT_STATE,
        SUBJECT_LOCALITY,
        SUBJECT_ORGANIZATION,
        SUBJECT_UNIT,
        SUBJECT_COMMON_NAME,
        SUBJECT_EMAIL,
        SUBJECT_FIELD_MAX,
        SUBJECT_FIELD_INVALID = -EINVAL,
} SubjectField;

/* "C", "ST", "L", "O", "OU", "CN", "emailAddress" */
const char *subject_field_to_string(SubjectField f);
SubjectField subject_field_from_string(const char *text);

typedef struct Subject {
        char *fields[SUBJECT_FIELD_MAX]; /* owns; NULL: left out */
} Subject;

void subject_done(Subject *s);
bool subject_is_empty(const Subject *s);
bool subject_same(const Subject *a, const Subject *b);
int subject_copy(const Subject *s, Subject *ret);

/* Replaces a field; "" leaves it out. -EINVAL with *ret_reason (static): too long, no UTF-8, control characters, or not
 * of the field's own alphabet. */
int subject_set(Subject *s, SubjectField f, const char *value, const char **ret_reason);

/* "C=DE,O=Example\, Inc.,CN=www.example.org": what is named is set, the rest stays. -EINVAL with *ret_reason. */
int subject_parse(const char *text, Subject *s, const char **ret_reason);

/* Appends the fields to an empty name. */
int subject_to_name(const Subject *s, X509_NAME *name);
