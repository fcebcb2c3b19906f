/* The transaction: the unit (a systemd of one, tests/fake/unit.c), and what a crash leaves. */

#include "base/file.h"
#include "hooks/place.h"
#include "hooks/saved.h"
#include "hooks/store.h"
#include "tests/fake/unit.h"
#include "tests/unit/deploy-bench.h"
#include "tests/unit/test.h"

/* ---- units ---- */

static Bench *seen; /* for the fakes' callbacks */
static bool seen_in_place, seen_open;

static void look(void) {
        _cleanup_(row_done) Row row = {};
        _cleanup_close_ int fd = store_installer(&seen->live.paths, "rows", NAME, false);

        seen_in_place = bench_pair_is_live(seen);
        seen_open = row_load(fd, "nginx", &row) >= 0 && row.state == ROW_OPEN &&
                    str_equal(row.leaf, seen->live.leaf);
}

static void unit_is_told(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        fake_units.running = true;
        b.target.reload = b.unit;
        seen = &b;
        fake_units.on_tell = look;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(fake_units.reloads, 1);
        CHECK_INT(fake_units.try_restarts, 0);
        CHECK(seen_in_place && seen_open);
        CHECK(b.row.activated && !b.row.step);
        CHECK_STR(b.row.unit, "active");
        b.target.restart = b.unit;
        REQUIRE(bench_deploy(&b) >= 0); /* still open: activated again */
        CHECK_INT(fake_units.try_restarts, 1);
}

static void verified_is_activated_again(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        fake_units.running = true;
        b.target.reload = b.unit;
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(fake_units.reloads, 2);
        CHECK_INT(b.row.state, ROW_OPEN);
        CHECK(b.row.in_place && b.row.activated && bench_pair_is_live(&b));
}

static void stopped_unit_is_left_alone(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        fake_units.running = true;
        fake_units.state = UNIT_INACTIVE;
        b.target.reload = b.unit;
        bench_set_program(&b, &b.target.hook, "hook", "#!/bin/sh\nexit 0\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(fake_units.reloads + fake_units.try_restarts + fake_units.restarts, 0);
        CHECK_INT(fake_units.transients, 0);
        CHECK_INT(b.row.state, ROW_OPEN);
        CHECK(b.row.in_place && !b.row.activated && !b.row.step);
        CHECK_STR(b.row.unit, "inactive");
        CHECK(bench_pair_is_live(&b));
        /* Somebody starts it: served, but the hook has not run. */
        fake_units.state = UNIT_ACTIVE;
        REQUIRE(bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_OPEN);
        CHECK_STR(b.row.step, "hook");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(fake_units.transients, 1);
        REQUIRE(bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
}

static void dead_unit_rolls_back(void) {
        _cleanup_(bench_done) Bench b;
        static char first[65536];

        bench_renewed(&b, first);
        fake_units.running = true;
        fake_units.after_tell = UNIT_FAILED;
        b.target.reload = b.unit;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "reload");
        CHECK(b.row.error && strstr(b.row.error, "does not run"));
        CHECK(b.row.rolled_back && !b.row.in_place && !b.row.activated);
        CHECK_STR(test_content(&b.live, "etc/a.crt"), first);
        CHECK_INT(fake_units.restarts, 1); /* it ran before: on its former files it shall again */
        CHECK_STR(b.row.unit, "active");
}

static void unit_stopped_meanwhile_stays_stopped(void) {
        _cleanup_(bench_done) Bench b;
        static char first[65536];

        bench_renewed(&b, first);
        fake_units.running = true;
        fake_units.after_tell = UNIT_INACTIVE;
        b.target.restart = b.unit;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.rolled_back);
        CHECK_STR(b.row.step, "restart");
        CHECK_INT(fake_units.restarts, 0);
        CHECK_STR(b.row.unit, "inactive");
}

static void failed_job_keeps_new_files(void) {
        _cleanup_(bench_done) Bench b;
        static char first[65536];

        bench_renewed(&b, first);
        fake_units.running = true;
        fake_units.tell_result = -EIO;
        b.target.reload = b.unit;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "reload");
        CHECK_STR(b.row.error, "the job failed");
        CHECK(!b.row.rolled_back && b.row.in_place && !b.row.activated);
        CHECK_STR(b.row.unit, "active");
        CHECK(bench_pair_is_live(&b));
}

static void slow_restart_keeps_new_files(void) {
        _cleanup_(bench_done) Bench b;
        static char first[65536];

        bench_renewed(&b, first);
        fake_units.running = true;
        fake_units.tell_result = -ETIMEDOUT;
        fake_units.after_tell = UNIT_DEACTIVATING;
        b.target.restart = b.unit;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "restart");
        CHECK(!b.row.rolled_back && bench_pair_is_live(&b));
        CHECK_INT(fake_units.restarts, 0);
}

static void missing_unit_is_said(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        fake_units.running = true;
        fake_units.state = UNIT_UNKNOWN;
        b.target.reload = b.unit;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "reload");
        CHECK_STR(b.row.unit, "unknown");
        CHECK(b.row.in_place && !b.row.activated);
}

static void no_systemd_is_said(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        b.target.reload = b.unit;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "reload");
        CHECK(b.row.error && str_skip_prefix(b.row.error, "no systemd here: ") != NULL);
        CHECK_STR(b.row.unit, "unknown");
        CHECK(b.row.in_place && !b.row.activated);
        CHECK_INT(b.row.state, ROW_OPEN);
}

static void check_transient(const TransientSpec *spec) {
        CHECK(str_skip_prefix(spec->unit, "renewd-hook-" NAME "-nginx-") != NULL);
        CHECK(str_ends_with(spec->unit, ".service"));
        CHECK_INT(spec->limit, 10 * USEC_PER_SEC);
        CHECK(string_list_contains(spec->environment, "RENEWD_EVENT=deploy"));
}

static void hook_is_a_transient_unit(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        fake_units.running = true;
        fake_units.on_transient = check_transient;
        bench_set_program(&b, &b.target.hook, "hook", "#!/bin/sh\nexit 0\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(fake_units.transients, 1);
        CHECK(b.row.activated);
        fake_units.exit_status = 203;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "hook");
        CHECK(b.row.error && strstr(b.row.error, "could not be executed"));
}

/* ---- crash ---- */

static int write_first_only(Bench *b) {
        _cleanup_(bytes_done) Bytes key = { .secret = true };
        _cleanup_close_ int fd = dir_open(test_path(&b->live, "etc"));
        int r = file_read(test_path(&b->live, "state/live/" NAME "/privkey.pem"), 65536, &key);

        return r < 0 ? r
                     : file_replace_at(fd, "a.key", key.data, key.size,
                                       (FileRights){ .mode = 0600,
                                                     .uid = geteuid(),
                                                     .gid = getegid() });
}

/* Saved, row OPEN, one of two renamed; and the next deploy's check refuses the new set. */
static void next_deploy_knows_the_former_set(void) {
        _cleanup_(place_list_done) PlaceList places = {};
        _cleanup_close_ int rows = -1, saved = -1;
        _cleanup_(bench_done) Bench b;
        _cleanup_(row_done) Row row = {};
        static char first[65536];
        char *error = NULL;

        bench_renewed(&b, first);
        rows = store_installer(&b.live.paths, "rows", NAME, true);
        saved = store_installer(&b.live.paths, "saved", NAME, true);
        REQUIRE(place_list_from_target(&b.target, false, &places, &error) >= 0);
        CHECK_INT(places.items[0].content, FILE_KEY); /* S2.8: key first */
        REQUIRE(place_list_open(&places, false, &error) >= 0);
        REQUIRE(saved_save(saved, "nginx", &places, &error) >= 0);
        row.state = ROW_OPEN;
        REQUIRE(str_replace(&row.leaf, b.live.leaf) >= 0);
        REQUIRE(row_save(rows, "nginx", &row) >= 0);
        REQUIRE(write_first_only(&b) >= 0);

        bench_set_program(&b, &b.target.check, "check", "#!/bin/sh\nexit 1\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.rolled_back); /* to the first, not to the mixture */
        CHECK_STR(test_content(&b.live, "etc/a.crt"), first);
        REQUIRE(test_write(&b.live, "check", "#!/bin/sh\nexit 0\n", 0755) >= 0);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(bench_pair_is_live(&b) && b.row.activated);
}

static void former_set_is_the_last_verified(void) {
        _cleanup_(bench_done) Bench b;
        static char first[65536];

        bench_renewed(&b, first);
        REQUIRE(bench_deploy(&b) >= 0); /* the second stays open */
        REQUIRE(test_issue_live(&b.live, NAME) >= 0);
        bench_set_program(&b, &b.target.check, "check", "#!/bin/sh\nexit 1\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.rolled_back);
        CHECK_STR(test_content(&b.live, "etc/a.crt"), first);
}

static void lost_row_is_found_again(void) {
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        REQUIRE(test_write(&b.live, "state/installer/rows/" NAME "/nginx.json", "{", 0600) >= 0);
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK_INT(b.row.state, ROW_NONE);
        CHECK(b.row.in_place);
        CHECK_INT(bench_verify(&b), -ESTALE);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
}

TEST_MAIN({ "DESIGN 2: a stopped unit is never started, its hook waits",
            stopped_unit_is_left_alone },
          { "R3.3: a crash between renames never loses the former set",
            next_deploy_knows_the_former_set },
          { "a running unit is told after files and row", unit_is_told },
          { "DESIGN 4.10: a unit that dies rolls back", dead_unit_rolls_back },
          { "a unit stopped meanwhile stays stopped", unit_stopped_meanwhile_stays_stopped },
          { "H12: a failed job of a running unit keeps the files", failed_job_keeps_new_files },
          { "H12: a restart beyond its limit keeps the files", slow_restart_keeps_new_files },
          { "R2.12.2: a unit that is not there is said", missing_unit_is_said },
          { "without systemd the row says so", no_systemd_is_said },
          { "a hook is a transient unit where systemd is", hook_is_a_transient_unit },
          { "the former set is the last verified one", former_set_is_the_last_verified },
          { "R1.35: a service that serves another leaf is told again",
            verified_is_activated_again },
          { "R1.20: a lost row is made again", lost_row_is_found_again })
