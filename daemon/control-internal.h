#pragma once

/* What control.c, control-account.c, control-probe.c and control-renew.c share. */

#include "base/varlink.h"
#include "daemon/manager.h"

Manager *control_manager(void *client);

/* control-account.c */
int control_accounts(VarlinkCall *call, const Json *parameters, void *client);
int control_check_account(VarlinkCall *call, const Json *parameters, void *client);
int control_create_account(VarlinkCall *call, const Json *parameters, void *client);
int control_find_account(VarlinkCall *call, const Json *parameters, void *client);
int control_update_account(VarlinkCall *call, const Json *parameters, void *client);
int control_agree_to_terms(VarlinkCall *call, const Json *parameters, void *client);
int control_roll_account_key(VarlinkCall *call, const Json *parameters, void *client);
int control_deactivate_account(VarlinkCall *call, const Json *parameters, void *client);
int control_repair_account(VarlinkCall *call, const Json *parameters, void *client);
int control_revoke(VarlinkCall *call, const Json *parameters, void *client);

int control_restore(VarlinkCall *call, const Json *parameters, void *client);

/* control-probe.c */
int control_show_probe(VarlinkCall *call, const Json *parameters, void *client);

/* control-renew.c */
int control_renew(VarlinkCall *call, const Json *parameters, void *client);
int control_rehearse(VarlinkCall *call, const Json *parameters, void *client);
int control_stand_in(VarlinkCall *call, const Json *parameters, void *client);
int control_import(VarlinkCall *call, const Json *parameters, void *client);
