#pragma once

/* What root allows the signer, on the signer's own socket. */

#include "ctl/ctl.h"

typedef struct CtlGrant {
        const char *action; /* "rollover", "new-key", "deactivate", "revoke" */
        const char *ca, *certificate, *leaf, *key; /* as the action needs them; else NULL */
} CtlGrant;

/* 0, or an exit status after having said why not. */
int ctl_grant(Ctl *ctl, const CtlGrant *g);
