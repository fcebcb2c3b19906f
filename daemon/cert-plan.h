#pragma once

/* When a new certificate is ordered, for which of its names, and from whom. For cert*.c only:
 *
 *   cert-when.c          when a due order may begin, and what holds it up
 *   cert-ca.c            which of its CAs is asked
 *   cert-optional.c      names that it may do without
 *   cert-renewal-info.c  when the CA would like it renewed
 *   cert-twin.c          and its twin, if it has one
 *   cert-elsewhere.c     a certificate that a person brings */

#include "daemon/cert-internal.h"

/* cert-when.c */
bool cert_is_urgent(const Cert *c);
void cert_fix_instants(Cert *c, int64_t now);
int64_t cert_guard(const Cert *c, const StringList *names, int64_t now); /* 0: it does not hold */
/* The CA itself wants no order for these names before; past: it does not say (S-11). */
int64_t cert_asked_until(const Cert *c, const StringList *names, int64_t now);
int64_t cert_due_at(Cert *c, int64_t now); /* the latest of what holds the due order up */

/* cert-ca.c */
const CertCa *cert_ca_named(const Cert *c, const char *name); /* NULL: none of its CAs */
void cert_cas_configure(Cert *c, const CertCas *cas);
int64_t cert_choose_ca(Cert *c, int64_t now); /* when time alone may change the choice; 0 */
void cert_prefer_first_ca(Cert *c);           /* nothing is due */
int64_t cert_patience(const Cert *c);  /* with a CA that does not answer; 0: no other one is left */
RecordTries cert_tries(const Cert *c); /* at the CA that is asked */
void cert_set_tries(Cert *c, const RecordTries *tries);
CertReach *cert_reach(Cert *c);
bool cert_is_unreachable(const Cert *c); /* any of its CAs */
void cert_forget_reach(Cert *c);
void cert_forget_delays(Cert *c);

/* cert-optional.c */
bool cert_is_left_out(const Cert *c, const char *name);
int cert_wanted_names(const Cert *c, int64_t now, StringList *ret); /* of a new order */
bool cert_optional_heed(Cert *c, const Failure *f, int64_t now);    /* true: it does not count */
void cert_optional_issued(Cert *c, const StringList *names);
int64_t cert_optional_at(const Cert *c);  /* when a left-out name is asked for; 0: there is none */
bool cert_is_asking_again(const Cert *c); /* a new order would be for a left-out name only */
int cert_optional_trouble(const Cert *c, char **ret); /* words; NULL: none is left out */

/* cert-renewal-info.c */
void cert_info_start(Cert *c);        /* the engine starts */
void cert_info_plan(Cert *c);         /* whatever it depends on may have changed */
void cert_info_stop(Cert *c);         /* what was asked is not waited for */
bool cert_info_is_due(const Cert *c); /* it is asked for now, or shall be */
bool cert_has_window(const Cert *c);
bool cert_is_in_window(const Cert *c, int64_t now); /* the CA exempts such a renewal (T-17) */
int64_t cert_suggested(const Cert *c);              /* 0: nothing */
bool cert_is_recalled(const Cert *c);               /* the CA wants it replaced at once (T-18) */
const char *cert_predecessor(const Cert *c); /* certID for an order; NULL: it replaces none */

/* cert-twin.c */
void cert_join(Cert *c);
void cert_leave(Cert *c);
Cert *cert_twin(const Cert *c);                /* NULL: it has none */
int64_t cert_await_twin(Cert *c, int64_t now); /* 0: it may be ordered; else when to look again */
void cert_wake_twin(const Cert *c);            /* this one's attempt has ended */
void cert_hurry_twin(const Cert *c);           /* this one's files are in place */
/* The twin's files, and these are on their way. */
bool cert_target_awaits(const Cert *c, const Target *t);

/* cert-elsewhere.c */
/* RenewBefore=, or what CA=none has instead; 0: by lifetime. */
int64_t cert_renew_before(const Cert *c);
bool cert_elsewhere_fits(const Cert *c);
bool cert_elsewhere_is_late(const Cert *c);
int cert_elsewhere_way(const Cert *c, char **ret);     /* what a person does */
int cert_elsewhere_trouble(const Cert *c, char **ret); /* NULL: nothing is wanted of anybody */
void cert_elsewhere_tell(Cert *c);                     /* in the log, once a day */
