#pragma once

/* An attempt to get a new certificate. For cert*.c only:
 *
 *   cert-preflight.c  what is looked at before
 *   cert-attempt.c    from its admission to its end
 *   cert-fail.c       the end without a certificate
 *   cert-chain.c      the chain that came: checked, saved, taken over */

#include "daemon/cert-internal.h"

/* cert-preflight.c */
bool cert_preflight_begin(Cert *c);                /* false: there is nothing to look at */
int64_t cert_preflight_holds_until(const Cert *c); /* 0: it does not */
void cert_preflight_stop(Cert *c);                 /* what is under way */
void cert_preflight_forget(Cert *c);               /* and what was found */

/* cert-attempt.c */
int cert_attempt_id(const Cert *c, char **ret); /* another one; frees what *ret was */
void cert_attempt_admit(Cert *c);               /* after the look: into the line at the CA */
void cert_attempt_begin(Cert *c);
void cert_attempt_clear(Cert *c);      /* frees what an attempt holds; phase IDLE */
bool cert_attempt_fits(const Cert *c); /* the open attempt is for the present configuration */

/* cert-fail.c */
void cert_attempt_fail(Cert *c, const Failure *f);
void cert_remember_error(Cert *c, const Failure *f, int64_t now);
void cert_attempt_failed_before(Cert *c); /* found at start, for the second time */

/* cert-chain.c */
void cert_chain_arrived(Cert *c);
void cert_chain_store(Cert *c);
int cert_chain_adopt(Cert *c, const CertInfo *info); /* record.current from the open attempt */
/* The chain on disk is this one now; takes what *info holds. */
void cert_become(Cert *c, CertInfo *info);
