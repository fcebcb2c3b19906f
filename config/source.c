/* One configuration file with its drop-ins, read into a list of items. Parsing into objects comes
 * later: a target's profile must be known before the certificate's own settings overlay it. */

#include <string.h>

#include "base/conf-file.h"
#include "base/file.h"
#include "base/log.h"
#include "config/load.h"

static void source_item_done(SourceItem *i) {
        free(i->path);
        free(i->section);
        free(i->key);
        free(i->value);
        *i = (SourceItem){};
}

void source_done(Source *s) {
        for (size_t i = 0; i < s->count; i++)
                source_item_done(&s->items[i]);
        free(s->items);
        free(s->path);
        *s = (Source){};
}

typedef struct Reading {
        const Report *report;
        Source *source;
        int error; /* of a report that could not be kept */
} Reading;

static int take_item(const ConfItem *item, void *userdata) {
        Reading *reading = userdata;
        Source *s = reading->source;
        _cleanup_(source_item_done) SourceItem copy = { .line = item->line };
        SourceItem *grown;
        int r;

        r = str_replace(&copy.path, item->path);
        if (r >= 0)
                r = str_replace(&copy.section, item->section);
        if (r >= 0)
                r = str_replace(&copy.key, item->key);
        if (r >= 0)
                r = str_replace(&copy.value, item->value ? item->value : "");
        if (r < 0)
                return r;
        /* grow by doubling: the count is a power of two when it is full */
        if ((s->count & (s->count - 1)) == 0) {
                grown = reallocarray(s->items, s->count ? s->count * 2 : 1, sizeof *grown);
                if (!grown)
                        return -ENOMEM;
                s->items = grown;
        }
        s->items[s->count++] = copy;
        copy = (SourceItem){};
        return 0;
}

static void take_error(const char *path, unsigned line, const char *message, void *userdata) {
        Reading *reading = userdata;
        int r = report_error(reading->report, "%s:%u: %s", path, line, message);

        if (r < 0)
                reading->error = r;
}

static int read_one(Reading *reading, const char *path) {
        _cleanup_free_ char *why = NULL;
        _cleanup_(bytes_done) Bytes text = {};
        int r;

        r = trust_check(path, &why);
        if (r == -EPERM && why) {
                reading->source->refused = true;
                return report_error(reading->report, "%s: not read: %s", path, why);
        }
        if (r >= 0)
                r = file_read(path, CONF_FILE_MAX, &text);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                reading->source->refused = true;
                return report_error(
                                reading->report, "%s: cannot be read: %s", path,
                                r == -E2BIG ? "larger than 1 MiB" : errno_text(r));
        }
        r = conf_parse(path, text.data, text.size, take_item, take_error, reading);
        if (r == -ENOMEM || reading->error < 0)
                return -ENOMEM;
        if (r < 0) {
                reading->source->refused = true;
                return report_error(reading->report, "%s: cannot be read: %s", path, errno_text(r));
        }
        return 0;
}

/* Is `path` the file itself, not a drop-in? A masked file has drop-ins but no main file. */
static bool is_main_file(const char *path, const char *file) {
        const char *slash = strrchr(path, '/');

        return slash && strcmp(slash + 1, file) == 0 && !str_ends_with(path, ".d");
}

int source_read(const Report *report,
                const Paths *paths,
                ConfigKind kind,
                const char *name,
                Source *ret) {
        _cleanup_directories_ char *dirs[3] = {};
        _cleanup_free_ char *file = NULL;
        _cleanup_(string_list_done) StringList files = {};
        _cleanup_(source_done) Source s = {};
        Reading reading = { .report = report, .source = &s };
        int r;

        r = config_directories(paths, kind, dirs);
        if (r >= 0)
                r = str_printf(&file, "%s.conf", name);
        if (r < 0)
                return r;
        r = conf_files((const char *const *) dirs, file, &files);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                s.refused = true;
                r = report_error(report, "%s/%s: cannot be read: %s", dirs[0], file, errno_text(r));
        }
        if (r >= 0 && files.count > 0 && is_main_file(files.items[0], file))
                r = str_replace(&s.path, files.items[0]);
        for (size_t i = 0; r >= 0 && i < files.count; i++)
                r = read_one(&reading, files.items[i]);
        if (r < 0)
                return r;
        *ret = s;
        s = (Source){};
        return 0;
}
