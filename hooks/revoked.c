#include "hooks/revoked.h"

#include "base/file.h"
#include "base/json.h"
#include "hooks/store.h"

#define RECORD_MAX ((size_t) 1024 * 1024)

static int read_record(const Paths *paths, const char *certificate, Bytes *ret) {
        _cleanup_close_ int state = store_open(paths), engine = -1, dir_fd = -1;
        _cleanup_free_ char *name = NULL;
        int r;

        if (state < 0)
                return TAKE_FD(state);
        engine = store_enter(state, "engine");
        if (engine < 0)
                return TAKE_FD(engine);
        dir_fd = store_enter(engine, "certificates");
        if (dir_fd < 0)
                return TAKE_FD(dir_fd);
        r = str_printf(&name, "%s.json", certificate);
        return r < 0 ? r : file_read_at(dir_fd, name, RECORD_MAX, ret);
}

int revoked_load(const Paths *paths, const char *certificate, StringList *ret) {
        _cleanup_(bytes_done) Bytes text = {};
        _cleanup_(json_freep) Json *j = NULL;
        const Json *list;
        int r;

        r = read_record(paths, certificate, &text);
        if (r >= 0)
                r = json_parse(bytes_text(&text), text.size, &j);
        if (r < 0 || json_get_array(j, "revoked", &list) < 0)
                return r == -ENOMEM ? r : 0;
        r = 0;
        for (size_t i = 0; i < json_count(list) && r >= 0; i++) {
                const char *leaf = json_string_value(json_at(list, i));

                r = leaf ? string_list_add(ret, leaf) : 0;
        }
        return r;
}
