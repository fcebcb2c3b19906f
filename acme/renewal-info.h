#pragma once

/* Renewal information (RFC 9773): when a CA would like its certificate replaced. Which certificate is meant, what
 * the CA says, and the instant that follows from it; pure. */

#include "base/json.h"
#include "base/strings.h"

#define CERT_ID_MAX ((size_t) 128)

/* base64url(AKI keyIdentifier) "." base64url(content octets of the serial number), of a chain's leaf (T-04).
 * -ENOENT: it has no such keyIdentifier; -EBADMSG: no chain. malloc'ed. */
int cert_id_of_chain(const void *pem, size_t size, char **ret);
bool cert_id_is_valid(const char *text);

typedef struct RenewalInfo {
        int64_t start, end; /* the window is [start, end), start < end */
        char *explanation;  /* URL to show, escaped; may be NULL */
} RenewalInfo;

/* -EBADMSG with *ret_reason (static): as if there were no answer (T-05). */
int renewal_info_parse(const Json *j, RenewalInfo *ret, const char **ret_reason);
void renewal_info_done(RenewalInfo *i);

typedef struct RenewalChoice {
        int64_t start, end;            /* the window */
        int64_t not_before, not_after; /* of the certificate */
        int64_t installed;             /* since when it is ours; 0: for long */
        int64_t now;
        uint64_t random; /* uniform */
} RenewalChoice;

/* The instant for the renewal, never 0: at random in the window, of which a certificate that is still new leaves
 * out the beginning (T-06, T-08). *ret_recalled: the window is wholly past, so the certificate is revoked, or will be
 * soon (T-18). 0: there is nothing to go by in this window (T-19). */
int64_t renewal_choose(const RenewalChoice *c, bool *ret_recalled);
