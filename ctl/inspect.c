/* inspect: a certificate wherever it is, and what is wrong with it. Asks no engine. */

#include "ctl/inspect.h"

#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "probe/roots.h"

#define LOCAL_ROOTS "/usr/local/share/ca-certificates"
#define COULD_NOT   CTL_NO_DAEMON /* 2: it could not be looked at */

static int read_roots(Ctl *ctl, Bytes *ret) {
        int r;

        if (ctl->root_store) {
                r = file_read(ctl->root_store, PROBE_ROOTS_MAX, ret);
                return r < 0 ? ctl_fail(ctl, COULD_NOT, "--root-store: the file cannot be read: %s",
                                        errno_text(r))
                             : 0;
        }
        /* Without any nothing is trusted, and it is said of everything. */
        return probe_roots(NULL, ret) == -ENOMEM ? ctl_no_memory(ctl) : 0;
}

/* What update-ca-certificates adds to the shipped ones; what cannot be read is not there. */
static void read_local_roots(Bytes *ret) {
        _cleanup_close_ int fd = dir_open(LOCAL_ROOTS);
        _cleanup_(string_list_done) StringList names = {};

        if (fd < 0 || dir_list(fd, &names) < 0)
                return;
        for (size_t i = 0; i < names.count; i++)
                if (str_ends_with(names.items[i], ".crt") &&
                    file_read_at(fd, names.items[i], INSPECT_SIZE_MAX, ret) >= 0)
                        (void) bytes_append_string(ret, "\n"); /* else it is full */
}

static int tell(Ctl *ctl, const InspectSource *source, const Inspection *i, int64_t now) {
        int r = ctl->json ? inspect_json(ctl, source, i, now) : inspect_print(source, i, now);

        if (r < 0)
                return ctl_no_memory(ctl);
        if (i->count == 0)
                return COULD_NOT;
        return inspection_is_good(i) ? CTL_FINE : CTL_PROBLEM;
}

int verb_inspect(Ctl *ctl, char *arguments[], int count) {
        InspectLevel level = ctl->level ? inspect_level_from_string(ctl->level) : LEVEL_ALL;
        _cleanup_(bytes_done) Bytes roots = { .limit = PROBE_ROOTS_MAX },
                                    local = { .limit = PROBE_ROOTS_MAX };
        _cleanup_(inspect_source_done) InspectSource source = {};
        _cleanup_(inspection_done) Inspection i = {};
        int64_t now = (int64_t) time(NULL);
        InspectPin pin;
        int r;

        (void) count;
        if (level < 0)
                return ctl_fail(ctl, CTL_USAGE,
                                "--level is one of disabled, basic, recommended and strict");
        r = read_roots(ctl, &roots);
        if (r == 0)
                r = inspect_source_read(ctl, arguments[0], &source);
        if (r != 0)
                return r;
        if (!ctl->root_store)
                read_local_roots(&local);
        r = inspect(
                        &(InspectInput){
                                        .data = &source.data,
                                        .served = source.served,
                                        .name = source.name,
                                        .roots = &roots,
                                        .local_roots = &local,
                                        .now = now,
                        },
                        &i);
        if (r < 0)
                return ctl_no_memory(ctl);
        r = inspect_pin(ctl, level, &source, &i, &pin);
        if (r != 0)
                return r;
        if (inspection_judge(&i, level, pin) < 0)
                return ctl_no_memory(ctl);
        return tell(ctl, &source, &i, now);
}
