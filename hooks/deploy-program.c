/* The service's own check, the hook and the set-up program. All are told the same things and nothing else: the environment
 * is built from nothing (R1.16), and its values come from root's configuration. */

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "hooks/deploy-internal.h"

static int add(StringList *list, const char *key, const char *value) {
        _cleanup_free_ char *text = NULL;
        int r = str_printf(&text, "%s=%s", key, value);

        return r < 0 ? r : string_list_add(list, text);
}

static int add_live(StringList *list, const Deployment *d) {
        static const struct {
                const char *key, *file;
        } files[] = {
                { "RENEWD_LIVE", "" },
                { "RENEWD_KEY", "/privkey.pem" },
                { "RENEWD_CERT", "/cert.pem" },
                { "RENEWD_CHAIN", "/chain.pem" },
                { "RENEWD_FULLCHAIN", "/fullchain.pem" },
        };

        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                _cleanup_free_ char *path = NULL;
                int r;

                if (d->job->certificate->request_path && str_equal(files[i].key, "RENEWD_KEY"))
                        continue; /* it is elsewhere */
                r = str_printf(&path, "%s/live/%s%s", d->job->paths->state,
                               d->job->certificate->name, files[i].file);
                if (r >= 0)
                        r = add(list, files[i].key, path);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_names(StringList *list, const StringList *names) {
        _cleanup_(bytes_done) Bytes text = {};

        for (size_t i = 0; i < names->count; i++) {
                int r = bytes_printf(&text, "%s%s", i ? " " : "", names->items[i]);

                if (r < 0)
                        return r;
        }
        return add(list, "RENEWD_NAMES", bytes_text(&text));
}

static int add_options(StringList *list, const StringList *options) {
        int r = 0;

        for (size_t i = 0; i < options->count && r >= 0; i++) {
                _cleanup_free_ char *text = NULL;

                r = str_printf(&text, "RENEWD_OPTION_%s", options->items[i]);
                if (r >= 0)
                        r = string_list_add(list, text);
        }
        return r;
}

int deploy_environment(const Deployment *d, const char *event, StringList *ret) {
        int r;

        r = add(ret, "PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        if (r >= 0)
                r = add(ret, "LANG", "C");
        if (r >= 0)
                r = add(ret, "RENEWD_EVENT", event);
        if (r >= 0)
                r = add(ret, "RENEWD_CERTIFICATE", d->job->certificate->name);
        if (r >= 0)
                r = add(ret, "RENEWD_TARGET", d->job->target->name);
        if (r >= 0)
                r = add_names(ret, &d->job->certificate->names);
        if (r >= 0)
                r = add(ret, "RENEWD_LEAF", d->live.info.leaf_sha256);
        if (r >= 0 && d->original)
                r = add(ret, "RENEWD_ORIGINAL", d->original);
        if (r >= 0)
                r = add_options(ret, &d->job->target->options);
        return r < 0 ? r : add_live(ret, d);
}

/* "renewd-hook-pbx.example.org-xivo-1f3a5b7c.service" */
static int unit_name(const Deployment *d, const char *event, char **ret) {
        uint32_t random;

        if (getrandom(&random, sizeof random, 0) != sizeof random)
                return -EIO;
        return str_printf(
                        ret, "renewd-%s-%s-%s-%08x.service", event, d->job->certificate->name,
                        d->job->target->name, random);
}

static int run_as(
                Deployment *d,
                const char *event,
                const StringList *argv,
                const char *user,
                usec_t limit,
                ProgramResult *ret) {
        _cleanup_(string_list_done) StringList environment = {};
        _cleanup_free_ char *unit = NULL, *description = NULL;
        ProgramRun program = {
                .argv = argv,
                .environment = &environment,
                .user = user,
                .memory_max = (uint64_t) d->job->target->memory_max,
                .tasks_max = (uint64_t) d->job->target->tasks_max,
                .limit = limit,
        };
        int r;

        /* Hooks are told the one event there is; the check runs before it is true. */
        r = deploy_environment(d, str_equal(event, "hook") ? "deploy" : event, &environment);
        if (r >= 0)
                r = unit_name(d, event, &unit);
        if (r >= 0)
                r = str_printf(&description, "renewd %s of %s at %s", event,
                               d->job->certificate->name, d->job->target->name);
        if (r < 0)
                return r;
        program.unit = unit;
        program.description = description;
        return runner_run(d->units, &program, ret);
}

int deploy_run_program(
                Deployment *d,
                const char *event,
                const StringList *argv,
                usec_t limit,
                ProgramResult *ret) {
        return run_as(d, event, argv, NULL, limit, ret);
}

static int run(Deployment *d,
               const char *event,
               const StringList *argv,
               const char *user,
               ProgramResult *ret) {
        return run_as(d, event, argv, user, (usec_t) d->job->target->timeout_sec * USEC_PER_SEC,
                      ret);
}

int deploy_check(Deployment *d) {
        _cleanup_(program_result_done) ProgramResult result = {};
        const StringList *argv = &d->job->target->check;
        char *error = NULL;
        int r;

        if (argv->count == 0)
                return 0;
        r = run(d, "check", argv, NULL, &result);
        if (r < 0)
                return r;
        if (program_succeeded(&result))
                return 0;
        (void) program_result_describe(&result, argv->items[0], &error);
        /* A check that could not be run has refused nothing: the files stay, the service is not told. */
        if (result.end == PROGRAM_EXITED || result.end == PROGRAM_KILLED)
                (void) deploy_roll_back(d); /* the row says whether it did */
        return deploy_stop(d, "check", error);
}

static int tell(Deployment *d,
                const char *event,
                const StringList *argv,
                const char *user,
                char **ret_error) {
        _cleanup_(program_result_done) ProgramResult result = {};
        int r;

        if (argv->count == 0)
                return 0;
        r = run(d, event, argv, user, &result);
        if (r < 0 || program_succeeded(&result))
                return r;
        (void) program_result_describe(&result, argv->items[0], ret_error);
        return -EREMOTEIO;
}

/* Such a command hands the files of the stage directory over, and while giving back there are none. */
static bool reads_stage(const TargetConfig *target) {
        for (size_t i = 0; i < target->file_count; i++)
                if (target->files[i].staged)
                        return true;
        return false;
}

int deploy_command(Deployment *d, char **ret_error) {
        const TargetConfig *target = d->job->target;

        if (d->original && reads_stage(target))
                return 0;
        return tell(d, "command", &target->command, target->command_user, ret_error);
}

int deploy_fallback(Deployment *d, char **ret_error) {
        return tell(d, "command", &d->job->target->fallback_command, NULL, ret_error);
}

static int program_step(Deployment *d, const char *step, const StringList *argv) {
        char *error = NULL;
        int r = tell(d, step, argv, NULL, &error);

        return r == -EREMOTEIO ? deploy_stop(d, step, error) : r;
}

int deploy_hook(Deployment *d) {
        return program_step(d, "hook", &d->job->target->hook);
}

int deploy_prove(Deployment *d) {
        return program_step(d, "prove", &d->job->target->prove);
}

int deploy_run_tool(Deployment *d, const StringList *argv, ProgramResult *ret) {
        if (!d->units && systemd_is_running())
                (void) units_open(&d->units); /* without it: as a plain child */
        return run(d, "tool", argv, NULL, ret);
}
