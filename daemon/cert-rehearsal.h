#pragma once

/* The way of a renewal, walked before at another CA. For cert*.c only:
 *
 *   cert-rehearsal.c        the rehearsal: a Cert of its own
 *   cert-rehearsal-words.c  what is told of that */

#include "daemon/cert-internal.h"

/* cert-rehearsal.c; `c` is the certificate, `r` its rehearsal */
int cert_rehearsal_configure(Cert *c, const CertCa *ca); /* without a session: none */
Cert *cert_rehearsal_free(Cert *r);
bool cert_rehearses(const Cert *c); /* by itself */
bool cert_is_rehearsing(const Cert *c);
int64_t cert_rehearsal_at(const Cert *c); /* when the next one is due; 0: none is */
/* Nothing is under way; begins (from the loop) what is due. When to look again; 0: not for this. */
int64_t cert_rehearsal_plan(Cert *c, int64_t now);
bool cert_rehearsal_failed_last(const Cert *c);
void cert_rehearsal_pass(Cert *r);
void cert_rehearsal_fail(Cert *r, const Failure *f);
/* Whatever is under way ends, without a result. */
void cert_rehearsal_yield(Cert *c, const char *why);
void cert_rehearsals_give_way(Cert *c); /* an order of this one begins: all of the same names end */

/* cert-rehearsal-words.c; NULL: nothing to say */
int cert_rehearsal_trouble(const Cert *c, char **ret);
int cert_describe_rehearsal(const Cert *c, char **ret);
int cert_rehearsal_json(const Cert *c, Json **ret);
