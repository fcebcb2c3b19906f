/* What a service needs besides the certificate's files is known to its set-up program alone. It is asked whether all is as it
 * shall be, and told to make it so; it says itself what only a person can do. A failure leaves the files where they are: they
 * are right, and the next try begins with the program. */

#include <string.h>

#include "hooks/deploy-internal.h"

/* Looks are many and must not hold up the hourly pass; only changing something may take its time. */
#define LOOK_LIMIT    (30 * USEC_PER_SEC)
#define LINES_MAX     32
#define LINE_MAX_SIZE ((size_t) 500)
#define EXIT_DIFFERS  1

static int run_setup(Deployment *d, const char *verb, usec_t limit, ProgramResult *ret) {
        _cleanup_(string_list_done) StringList argv = {};
        int r;

        r = string_list_copy(&d->job->target->setup, &argv);
        if (r >= 0)
                r = string_list_add(&argv, verb);
        return r < 0 ? r : deploy_run_program(d, "setup", &argv, limit, ret);
}

static int look(Deployment *d, ProgramResult *ret) {
        int r = run_setup(d, "check", LOOK_LIMIT, ret);

        d->setup = r >= 0 && program_succeeded(ret) ? SETUP_IN_PLACE : SETUP_DIFFERS;
        return r;
}

bool deploy_setup_in_place(Deployment *d) {
        _cleanup_(program_result_done) ProgramResult result = {};

        /* A broken configuration is only watched: none of its programs is run. */
        if (d->job->target->setup.count == 0 || d->job->certificate->broken)
                return true;
        if (d->setup == SETUP_UNKNOWN)
                (void) look(d, &result); /* d->setup says it, and deploying says why */
        return d->setup == SETUP_IN_PLACE;
}

/* Takes the result. */
static int stop(Deployment *d, const char *what, ProgramResult *result) {
        _cleanup_free_ char *words = NULL;
        char *error = NULL;

        if (program_result_describe(result, d->job->target->setup.items[0], &words) >= 0)
                (void) str_printf(&error, "%s%s", what, words);
        program_result_done(result);
        return deploy_stop(d, "setup", error);
}

int deploy_setup(Deployment *d) {
        usec_t limit = (usec_t) d->job->target->timeout_sec * USEC_PER_SEC;
        ProgramResult result = {};
        int r;

        if (d->job->target->setup.count == 0)
                return 0;
        r = look(d, &result);
        if (r < 0)
                return r;
        if (d->setup == SETUP_IN_PLACE) {
                program_result_done(&result);
                return 0;
        }
        if (result.end != PROGRAM_EXITED || result.status != EXIT_DIFFERS)
                return stop(d, "", &result);
        program_result_done(&result);
        r = run_setup(d, "apply", limit, &result);
        if (r < 0)
                return r;
        if (!program_succeeded(&result))
                return stop(d, "", &result);
        program_result_done(&result);
        /* One that never gets there must not have its service told again each hour. */
        r = look(d, &result);
        if (r < 0)
                return r;
        if (d->setup != SETUP_IN_PLACE)
                return stop(d, "what was set up is not as it shall be: ", &result);
        program_result_done(&result);
        return 0;
}

void deploy_setup_mend(Deployment *d) {
        _cleanup_(program_result_done) ProgramResult result = {};
        usec_t limit = (usec_t) d->job->target->timeout_sec * USEC_PER_SEC;

        (void) run_setup(d, "mend", limit, &result); /* it may know no such thing */
        d->setup = SETUP_UNKNOWN;
}

/* The lines of what a program printed, escaped; empty ones are left out. */
static int add_lines(const Bytes *output, StringList *ret) {
        _cleanup_free_ char *text = strndup((const char *) output->data, output->size);
        char *rest = text;
        int r = text ? 0 : -ENOMEM;

        for (char *line; r >= 0 && (line = strsep(&rest, "\n")) && ret->count < LINES_MAX;) {
                _cleanup_free_ char *shown = NULL;

                if (!*line)
                        continue;
                shown = str_escape(line, LINE_MAX_SIZE);
                r = shown ? string_list_add(ret, shown) : -ENOMEM;
        }
        return r;
}

int deploy_setup_restore(Deployment *d, StringList *messages, char **ret_error) {
        usec_t limit = (usec_t) d->job->target->timeout_sec * USEC_PER_SEC;
        _cleanup_(program_result_done) ProgramResult result = {};
        int r;

        if (d->job->target->setup.count == 0)
                return 0;
        r = run_setup(d, "restore", limit, &result);
        if (r < 0)
                return r;
        if (program_succeeded(&result))
                return result.output.size > 0 ? add_lines(&result.output, messages) : 0;
        r = program_result_describe(&result, d->job->target->setup.items[0], ret_error);
        return r < 0 ? r : -EREMOTEIO;
}

void deploy_setup_todo(Deployment *d) {
        _cleanup_(program_result_done) ProgramResult result = {};

        if (d->job->target->setup.count == 0 || d->job->certificate->broken)
                return;
        if (run_setup(d, "todo", LOOK_LIMIT, &result) < 0 || !program_succeeded(&result))
                return;
        string_list_done(&d->row.todo);
        d->row.todo_known = result.output.size == 0 || add_lines(&result.output, &d->row.todo) >= 0;
}
