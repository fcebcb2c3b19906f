/* What a service needs besides its files, and the way back to what was there before (S2.8, S2.3). */

#include "base/file.h"
#include "hooks/deploy-internal.h"
#include "hooks/original.h"
#include "hooks/recover.h"
#include "hooks/saved.h"
#include "hooks/store.h"
#include "tests/fake/unit.h"
#include "tests/unit/deploy-bench.h"
#include "tests/unit/test.h"

/* Notes each verb; "was-set" holds what it set up. */
#define SETUP                                                                                    \
        "#!/bin/sh\ncd \"${0%/*}\" || exit 9\necho \"$1\" >>verbs\n"                             \
        "case $1 in\n"                                                                           \
        "check) [ -e broken ] && echo 'no idea' && exit 7\n"                                     \
        "  [ \"$(cat was-set 2>/dev/null)\" = \"$RENEWD_OPTION_MODE\" ] || exit 1;;\n"           \
        "apply) [ -e refuse ] && echo 'will not' && exit 3\n"                                    \
        "  [ -e vain ] || printf %s \"$RENEWD_OPTION_MODE\" >was-set;;\n"                        \
        "restore) echo \"original: $RENEWD_ORIGINAL\"; [ -e keep ] && exit 4; rm -f was-set;;\n" \
        "todo) echo 'Menu > Directories'; echo; printf 'b\\033[1m\\n';;\n"                       \
        "esac\nexit 0\n"

static void init(Bench *b) {
        bench_init(b);
        bench_set_program(b, &b->target.setup, "setup", SETUP);
        CHECK(string_list_add(&b->target.options, "MODE=on") >= 0);
}

static void clear_verbs(Bench *b) {
        CHECK(test_write(&b->live, "verbs", "", 0644) >= 0);
}

static void touch(Bench *b, const char *path) {
        CHECK(test_write(&b->live, path, "", 0644) >= 0);
}

/* ---- set-up ---- */

static void setup_is_applied_once(void) {
        _cleanup_(bench_done) Bench b;

        init(&b);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.in_place && b.row.activated && !b.row.step);
        CHECK_STR(test_content(&b.live, "was-set"), "on");
        CHECK_STR(test_content(&b.live, "verbs"), "check\napply\ncheck\ntodo\n");
        REQUIRE(bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        clear_verbs(&b);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(test_content(&b.live, "verbs"), "check\ntodo\n");
        CHECK(b.row.in_place && b.row.activated);
}

static void setup_drift_is_seen(void) {
        _cleanup_(bench_done) Bench b;

        init(&b);
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!test_exists(&b.live, "verbs")); /* the files are not there: nothing more to ask */
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        clear_verbs(&b);
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(b.row.in_place);
        CHECK_STR(test_content(&b.live, "verbs"), "check\ntodo\n");
        REQUIRE(test_write(&b.live, "was-set", "off", 0644) >= 0);
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.in_place);
        CHECK_STR(test_content(&b.live, "was-set"), "on");
}

static void option_changes_setup(void) {
        _cleanup_(bench_done) Bench b;

        init(&b);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK(str_replace(&b.target.options.items[0], "MODE=more or less") >= 0);
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(test_content(&b.live, "was-set"), "more or less");
}

static void check_failed(Bench *b, const char *words) {
        REQUIRE(bench_deploy(b) >= 0);
        CHECK_STR(b->row.step, "setup");
        CHECK(b->row.error && strstr(b->row.error, words));
        CHECK(!b->row.activated && !b->row.rolled_back);
        CHECK(bench_pair_is_live(b));          /* the files stay */
        CHECK(!test_exists(&b->live, "told")); /* and nobody is told */
}

static void failing_setup_is_a_step(void) {
        _cleanup_(bench_done) Bench b;

        init(&b);
        bench_set_program(&b, &b.target.hook, "hook", "#!/bin/sh\necho >\"${0%/*}/told\"\n");
        touch(&b, "refuse");
        check_failed(&b, "exited with 3: will not");
        REQUIRE(bench_verify(&b) >= 0);
        CHECK_INT(b.row.state, ROW_OPEN);
        CHECK(unlink(test_path(&b.live, "refuse")) == 0);
        touch(&b, "vain");
        check_failed(&b, "is not as it shall be: ");
        CHECK(unlink(test_path(&b.live, "vain")) == 0);
        touch(&b, "broken");
        check_failed(&b, "exited with 7: no idea");
        CHECK(unlink(test_path(&b.live, "broken")) == 0);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.activated && !b.row.step && test_exists(&b.live, "told"));
}

static void setup_comes_before_the_check(void) {
        _cleanup_(bench_done) Bench b;

        init(&b);
        bench_set_program(&b, &b.target.check, "good", "#!/bin/sh\n[ -e \"${0%/*}/was-set\" ]\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.activated && !b.row.step);
}

static void todo_is_told(void) {
        _cleanup_(bench_done) Bench b;
        _cleanup_(json_freep) Json *j = NULL;
        const Json *list;

        init(&b);
        REQUIRE(bench_deploy(&b) >= 0);
        REQUIRE(b.row.todo_known && b.row.todo.count == 2);
        CHECK_STR(b.row.todo.items[0], "Menu > Directories");
        CHECK_STR(b.row.todo.items[1], "b\\x1b[1m");
        REQUIRE(row_to_json(&b.row, &j) >= 0);
        REQUIRE(json_get_array(j, "todo", &list) >= 0);
        CHECK_INT(json_count(list), 2);
}

static void broken_configuration_runs_nothing(void) {
        _cleanup_(bench_done) Bench b;

        init(&b);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        clear_verbs(&b);
        b.certificate.broken = true;
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(b.row.in_place);
        CHECK_STR(test_content(&b.live, "verbs"), "");
}

/* ---- mended without a word ---- */

static int mend(Bench *b) {
        row_done(&b->row);
        free(TAKE_PTR(b->error));
        return deploy_mended(&b->job, b->live.leaf, &b->row, &b->error);
}

static void files_are_mended_quietly(void) {
        _cleanup_(bench_done) Bench b;

        init(&b);
        bench_set_program(&b, &b.target.hook, "hook", "#!/bin/sh\necho >>\"${0%/*}/told\"\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_INT(mend(&b), -ESTALE); /* not verified yet */
        REQUIRE(bench_verify(&b) >= 0);
        REQUIRE(test_write(&b.live, "etc/a.crt", "junk\n", 0644) >= 0);
        REQUIRE(unlink(test_path(&b.live, "etc/a.key")) == 0);
        clear_verbs(&b);
        REQUIRE(mend(&b) >= 0);
        CHECK(b.row.in_place && !b.row.step && bench_pair_is_live(&b));
        CHECK_INT(b.row.state, ROW_VERIFIED);
        CHECK_STR(test_content(&b.live, "told"), "\n"); /* by the first deploy */
        CHECK_STR(test_content(&b.live, "verbs"), "check\ntodo\n");
        CHECK(!test_exists(&b.live, "state/installer/saved/" NAME "/nginx"));
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
        CHECK(b.row.in_place && b.row.activated);
}

static void setup_is_mended_as_far_as_it_can(void) {
        _cleanup_(bench_done) Bench b;

        init(&b);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        REQUIRE(test_write(&b.live, "was-set", "off", 0644) >= 0);
        REQUIRE(mend(&b) >= 0); /* its program has no such verb */
        CHECK(!b.row.in_place);
        CHECK_STR(test_content(&b.live, "was-set"), "off");
        bench_set_file(&b, 0, FILE_FULLCHAIN, "etc/no/such/a.crt", 0644);
        CHECK(mend(&b) < 0);
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK_INT(b.row.state, ROW_VERIFIED);
}

/* ---- the way back ---- */

static int restore(Bench *b, StringList *messages) {
        free(TAKE_PTR(b->error));
        string_list_done(messages);
        return deploy_restored(&b->job, messages, &b->error);
}

static void vendor(Bench *b) {
        CHECK(test_write(&b->live, "etc/a.crt", "vendor's\n", 0604) >= 0);
        CHECK(test_write(&b->live, "etc/a.key", "vendor's key\n", 0640) >= 0);
}

static void check_vendor(Bench *b) {
        CHECK_STR(test_content(&b->live, "etc/a.crt"), "vendor's\n");
        CHECK_STR(test_content(&b->live, "etc/a.key"), "vendor's key\n");
        CHECK_INT(bench_stat(b, "etc/a.crt").st_mode & 07777, 0604);
        CHECK_INT(bench_stat(b, "etc/a.key").st_mode & 07777, 0640);
}

static void very_first_set_comes_back(void) {
        _cleanup_(string_list_done) StringList messages = {};
        _cleanup_(bench_done) Bench b;

        init(&b);
        vendor(&b);
        for (int i = 0; i < 3; i++) {
                REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
                REQUIRE(test_issue_live(&b.live, NAME) >= 0);
        }
        REQUIRE(restore(&b, &messages) >= 0);
        check_vendor(&b);
        REQUIRE(messages.count == 3);
        CHECK(strstr(messages.items[0], "is as it was before"));
        CHECK_STR(messages.items[2], "original: yes");
        CHECK(!test_exists(&b.live, "was-set"));
        CHECK(!test_exists(&b.live, "state/installer/rows/" NAME "/nginx.json"));
        REQUIRE(restore(&b, &messages) >= 0); /* safe twice */
        CHECK_STR(messages.items[0], "it was given back before");
        check_vendor(&b);
}

/* There is no certificate of ours to hand over while it is given back; the set-up program has the product's own. */
static void way_back_hands_nothing_over(void) {
        _cleanup_(string_list_done) StringList messages = {};
        _cleanup_(bench_done) Bench b;
        char text[1000];

        init(&b);
        bench_set_file(&b, 1, FILE_KEY, "state/installer/stage/" NAME "/nginx/key.pem", 0600);
        b.files[1].staged = true;
        (void) snprintf(text, sizeof text, "#!/bin/sh\necho told >>'%s'\n[ -e '%s' ]\n",
                        test_path(&b.live, "told"), b.paths[1]);
        bench_set_program(&b, &b.target.command, "tool", text);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.activated && !b.row.step);
        REQUIRE(restore(&b, &messages) >= 0);
        CHECK_STR(test_content(&b.live, "told"), "told\n");
}

static void first_deploy_after_it_is_a_first_one(void) {
        _cleanup_(string_list_done) StringList messages = {};
        _cleanup_(bench_done) Bench b;

        init(&b);
        vendor(&b);
        REQUIRE(bench_deploy(&b) >= 0 && restore(&b, &messages) >= 0);
        REQUIRE(test_write(&b.live, "etc/a.crt", "another\n", 0644) >= 0);
        REQUIRE(bench_deploy(&b) >= 0 && bench_pair_is_live(&b));
        REQUIRE(restore(&b, &messages) >= 0);
        CHECK_STR(test_content(&b.live, "etc/a.crt"), "another\n");
}

static void later_place_has_its_own_set(void) {
        _cleanup_(string_list_done) StringList messages = {};
        _cleanup_(bench_done) Bench b;

        init(&b);
        vendor(&b);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        REQUIRE(test_write(&b.live, "etc/b.crt", "later\n", 0644) >= 0);
        bench_set_file(&b, 0, FILE_FULLCHAIN, "etc/b.crt", 0644);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        CHECK(test_exists(&b.live, "state/installer/original/" NAME "/nginx~1"));
        REQUIRE(restore(&b, &messages) >= 0);
        check_vendor(&b);
        CHECK_STR(test_content(&b.live, "etc/b.crt"), "later\n");
}

static void nothing_was_there(void) {
        _cleanup_(string_list_done) StringList messages = {};
        _cleanup_(bench_done) Bench b;

        init(&b);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        REQUIRE(restore(&b, &messages) >=
                0); /* the set-up program knows what is to be done without */
        CHECK(!test_exists(&b.live, "etc/a.crt") && !test_exists(&b.live, "etc/a.key"));
        CHECK_STR(messages.items[messages.count - 1], "original: no");
}

static void files_stay_without_setup(void) {
        _cleanup_(string_list_done) StringList messages = {};
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        for (int i = 0; i < 2; i++) {
                REQUIRE(restore(&b, &messages) >= 0);
                CHECK(bench_pair_is_live(&b));
                REQUIRE(messages.count == 2);
                CHECK(strstr(messages.items[0], "was not there before; it stays"));
        }
        CHECK(!test_exists(&b.live, "state/installer/rows/" NAME "/nginx.json"));
}

static void unknown_original_is_said(void) {
        _cleanup_(string_list_done) StringList messages = {};
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        REQUIRE(restore(&b, &messages) >= 0);
        CHECK_STR(messages.items[0], "nothing of renewd is here");
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        REQUIRE(unlink(
                                test_path(&b.live, "state/installer/original/" NAME
                                                   "/nginx/manifest.json")) == 0);
        REQUIRE(restore(&b, &messages) >= 0);
        CHECK_STR(messages.items[0], "what stood here before is not known; the files stay");
        CHECK(bench_pair_is_live(&b));
}

static void failing_restore_is_repeated(void) {
        _cleanup_(string_list_done) StringList messages = {};
        _cleanup_(bench_done) Bench b;

        init(&b);
        vendor(&b);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        touch(&b, "keep");
        CHECK_INT(restore(&b, &messages), -EREMOTEIO);
        CHECK(strstr(b.error, "exited with 4"));
        CHECK(test_exists(&b.live, "state/installer/rows/" NAME "/nginx.json"));
        CHECK(unlink(test_path(&b.live, "keep")) == 0);
        REQUIRE(restore(&b, &messages) >= 0);
        check_vendor(&b);
}

/* A power cut between the two renames: the boot ends it at one of the two sets. */
static void cut_is_ended_at_boot(void) {
        _cleanup_(place_list_done) PlaceList places = {};
        _cleanup_close_ int saved = -1, rows = -1;
        _cleanup_(bench_done) Bench b;
        _cleanup_free_ char *error = NULL;

        bench_init(&b);
        vendor(&b);
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        /* What deploy_restored() leaves when it dies after its first rename. */
        REQUIRE(place_list_from_target(&b.target, false, &places, &error) >= 0);
        REQUIRE(place_list_open(&places, false, &error) >= 0);
        saved = store_installer(&b.live.paths, "saved", NAME, true);
        rows = store_installer(&b.live.paths, "rows", NAME, true);
        REQUIRE(saved_save(saved, "nginx", &places, &error) >= 0);
        b.row.state = ROW_OPEN;
        REQUIRE(row_save(rows, "nginx", &b.row) >= 0);
        REQUIRE(test_write(&b.live, "etc/a.key", "vendor's key\n", 0640) >= 0);
        CHECK_INT(recover_target(&b.live.paths, NAME, "nginx"), 1);
        CHECK(bench_pair_is_live(&b));
}

static void service_is_told_of_the_way_back(void) {
        _cleanup_(string_list_done) StringList messages = {};
        _cleanup_(bench_done) Bench b;

        bench_init(&b);
        vendor(&b);
        b.target.reload = b.unit;
        fake_units.running = true;
        REQUIRE(bench_deploy(&b) >= 0 && bench_verify(&b) >= 0);
        REQUIRE(restore(&b, &messages) >= 0);
        CHECK_INT(fake_units.reloads, 2);
        CHECK_STR(messages.items[2], "the service was told");
        REQUIRE(bench_deploy(&b) >= 0);
        fake_units.state = UNIT_INACTIVE; /* a stopped one is not started */
        REQUIRE(restore(&b, &messages) >= 0);
        CHECK_INT(fake_units.reloads, 3);
        CHECK_INT(messages.count, 2);
        check_vendor(&b);
}

TEST_MAIN({ "what differs is set up, once", setup_is_applied_once },
          { "S2.7: what is no longer set up is drift, and mended", setup_drift_is_seen },
          { "an option that changes is set up anew", option_changes_setup },
          { "a failing set-up is a step, the files stay", failing_setup_is_a_step },
          { "the check judges what was set up", setup_comes_before_the_check },
          { "S2.5: what is left to a person is told, escaped", todo_is_told },
          { "a broken configuration runs no program", broken_configuration_runs_nothing },
          { "S6.5: changed files are put back without telling", files_are_mended_quietly },
          { "what cannot be mended quietly waits", setup_is_mended_as_far_as_it_can },
          { "S1: a vendor's tool is handed nothing on the way back", way_back_hands_nothing_over },
          { "the very first set comes back, with its rights", very_first_set_comes_back },
          { "after the way back a deploy is a first one", first_deploy_after_it_is_a_first_one },
          { "a place that came later has a set of its own", later_place_has_its_own_set },
          { "where nothing was, nothing is again", nothing_was_there },
          { "without a set-up program files stay where nothing was", files_stay_without_setup },
          { "what is not known is said", unknown_original_is_said },
          { "a way back that failed is gone again", failing_restore_is_repeated },
          { "a cut on the way back leaves no mixed set", cut_is_ended_at_boot },
          { "S6.4: the service is told, in its try form", service_is_told_of_the_way_back })
