/* Which files there are of one kind: NAME.conf in the administrator's and, for some, the shipped directory. */

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "config/load.h"

void directories_done(char *dirs[3]) {
        for (size_t i = 0; i < 3; i++) {
                free(dirs[i]);
                dirs[i] = NULL;
        }
}

/* Where the files of a kind are. */
typedef struct Place {
        ConfigKind kind;
        const char *directory; /* NULL: that of the configuration itself */
        bool shipped;          /* some come with renewd */
} Place;

static const Place *place_of(ConfigKind kind) {
        static const Place places[] = {
                { .kind = CONFIG_MAIN },
                { .kind = CONFIG_CERTIFICATE, .directory = "certificates" },
                { .kind = CONFIG_CA, .directory = "ca", .shipped = true },
                { .kind = CONFIG_SERVICE, .directory = "services", .shipped = true },
                { .kind = CONFIG_DNS, .directory = "dns", .shipped = true },
                { .kind = CONFIG_WATCH, .directory = "watch" },
        };

        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (places[i].kind == kind)
                        return &places[i];
        assert(false); /* a kind that is not in the list is a bug of it */
        return NULL;
}

int config_directories(const Paths *p, ConfigKind kind, char *ret[3]) {
        const Place *place = place_of(kind);
        const char *roots[] = { p->config, place->shipped ? p->data : NULL };
        const char *sub = place->directory;
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(roots) && roots[i] && r >= 0; i++)
                r = sub ? path_join(roots[i], sub, &ret[i]) : str_replace(&ret[i], roots[i]);
        return r;
}

int config_path(const Paths *p, ConfigKind kind, const char *name, char **ret) {
        _cleanup_directories_ char *dirs[3] = {};
        int r = config_directories(p, kind, dirs);

        return r < 0 ? r : str_printf(ret, "%s/%s.conf", dirs[0], name);
}

static int take_entry(const Report *report, const char *dir, const char *entry, StringList *ret) {
        _cleanup_free_ char *name = NULL, *shown = NULL;
        size_t size = strlen(entry);

        if (entry[0] == '.' || str_ends_with(entry, "~") || str_ends_with(entry, ".d") ||
            str_ends_with(entry, ".conf.example"))
                return 0;
        shown = str_escape(entry, VALUE_SHOWN_MAX);
        if (!shown)
                return -ENOMEM;
        if (!str_ends_with(entry, ".conf"))
                return report_warning(
                                report, "%s/%s: ignored: its name does not end in .conf", dir,
                                shown);
        name = strndup(entry, size - strlen(".conf"));
        if (!name)
                return -ENOMEM;
        return string_list_add(ret, name);
}

/* A missing directory holds nothing; one that cannot be read is the caller's failure. */
int config_list(const Report *report, const Paths *paths, ConfigKind kind, StringList *ret) {
        _cleanup_directories_ char *dirs[3] = {};
        int r = config_directories(paths, kind, dirs);

        for (size_t i = 0; dirs[i] && r >= 0; i++) {
                _cleanup_(string_list_done) StringList entries = {};
                _cleanup_close_ int fd = open(dirs[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                if (fd < 0 && errno == ENOENT)
                        continue;
                if (fd < 0)
                        return -errno;
                r = dir_list(fd, &entries);
                for (size_t k = 0; k < entries.count && r >= 0; k++)
                        r = take_entry(report, dirs[i], entries.items[k], ret);
        }
        if (r >= 0)
                string_list_sort_unique(ret);
        return r;
}

int load_each(Loader *l, ConfigKind kind, int (*load)(Loader *l, const char *name)) {
        _cleanup_(string_list_done) StringList names = {};
        Report report = { .config = l->config };
        int r = config_list(&report, l->paths, kind, &names);

        for (size_t i = 0; i < names.count && r >= 0; i++)
                r = load(l, names.items[i]);
        return r;
}

int warn_of_name(Loader *l, ConfigKind kind, const char *name, const char *why) {
        _cleanup_free_ char *shown = str_escape(name, VALUE_SHOWN_MAX);
        Report report = { .config = l->config };

        return report_warning(
                        &report, "%s/%s.conf: ignored: %s", place_of(kind)->directory,
                        shown ? shown : "?", why);
}

int config_service_names(const Paths *paths, StringList *ret) {
        Config scratch = {};
        Report report = { .config = &scratch };
        int r = config_list(&report, paths, CONFIG_SERVICE, ret);

        for (size_t i = 0; i < scratch.message_count; i++) {
                free(scratch.messages[i].certificate);
                free(scratch.messages[i].text);
        }
        free(scratch.messages);
        return r;
}
