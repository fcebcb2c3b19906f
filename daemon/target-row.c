#include "daemon/target-row.h"

#include "base/strings.h"

#define TODO_MAX 32

static const char *const state_names[] = {
        [ROW_UNKNOWN] = "unknown",
        [ROW_NONE] = "none",
        [ROW_OPEN] = "open",
        [ROW_VERIFIED] = "verified",
};

const char *row_state_to_string(RowState s) {
        return state_names[s];
}

void target_row_done(TargetRow *r) {
        free(r->leaf);
        free(r->unit);
        free(r->step);
        free(r->error);
        free(r->drift);
        string_list_done(&r->todo);
        *r = (TargetRow){};
}

static int read_text(const Json *j, const char *key, char **ret) {
        const char *text;

        if (json_get_string(j, key, &text) < 0 || !text[0])
                return 0;
        *ret = str_escape(text, STR_ESCAPE_MAX);
        return *ret ? 0 : -ENOMEM;
}

static int read_todo(const Json *j, TargetRow *row) {
        const Json *list;
        int r = 0;

        row->todo_known = json_get_array(j, "todo", &list) >= 0;
        for (size_t i = 0; row->todo_known && i < MIN(json_count(list), (size_t) TODO_MAX); i++) {
                const char *text = json_string_value(json_at(list, i));
                _cleanup_free_ char *shown = text ? str_escape(text, STR_ESCAPE_MAX) : NULL;

                if (!text)
                        continue;
                r = shown ? string_list_add(&row->todo, shown) : -ENOMEM;
                if (r < 0)
                        break;
        }
        return r;
}

static RowState read_state(const Json *j) {
        const char *text;

        if (json_get_string(j, "state", &text) < 0)
                return ROW_UNKNOWN;
        for (RowState s = ROW_NONE; s <= ROW_VERIFIED; s++)
                if (str_equal(text, state_names[s]))
                        return s;
        return ROW_UNKNOWN;
}

int target_row_parse(const Json *parameters, TargetRow *ret) {
        _cleanup_(target_row_done) TargetRow row = {};
        const Json *j;
        int r;

        if (json_get_object(parameters, "row", &j) < 0)
                return -EBADMSG;
        row.state = read_state(j);
        if (row.state == ROW_UNKNOWN)
                return -EBADMSG;
        r = read_text(j, "leaf", &row.leaf);
        if (r >= 0)
                r = read_text(j, "unit", &row.unit);
        if (r >= 0)
                r = read_text(j, "step", &row.step);
        if (r >= 0)
                r = read_text(j, "error", &row.error);
        if (r >= 0)
                r = read_text(j, "drift", &row.drift);
        if (r >= 0)
                r = read_todo(j, &row);
        if (r < 0)
                return r;
        (void) json_get_bool(j, "in_place", &row.in_place); /* absent: false */
        (void) json_get_bool(j, "proved", &row.proved);
        (void) json_get_bool(j, "activated", &row.activated);
        (void) json_get_bool(j, "rolled_back", &row.rolled_back);
        *ret = row;
        row = (TargetRow){};
        return 0;
}
