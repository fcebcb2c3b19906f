#pragma once

/* Proofs shown and taken away by programs. Each function names what shall be true and may be called again. */

#include "hooks/proof.h"

/* These are shown. One text for each in *ret_errors: "" when it is, else why not. Negative when nothing can be
 * said: -EWOULDBLOCK: another call is at work; other: storage. */
int present_proofs(
                const Paths *paths,
                const CertificateConfig *c,
                const ProofList *proofs,
                StringList *ret_errors);

/* These are not shown any more; `which` NULL: nothing of this certificate is. What was never shown is fine. One text for
 * each clean-up that failed; it stays in the journal for another try. */
int present_cleanup(
                const Paths *paths,
                const CertificateConfig *c,
                const ProofList *which,
                StringList *ret_errors);
