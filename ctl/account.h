#pragma once

/* The parts of `renewctl account`. */

#include "ctl/ctl.h"

/* Writes the external account key of this CA. 0, or an exit status. */
int account_bind(Ctl *ctl, const CaConfig *ca);

/* Prints one account (Account of io.renewd.Manager), or a table of them. */
int account_print(const Json *account);
int account_print_list(const Json *accounts);
