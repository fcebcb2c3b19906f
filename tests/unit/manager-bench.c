/* A manager with two certificates, what it says, and the steps that it tells. */

#include "tests/unit/manager-bench.h"

#include "base/log.h"
#include "tests/unit/test.h"

const char *const bench_two[] = { "a.example.org", "b.example.org www.b.example.org" };

void bench_init(World *w) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        (void) world_init(w, 1);
}

void bench_init_valid(World *w) {
        bench_init(w);
        CHECK_INT(world_start(w, world_config_named(bench_two, 2), false), 0);
        fake_loop_run(w->loop, SEC_PER_HOUR);
        CHECK(!manager_is_degraded(w->manager));
}

void bench_check_sentence(World *w, const char *expected) {
        _cleanup_free_ char *sentence = NULL;

        CHECK_INT(manager_sentence(w->manager, &sentence), 0);
        CHECK_STR(sentence, expected);
}

bool bench_has(World *w, const char *text) {
        _cleanup_free_ char *sentence = NULL;

        CHECK_INT(manager_sentence(w->manager, &sentence), 0);
        if (!strstr(sentence, text))
                printf("# sentence: %s\n", sentence);
        return strstr(sentence, text);
}

void bench_on_step(const char *step, bool done, bool ok, void *userdata) {
        Steps *s = userdata;

        s->count++;
        s->done = done;
        s->ok = ok;
        (void) snprintf(s->last, sizeof s->last, "%s", step);
        if (done && s->free_this)
                s->free_this = renew_watch_free(s->free_this);
}
