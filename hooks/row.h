#pragma once

/* One row of the ledger: how one certificate stands at one target. On disk
 * STATE/installer/rows/NAME/TARGET.json; the same form goes over Varlink. */

#include "base/json.h"
#include "base/strings.h"

typedef enum RowState {
        ROW_NONE,     /* never deployed, or its row was unreadable */
        ROW_OPEN,     /* deployed or tried, not yet proved */
        ROW_VERIFIED, /* seen served */
        ROW_STATE_MAX,
        ROW_STATE_INVALID = -EINVAL,
} RowState;
const char *row_state_to_string(RowState s);

typedef struct Row {
        RowState state;
        char *leaf;       /* owns; NULL while ROW_NONE */
        bool activated;   /* service and hook were told and took it */
        char *step;       /* owns; what failed last: "stage", "check", "reload" … NULL: nothing */
        char *error;      /* owns; in the words of the one who refused, one escaped line */
        bool rolled_back; /* the former set came back */
        bool proved;      /* some leaf was verified here, this one or one before it */

        /* Observed, never stored. */
        bool in_place;
        char *drift; /* owns; what was changed since it was verified; NULL: nothing, or nothing to say */
        const char *unit; /* static: "active", "inactive", "failed", "unknown", "none" */
        bool todo_known;
        StringList todo; /* what a person must still do, as the set-up program says; escaped lines */
} Row;

void row_done(Row *r);

/* -ENOENT becomes an empty row. What cannot be read as a row is set aside as TARGET.json.bad, logged,
 * and counts as none (R1.20). */
int row_load(int dir_fd, const char *target, Row *ret);
int row_save(int dir_fd, const char *target, const Row *r);

/* The row is gone; none is success. */
int row_drop(int dir_fd, const char *target);

/* For Varlink: the stored members and the observed ones. */
int row_to_json(const Row *r, Json **ret);

/* Records what failed; takes `error` (may be NULL). */
int row_set_failure(Row *r, const char *step, char *error);
