#pragma once

/* An ACME server in the same process: nonces, accounts, orders, authorizations (validated by a look into the fake
 * responder), asynchronous finalize, real small certificates. It fails when a hook says so, counts everything, and
 * outlives the engine. Bodies are the fake signer's: {"nonce","url","kid","payload"}. */

#include <openssl/x509.h>

#include "daemon/http.h"
#include "tests/fake/loop.h"
#include "tests/fake/responder.h"

typedef struct FakeCa FakeCa;

typedef enum CaRequest {
        CA_DIRECTORY,
        CA_NONCE,
        CA_ACCOUNT,
        CA_NEW_ORDER,
        CA_AUTHORIZATION,
        CA_CHALLENGE,
        CA_ORDER,
        CA_FINALIZE,
        CA_CERTIFICATE,
        CA_RENEWAL_INFO,
        CA_REQUEST_MAX,
} CaRequest;

typedef enum CaFault {
        CA_OK,
        CA_LOST_BEFORE, /* the request never arrives */
        CA_LOST_AFTER,  /* it does, the answer is lost */
        CA_BAD_NONCE,
        CA_ERROR_500,
        CA_BUSY_503, /* with Retry-After */
        CA_RATE_429, /* with Retry-After */
        CA_GARBAGE,  /* 200 with a page of HTML */
        CA_REFUSED,  /* 403 rejectedIdentifier */
        CA_TERMS,    /* 403 userActionRequired */
        CA_BAD_CSR,  /* 400 badCSR */
        CA_FAULT_MAX,
} CaFault;

/* What the renewal information says. */
typedef enum CaInfo {
        CA_INFO_GOOD,
        CA_INFO_PAST,      /* every certificate is to be replaced at once */
        CA_INFO_OPEN,      /* since before it was issued */
        CA_INFO_FAR,       /* after the end of the certificate */
        CA_INFO_LATE,      /* its last second */
        CA_INFO_MOVING,    /* always tomorrow */
        CA_INFO_BEFORE,    /* 1970 */
        CA_INFO_WIDE,      /* since 1970, for ever */
        CA_INFO_BACKWARDS, /* end before start */
        CA_INFO_NO_END,
        CA_INFO_GARBAGE,
        CA_INFO_REFUSED, /* 400 */
        CA_INFO_MAX,
} CaInfo;

typedef struct FakeCaHooks {
        /* All may be NULL. `identifier` is the first name of the order, or NULL. */
        CaFault (*fault)(CaRequest request, const char *identifier, void *userdata);
        bool (*validates)(
                        const char *identifier,
                        void *userdata); /* is the name reachable from outside? */
        bool (*spoils)(void *userdata);  /* a certificate for another key */
        void (*issued)(const char *identifier, int64_t true_sec, void *userdata);
        /* Whatever is answered may be changed; `error` is 0 or why there is no answer. Returns the like. */
        int (*twist)(CaRequest request, int error, HttpReply *reply, void *userdata);
        void *userdata;
} FakeCaHooks;

typedef struct FakeCaCounts {
        unsigned posts, heads, gets;
        unsigned by[CA_REQUEST_MAX];
        unsigned orders, issued, accounts;
        unsigned with_replaces;    /* orders, not requests */
        unsigned info_of_replaced; /* renewal information of what was replaced already (T-11) */
        unsigned most_open;        /* orders of one set of names that were open at the same time */
} FakeCaCounts;

typedef struct FakeCaOptions {
        int64_t lifetime_sec;    /* of certificates */
        int64_t reuse_sec;       /* of valid authorizations; 0: none */
        int64_t validate_sec;    /* how long a validation takes */
        int64_t finalize_sec;    /* how long issuing takes; 0: at once */
        int64_t retry_after_sec; /* of 429 and 503 */
        int64_t date_error_sec;  /* of the Date in its answers; the certificates' dates are right */
        bool no_renewal_info;    /* the directory has none */
        CaInfo info;
        const char *info_retry_after, *explanation; /* NULL: none */
        long refuses_replaces;                      /* with this status; 0: takes it */
        const char *profile;                        /* that it has; NULL: none */
        bool ignores_profile;
        const char *extra_name; /* that it adds to what was asked for; NULL: none */
} FakeCaOptions;

/* Its directory is "https://HOST/dir". */
FakeCa *fake_ca_new(Loop *loop, Responder *responder, const char *host);
FakeCa *fake_ca_free(FakeCa *ca);

FakeCaOptions *fake_ca_options(FakeCa *ca);
FakeCaHooks *fake_ca_hooks(FakeCa *ca);
FakeCaCounts *fake_ca_counts(FakeCa *ca);
const char *fake_ca_host(const FakeCa *ca);
void fake_ca_set_down(FakeCa *ca, bool down); /* nothing answers */
void fake_ca_forget_accounts(FakeCa *ca);
void fake_ca_revoke(FakeCa *ca, const char *identifier); /* the last certificate of this name */
/* The last newOrder's payload, as the fake signer writes it; "" if none. */
const char *fake_ca_last_order(const FakeCa *ca);
size_t fake_ca_open_orders(FakeCa *ca, const char *identifier);

/* Carries a request out. 0 and *ret, or negative: no answer. */
int fake_ca_handle(
                FakeCa *ca,
                HttpMethod method,
                const char *url,
                const void *body,
                size_t size,
                HttpReply *ret);

/* A chain (leaf, intermediate) for this key, as PEM; appended. */
int fake_ca_issue(
                FakeCa *ca,
                EVP_PKEY *key,
                const StringList *names,
                int64_t not_before,
                int64_t not_after,
                Bytes *ret);
