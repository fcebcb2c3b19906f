/* The row is a hint: files and service are looked at again before anything is done, so a row that is
 * lost or unreadable costs one superfluous reload, never a wrong state. */

#include "hooks/row.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"

#define ROW_SIZE_MAX ((size_t) 16 * 1024)
#define ROW_VERSION  1

static const char *const row_state_names[ROW_STATE_MAX] = {
        [ROW_NONE] = "none",
        [ROW_OPEN] = "open",
        [ROW_VERIFIED] = "verified",
};

const char *row_state_to_string(RowState s) {
        return s >= 0 && s < ROW_STATE_MAX ? row_state_names[s] : NULL;
}

static RowState row_state_from_string(const char *text) {
        for (int i = 0; i < ROW_STATE_MAX; i++)
                if (str_equal(text, row_state_names[i]))
                        return (RowState) i;
        return ROW_STATE_INVALID;
}

void row_done(Row *r) {
        free(r->leaf);
        free(r->step);
        free(r->error);
        free(r->drift);
        string_list_done(&r->todo);
        *r = (Row){};
}

static int take_string(const Json *j, const char *key, char **ret) {
        const char *text;
        int r = json_get_string(j, key, &text);

        if (r == -ENOENT)
                return 0;
        return r < 0 ? r : str_replace(ret, text);
}

static int row_from_json(const Json *j, Row *ret) {
        _cleanup_(row_done) Row row = {};
        const char *state;
        int64_t version;
        int r;

        r = json_get_int64(j, "version", &version);
        if (r >= 0 && version != ROW_VERSION)
                r = -EBADMSG;
        if (r >= 0)
                r = json_get_string(j, "state", &state);
        if (r >= 0) {
                row.state = row_state_from_string(state);
                r = row.state < 0 ? -EBADMSG : 0;
        }
        if (r >= 0)
                r = json_get_bool(j, "activated", &row.activated);
        if (r >= 0)
                r = json_get_bool(j, "rolled_back", &row.rolled_back);
        if (r >= 0)
                r = take_string(j, "leaf", &row.leaf);
        if (r >= 0)
                r = take_string(j, "step", &row.step);
        if (r >= 0)
                r = take_string(j, "error", &row.error);
        if (r >= 0 && json_get_bool(j, "proved", &row.proved) < 0)
                row.proved = row.state == ROW_VERIFIED; /* a row of before there was this member */
        if (r >= 0 && row.state != ROW_NONE && !row.leaf)
                r = -EBADMSG;
        if (r < 0)
                return r == -ENOENT ? -EBADMSG : r; /* a member that is not there */
        *ret = row;
        row = (Row){};
        return 0;
}

static void set_aside(int dir_fd, const char *target, const char *name, int error) {
        _cleanup_free_ char *aside = NULL;

        if (str_printf(&aside, "%s.bad", name) >= 0)
                (void) renameat(dir_fd, name, dir_fd, aside); /* stays: the next save replaces it */
        log_message(LOG_WARNING, &(LogFields){ .target = target },
                    "%s: ledger row unreadable (%s), set aside as '%s.bad', starting afresh",
                    target, errno_text(error), name);
}

int row_load(int dir_fd, const char *target, Row *ret) {
        _cleanup_(bytes_done) Bytes text = {};
        _cleanup_(json_freep) Json *json = NULL;
        _cleanup_free_ char *name = NULL;
        int r;

        r = str_printf(&name, "%s.json", target);
        if (r < 0)
                return r;
        *ret = (Row){};
        r = file_read_at(dir_fd, name, ROW_SIZE_MAX, &text);
        if (r == -ENOENT)
                return 0;
        if (r >= 0)
                r = json_parse(text.data, text.size, &json);
        if (r >= 0)
                r = row_from_json(json, ret);
        if (r == -ENOMEM || r == -EIO)
                return r; /* it may be a good one */
        if (r < 0)
                set_aside(dir_fd, target, name, r);
        return 0;
}

static int add_stored(Json *j, const Row *r) {
        int e = json_set_string(j, "state", row_state_names[r->state]);

        if (e >= 0)
                e = json_set_string(j, "leaf", r->leaf);
        if (e >= 0)
                e = json_set_bool(j, "activated", r->activated);
        if (e >= 0)
                e = json_set_string(j, "step", r->step);
        if (e >= 0)
                e = json_set_string(j, "error", r->error);
        if (e >= 0)
                e = json_set_bool(j, "rolled_back", r->rolled_back);
        if (e >= 0)
                e = json_set_bool(j, "proved", r->proved);
        return e;
}

int row_save(int dir_fd, const char *target, const Row *row) {
        FileRights rights = { .mode = 0600, .uid = (uid_t) -1, .gid = (gid_t) -1 };
        _cleanup_(json_freep) Json *j = json_object_new();
        _cleanup_free_ char *name = NULL, *text = NULL;
        int r = j ? json_set_int64(j, "version", ROW_VERSION) : -ENOMEM;

        if (r >= 0)
                r = add_stored(j, row);
        if (r >= 0)
                r = json_to_string_pretty(j, &text);
        if (r >= 0)
                r = str_printf(&name, "%s.json", target);
        return r < 0 ? r : file_replace_at(dir_fd, name, text, strlen(text), rights);
}

int row_drop(int dir_fd, const char *target) {
        _cleanup_free_ char *name = NULL;
        int r = str_printf(&name, "%s.json", target);

        return r < 0 ? r : file_remove_at(dir_fd, name);
}

int row_to_json(const Row *row, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r = j ? add_stored(j, row) : -ENOMEM;

        if (r >= 0)
                r = json_set_bool(j, "in_place", row->in_place);
        if (r >= 0)
                r = json_set_string(j, "drift", row->drift);
        if (r >= 0)
                r = json_set_string(j, "unit", row->unit ? row->unit : "none");
        if (r >= 0 && row->todo_known)
                r = json_set_strings(j, "todo", &row->todo);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

int row_set_failure(Row *row, const char *step, char *error) {
        free(row->error);
        row->error = error;
        return str_replace(&row->step, step);
}
