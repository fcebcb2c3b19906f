/* The manager is told, not asked: a message that cannot be sent changes nothing here, so the results
 * of sd_notify() are ignored throughout. */

#include "systemd/notify.h"

#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/strings.h"

/* A line break would begin another assignment: the text passes the gate, which leaves none. */
static char *status_line(const char *text) {
        return text ? str_escape(text, STR_ESCAPE_MAX) : NULL;
}

void notify_ready(const char *status) {
        _cleanup_free_ char *line = status_line(status);

        if (line)
                (void) sd_notifyf(0, "READY=1\nSTATUS=%s", line);
        else
                (void) sd_notify(0, "READY=1");
}

void notify_reloading(void) {
        struct timespec now;

        if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
                return;
        (void) sd_notifyf(
                        0, "RELOADING=1\nMONOTONIC_USEC=%llu",
                        (unsigned long long) now.tv_sec * 1000000 +
                                        (unsigned long long) now.tv_nsec / 1000);
}

void notify_stopping(void) {
        (void) sd_notify(0, "STOPPING=1");
}

void notify_status(const char *text) {
        _cleanup_free_ char *line = status_line(text);

        if (line)
                (void) sd_notifyf(0, "STATUS=%s", line);
}

void notify_watchdog(void) {
        (void) sd_notify(0, "WATCHDOG=1");
}

usec_t notify_watchdog_interval(void) {
        uint64_t limit = 0;

        if (sd_watchdog_enabled(0, &limit) <= 0)
                return 0;
        return limit / 2;
}
