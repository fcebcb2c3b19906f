/* Pins: a line "WHAT<tab>PIN" for each place that was once seen, in a file that is named. */

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "ctl/inspect.h"

#define PINS_MAX ((size_t) 1024 * 1024)

/* The pin of `label`; malloc'ed; NULL: none. */
static int find_pin(const Bytes *file, const char *label, char **ret) {
        size_t size = strlen(label);

        for (const char *at = bytes_text(file); *at; at = strchrnul(at, '\n'), at += *at == '\n') {
                const char *end = strchrnul(at, '\n');

                if (strncmp(at, label, size) != 0 || at[size] != '\t')
                        continue;
                *ret = strndup(at + size + 1, (size_t) (end - at) - size - 1);
                return *ret ? 0 : -ENOMEM;
        }
        *ret = NULL;
        return 0;
}

static int read_pins(Ctl *ctl, Bytes *ret) {
        int r = file_read(ctl->pins, PINS_MAX, ret);

        if (r >= 0 || r == -ENOENT)
                return 0;
        return ctl_fail(ctl, CTL_PROBLEM, "--pins: the file cannot be read: %s", errno_text(r));
}

static int save(const char *path, const Bytes *file) {
        _cleanup_free_ char *directory = strdup(path), *copy = strdup(path);
        _cleanup_close_ int fd = -1;

        if (!directory || !copy)
                return -ENOMEM;
        fd = open(dirname(directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return file_replace_at(
                        fd, basename(copy), file->data, file->size,
                        (FileRights){ .mode = 0644, .uid = (uid_t) -1, .gid = (gid_t) -1 });
}

static int keep_pin(Ctl *ctl, Bytes *file, const char *label, const char *pin) {
        bool open_line = file->size > 0 && file->data[file->size - 1] != '\n';
        int r = 0;

        if (strpbrk(label, "\t\n"))
                r = -EINVAL; /* of a path */
        if (r >= 0)
                r = bytes_printf(file, "%s%s\t%s\n", open_line ? "\n" : "", label, pin);
        if (r >= 0)
                r = save(ctl->pins, file);
        if (r < 0)
                return ctl_fail(ctl, CTL_PROBLEM, "--pins: the pin cannot be kept: %s",
                                errno_text(r));
        ctl_say(ctl, "pinned: %s", pin);
        return 0;
}

static bool ask(const Ctl *ctl, const char *label, const char *pin) {
        _cleanup_free_ char *shown = str_escape(label, STR_ESCAPE_MAX);
        char answer[16];

        if (ctl->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
                return false;
        (void) printf("No trusted CA vouches for %s. Its pin is\n  %s\nIs it the right one? [y/N] ",
                      shown ? shown : "it", pin);
        (void) fflush(stdout);
        return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* Nothing was pinned yet. */
static int first_sight(
                Ctl *ctl,
                InspectLevel level,
                const InspectSource *source,
                const Inspection *i,
                Bytes *file,
                InspectPin *ret) {
        const char *pin = i->certificates[0].pin;

        if (i->signer == SIGNER_PUBLIC_CA ||
            (level == LEVEL_RECOMMENDED && !ask(ctl, source->label, pin)))
                return 0;
        *ret = PIN_SAME;
        return ctl->pins ? keep_pin(ctl, file, source->label, pin) : 0;
}

int inspect_pin(Ctl *ctl,
                InspectLevel level,
                const InspectSource *source,
                const Inspection *i,
                InspectPin *ret) {
        _cleanup_(bytes_done) Bytes file = { .limit = PINS_MAX };
        _cleanup_free_ char *known = NULL;
        int r = 0;

        *ret = PIN_NONE;
        if (i->count == 0 || (level != LEVEL_BASIC && level != LEVEL_RECOMMENDED))
                return 0;
        if (ctl->pin) {
                *ret = inspection_matches_pin(i, ctl->pin) ? PIN_SAME : PIN_OTHER;
                return 0;
        }
        if (level == LEVEL_BASIC && !ctl->pins)
                return ctl_fail(ctl, CTL_USAGE,
                                "--level basic keeps pins: name a file with --pins FILE, or the pin with --pin");
        if (ctl->pins)
                r = read_pins(ctl, &file);
        if (r == 0 && find_pin(&file, source->label, &known) < 0)
                r = ctl_no_memory(ctl);
        if (r != 0)
                return r;
        if (!known)
                return first_sight(ctl, level, source, i, &file, ret);
        *ret = inspection_matches_pin(i, known) ? PIN_SAME : PIN_OTHER;
        return 0;
}
