/* Whether the engine comes back is what its unit's job says: "stop" is a person's word (or the machine's end), "restart"
 * brings it back, and after a crash there is none yet. */

#include "hooks/stopped.h"

#include <stdlib.h>

#include "base/log.h"
#include "systemd/unit.h"

#define ENGINE_UNIT "renewd.service"

/* Of RestartPreventExitStatus= in the unit: the configuration cannot be read at all. */
#define EXIT_NO_RESTART "78"

static const char *const engine_sockets[] = {
        "renewd-http.socket",
        "renewd-https.socket",
        "renewd-proxy.socket",
        "renewd-manager.socket",
};

static int comes_back(Units *u, bool *ret) {
        _cleanup_free_ char *job = NULL;
        int r;

        if (str_equal(getenv("EXIT_CODE"), "exited") &&
            str_equal(getenv("EXIT_STATUS"), EXIT_NO_RESTART)) {
                *ret = false;
                return 0;
        }
        r = units_job_type(u, ENGINE_UNIT, &job);
        if (r < 0)
                return r;
        *ret = !str_equal(job, "stop");
        return 0;
}

int engine_stopped(void) {
        _cleanup_(units_freep) Units *u = NULL;
        bool back;
        int r;

        r = units_open(&u);
        if (r < 0)
                return r == -ENOTCONN ? 0 : r;
        r = comes_back(u, &back);
        if (r < 0 || back)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(engine_sockets); i++) {
                _cleanup_free_ char *error = NULL;

                /* The others are closed all the same. */
                if (units_stop(u, engine_sockets[i], &error) < 0)
                        log_warning("%s: not closed: %s", engine_sockets[i], error ? error : "?");
        }
        return 0;
}
