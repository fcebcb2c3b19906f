#pragma once

/* One certificate's life: when it is due, the order that brings the next one, its publication and its targets.
 * The old one is untouched until the new one is checked and on disk. */

#include "daemon/cert-context.h"

/* Loads record and chain. `config` is borrowed. */
int cert_new(CertContext *context, const CertificateConfig *config, const CertCas *cas, Cert **ret);
Cert *cert_free(Cert *c);
DEFINE_CLEANUP(Cert *, cert_free)

/* Plans and begins; what is not urgent waits up to `spread_sec` (Y-08). */
void cert_start(Cert *c, int64_t spread_sec);

/* A new configuration; the old one is still there. An order that would be placed as well now goes on, unless `renewed_ca`
 * says that one of its CAs is another one now. */
int cert_configure(Cert *c, const CertificateConfig *config, const CertCas *cas, bool renewed_ca);

const CertificateConfig *cert_config(const Cert *c);

/* Removed from the configuration: ends the order and what it shows. */
void cert_abort(Cert *c);

/* Renew now; see manager_renew() for what it means, for errors and *ret_message. */
typedef struct CertWish {
        bool force, insist, tell_now;
} CertWish;
int cert_renew(Cert *c, CertWish wish, char **ret_message);

/* This chain (PEM, leaf first), whose key the signer has, is the certificate. -EUCLEAN: broken configuration; -EBUSY: an order
 * is on its way; -EPERM: it is ordered from a CA (not with `force`); -EINVAL: it is no good; *ret_message (malloc'ed) says why.
 * The present one again changes nothing. */
int cert_import(Cert *c, const void *pem, size_t size, bool force, char **ret_message);

/* The stand-in is put where it is wanted. -EUCLEAN: broken configuration; -EEXIST: none is wanted, *ret_message (malloc'ed) says
 * why. */
int cert_stand_in_now(Cert *c, char **ret_message);

/* Rehearse now, at the staging CA of its first CA; *ret_message (malloc'ed) says what to do. -EUCLEAN: broken
 * configuration; -EOPNOTSUPP: there is none; -EBUSY: an order of its names is on its way. One that is under way goes on. */
int cert_rehearse(Cert *c, char **ret_message);
bool cert_is_rehearsing_at(const Cert *c, const char *ca);

/* ---- its account, its revocation ---- */

/* An order is under way at this CA (F-14). */
bool cert_is_ordering_at(const Cert *c, const char *ca);
/* The order that waits there for its next attempt cannot go on with another account key. */
void cert_forget_order_at(Cert *c, const char *ca);
/* What a failure has parked is perhaps mended. */
void cert_retry_parked_at(Cert *c, const char *ca);

/* The name of the CA that issued what is there; the configured one if that is not known. */
const char *cert_issuing_ca(const Cert *c);
/* It was revoked by us. With `replace` another one is ordered at once, with another key. */
int cert_revoked(Cert *c, const char *leaf, bool replace);

/* Its targets are given back to what was there before; or not, then they are looked after again. */
void cert_give_back(Cert *c, bool given_back);

/* ---- watching ---- */

typedef struct CertWatch CertWatch;
typedef void (*cert_step_fn)(const char *step, bool done, bool ok, void *userdata);
int cert_watch(Cert *c, cert_step_fn fn, void *userdata, CertWatch **ret);
/* Of its stand-in. */
int cert_watch_stand_in(Cert *c, cert_step_fn fn, void *userdata, CertWatch **ret);
/* Of its rehearsal. */
int cert_watch_rehearsal(Cert *c, cert_step_fn fn, void *userdata, CertWatch **ret);
CertWatch *cert_watch_free(CertWatch *w);

/* ---- questions ---- */

typedef enum CertState {
        CERT_VALID,
        CERT_NEW,      /* there is none yet */
        CERT_RENEWING, /* an order or a deploy is on its way, nothing is wrong */
        CERT_DEGRADED, /* something is wrong, and there is time */
        CERT_FAILING,  /* and there is little time (D12) */
        CERT_EXPIRED,
        CERT_BROKEN, /* its configuration has an error */
} CertState;

CertState cert_state(const Cert *c);
const char *cert_state_to_string(CertState s);

/* What the first of its targets that is held waits for, "nginx waits for the window Sun 03:00 (2027-01-03)"; NULL: none is.
 * Borrowed. */
const char *cert_hold_words(const Cert *c);

/* Nothing is under way and nothing is due now. */
bool cert_is_settled(const Cert *c);

/* When the next renewal is planned; 0: not. */
int64_t cert_next_renewal(const Cert *c);

/* Its plan is so far behind time that the scheduler must have lost it. */
bool cert_is_overdue(const Cert *c);

/* 0: no certificate. */
int64_t cert_not_after(const Cert *c);

/* What is wrong and until when it is safe to ignore, with the name first; NULL when nothing is. malloc'ed. */
int cert_problem(const Cert *c, char **ret);

/* Why the next attempt is not before cert_next_attempt(), or what is waited for; malloc'ed, NULL when nothing is. */
int cert_why(const Cert *c, char **ret);
/* What dns-persist-01 wants in the DNS, as lines of a zone file. -ENODATA: the CA has not been asked since the start;
 * -EOPNOTSUPP: it names no issuer. */
int cert_persist_records(const Cert *c, StringList *ret);

/* The shape Certificate of io.renewd.Manager. */
int cert_json(const Cert *c, Json **ret);
