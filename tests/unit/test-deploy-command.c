/* The transaction: signals, commands, proofs, and what limits their programs (a systemd of one unit, tests/fake/unit.c). */

#include <signal.h>

#include "hooks/deploy-internal.h"
#include "tests/fake/unit.h"
#include "tests/unit/deploy-bench.h"
#include "tests/unit/test.h"

static Bench *seen; /* for the fakes' callbacks */
static unsigned told_before_command, commands, others;
static const char *refused; /* what begins the names of the units whose programs fail */

static void note(const TransientSpec *spec) {
        const FakeUnits *u = &fake_units;

        if (str_skip_prefix(spec->unit, "renewd-command-")) {
                commands++;
                told_before_command = u->reloads + u->try_restarts + u->signals;
                CHECK(bench_pair_is_live(seen));
        } else
                others++;
        fake_units.exit_status = refused && str_skip_prefix(spec->unit, refused) ? 1 : 0;
}

static void begin(Bench *b) {
        bench_init(b);
        fake_units.running = true;
        fake_units.on_transient = note;
        commands = others = told_before_command = 0;
        refused = NULL;
        seen = b;
}

static unsigned told(void) {
        return fake_units.reloads + fake_units.try_restarts + fake_units.restarts +
               fake_units.signals;
}

static void signal_goes_to_the_unit(void) {
        _cleanup_(bench_done) Bench b;

        begin(&b);
        b.target.unit = b.unit;
        b.target.signal_number = SIGUSR1;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(fake_units.signals, 1);
        CHECK_INT(fake_units.signal_number, SIGUSR1);
        CHECK_INT(told(), 1);
        CHECK(b.row.activated && !b.row.step);
        CHECK_STR(b.row.unit, "active");
        fake_units.tell_result = -EIO;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "signal");
        CHECK(!b.row.activated && b.row.in_place);
}

static void dead_of_a_signal(void) {
        _cleanup_(bench_done) Bench b;
        static char first[65536];

        bench_renewed(&b, first);
        fake_units.running = true;
        fake_units.after_tell = UNIT_FAILED;
        b.target.unit = b.unit;
        b.target.signal_number = SIGUSR2;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "signal");
        CHECK(b.row.rolled_back);
        CHECK_STR(test_content(&b.live, "etc/a.crt"), first);
        CHECK_INT(fake_units.restarts, 1);
        CHECK_STR(b.row.unit, "active");
}

static void stopped_is_told_nothing(void) {
        _cleanup_(bench_done) Bench b;

        begin(&b);
        fake_units.state = UNIT_INACTIVE;
        b.target.unit = b.unit;
        b.target.signal_number = SIGHUP;
        bench_set_program(&b, &b.target.command, "tool", "#!/bin/sh\nexit 0\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(told() + commands, 0);
        CHECK_STR(b.row.unit, "inactive");
        CHECK(!b.row.activated && !b.row.step && b.row.in_place);
        /* Nor is its FallbackCommand=, since the unit exists. */
        b.target.signal_number = 0;
        bench_set_program(&b, &b.target.fallback_command, "script", "#!/bin/sh\nexit 0\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(told() + commands, 0);
}

static void command_stands_before_the_restart(void) {
        _cleanup_(bench_done) Bench b;

        begin(&b);
        b.target.restart = b.unit;
        bench_set_program(&b, &b.target.command, "tool", "#!/bin/sh\nexit 0\n");
        bench_set_program(&b, &b.target.hook, "hook", "#!/bin/sh\nexit 0\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(commands, 1);
        CHECK_INT(told_before_command, 0);
        CHECK_INT(fake_units.try_restarts, 1);
        CHECK_INT(others, 1); /* the hook */
        CHECK(b.row.activated);
}

static void failed_command_is_a_failed_reload(void) {
        _cleanup_(bench_done) Bench b;
        static char first[65536];

        bench_renewed(&b, first);
        fake_units.running = true;
        fake_units.on_transient = note;
        seen = &b;
        commands = others = 0;
        refused = "renewd-command-";
        b.target.restart = b.unit;
        bench_set_program(&b, &b.target.command, "tool", "#!/bin/sh\nexit 0\n");
        bench_set_program(&b, &b.target.hook, "hook", "#!/bin/sh\nexit 0\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "command");
        CHECK(b.row.error && strstr(b.row.error, "exited with 1"));
        CHECK(!b.row.activated && !b.row.rolled_back && b.row.in_place);
        CHECK(bench_pair_is_live(&b)); /* DESIGN 4.10 */
        CHECK_INT(told() + others, 0);
        refused = NULL;
        REQUIRE(bench_deploy(&b) >= 0); /* told again, with the same files */
        CHECK(b.row.activated && !b.row.step);
        CHECK_INT(commands, 2);
        CHECK_INT(fake_units.try_restarts, 1);
}

static void kill_the_unit(const TransientSpec *spec) {
        note(spec);
        fake_units.state = UNIT_FAILED;
}

static void command_that_kills_its_service(void) {
        _cleanup_(bench_done) Bench b;
        static char first[65536];

        bench_renewed(&b, first);
        fake_units.running = true;
        fake_units.on_transient = kill_the_unit;
        seen = &b;
        refused = NULL;
        b.target.unit = b.unit;
        bench_set_program(&b, &b.target.command, "tool", "#!/bin/sh\nexit 0\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "command");
        CHECK(b.row.rolled_back);
        CHECK_STR(test_content(&b.live, "etc/a.crt"), first);
        CHECK_INT(fake_units.restarts, 1);
}

static void command_without_unit(void) {
        _cleanup_(bench_done) Bench b;

        begin(&b);
        bench_set_program(&b, &b.target.command, "tool", "#!/bin/sh\nexit 0\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(commands, 1);
        CHECK_STR(b.row.unit, "none");
        CHECK(b.row.activated);
        refused = "renewd-command-";
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "command");
        CHECK(!b.row.activated);
}

static void old_script_where_there_is_no_unit(void) {
        _cleanup_(bench_done) Bench b;

        begin(&b);
        b.target.restart = b.unit;
        fake_units.state = UNIT_UNKNOWN;
        bench_set_program(&b, &b.target.command, "tool", "#!/bin/sh\nexit 0\n");
        bench_set_program(&b, &b.target.fallback_command, "script", "#!/bin/sh\nexit 0\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(commands, 2);
        CHECK_INT(told(), 0);
        CHECK(b.row.activated);
        CHECK_STR(b.row.unit, "none");
        refused = "renewd-command-";
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "command");
        CHECK_INT(commands, 3); /* what was not done is not made known */
}

static void missing_unit_gets_no_command(void) {
        _cleanup_(bench_done) Bench b;

        begin(&b);
        b.target.unit = b.unit;
        fake_units.state = UNIT_UNKNOWN;
        bench_set_program(&b, &b.target.command, "tool", "#!/bin/sh\nexit 0\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(commands, 0);
        CHECK_STR(b.row.step, "command");
        CHECK_STR(b.row.error, "there is no unit 'nginx.service'");
}

static void without_systemd_the_old_script(void) {
        _cleanup_(bench_done) Bench b;

        begin(&b);
        fake_units.running = false;
        b.target.restart = b.unit;
        bench_set_program(
                        &b, &b.target.fallback_command, "script",
                        "#!/bin/sh\n: >\"${0%/*}/was-told\"\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(test_exists(&b.live, "was-told"));
        CHECK(b.row.activated);
}

/* ---- proofs ---- */

static void proof_keeps_the_row_open(void) {
        _cleanup_(bench_done) Bench b;

        begin(&b);
        bench_set_program(&b, &b.target.prove, "prove", "#!/bin/sh\nexit 0\n");
        refused = "renewd-prove-";
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(others, 0); /* it is not the deploy's */
        CHECK(b.row.activated);
        REQUIRE(bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_OPEN);
        CHECK_STR(b.row.step, "prove");
        CHECK(b.row.error && strstr(b.row.error, "exited with 1"));
        CHECK(b.row.activated && b.row.in_place);
        REQUIRE(bench_inspect(&b) >= 0); /* it is on disk */
        CHECK_STR(b.row.step, "prove");
        refused = NULL;
        REQUIRE(bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        CHECK(!b.row.step);
        CHECK_INT(others, 2);
        REQUIRE(bench_verify(&b) >= 0); /* what is proved is proved */
        CHECK_INT(others, 2);
}

/* ---- limits ---- */

static void check_limits(const TransientSpec *spec) {
        bool command = str_skip_prefix(spec->unit, "renewd-command-") != NULL;

        note(spec);
        CHECK_INT(spec->memory_max, 64 * 1024 * 1024);
        CHECK_INT(spec->tasks_max, 7);
        CHECK_INT(spec->limit, 10 * USEC_PER_SEC);
        CHECK(command ? str_equal(spec->user, "root") : !spec->user);
}

static void limits_hold_for_every_program(void) {
        _cleanup_(bench_done) Bench b;

        begin(&b);
        fake_units.on_transient = check_limits;
        b.target.memory_max = 64 * 1024 * 1024;
        b.target.tasks_max = 7;
        b.target.command_user = (char *) "root";
        bench_set_program(&b, &b.target.check, "check", "#!/bin/sh\nexit 0\n");
        bench_set_program(&b, &b.target.command, "tool", "#!/bin/sh\nexit 0\n");
        bench_set_program(&b, &b.target.hook, "hook", "#!/bin/sh\nexit 0\n");
        bench_set_program(&b, &b.target.prove, "prove", "#!/bin/sh\nexit 0\n");
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK_INT(commands, 1);
        CHECK_INT(others, 3);
}

static void memory_is_said(void) {
        _cleanup_(bench_done) Bench b;

        begin(&b);
        fake_units.result = "oom-kill";
        bench_set_program(&b, &b.target.hook, "hook", "#!/bin/sh\nexit 0\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "hook");
        CHECK(b.row.error && strstr(b.row.error, "used more memory than Memory= allows"));
}

static void user_that_is_not_there(void) {
        _cleanup_(bench_done) Bench b;

        begin(&b);
        b.target.command_user = (char *) "nobody-has-this-name";
        bench_set_program(&b, &b.target.command, "tool", "#!/bin/sh\nexit 0\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(commands, 0);
        CHECK_STR(b.row.step, "command");
        CHECK_STR(b.row.error, "there is no user 'nobody-has-this-name'");
}

TEST_MAIN({ "a signal goes to the main process of the unit", signal_goes_to_the_unit },
          { "DESIGN 4.10: a unit that dies of a signal rolls back", dead_of_a_signal },
          { "a stopped service gets neither signal nor command", stopped_is_told_nothing },
          { "S1.6: the tool first, then the restart, then the hook",
            command_stands_before_the_restart },
          { "H8: a failed command is retried and keeps the files",
            failed_command_is_a_failed_reload },
          { "DESIGN 4.10: a unit that dies of the command rolls back",
            command_that_kills_its_service },
          { "a command without a unit is just told", command_without_unit },
          { "S1.5: the old control script where the unit is missing",
            old_script_where_there_is_no_unit },
          { "R2.12.2: a missing unit is said, and gets no command", missing_unit_gets_no_command },
          { "without systemd the fallback is told", without_systemd_the_old_script },
          { "a proof that fails keeps the row open", proof_keeps_the_row_open },
          { "R3.7: memory, tasks and time limit every program", limits_hold_for_every_program },
          { "H5: what is ended because of its memory is told apart", memory_is_said },
          { "a user that does not exist is named", user_that_is_not_there })
