/* A job is a promise of systemd to bring a unit into a state; it ends with the signal JobRemoved. The
 * match for the signal is made and Subscribe called before the first job is asked for, and signals
 * that arrive while a reply is awaited are queued by sd-bus, so that no end can be missed. */

#include "systemd/unit.h"

#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/log.h"
#include "systemd/unit-internal.h"

static const char *const unit_state_names[UNIT_STATE_MAX] = {
        [UNIT_UNKNOWN] = "unknown",
        [UNIT_INACTIVE] = "inactive",
        [UNIT_FAILED] = "failed",
        [UNIT_ACTIVATING] = "activating",
        [UNIT_ACTIVE] = "active",
        [UNIT_RELOADING] = "reloading",
        [UNIT_DEACTIVATING] = "deactivating",
};

bool systemd_is_running(void) {
        return sd_booted() > 0;
}

const char *unit_state_to_string(UnitState s) {
        return s >= 0 && s < UNIT_STATE_MAX ? unit_state_names[s] : NULL;
}

UnitState unit_state_from_string(const char *text) {
        for (int i = 0; i < UNIT_STATE_MAX; i++)
                if (str_equal(text, unit_state_names[i]))
                        return (UnitState) i;
        return str_equal(text, "refreshing") ? UNIT_RELOADING : UNIT_STATE_INVALID;
}

bool unit_state_is_running(UnitState s) {
        return s == UNIT_ACTIVE || s == UNIT_RELOADING || s == UNIT_ACTIVATING;
}

bool unit_name_is_valid(const char *name) {
        static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789:_.@-";
        static const char *const suffixes[] = { ".service", ".socket", ".target", ".path",
                                                ".timer",   ".mount",  ".scope" };

        if (!name || strlen(name) > 255 || strspn(name, alphabet) != strlen(name))
                return false;
        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++)
                if (str_ends_with(name, suffixes[i]))
                        return strlen(name) > strlen(suffixes[i]);
        return false;
}

usec_t units_now(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail for this clock */
        return (usec_t) now.tv_sec * USEC_PER_SEC + (usec_t) now.tv_nsec / 1000;
}

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Units *u = userdata;
        const char *path, *unit, *result;
        uint32_t id;

        (void) error;
        if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
                return 0; /* a reply of another shape is of no job of ours */
        if (u->job && !u->result && str_equal(path, u->job))
                return str_replace(&u->result, result);
        return 0;
}

static int open_private(sd_bus **ret) {
        _cleanup_(sd_bus_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_address(bus, "unix:path=/run/systemd/private");
        if (r < 0)
                return r;
        r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

static int units_watch_jobs(Units *u) {
        int r;

        /* On the private socket there is nobody else who could send, and no name to ask for. */
        r = sd_bus_match_signal(
                        u->bus, &u->slot, u->direct ? NULL : SYSTEMD_NAME, SYSTEMD_PATH,
                        SYSTEMD_MANAGER, "JobRemoved", on_job_removed, u);
        if (r < 0)
                return r;
        return sd_bus_call_method(
                        u->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe", NULL,
                        NULL, NULL);
}

int units_open(Units **ret) {
        _cleanup_(units_freep) Units *u = NULL;
        int r;

        if (!systemd_is_running())
                return -ENOTCONN;
        u = calloc(1, sizeof *u);
        if (!u)
                return -ENOMEM;
        r = sd_bus_open_system(&u->bus);
        if (r < 0) {
                u->direct = true;
                r = open_private(&u->bus);
        }
        if (r < 0)
                return r;
        r = units_watch_jobs(u);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(u);
        return 0;
}

Units *units_free(Units *u) {
        if (!u)
                return NULL;
        sd_bus_slot_unref(u->slot);
        sd_bus_flush_close_unref(u->bus);
        free(u->job);
        free(u->result);
        free(u);
        return NULL;
}

void units_explain(char **ret_error, const char *what, int error, const sd_bus_error *bus_error) {
        _cleanup_free_ char *said = NULL;

        if (!ret_error)
                return;
        *ret_error = NULL;
        if (bus_error && sd_bus_error_is_set(bus_error) && bus_error->message)
                said = str_escape(bus_error->message, STR_ESCAPE_MAX);
        (void) str_printf(ret_error, "%s: %s", what, said ? said : errno_text(error));
}

int units_wait_job(Units *u, sd_bus_message *reply, usec_t deadline, const char **ret_result) {
        const char *path;
        int r;

        r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return r;
        (void) str_replace(&u->result, NULL); /* freeing cannot fail */
        r = str_replace(&u->job, path);
        if (r < 0)
                return r;
        while (!u->result) {
                usec_t now = units_now();

                r = sd_bus_process(u->bus, NULL);
                if (r < 0)
                        return r;
                if (r > 0)
                        continue;
                if (now >= deadline)
                        return -ETIMEDOUT;
                r = sd_bus_wait(u->bus, deadline - now);
                if (r < 0 && r != -EINTR)
                        return r;
        }
        *ret_result = u->result;
        return 0;
}

int units_load(Units *u, const char *name, sd_bus_message **ret, const char **ret_path) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        if (!unit_name_is_valid(name))
                return -EINVAL;
        r = sd_bus_call_method(
                        u->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "LoadUnit", NULL,
                        &reply, "s", name);
        if (r < 0)
                return r;
        r = sd_bus_message_read(reply, "o", ret_path);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(reply);
        return 0;
}

int units_state(Units *u, const char *name, UnitState *ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *load = NULL, *active = NULL;
        const char *path;
        UnitState state;
        int r;

        r = units_load(u, name, &reply, &path);
        if (r < 0)
                return r;
        r = sd_bus_get_property_string(
                        u->bus, SYSTEMD_NAME, path, SYSTEMD_UNIT, "LoadState", NULL, &load);
        if (r < 0)
                return r;
        r = sd_bus_get_property_string(
                        u->bus, SYSTEMD_NAME, path, SYSTEMD_UNIT, "ActiveState", NULL, &active);
        if (r < 0)
                return r;
        state = unit_state_from_string(active);
        if (state < 0)
                return -EBADMSG;
        /* A unit whose file is gone but that still runs is there as long as it runs. */
        *ret = state == UNIT_INACTIVE && str_equal(load, "not-found") ? UNIT_UNKNOWN : state;
        return 0;
}

int units_settle(Units *u, const char *name, usec_t duration, UnitState *ret) {
        usec_t deadline = units_now() + duration;

        for (;;) {
                const struct timespec pause = { .tv_nsec = 200 * 1000 * 1000 };
                UnitState state;
                int r = units_state(u, name, &state);

                if (r < 0)
                        return r;
                if (state == UNIT_INACTIVE || state == UNIT_FAILED || units_now() >= deadline) {
                        *ret = state;
                        return 0;
                }
                (void) nanosleep(&pause, NULL); /* woken early: asked again early */
        }
}
