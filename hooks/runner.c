#include "hooks/runner.h"

#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "hooks/program.h"
#include "hooks/runner-child.h"
#include "systemd/transient.h"

#define EXIT_EXEC 203 /* systemd.exec(5): the program could not be executed */
#define TAIL_MAX  ((size_t) 300)

void program_result_done(ProgramResult *r) {
        free(r->error);
        bytes_done(&r->output);
        *r = (ProgramResult){};
}

static int runner_unit(Units *units, const ProgramRun *run, ProgramResult *ret) {
        _cleanup_(transient_result_done) TransientResult result = {};
        _cleanup_free_ char *error = NULL;
        TransientSpec spec = {
                .unit = run->unit,
                .description = run->description,
                .argv = run->argv,
                .environment = run->environment,
                .credentials = run->credentials,
                .credential_directory = run->credential_directory,
                .output_only = run->output_only,
                .user = run->user,
                .limit = run->limit,
                .tasks_max = run->tasks_max ? run->tasks_max : RUNNER_TASKS_MAX,
                .memory_max = run->memory_max ? run->memory_max : RUNNER_MEMORY_MAX,
        };
        int r = transient_run(units, &spec, &result, &error);

        if (r == -ENOMEM)
                return r;
        *ret = (ProgramResult){ .end = PROGRAM_NOT_STARTED };
        if (r < 0) {
                ret->error = TAKE_PTR(error);
                return 0;
        }
        if (result.timed_out)
                ret->end = PROGRAM_TIMED_OUT;
        else if (str_equal(result.result, "oom-kill"))
                ret->end = PROGRAM_TOO_BIG;
        else if (result.code == CLD_EXITED && result.status != EXIT_EXEC)
                ret->end = PROGRAM_EXITED;
        else if (result.code == CLD_KILLED || result.code == CLD_DUMPED)
                ret->end = PROGRAM_KILLED;
        else
                (void) str_replace(
                                &ret->error,
                                "it could not be executed (no '#!' line, or on a file system without programs?)");
        ret->status = result.status;
        ret->output = result.output;
        result.output = (Bytes){};
        ret->cut = result.cut;
        return 0;
}

/* systemd says only "217/USER". */
static int check_user(const char *name, char **ret_error) {
        if (!name || getpwnam(name))
                return 0;
        (void) str_printf(ret_error, "there is no user '%s'", name);
        return -ESRCH;
}

int runner_run(Units *units, const ProgramRun *run, ProgramResult *ret) {
        _cleanup_free_ char *error = NULL;

        assert(run->argv->count > 0);
        if (program_check(run->argv->items[0], &error) < 0 || check_user(run->user, &error) < 0) {
                *ret = (ProgramResult){ .end = PROGRAM_NOT_STARTED, .error = TAKE_PTR(error) };
                return 0;
        }
        return units ? runner_unit(units, run, ret) : runner_child(run, ret);
}

bool program_succeeded(const ProgramResult *r) {
        return r->end == PROGRAM_EXITED && r->status == 0;
}

/* The end of the output says most; line breaks become blanks. */
static char *last_words(const ProgramResult *r) {
        _cleanup_free_ char *copy = NULL;
        size_t size = r->output.size, skip = size > TAIL_MAX ? size - TAIL_MAX : 0;

        copy = malloc(size - skip + 1);
        if (!copy)
                return NULL;
        for (size_t i = skip; i < size; i++) {
                char c = (char) r->output.data[i];

                copy[i - skip] = c == 0 || c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
        }
        copy[size - skip] = 0;
        for (size_t end = size - skip; end > 0 && copy[end - 1] == ' '; end--)
                copy[end - 1] = 0;
        return str_escape(copy, STR_ESCAPE_MAX);
}

int program_result_describe(const ProgramResult *r, const char *program, char **ret) {
        _cleanup_free_ char *words = last_words(r);
        _cleanup_free_ char *shown = str_escape(program, STR_ESCAPE_MAX);
        const char *colon;

        if (!words || !shown)
                return -ENOMEM;
        colon = *words ? ": " : "";
        switch (r->end) {
        case PROGRAM_EXITED:
                return str_printf(ret, "'%s' exited with %d%s%s", shown, r->status, colon, words);
        case PROGRAM_KILLED:
                return str_printf(
                                ret, "'%s' was killed by SIG%s%s%s", shown,
                                sigabbrev_np(r->status) ? sigabbrev_np(r->status) : "?", colon,
                                words);
        case PROGRAM_TIMED_OUT:
                return str_printf(ret, "'%s' timed out and was ended%s%s", shown, colon, words);
        case PROGRAM_TOO_BIG:
                return str_printf(
                                ret, "'%s' used more memory than Memory= allows and was ended%s%s",
                                shown, colon, words);
        case PROGRAM_NOT_STARTED:
        default:
                return str_printf(ret, "%s", r->error ? r->error : errno_text(-ENOMEM));
        }
}
