#pragma once

/* What root tells the signer itself, on the signer's own socket. */

#include "ctl/ctl.h"

typedef struct CtlGrant {
        const char *action; /* "rollover", "new-key", "deactivate", "revoke", "import" */
        const char *ca, *certificate, *leaf, *key; /* as the action needs them; else NULL */
} CtlGrant;

/* Connects to the signer; 0, or an exit status after having said why not. */
int ctl_connect_signer(Ctl *ctl, VarlinkClient **ret);

/* 0, or an exit status after having said why not. */
int ctl_grant(Ctl *ctl, const CtlGrant *g);
