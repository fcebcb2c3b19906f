/* What boot finds after a crash between two renames, made from the transaction's own pieces. */

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "hooks/recover.h"
#include "hooks/row.h"
#include "hooks/saved.h"
#include "hooks/staging.h"
#include "hooks/store.h"
#include "tests/fake/unit.h"
#include "tests/unit/test-live.h"
#include "tests/unit/test.h"

#define NAME "a.example.org"

typedef struct Crash {
        TestLive live;
        PlaceList places;
        int rows, saved;
} Crash;

static void crash_done(Crash *c) {
        place_list_done(&c->places);
        c->rows = close_fd(c->rows);
        c->saved = close_fd(c->saved);
}

static FileRights rights_of(mode_t mode) {
        return (FileRights){ .mode = mode, .uid = geteuid(), .gid = getegid() };
}

/* Puts the files of what is live at the places, but only the first `count`. */
static void put_live(Crash *c, size_t count) {
        static const char *const parts[] = { "state/live/" NAME "/privkey.pem",
                                             "state/live/" NAME "/fullchain.pem" };

        for (size_t i = 0; i < count; i++) {
                const char *text = test_content(&c->live, parts[i]);
                const Place *p = &c->places.items[i];

                CHECK(file_replace_at(p->dir_fd, p->name, text, strlen(text), p->rights) >= 0);
        }
}

/* A former set (if `from` < `until`), then a new leaf live, saved and OPEN, and `renamed` files of it. */
static void crash_make(Crash *c, bool former, size_t renamed) {
        _cleanup_(row_done) Row row = { .state = ROW_OPEN };
        char *error = NULL;

        *c = (Crash){ .rows = -1, .saved = -1 };
        fake_units_reset();
        test_live_init(&c->live);
        CHECK(test_issue_live(&c->live, NAME) >= 0);
        CHECK(place_list_add(&c->places, FILE_KEY, test_path(&c->live, "etc/a.key"),
                             rights_of(0600)) >= 0);
        CHECK(place_list_add(&c->places, FILE_FULLCHAIN, test_path(&c->live, "etc/a.crt"),
                             rights_of(0644)) >= 0);
        CHECK(place_list_open(&c->places, false, &error) >= 0);
        if (former)
                put_live(c, 2);
        CHECK(test_issue_live(&c->live, NAME) >= 0);
        c->rows = store_installer(&c->live.paths, "rows", NAME, true);
        c->saved = store_installer(&c->live.paths, "saved", NAME, true);
        CHECK(saved_save(c->saved, "nginx", &c->places, &error) >= 0);
        CHECK(str_replace(&row.leaf, c->live.leaf) >= 0);
        CHECK(row_save(c->rows, "nginx", &row) >= 0);
        put_live(c, renamed);
}

static bool is_new(Crash *c, const char *path, const char *part) {
        char copy[65536];

        (void) snprintf(copy, sizeof copy, "%s", test_content(&c->live, path));
        return copy[0] && strcmp(copy, test_content(&c->live, part)) == 0;
}

static unsigned count_new(Crash *c) {
        return is_new(c, "etc/a.key", "state/live/" NAME "/privkey.pem") +
               is_new(c, "etc/a.crt", "state/live/" NAME "/fullchain.pem");
}

static void mixed_goes_back(void) {
        _cleanup_(crash_done) Crash c;
        _cleanup_(row_done) Row row = {};

        crash_make(&c, true, 1);
        CHECK_INT(count_new(&c), 1);
        CHECK_INT(recover_all(&c.live.paths), 0);
        CHECK_INT(count_new(&c), 0);
        CHECK_INT(row_load(c.rows, "nginx", &row), 0);
        CHECK_INT(row.state, ROW_OPEN);
        CHECK_STR(row.leaf, c.live.leaf);
        CHECK_INT(fake_units.reloads + fake_units.try_restarts + fake_units.restarts, 0);
}

static void mixed_without_former_goes_forward(void) {
        _cleanup_(crash_done) Crash c;
        struct stat st;

        crash_make(&c, false, 1);
        CHECK_INT(recover_target(&c.live.paths, NAME, "nginx"), 1);
        CHECK_INT(count_new(&c), 2);
        CHECK(stat(test_path(&c.live, "etc/a.crt"), &st) == 0 && (st.st_mode & 07777) == 0644);
        CHECK_INT(recover_target(&c.live.paths, NAME, "nginx"), 0);
}

static void unmixed_is_left_alone(void) {
        for (size_t renamed = 0; renamed <= 2; renamed += 2) {
                _cleanup_(crash_done) Crash c;

                crash_make(&c, true, renamed);
                CHECK_INT(recover_target(&c.live.paths, NAME, "nginx"), 0);
                CHECK_INT(count_new(&c), renamed);
                CHECK(test_exists(&c.live, "state/installer/saved/" NAME "/nginx/manifest.json"));
        }
}

static void neither_is_left_alone(void) {
        _cleanup_(crash_done) Crash c;

        crash_make(&c, false, 1);
        CHECK(unlink(test_path(&c.live, "state/live/" NAME)) == 0);
        CHECK_INT(recover_target(&c.live.paths, NAME, "nginx"), 0);
        CHECK(!test_exists(&c.live, "etc/a.crt"));
}

static void half_saved_set_is_none(void) {
        _cleanup_(crash_done) Crash c;

        crash_make(&c, true, 1);
        CHECK(test_write(&c.live, "state/installer/saved/" NAME "/nginx/manifest.json", "{\"ver",
                         0600) >= 0);
        CHECK_INT(recover_target(&c.live.paths, NAME, "nginx"), 0);
        CHECK_INT(recover_all(&c.live.paths), 0);
        CHECK_INT(count_new(&c), 1);
}

static void leftovers_go(void) {
        _cleanup_(crash_done) Crash c;

        crash_make(&c, true, 1);
        CHECK(test_write(&c.live, "etc/.a.crt.abcdef~renewd", "half", 0600) >= 0);
        CHECK_INT(recover_all(&c.live.paths), 0);
        CHECK(!test_exists(&c.live, "etc/.a.crt.abcdef~renewd"));
}

/* Killed between the row VERIFIED and the end of the former set, which holds a key that is in use no more. */
static void stale_former_set_goes(void) {
        _cleanup_(crash_done) Crash c;
        _cleanup_(row_done) Row row = { .state = ROW_VERIFIED };

        crash_make(&c, true, 2);
        CHECK(str_replace(&row.leaf, c.live.leaf) >= 0);
        CHECK(row_save(c.rows, "nginx", &row) >= 0);
        CHECK_INT(recover_all(&c.live.paths), 0);
        CHECK(!test_exists(&c.live, "state/installer/saved/" NAME "/nginx"));
        CHECK_INT(count_new(&c), 2);
}

static void nothing_there_is_fine(void) {
        TestLive live;

        test_live_init(&live);
        CHECK_INT(recover_all(&live.paths), 0);
        live.paths.state = "/nonexistent/state";
        CHECK_INT(recover_all(&live.paths), 0);
}

TEST_MAIN({ "R3.3: a mixed set goes back to the former one, without any job", mixed_goes_back },
          { "without a former set it goes forward", mixed_without_former_goes_forward },
          { "a whole set, former or new, is left alone", unmixed_is_left_alone },
          { "what cannot be completed is left to the next deploy", neither_is_left_alone },
          { "R1.20: an unreadable former set is none", half_saved_set_is_none },
          { "temporary files of the crash go", leftovers_go },
          { "a former set that is stale goes, with its key", stale_former_set_goes },
          { "no state, nothing to do", nothing_there_is_fine })
