#pragma once

/* The certificate in the world. For cert*.c only:
 *
 *   cert-install.c   published, and wanted at the targets
 *   cert-hold.c      what the targets wait for
 *   cert-stand-in.c  what services have while there is none */

#include "daemon/cert-internal.h"

/* cert-install.c */
int cert_targets_configure(Cert *c, const CertificateConfig *config);
void cert_targets_free(Cert *c);
void cert_install(Cert *c);
void cert_install_stop(Cert *c);
bool cert_install_is_settled(const Cert *c);
bool cert_is_deployed(const Cert *c);
void cert_prune_keys(Cert *c);   /* now, or when it is live */
void cert_install_tell(Cert *c); /* those who look on, if all is done */

/* cert-hold.c */
const char *cert_canary(const Target *t, void *userdata); /* see TargetOwner */
void cert_inform_targets(Cert *c);                        /* before they are told what to want */
int64_t cert_oldest_not_after(const Cert *c);             /* once the next one takes over */
void cert_targets_changed(Cert *c);
bool cert_only_waits(const Cert *c); /* wherever it is not yet, it is held */

/* cert-stand-in.c */
void cert_stand_in(Cert *c); /* now, if it is wanted at all */
void cert_stand_in_stop(Cert *c);
bool cert_has_stand_in(const Cert *c); /* at one target at least */
