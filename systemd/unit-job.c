/* The calls that change something: jobs for units, and unit files enabled. */

#include <string.h>

#include "base/log.h"
#include "systemd/unit-internal.h"

static int explain_result(
                const char *method, const char *name, const char *result, char **ret_error) {
        _cleanup_free_ char *said = str_escape(result, STR_ESCAPE_MAX);

        if (ret_error) {
                *ret_error = NULL;
                (void) str_printf(
                                ret_error, "%s of '%s' ended with '%s': see journalctl -u %s",
                                method, name, said ? said : "?", name);
        }
        return -EIO;
}

static int explain_timeout(const char *method, const char *name, usec_t timeout, char **ret_error) {
        if (ret_error) {
                *ret_error = NULL;
                (void) str_printf(
                                ret_error, "%s of '%s' has not ended after %llu s", method, name,
                                (unsigned long long) (timeout / USEC_PER_SEC));
        }
        return -ETIMEDOUT;
}

static int run_job(
                Units *u, const char *method, const char *name, usec_t timeout, char **ret_error) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        usec_t deadline = units_now() + timeout;
        const char *result;
        int r;

        if (!unit_name_is_valid(name)) {
                units_explain(ret_error, "no name of a unit", -EINVAL, NULL);
                return -EINVAL;
        }
        r = sd_bus_call_method(
                        u->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method, &error, &reply,
                        "ss", name, "replace");
        if (r >= 0)
                r = units_wait_job(u, reply, deadline, &result);
        if (r == -ETIMEDOUT && !sd_bus_error_is_set(&error))
                return explain_timeout(method, name, timeout, ret_error);
        if (r < 0) {
                units_explain(ret_error, method, r, &error);
                return r;
        }
        /* "skipped": the unit did not run, or needs no such job. */
        if (str_equal(result, "done") || str_equal(result, "skipped"))
                return 0;
        return explain_result(method, name, result, ret_error);
}

int units_reload_or_try_restart(Units *u, const char *name, usec_t timeout, char **ret_error) {
        return run_job(u, "ReloadOrTryRestartUnit", name, timeout, ret_error);
}

int units_try_restart(Units *u, const char *name, usec_t timeout, char **ret_error) {
        return run_job(u, "TryRestartUnit", name, timeout, ret_error);
}

int units_restart(Units *u, const char *name, usec_t timeout, char **ret_error) {
        return run_job(u, "RestartUnit", name, timeout, ret_error);
}

int units_signal(Units *u, const char *name, int number, char **ret_error) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        if (!unit_name_is_valid(name)) {
                units_explain(ret_error, "no name of a unit", -EINVAL, NULL);
                return -EINVAL;
        }
        r = sd_bus_call_method(
                        u->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "KillUnit", &error,
                        NULL, "ssi", name, "main", (int32_t) number);
        if (r < 0)
                units_explain(ret_error, "KillUnit", r, &error);
        return r < 0 ? r : 0;
}

int units_job_type(Units *u, const char *name, char **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *unit = NULL, *job = NULL;
        const char *path, *job_path;
        uint32_t id;
        int r;

        r = units_load(u, name, &unit, &path);
        if (r < 0)
                return r;
        r = sd_bus_get_property(
                        u->bus, SYSTEMD_NAME, path, SYSTEMD_UNIT, "Job", NULL, &job, "(uo)");
        if (r < 0)
                return r;
        r = sd_bus_message_read(job, "(uo)", &id, &job_path);
        if (r < 0)
                return r;
        if (id == 0) {
                *ret = strdup("");
                return *ret ? 0 : -ENOMEM;
        }
        return sd_bus_get_property_string(
                        u->bus, SYSTEMD_NAME, job_path, SYSTEMD_JOB, "JobType", NULL, ret);
}

int units_stop(Units *u, const char *name, char **ret_error) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        if (!unit_name_is_valid(name))
                return -EINVAL;
        r = sd_bus_call_method(
                        u->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "StopUnit", &error,
                        NULL, "ss", name, "fail");
        if (r < 0 && !sd_bus_error_has_name(&error, "org.freedesktop.systemd1.NoSuchUnit")) {
                units_explain(ret_error, "StopUnit", r, &error);
                return r;
        }
        return 0;
}

static int append_names(sd_bus_message *m, const StringList *names) {
        int r = sd_bus_message_open_container(m, 'a', "s");

        for (size_t i = 0; r >= 0 && i < names->count; i++)
                r = unit_name_is_valid(names->items[i])
                                    ? sd_bus_message_append(m, "s", names->items[i])
                                    : -EINVAL;
        return r < 0 ? r : sd_bus_message_close_container(m);
}

int units_enable(Units *u, const StringList *names, char **ret_error) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(
                        u->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "EnableUnitFiles");
        if (r >= 0)
                r = append_names(m, names);
        if (r >= 0)
                r = sd_bus_message_append(m, "bb", false, true); /* for good; replacing links */
        if (r >= 0)
                r = sd_bus_call(u->bus, m, UNITS_CALL_LIMIT, &error, NULL);
        if (r < 0) {
                units_explain(ret_error, "EnableUnitFiles", r, &error);
                return r;
        }
        return units_daemon_reload(u, ret_error);
}

int units_daemon_reload(Units *u, char **ret_error) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(
                        u->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Reload", &error, NULL,
                        NULL);
        if (r < 0)
                units_explain(ret_error, "Reload", r, &error);
        return r < 0 ? r : 0;
}
