#pragma once

/* What is told of a certificate. For cert*.c only:
 *
 *   cert-watch.c   those who look on
 *   cert-status.c  words
 *   cert-why.c     words about time: why not sooner, and what comes when */

#include "daemon/cert-internal.h"

struct CertWatch {
        Cert *cert;    /* NULL: the certificate is gone */
        bool stand_in; /* looks at that only */
        CertWatch *next;
        unsigned round;
        cert_step_fn fn;
        void *userdata;
};

/* cert-watch.c */
void cert_tell(Cert *c, bool done, bool ok, const char *step);
void cert_tell_stand_in(Cert *c, bool done, bool ok, const char *step);
void cert_tell_step(Cert *c); /* what is being done now */
void cert_watches_free(Cert *c);

/* cert-status.c */
int cert_describe(const Cert *c, char **ret); /* what is being done; NULL: nothing */
int cert_message(const Cert *c, const char *step, char **ret); /* one clause about it */
bool cert_is_late(const Cert *c);         /* little time left, and no success (D12) */
int64_t cert_next_attempt(const Cert *c); /* 0: none is planned */

/* cert-why.c */
/* "as the CA asked"; NULL: nothing but the last failure. */
const char *cert_why_short(const Cert *c);
int cert_plan_json(const Cert *c, Json **ret);
