#include "systemd/unit.h"
#include "tests/unit/test.h"

static void names(void) {
        static const char *const good[] = { "nginx.service", "a@b.service", "x-y_z:1.socket",
                                            "renewd-http.socket", "multi-user.target" };
        static const char *const bad[] = { "",
                                           "nginx",
                                           ".service",
                                           "nginx.service/../x.service",
                                           "a b.service",
                                           "a\nb.service",
                                           "nginx.service ",
                                           "nginx.exe",
                                           "n\xc3\xa9.service" };
        char longest[300];

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                CHECK(unit_name_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                CHECK(!unit_name_is_valid(bad[i]));
        CHECK(!unit_name_is_valid(NULL));
        memset(longest, 'a', sizeof longest);
        memcpy(longest + 248, ".service", 9);
        CHECK(!unit_name_is_valid(longest));
        CHECK(unit_name_is_valid(longest + 1));
}

static void states(void) {
        for (int i = 0; i < UNIT_STATE_MAX; i++)
                CHECK_INT(unit_state_from_string(unit_state_to_string((UnitState) i)), i);
        CHECK_INT(unit_state_from_string("refreshing"), UNIT_RELOADING);
        CHECK_INT(unit_state_from_string("maintenance"), UNIT_STATE_INVALID);
        CHECK(unit_state_to_string(UNIT_STATE_INVALID) == NULL);
        CHECK(unit_state_is_running(UNIT_ACTIVE) && unit_state_is_running(UNIT_ACTIVATING));
        CHECK(!unit_state_is_running(UNIT_FAILED) && !unit_state_is_running(UNIT_DEACTIVATING));
}

TEST_MAIN({ "R2.12.1: names of units", names }, { "states of units", states })
