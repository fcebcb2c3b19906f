/* Type=exec, since RuntimeMaxSec= is ignored for oneshot units and exec reports a program that cannot
 * be executed as a failed job. To read the exit status the unit must outlive its process. On the bus
 * AddRef= pins it until we let go. The private socket has no names that could hold a reference:
 * there RemainAfterExit= keeps a unit that succeeded, CollectMode=inactive one that failed, and we
 * end both ourselves. */

#include "systemd/transient.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "base/log.h"
#include "systemd/unit-internal.h"

#define STOP_LIMIT  (5 * USEC_PER_SEC)
#define GIVE_UP     (15 * USEC_PER_SEC) /* beyond the limit: systemd itself is in trouble */
#define POLL_PERIOD 250                 /* ms; the state is read, not guessed from signals */

typedef struct Run {
        Units *units; /* borrows */
        const TransientSpec *spec;
        TransientResult *result;
        int output_fd; /* owns; -1 at end of file */
        char *path;    /* owns; object path of the unit */
} Run;

void transient_result_done(TransientResult *r) {
        free(r->result);
        r->result = NULL;
        bytes_done(&r->output);
}

static void run_done(Run *run) {
        run->output_fd = close_fd(run->output_fd);
        free(run->path);
}

static int append_strings(sd_bus_message *m, const StringList *list) {
        int r = sd_bus_message_open_container(m, 'a', "s");

        for (size_t i = 0; r >= 0 && i < list->count; i++)
                r = sd_bus_message_append(m, "s", list->items[i]);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* ExecStart= as (sv) of a(sasas): path, argv, flags. Without the flag systemd would replace "$NAME" in
 * the arguments; they are to arrive as configured. */
static int append_exec(sd_bus_message *m, const StringList *argv) {
        int r;

        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "ExecStartEx");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a(sasas)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sasas)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'r', "sasas");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", argv->items[0]);
        if (r >= 0)
                r = append_strings(m, argv);
        if (r >= 0)
                r = sd_bus_message_append(m, "as", 1, "no-env-expand");
        for (int depth = 0; r >= 0 && depth < 4; depth++)
                r = sd_bus_message_close_container(m);
        return r;
}

static int append_environment(sd_bus_message *m, const StringList *environment) {
        int r;

        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "Environment");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "as");
        if (r >= 0)
                r = append_strings(m, environment);
        for (int depth = 0; r >= 0 && depth < 2; depth++)
                r = sd_bus_message_close_container(m);
        return r;
}

/* LoadCredential=NAME:DIRECTORY/NAME as a(ss). */
static int append_credentials(sd_bus_message *m, const TransientSpec *spec) {
        int r;

        r = sd_bus_message_open_container(m, 'r', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "LoadCredential");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a(ss)");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(ss)");
        for (size_t i = 0; r >= 0 && i < spec->credentials->count; i++) {
                const char *name = spec->credentials->items[i];
                _cleanup_free_ char *path = NULL;

                r = str_printf(&path, "%s/%s", spec->credential_directory, name);
                if (r >= 0)
                        r = sd_bus_message_append(m, "(ss)", name, path);
        }
        for (int depth = 0; r >= 0 && depth < 3; depth++)
                r = sd_bus_message_close_container(m);
        return r;
}

static int append_limits(sd_bus_message *m, const TransientSpec *spec) {
        return sd_bus_message_append(
                        m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "RuntimeMaxUSec", "t", spec->limit,
                        "TimeoutStopUSec", "t", (uint64_t) STOP_LIMIT, "TasksMax", "t",
                        spec->tasks_max, "MemoryMax", "t", spec->memory_max, "LimitCORE", "t",
                        (uint64_t) 0, "KillMode", "s", "control-group", "UMask", "u",
                        (uint32_t) 077);
}

static int append_properties(sd_bus_message *m, const Run *run, int write_fd) {
        const TransientSpec *spec = run->spec;
        bool direct = run->units->direct;
        int r;

        r = sd_bus_message_append(
                        m, "(sv)(sv)(sv)(sv)(sv)", "Description", "s", spec->description, "Type",
                        "s", "exec", "StandardInput", "s", "null", "StandardOutputFileDescriptor",
                        "h", write_fd, "CollectMode", "s",
                        direct ? "inactive" : "inactive-or-failed");
        if (r >= 0 && spec->output_only)
                r = sd_bus_message_append(m, "(sv)", "StandardError", "s", "journal");
        else if (r >= 0)
                r = sd_bus_message_append(m, "(sv)", "StandardErrorFileDescriptor", "h", write_fd);
        if (r >= 0)
                r = sd_bus_message_append(
                                m, "(sv)", direct ? "RemainAfterExit" : "AddRef", "b", true);
        if (r >= 0 && spec->user)
                r = sd_bus_message_append(m, "(sv)", "User", "s", spec->user);
        if (r >= 0)
                r = append_limits(m, spec);
        if (r >= 0)
                r = append_environment(m, spec->environment);
        if (r >= 0 && spec->credentials)
                r = append_credentials(m, spec);
        return r < 0 ? r : append_exec(m, spec->argv);
}

static int build_call(const Run *run, int write_fd, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(
                        run->units->bus, &m, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                        "StartTransientUnit");
        if (r >= 0)
                r = sd_bus_message_append(m, "ss", run->spec->unit, "fail");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "(sv)");
        if (r >= 0)
                r = append_properties(m, run, write_fd);
        if (r >= 0)
                r = sd_bus_message_close_container(m);
        if (r >= 0)
                r = sd_bus_message_append(m, "a(sa(sv))", 0);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

/* Takes what is there; the rest beyond the cap is read and dropped, so that the program never blocks
 * on a full pipe (R3.7 H6). Bounded per call: output without end must not keep us from the clock. */
static void drain(Run *run) {
        TransientResult *result = run->result;
        uint8_t buffer[16 * 1024];

        for (int i = 0; run->output_fd >= 0 && i < 64; i++) {
                ssize_t n = read(run->output_fd, buffer, sizeof buffer);
                size_t room = TRANSIENT_OUTPUT_MAX - result->output.size;

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return;
                if (n <= 0) {
                        run->output_fd = close_fd(run->output_fd);
                        return;
                }
                if ((size_t) n > room)
                        result->cut = true;
                if (room > 0 && bytes_append(&result->output, buffer, MIN((size_t) n, room)) < 0)
                        result->cut = true;
        }
}

static int run_start(Run *run, char **ret_error) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_close_ int write_fd = -1;
        const char *job_result;
        int fds[2], r;

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        run->output_fd = fds[0];
        write_fd = fds[1];
        if (fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        r = build_call(run, write_fd, &m);
        if (r >= 0)
                r = sd_bus_call(run->units->bus, m, UNITS_CALL_LIMIT, &error, &reply);
        /* The result of the job is not looked at: what the unit says afterwards is more exact. */
        if (r >= 0)
                r = units_wait_job(
                                run->units, reply, units_now() + run->spec->limit + GIVE_UP,
                                &job_result);
        if (r < 0)
                units_explain(ret_error, "StartTransientUnit", r, &error);
        return r < 0 ? r : 0;
}

/* 1: the program ended and, on the bus, so did its cgroup; 0: not yet. */
static int run_has_ended(Run *run) {
        _cleanup_free_ char *active = NULL, *sub = NULL;
        sd_bus *bus = run->units->bus;
        int r;

        r = sd_bus_get_property_string(
                        bus, SYSTEMD_NAME, run->path, SYSTEMD_UNIT, "ActiveState", NULL, &active);
        if (r < 0)
                return r;
        r = sd_bus_get_property_string(
                        bus, SYSTEMD_NAME, run->path, SYSTEMD_UNIT, "SubState", NULL, &sub);
        if (r < 0)
                return r;
        return str_equal(active, "inactive") || str_equal(active, "failed") ||
               (run->units->direct && str_equal(sub, "exited"));
}

/* The state is asked for when the output ended and now and then, not for each piece of it: a program that writes
 * without end must not keep systemd busy as well. */
static int run_wait(Run *run) {
        usec_t now = units_now(), look_at = 0, deadline = now + run->spec->limit + GIVE_UP;
        int r;

        for (;;) {
                struct pollfd fd = { .fd = run->output_fd, .events = POLLIN };

                drain(run);
                if (fd.fd >= 0 && run->output_fd < 0)
                        look_at = 0;
                do
                        r = sd_bus_process(run->units->bus, NULL); /* keeps its queue short */
                while (r > 0);
                if (r < 0)
                        return r;
                now = units_now();
                if (now >= look_at) {
                        look_at = now + POLL_PERIOD * USEC_PER_SEC / 1000;
                        r = run_has_ended(run);
                        if (r != 0)
                                break;
                }
                if (now >= deadline)
                        return -ETIMEDOUT;
                fd.fd = run->output_fd;
                (void) poll(&fd, 1, POLL_PERIOD); /* -1 is ignored by poll: it just waits */
        }
        drain(run);
        return r < 0 ? r : 0;
}

/* systemd also says "timeout" of a program that ended in time but left behind what did not go when it was told to
 * (R3.7 H4). Its own end counts. */
static int run_ended_in_time(const Run *run, bool *ret) {
        uint64_t began = 0, ended = 0;
        int r;

        r = sd_bus_get_property_trivial(
                        run->units->bus, SYSTEMD_NAME, run->path, SYSTEMD_SERVICE,
                        "ExecMainStartTimestampMonotonic", NULL, 't', &began);
        if (r >= 0)
                r = sd_bus_get_property_trivial(
                                run->units->bus, SYSTEMD_NAME, run->path, SYSTEMD_SERVICE,
                                "ExecMainExitTimestampMonotonic", NULL, 't', &ended);
        if (r < 0)
                return r;
        *ret = began > 0 && ended >= began && ended - began < run->spec->limit;
        return 0;
}

static int run_read_result(Run *run) {
        sd_bus *bus = run->units->bus;
        TransientResult *result = run->result;
        int32_t code = 0, status = 0;
        bool in_time = false;
        int r;

        r = sd_bus_get_property_string(
                        bus, SYSTEMD_NAME, run->path, SYSTEMD_SERVICE, "Result", NULL,
                        &result->result);
        if (r >= 0)
                r = sd_bus_get_property_trivial(
                                bus, SYSTEMD_NAME, run->path, SYSTEMD_SERVICE, "ExecMainCode", NULL,
                                'i', &code);
        if (r >= 0)
                r = sd_bus_get_property_trivial(
                                bus, SYSTEMD_NAME, run->path, SYSTEMD_SERVICE, "ExecMainStatus",
                                NULL, 'i', &status);
        if (r < 0)
                return r;
        if (str_equal(result->result, "timeout"))
                r = run_ended_in_time(run, &in_time);
        if (r < 0)
                return r;
        result->timed_out = str_equal(result->result, "timeout") && !in_time;
        result->code = code;
        result->status = status;
        return 0;
}

/* Lets the unit go. Errors are of no interest: it may be gone already. */
static void run_release(Run *run) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        sd_bus *bus = run->units->bus;
        const char *name = run->spec->unit, *result;

        if (sd_bus_call_method(
                            bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "StopUnit", NULL,
                            &reply, "ss", name, "replace") >= 0)
                (void) units_wait_job(run->units, reply, units_now() + 2 * STOP_LIMIT, &result);
        (void) sd_bus_call_method(
                        bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                        run->units->direct ? "ResetFailedUnit" : "UnrefUnit", NULL, NULL, "s",
                        name);
}

int transient_run(Units *u, const TransientSpec *spec, TransientResult *ret, char **ret_error) {
        _cleanup_(transient_result_done) TransientResult result = {};
        _cleanup_(run_done)
                        Run run = { .units = u, .spec = spec, .result = &result, .output_fd = -1 };
        int r;

        if (ret_error)
                *ret_error = NULL;
        if (!unit_name_is_valid(spec->unit) || spec->argv->count == 0)
                return -EINVAL;
        r = sd_bus_path_encode(SYSTEMD_PATH "/unit", spec->unit, &run.path);
        if (r < 0)
                return r;
        r = run_start(&run, ret_error);
        if (r >= 0)
                r = run_wait(&run);
        if (r >= 0)
                r = run_read_result(&run);
        else if (r == -ETIMEDOUT) {
                result.timed_out = true;
                r = 0;
        }
        run_release(&run);
        if (r < 0) {
                if (ret_error && !*ret_error)
                        units_explain(ret_error, "transient unit", r, NULL);
                return r;
        }
        *ret = result;
        result = (TransientResult){};
        return 0;
}
