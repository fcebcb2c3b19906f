/* Which files there are of one kind: NAME.conf in the administrator's and the shipped directory. */

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

/* `sub` NULL: the directories themselves. */
int config_directories(const Paths *p, const char *sub, bool shipped, char *ret[3]) {
        const char *roots[] = { p->config, shipped ? p->data : NULL };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(roots) && roots[i] && r >= 0; i++)
                r = sub ? path_join(roots[i], sub, &ret[i]) : str_replace(&ret[i], roots[i]);
        return r;
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
int config_list(const Report *report, const char *const dirs[], StringList *ret) {
        int r = 0;

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

int config_service_names(const Paths *paths, StringList *ret) {
        _cleanup_directories_ char *dirs[3] = {};
        Config scratch = {};
        Report report = { .config = &scratch };
        int r;

        r = config_directories(paths, "services", true, dirs);
        if (r >= 0)
                r = config_list(&report, (const char *const *) dirs, ret);
        for (size_t i = 0; i < scratch.message_count; i++) {
                free(scratch.messages[i].certificate);
                free(scratch.messages[i].text);
        }
        free(scratch.messages);
        return r;
}
