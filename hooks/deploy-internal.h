#pragma once

/* What the files of the transaction share. A step returns 0 (go on), DEPLOY_STOPPED (the row says what
 * failed) or a negative errno (we failed). */

#include "hooks/deploy.h"
#include "hooks/live.h"
#include "hooks/place.h"
#include "hooks/runner.h"
#include "systemd/unit.h"

#define DEPLOY_STOPPED   1
#define DEPLOY_STEP_TWIN "twin" /* the engine knows it by this name */

/* What the set-up program says; asked once in a call. */
typedef enum DeploySetup {
        SETUP_UNKNOWN,
        SETUP_IN_PLACE,
        SETUP_DIFFERS,
} DeploySetup;

typedef struct Deployment {
        const DeployJob *job; /* borrows */
        Live live;
        PlaceList places;
        Bytes *wanted; /* owns; contents, one for each place */
        Row row;
        int rows_fd, saved_fd; /* own */
        int lock_fd;           /* owns; the flock of this target */
        bool was_told;         /* the service, of this pair, in an earlier run */
        Units *units;          /* owns; NULL: no systemd here */
        UnitState before;      /* of the unit, before anything was done */
        DeploySetup setup;
        const char *original; /* while restoring: "yes", or "no" when there is no former set; else NULL */
} Deployment;

/* The ledger of the target, locked. */
int deploy_open_ledger(Deployment *d, char **ret_error);
void deployment_done(Deployment *d);
/* The live pair, which must be of this leaf. */
int deploy_load_leaf(Deployment *d, const char *leaf, char **ret_error);
/* The places, opened, and what the target wants there. Sets in_place of the row, as far as files go. */
int deploy_open_places(Deployment *d, bool make, char **ret_error);
/* Keeps the words that are there, else sets them; returns `error`. */
int deploy_say(char **ret_error, int error, const char *what);

/* Writes the failure into the row; takes `error`. Returns DEPLOY_STOPPED. */
int deploy_stop(Deployment *d, const char *step, char *error);

/* deploy-files.c */
bool deploy_files_in_place(const Deployment *d);
void deploy_describe_drift(Deployment *d); /* into the row, if it was verified */
/* Stage, save the former set, row OPEN, rename. Nothing when all is in place already. */
int deploy_write_files(Deployment *d);
/* The service is not told of the first of two pairs, since its check would miss the other; for a day at most. */
int deploy_await_twin(Deployment *d);
/* True: the former set is back, and the row says so. False: there is none that could serve. */
bool deploy_roll_back(Deployment *d);

/* deploy-program.c */
int deploy_check(Deployment *d);
int deploy_hook(Deployment *d);
int deploy_prove(Deployment *d);
/* 0, -EREMOTEIO with words when it failed, or what failed here. */
int deploy_command(Deployment *d, char **ret_error);
int deploy_fallback(Deployment *d, char **ret_error);
/* Runs a program of the target; `event` is part of its unit's name. Negative: as runner_run(). */
int deploy_run_program(
                Deployment *d,
                const char *event,
                const StringList *argv,
                usec_t limit,
                ProgramResult *ret);
/* "KEY=value" of everything a check or hook is told. */
int deploy_environment(const Deployment *d, const char *event, StringList *ret);

/* The same for what a step needs besides: keytool. */
int deploy_run_tool(Deployment *d, const StringList *argv, ProgramResult *ret);

/* deploy-setup.c */
bool deploy_setup_in_place(Deployment *d);
/* All is as the set-up program wants it. */
int deploy_setup(Deployment *d);
/* The program does what the service need not be told of; whether that was all is asked anew. */
void deploy_setup_mend(Deployment *d);
/* Takes back what it set up; what it printed is appended as escaped lines. */
int deploy_setup_restore(Deployment *d, StringList *messages, char **ret_error);
/* What a person must still do, into the row; nothing when the program cannot say. */
void deploy_setup_todo(Deployment *d);

/* deploy-unit.c */
const char *deploy_unit(const TargetConfig *target); /* NULL: none configured */
void deploy_look_at_unit(Deployment *d);
int deploy_activate(Deployment *d);
