#include "tests/fake/world.h"

#include <stdio.h>
#include <string.h>

/* Our own names from our own side: what the responder shows, unless nobody outside could see it either. */
static int site(const char *url, HttpReply *ret, void *userdata) {
        World *w = userdata;
        FakeCaHooks *hooks = fake_ca_hooks(w->ca);
        char host[256], token[256];
        const char *shown;

        if (sscanf(url, "http://%255[^/]/.well-known/acme-challenge/%255s", host, token) != 2)
                return -EINVAL;
        if (hooks->validates && !hooks->validates(host, hooks->userdata))
                return -ECONNREFUSED;
        shown = fake_responder_show(w->responder, host, token);
        ret->status = shown ? 200 : 404;
        return shown ? bytes_append_string(&ret->body, shown) : 0;
}

int world_init(World *w, uint64_t seed) {
        *w = (World){};
        w->loop = fake_loop_new(seed, WORLD_START);
        w->store = fake_store_new(w->loop);
        w->responder = fake_responder_new(w->loop);
        w->http = fake_http_new(w->loop);
        w->ca = fake_ca_new(w->loop, w->responder, "ca.test");
        w->second = fake_ca_new(w->loop, w->responder, "second.test");
        w->signer = fake_signer_new(w->loop);
        w->installer = fake_installer_new(w->loop, w->signer, w->store);
        w->prober = fake_prober_new(w->loop, w->installer);
        w->dns = fake_dns_new(w->loop);
        w->engine = (Engine){
                .loop = w->loop,
                .http = w->http,
                .signer = w->signer,
                .installer = w->installer,
                .prober = w->prober,
                .dns = w->dns,
                .responder = w->responder,
                .store = w->store,
                .build_time = WORLD_START - 30 * SEC_PER_DAY,
        };
        fake_http_set_site(w->http, site, w);
        (void) fake_http_add(w->http, w->second);
        return fake_http_add(w->http, w->ca);
}

void world_done(World *w) {
        world_stop(w);
        (void) fake_dns_free(w->dns);
        (void) fake_prober_free(w->prober);
        (void) fake_helper_free(w->installer);
        (void) fake_helper_free(w->signer);
        (void) fake_ca_free(w->ca);
        (void) fake_ca_free(w->second);
        (void) fake_http_free(w->http);
        (void) fake_responder_free(w->responder);
        (void) fake_store_free(w->store);
        (void) fake_loop_free(w->loop);
}

/* ---- configuration, made by hand as config_load() would ---- */

static void add_ca(Config *c, const char *name, const char *host) {
        _cleanup_free_ char *origin = NULL;
        CaConfig *ca;

        c->cas = reallocarray(c->cas, c->ca_count + 1, sizeof *c->cas);
        ca = &c->cas[c->ca_count++];
        *ca = (CaConfig){
                .name = strdup(name),
                .max_orders = 10,
                .order_budget = 300,
                .max_names = 100,
                .terms_agreed = true,
                .renewal_info = true,
                .replaces = true,
        };
        (void) str_printf(&ca->directory, "https://%s/dir", host);
        (void) str_printf(&origin, "https://%s", host);
        (void) string_list_add(&ca->origins, origin);
}

void world_config_add_second(Config *c) {
        add_ca(c, "second", "second.test");
        for (size_t i = 0; i < c->certificate_count; i++)
                (void) string_list_add(&c->certificates[i].fallback_cas, "second");
}

void world_config_add_staging(Config *c) {
        add_ca(c, "staging", "second.test");
        (void) str_replace(&c->cas[0].staging, "staging");
        for (size_t i = 0; i < c->certificate_count; i++)
                if (!c->certificates[i].twin_of)
                        (void) str_replace(&c->certificates[i].staging, "staging");
}

void world_config_make_optional(Config *c, const char *name) {
        for (size_t i = 0; i < c->certificate_count; i++)
                if (string_list_contains(&c->certificates[i].names, name)) {
                        (void) string_list_add(&c->certificates[i].optional_names, name);
                        return;
                }
}

int world_config_add_target(CertificateConfig *c, const char *name, bool probed) {
        TargetConfig *t = reallocarray(c->targets, c->target_count + 1, sizeof *t);

        if (!t)
                return -ENOMEM;
        c->targets = t;
        t = &c->targets[c->target_count++];
        *t = (TargetConfig){ .name = strdup(name), .timeout_sec = 90 };
        if (!probed)
                return 0;
        t->probe_name = strdup(c->names.items[0]);
        t->probes = calloc(1, sizeof *t->probes);
        t->probe_count = 1;
        t->probes[0].port = 443;
        return str_printf(&t->probes[0].host, "%s|%s", c->name, name);
}

static void fill_certificate(CertificateConfig *c, const char *names) {
        _cleanup_free_ char *copy = strdup(names);
        char *save = NULL;

        *c = (CertificateConfig){
                .ca = strdup("ca"),
                .path = strdup("/etc/renewd/certificates/x.conf"),
                .key_type = KEY_ECDSA_P256,
                .challenges = { CHALLENGE_HTTP_01 },
                .challenge_count = 1,
                .preflight = true,
        };
        for (char *name = strtok_r(copy, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
                if (!c->name)
                        c->name = strdup(name);
                (void) string_list_add(&c->names, name);
        }
        string_list_sort_unique(&c->names);
        (void) world_config_add_target(c, "web", true);
}

Config *world_config_named(const char *const *names, size_t count) {
        Config *c = calloc(1, sizeof *c);

        c->agree_to_terms = true;
        add_ca(c, "ca", "ca.test");
        c->certificates = calloc(MAX(count, (size_t) 1), sizeof *c->certificates);
        c->certificate_count = count;
        for (size_t i = 0; i < count; i++)
                fill_certificate(&c->certificates[i], names[i]);
        return c;
}

void world_config_add_twin(Config *c, size_t i, KeyType type) {
        _cleanup_free_ char *names = strdup("");
        CertificateConfig *one, *twin;

        c->certificates = reallocarray(
                        c->certificates, c->certificate_count + 1, sizeof *c->certificates);
        one = &c->certificates[i];
        twin = one + 1;
        memmove(twin + 1, twin, (c->certificate_count++ - i - 1) * sizeof *one);
        for (size_t k = 0; k < one->names.count; k++) {
                _cleanup_free_ char *before = names;

                names = NULL;
                (void) str_printf(&names, "%s %s", before, one->names.items[k]);
        }
        fill_certificate(twin, names);
        free(twin->name);
        twin->name = NULL;
        (void) str_printf(&twin->name, "%s.%s", one->name, key_type_to_string(type));
        twin->key_type = type;
        (void) str_replace(&one->twin, twin->name);
        (void) str_replace(&twin->twin, one->name);
        (void) str_replace(&twin->twin_of, one->name);
        free(twin->targets[0].probes[0].host);
        twin->targets[0].probes[0].host = NULL;
        (void) str_printf(&twin->targets[0].probes[0].host, "%s|web", twin->name);
}

Config *world_config(size_t count) {
        char(*names)[48] = calloc(count, sizeof *names);
        const char **list = calloc(count, sizeof *list);
        Config *c;

        for (size_t i = 0; i < count; i++) {
                (void) snprintf(names[i], sizeof names[i], "c%05zu.example.org", i);
                list[i] = names[i];
        }
        c = world_config_named(list, count);
        free(names);
        free(list);
        return c;
}

/* ---- the engine ---- */

static void on_changed(void *userdata) {
        World *w = userdata;

        w->changes++;
}

int world_start(World *w, Config *config, bool once) {
        int r;

        r = manager_new(&w->engine, config, on_changed, w, &w->manager);
        return r < 0 ? r : manager_start(w->manager, once);
}

void world_stop(World *w) {
        w->manager = manager_free(w->manager);
        fake_responder_restart(w->responder);
}

bool world_reap(World *w) {
        if (!fake_loop_crashed(w->loop))
                return false;
        world_stop(w);
        fake_loop_crash_over(w->loop);
        return true;
}

bool world_settle(World *w, int64_t limit_sec) {
        usec_t end = loop_boot_usec(w->loop) + (usec_t) limit_sec * USEC_PER_SEC;

        while (loop_boot_usec(w->loop) < end) {
                if (manager_is_settled(w->manager))
                        return true;
                if (!fake_loop_step(w->loop))
                        return false;
        }
        return manager_is_settled(w->manager);
}

const char *world_state(World *w, const char *name) {
        static char state[32];
        _cleanup_(json_freep) Json *j = NULL;
        const char *text;

        if (manager_certificate_json(w->manager, name, &j) < 0 ||
            json_get_string(j, "state", &text) < 0)
                return "?";
        (void) snprintf(state, sizeof state, "%s", text);
        return state;
}
