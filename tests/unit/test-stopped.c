#include <stdlib.h>

#include "hooks/stopped.h"
#include "tests/fake/unit.h"
#include "tests/unit/test.h"

#define ALL "renewd-http.socket renewd-https.socket renewd-proxy.socket renewd-manager.socket "

static void after(const char *job, const char *code, const char *status) {
        fake_units_reset();
        fake_units.job = job;
        CHECK(setenv("EXIT_CODE", code, 1) == 0);
        CHECK(setenv("EXIT_STATUS", status, 1) == 0);
        CHECK(engine_stopped() == 0);
}

static void stop_closes(void) {
        after("stop", "exited", "0");
        CHECK_STR(fake_units.stopped, ALL);
}

static void crash_keeps(void) {
        after(NULL, "killed", "KILL");
        CHECK_STR(fake_units.stopped, "");
}

static void restart_keeps(void) {
        after("restart", "exited", "0");
        CHECK_STR(fake_units.stopped, "");
}

static void final_status_closes(void) {
        after(NULL, "exited", "78");
        CHECK_STR(fake_units.stopped, ALL);
        after(NULL, "exited", "1");
        CHECK_STR(fake_units.stopped, "");
}

TEST_MAIN({ "stopped by a person: all that could start the engine again is closed", stop_closes },
          { "R2.5.7: after a crash the sockets stay", crash_keeps },
          { "R2.5.7: during a restart the sockets stay", restart_keeps },
          { "the status that is not followed by a restart closes them, or each connection would start it again",
            final_status_closes })
