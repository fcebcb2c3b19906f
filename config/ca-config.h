#pragma once

/* ca/NAME.conf: a certificate authority, and what it allows. */

#include "acme/key.h"
#include "base/strings.h"

/* What a CA publishes about its limits (LE-07); the count per account is OrderBudget=. */
typedef enum CaLimitKind {
        CA_LIMIT_DUPLICATES, /* certificates of one exact set of names */
        CA_LIMIT_FAILURES,   /* failed validations of one name */
        CA_LIMIT_MAX,
} CaLimitKind;
const char *ca_limit_to_string(CaLimitKind k);

typedef struct CaLimit {
        int64_t count; /* 0: no limit */
        int64_t period_sec;
} CaLimit;

typedef struct CaConfig {
        char *name;      /* file name without .conf */
        char *directory; /* URL */
        char *bundle;    /* PEM file that replaces the system's trust store; NULL: the system's */
        StringList origins;       /* of the directory, and what Origins= allows besides */
        KeyType account_key_type; /* of an account key that is made (C-01) */
        int64_t max_orders;       /* in flight (S-07) */
        int64_t order_budget;     /* new orders per 3 h; 0: no limit */
        int64_t max_labels;       /* of a name; 0: no limit (H-03) */
        CaLimit limits[CA_LIMIT_MAX];
        int64_t max_names;         /* of one certificate (H-03) */
        StringList caa_identities; /* what CAA records call it, if its directory does not say */
        bool allow_private; /* private addresses though the directory's host is public */
        bool terms_agreed;  /* AgreeToTerms= of [Account], or of this CA */
        bool renewal_info;  /* ask it when to renew, if it says (T-03) */
        bool replaces;      /* tell it which certificate an order replaces (T-15) */
        StringList contact; /* Contact=, or Email= of [Account]; "mailto:" is added where it is sent */
        char *external_account; /* credential below credentials/eab/; the CA's name unless told otherwise */
        char *proxy;            /* http://HOST:PORT; NULL: none */
        char *staging;          /* the CA definition to rehearse at; NULL: none */
} CaConfig;
