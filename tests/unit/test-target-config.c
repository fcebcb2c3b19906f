/* A target and its configuration: broken, changed, and what counts as a change. */

#include "daemon/target.h"
#include "tests/unit/target-bench.h"
#include "tests/unit/test.h"

static void broken_configuration_only_watches(void) {
        Bench b;

        bench_init(&b, true);
        CHECK_INT(target_want(b.target, "one", LIFETIME, false), 0);
        fake_loop_run(b.loop, SEC_PER_DAY);
        CHECK_INT(b.service->deploys, 0);
        CHECK(bench_trouble_has(&b, "web waits for the configuration to be mended"));
        bench_want(&b, "one");
        fake_loop_run(b.loop, 5);
        CHECK(target_is_verified(b.target));
        bench_done(&b);
}

static void changed_configuration_is_looked_at(void) {
        char other_reload[] = "nginx.service";
        TargetConfig same, other;
        unsigned looks;
        Bench b;

        bench_init_verified(&b, true);
        looks = fake_helper_calls(b.installer, "Inspect");
        same = b.config;
        target_configure(b.target, NAME, &same);
        fake_loop_run(b.loop, 5);
        CHECK_INT(fake_helper_calls(b.installer, "Inspect"), looks);
        other = b.config;
        other.reload = other_reload;
        target_configure(b.target, NAME, &other);
        CHECK(target_config(b.target) == &other);
        fake_loop_run(b.loop, 5);
        CHECK_INT(fake_helper_calls(b.installer, "Inspect"), looks + 1);
        CHECK(target_is_verified(b.target));
        bench_done(&b);
}

static void every_setting_counts(void) {
        char text[] = "x", *argv[] = { text };
        FileConfig file = { .path = text, .mode = 0600 }, moved = { .path = text, .mode = 0640 };
        ProbeConfig other_probe = { .host = bench_host,
                                    .port = 443,
                                    .protocol = PROBE_PROTOCOL_SMTP };
        TargetConfig a = { .name = bench_name, .timeout_sec = 90 };
        TargetConfig others[] = { a, a, a, a, a, a, a, a, a, a, a, a,
                                  a, a, a, a, a, a, a, a, a, a, a, a };
        RestartWindow window = { .text = text };

        others[0].reload = others[1].restart = others[3].probe_name = text;
        others[2].probes = &bench_probe;
        others[4].probes = &other_probe;
        others[2].probe_count = others[4].probe_count = 1;
        others[5].timeout_sec = 91;
        others[6].check = (StringList){ argv, 1 };
        others[7].hook = (StringList){ argv, 1 };
        others[8].files = &file;
        others[8].file_count = 1;
        others[9].unit = others[10].command_user = others[11].take_over = text;
        others[12].signal_number = 1;
        others[13].command = others[14].fallback_command = (StringList){ argv, 1 };
        others[15].prove = (StringList){ argv, 1 };
        others[16].memory_max = others[17].tasks_max = 1;
        others[18].setup = (StringList){ argv, 1 };
        others[19].options = (StringList){ argv, 1 };
        others[20].windows = &window;
        others[20].window_count = 1;
        others[21].deadline_sec = 1;
        others[22].canary = true;
        others[23].group = text;
        CHECK(target_config_same(&a, &a));
        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                CHECK(target_config_same(&others[i], &others[i]));
                CHECK(!target_config_same(&a, &others[i]));
        }
        CHECK(!target_config_same(&others[2], &others[4]));
        a = others[8];
        a.files = &moved;
        CHECK(!target_config_same(&a, &others[8]));
        moved = file;
        CHECK(target_config_same(&a, &others[8]));
        moved.form.alias = text;
        CHECK(!target_config_same(&a, &others[8]));
        moved = file;
        moved.keep_link = true;
        CHECK(!target_config_same(&a, &others[8]));
        moved = file;
        moved.acl = (StringList){ argv, 1 };
        CHECK(!target_config_same(&a, &others[8]));
}

TEST_MAIN({ "with a broken configuration nothing is deployed", broken_configuration_only_watches },
          { "a changed configuration is looked at, the same is not",
            changed_configuration_is_looked_at },
          { "every setting of a target counts as a change", every_setting_counts })
