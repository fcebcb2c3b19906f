#pragma once

/* A row of the installer's ledger, as its answers tell it (io.renewd.Installer, type Row). */

#include "base/json.h"
#include "base/strings.h"

typedef enum RowState { ROW_UNKNOWN, ROW_NONE, ROW_OPEN, ROW_VERIFIED } RowState;

typedef struct TargetRow {
        RowState state;
        char *leaf;  /* NULL if none; all texts owned and escaped */
        char *unit;  /* "active" … */
        char *step;  /* what failed last */
        char *error; /* in the words of the one who refused */
        char *drift; /* what was changed since it was verified; NULL: not known */
        bool proved; /* some leaf was good here before */
        bool in_place;
        bool activated;
        bool rolled_back;
        bool todo_known;
        StringList todo; /* what a person must still do */
} TargetRow;

void target_row_done(TargetRow *r);
int target_row_parse(const Json *parameters, TargetRow *ret); /* -EBADMSG */
const char *row_state_to_string(RowState s);
