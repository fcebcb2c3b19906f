/* One certificate in a world, and what became of it. */

#include "tests/unit/cert-bench.h"

#include "base/log.h"
#include "tests/unit/test.h"

const char *const bench_one[] = { NAME };

void bench_init(World *w) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        (void) world_init(w, 1);
}

void bench_start(World *w) {
        CHECK_INT(world_start(w, world_config_named(bench_one, 1), false), 0);
}

void bench_init_valid(World *w) {
        bench_init(w);
        bench_start(w);
        fake_loop_run(w->loop, SEC_PER_HOUR);
        CHECK_STR(world_state(w, NAME), "valid");
}

FakeTarget *bench_web(World *w) {
        return fake_installer_target(w->installer, NAME, "web");
}

unsigned bench_orders(World *w) {
        return fake_ca_counts(w->ca)->by[CA_NEW_ORDER];
}

bool bench_sentence_has(World *w, const char *text) {
        _cleanup_free_ char *sentence = NULL;
        bool has;

        CHECK_INT(manager_sentence(w->manager, &sentence), 0);
        has = sentence && strstr(sentence, text);
        if (!has)
                printf("# sentence: %s\n", sentence);
        return has;
}
