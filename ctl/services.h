#pragma once

/* The parts of `renewctl services`. */

#include "config/service.h"
#include "ctl/ctl.h"

/* The names of all profiles; appended. 0, or an exit status. */
int ctl_services(Ctl *ctl, StringList *ret);

/* The profile; NAME stands for a certificate's name. 0, or an exit status after having said why. */
int ctl_service(Ctl *ctl, const char *name, ServiceProfile **ret);

/* What the profile does, for a person and for a program. -ENOMEM. */
int services_print(const ServiceProfile *p);
int services_json(const ServiceProfile *p, Json *answer);
