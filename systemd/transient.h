#pragma once

/* A program run as a transient unit: its own cgroup, limits kept by systemd, and its end known even
 * when it leaves children behind. */

#include "base/bytes.h"
#include "systemd/unit.h"

#define TRANSIENT_OUTPUT_MAX ((size_t) 64 * 1024)

typedef struct TransientSpec {
        const char *unit;              /* "renewd-hook-….service"; not in use */
        const char *description;       /* as systemctl shows it */
        const StringList *argv;        /* argv[0] is an absolute path */
        const StringList *environment; /* "KEY=value"; systemd adds its own few */
        const StringList *credentials; /* LoadCredential=: names of files; NULL: none */
        const char *credential_directory;
        const char *user; /* NULL: root */
        bool output_only; /* standard error goes to the journal */
        usec_t limit;     /* then SIGTERM, and SIGKILL 5 s later */
        uint64_t tasks_max;
        uint64_t memory_max; /* octets */
} TransientSpec;

typedef struct TransientResult {
        bool timed_out;
        int code;     /* CLD_EXITED, CLD_KILLED, CLD_DUMPED; 0: it never ran */
        int status;   /* exit status or signal */
        char *result; /* owns; systemd's word: "success", "exit-code", "timeout" … */
        Bytes output; /* the first TRANSIENT_OUTPUT_MAX octets, as they came: escape them */
        bool cut;     /* there was more */
} TransientResult;

void transient_result_done(TransientResult *r);

/* Starts the unit and waits until it is gone: never for the end of its output (R3.7 H4). 0 and *ret
 * when it ran, whatever came of it; negative with words in *ret_error (may be NULL) when systemd
 * did not start it. */
int transient_run(Units *u, const TransientSpec *spec, TransientResult *ret, char **ret_error);
