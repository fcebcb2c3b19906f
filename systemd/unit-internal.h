#pragma once

/* What unit.c shares with transient.c: the connection, and waiting for one job. */

#include <systemd/sd-bus.h>

#include "systemd/unit.h"

#define SYSTEMD_NAME     "org.freedesktop.systemd1"
#define SYSTEMD_PATH     "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER  "org.freedesktop.systemd1.Manager"
#define SYSTEMD_UNIT     "org.freedesktop.systemd1.Unit"
#define SYSTEMD_JOB      "org.freedesktop.systemd1.Job"
#define SYSTEMD_SERVICE  "org.freedesktop.systemd1.Service"
#define UNITS_CALL_LIMIT (25 * USEC_PER_SEC)

struct Units {
        sd_bus *bus;       /* owns */
        sd_bus_slot *slot; /* owns; the JobRemoved match */
        bool direct;       /* systemd's private socket: no bus daemon, so no AddRef= */
        char *job;         /* owns; object path of the job that is awaited */
        char *result;      /* owns; of that job: "done", "failed" … NULL until it ended */
};

usec_t units_now(void); /* CLOCK_BOOTTIME */

/* The object of a unit: *ret_path lives as long as *ret. -EINVAL: no name of a unit. */
int units_load(Units *u, const char *name, sd_bus_message **ret, const char **ret_path);

/* Keeps the job path of a reply and waits for its JobRemoved. *ret_result: borrowed until the next
 * job. -ETIMEDOUT at `deadline` (units_now()). */
int units_wait_job(Units *u, sd_bus_message *reply, usec_t deadline, const char **ret_result);

/* Words for a failed call: the bus's own message, escaped. */
void units_explain(char **ret_error, const char *what, int error, const sd_bus_error *bus_error);
