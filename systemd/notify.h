#pragma once

/* What the service manager is told (sd_notify(3)). All do nothing without $NOTIFY_SOCKET. */

#include "base/base.h"

/* READY=1 with the sentence that `systemctl status` shows (may be NULL). */
void notify_ready(const char *status);

/* RELOADING=1 and MONOTONIC_USEC= in one message, as Type=notify-reload asks; notify_ready() ends
 * it. */
void notify_reloading(void);

void notify_stopping(void);
void notify_status(const char *text);
void notify_watchdog(void);

/* How often notify_watchdog() is due: half of WatchdogSec=; 0: no watchdog. */
usec_t notify_watchdog_interval(void);
