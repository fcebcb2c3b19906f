/* One certificate at a CA that says when to renew, and what was asked and recorded of it. */

#include "tests/unit/renewal-bench.h"

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

void bench_restart(World *w, Config *config) {
        world_stop(w);
        CHECK_INT(world_start(w, config, false), 0);
}

FakeCaOptions *bench_options(World *w) {
        return fake_ca_options(w->ca);
}

FakeCaCounts *bench_counts(World *w) {
        return fake_ca_counts(w->ca);
}

unsigned bench_infos(World *w) {
        return bench_counts(w)->by[CA_RENEWAL_INFO];
}

int64_t bench_recorded(World *w, const char *key) {
        const char *text = fake_store_get(w->store, STORE_CERTIFICATE, NAME);
        _cleanup_(json_freep) Json *j = NULL;
        const Json *info;
        int64_t n;

        if (!text || json_parse(text, strlen(text), &j) < 0 ||
            json_get_object(j, "renewal_info", &info) < 0 || json_get_int64(info, key, &n) < 0)
                return -1;
        return n;
}

int64_t bench_now(World *w) {
        return fake_loop_true_sec(w->loop);
}

CaFault bench_no_info(CaRequest request, const char *identifier, void *userdata) {
        const CaFault *fault = userdata;

        (void) identifier;
        return request == CA_RENEWAL_INFO ? *fault : CA_OK;
}
