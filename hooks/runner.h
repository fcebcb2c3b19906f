#pragma once

/* Runs one configured program: as a transient unit where systemd is, else as a child in a session of
 * its own. Either way: argv as configured, environment as given, standard input empty, at most 64 KiB
 * of output kept, SIGTERM at the limit and SIGKILL 5 s later for everything it started. */

#include "base/bytes.h"
#include "base/strings.h"
#include "systemd/unit.h"

#define RUNNER_OUTPUT_MAX ((size_t) 64 * 1024)
#define RUNNER_MEMORY_MAX ((uint64_t) 1024 * 1024 * 1024)
#define RUNNER_TASKS_MAX  ((uint64_t) 512)

typedef enum ProgramEnd {
        PROGRAM_EXITED, /* status: exit status */
        PROGRAM_KILLED, /* status: signal */
        PROGRAM_TIMED_OUT,
        PROGRAM_TOO_BIG,     /* ended because of its memory */
        PROGRAM_NOT_STARTED, /* error says why */
} ProgramEnd;

typedef struct ProgramRun {
        const char *unit;                 /* of the transient unit */
        const char *description;          /* of the transient unit */
        const StringList *argv;           /* argv[0] absolute */
        const StringList *environment;    /* "KEY=value" */
        const StringList *credentials;    /* names of files handed over by systemd; NULL: none */
        const char *credential_directory; /* where they are */
        bool output_only;    /* keep standard output alone; what goes to the other is for the log */
        const char *user;    /* NULL: root */
        uint64_t memory_max; /* octets; 0: RUNNER_MEMORY_MAX */
        uint64_t tasks_max;  /* 0: RUNNER_TASKS_MAX */
        usec_t limit;
} ProgramRun;

typedef struct ProgramResult {
        ProgramEnd end;
        int status;
        char *error;  /* owns; PROGRAM_NOT_STARTED only */
        Bytes output; /* as it came: escape it */
        bool cut;
} ProgramResult;

void program_result_done(ProgramResult *r);

/* `units` NULL: as a child. 0 and *ret whatever came of the program; negative only when we ourselves
 * failed (-ENOMEM, -EMFILE …). */
int runner_run(Units *units, const ProgramRun *run, ProgramResult *ret);

bool program_succeeded(const ProgramResult *r);

/* One line for a person: "'/etc/renewd/hooks/x' exited with 3: last words", escaped and cut. */
int program_result_describe(const ProgramResult *r, const char *program, char **ret);
