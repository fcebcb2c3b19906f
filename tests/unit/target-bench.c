/* One target between a fake installer and a fake prober. */

#include "tests/unit/target-bench.h"

#include "base/log.h"
#include "tests/fake/prober.h"
#include "tests/unit/test.h"

char bench_host[] = NAME "|web";
char bench_name[] = "web";

ProbeConfig bench_probe = { .host = bench_host, .port = 443 };

static void on_changed(void *userdata) {
        ((Bench *) userdata)->changes++;
}

static void on_not_live(void *userdata) {
        ((Bench *) userdata)->not_live++;
}

void bench_make_live(Bench *b, const char *leaf) {
        Helper *h = b->installer;

        if (h->live_count == 0) {
                h->live = calloc(1, sizeof *h->live);
                h->live[h->live_count++] = (FakeLive){ .certificate = strdup(NAME) };
        }
        CHECK_INT(str_replace(&h->live[0].leaf, leaf), 0);
}

TargetOwner bench_owner(Bench *b) {
        return (TargetOwner){
                .engine = &b->engine,
                .installer = b->places,
                .prober = b->handshakes,
                .changed = on_changed,
                .not_live = on_not_live,
                .userdata = b,
        };
}

void bench_init(Bench *b, bool probed) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        *b = (Bench){ .loop = fake_loop_new(1, START) };
        b->store = fake_store_new(b->loop);
        b->signer = fake_signer_new(b->loop);
        b->installer = fake_installer_new(b->loop, b->signer, b->store);
        b->prober = fake_prober_new(b->loop, b->installer);
        CHECK_INT(slots_new(b->loop, 1, &b->places), 0);
        CHECK_INT(slots_new(b->loop, 1, &b->handshakes), 0);
        b->engine = (Engine){
                .loop = b->loop,
                .store = b->store,
                .installer = b->installer,
                .prober = b->prober,
        };
        b->config = (TargetConfig){ .name = bench_name, .timeout_sec = 90 };
        if (probed) {
                b->config.probes = &bench_probe;
                b->config.probe_count = 1;
        }
        b->service = fake_installer_target(b->installer, NAME, bench_name);
        TargetOwner owner = bench_owner(b);
        CHECK_INT(target_new(&owner, NAME, &b->config, &b->target), 0);
        bench_make_live(b, "one");
}

void bench_done(Bench *b) {
        b->target = target_free(b->target);
        (void) slots_free(b->places);
        (void) slots_free(b->handshakes);
        (void) fake_prober_free(b->prober);
        (void) fake_helper_free(b->installer);
        (void) fake_helper_free(b->signer);
        (void) fake_store_free(b->store);
        (void) fake_loop_free(b->loop);
}

void bench_want(Bench *b, const char *leaf) {
        CHECK_INT(target_want(b->target, leaf, LIFETIME, true), 0);
}

void bench_init_verified(Bench *b, bool probed) {
        bench_init(b, probed);
        bench_want(b, "one");
        fake_loop_run(b->loop, 5);
        CHECK(target_is_verified(b->target));
        CHECK_INT(b->service->deploys, 1);
}

bool bench_trouble_has(const Bench *b, const char *text) {
        const char *trouble = target_trouble(b->target);
        bool has = trouble && strstr(trouble, text);

        if (!has)
                printf("# trouble: %s\n", trouble ? trouble : "none");
        return has;
}

void bench_check_json(const Bench *b, const char *state, const char *served, bool planned) {
        _cleanup_(json_freep) Json *j = NULL;
        const char *text = NULL;
        int64_t next = -1;

        CHECK_INT(target_json(b->target, &j), 0);
        CHECK_INT(json_get_string(j, "state", &text), 0);
        CHECK_STR(text, state);
        CHECK_INT(json_get_string(j, "served", &text), 0);
        CHECK_STR(text, served);
        if (json_get_int64(j, "next_attempt", &next) < 0)
                next = 0;
        CHECK(planned ? next >= loop_wall_sec(b->loop) : next == 0);
}

size_t bench_deploy_times(Bench *b, int64_t limit_sec, int64_t *times, size_t max) {
        int64_t end = loop_wall_sec(b->loop) + limit_sec;
        unsigned before = 0;
        size_t n = 0;

        while (loop_wall_sec(b->loop) < end && n < max) {
                fake_loop_run(b->loop, 1);
                if (b->service->deploys != before)
                        times[n++] = loop_wall_sec(b->loop);
                before = b->service->deploys;
        }
        return n;
}
