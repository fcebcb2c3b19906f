/* The key of a certificate over its life: new each time, kept on request, or elsewhere. */

#include "acme/certinfo.h"
#include "base/log.h"
#include "tests/fake/world.h"
#include "tests/unit/test.h"

#define NAME "a.example.org"
#define DAY  ((int64_t) SEC_PER_DAY)

static const char *const one[] = { NAME };

static void init(World *w) {
        log_set_max_level(getenv("VERBOSE") ? LOG_DEBUG : LOG_EMERG);
        (void) world_init(w, 1);
}

static Config *config(bool reuse) {
        Config *c = world_config_named(one, 1);

        c->certificates[0].reuse_key = reuse;
        return c;
}

static char *live_spki(World *w) {
        const char *pem = fake_store_chain(w->store, NAME);
        _cleanup_(certinfo_done) CertInfo info = {};

        if (!pem || certinfo_parse(pem, strlen(pem), &info, NULL) < 0)
                return strdup("none");
        return strdup(info.spki_sha256);
}

static void new_each_time(void) {
        World w;

        init(&w);
        CHECK_INT(world_start(&w, config(false), false), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        _cleanup_free_ char *first = live_spki(&w);
        fake_loop_run(w.loop, 80 * DAY);
        _cleanup_free_ char *second = live_spki(&w);

        CHECK(strcmp(first, second) != 0);
        CHECK_INT(fake_signer_made(w.signer), 2);
        world_done(&w);
}

static void kept(void) {
        World w;

        init(&w);
        CHECK_INT(world_start(&w, config(true), false), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        _cleanup_free_ char *first = live_spki(&w);
        fake_loop_run(w.loop, 400 * DAY);
        _cleanup_free_ char *last = live_spki(&w);

        CHECK_STR(first, last);
        CHECK_INT(fake_signer_made(w.signer), 1);
        CHECK(fake_ca_counts(w.ca)->issued >= 6);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

/* The former chain has the key of the open attempt: it is not what the attempt was for. */
static void restart_in_the_middle(void) {
        World w;

        init(&w);
        CHECK_INT(world_start(&w, config(true), false), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        _cleanup_free_ char *first = strdup(fake_installer_live(w.installer, NAME));
        fake_ca_options(w.ca)->finalize_sec = 100;
        char *message = NULL;
        RenewWatch *watch = NULL;
        CHECK_INT(manager_renew(w.manager, NAME, true, NULL, NULL, &watch, &message), 0);
        (void) renew_watch_free(watch);
        free(message);
        fake_loop_run(w.loop, 30);
        CHECK_INT(fake_ca_counts(w.ca)->by[CA_FINALIZE], 2);
        CHECK_STR(fake_installer_live(w.installer, NAME), first);
        world_stop(&w);
        CHECK_INT(world_start(&w, config(true), false), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_INT(fake_ca_counts(w.ca)->issued, 2);
        CHECK_INT(fake_ca_counts(w.ca)->orders, 2);
        _cleanup_(certinfo_done) CertInfo info = {};
        const char *pem = fake_store_chain(w.store, NAME);
        REQUIRE(certinfo_parse(pem, strlen(pem), &info, NULL) == 0);
        CHECK_STR(fake_installer_live(w.installer, NAME), info.leaf_sha256);
        CHECK(strcmp(info.leaf_sha256, first) != 0);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

/* ---- refused ---- */

static unsigned refusals;

static CaFault refuse_csr(CaRequest request, const char *identifier, void *userdata) {
        (void) identifier;
        (void) userdata;
        if (request != CA_FINALIZE || refusals == 0)
                return CA_OK;
        refusals--;
        return CA_BAD_CSR;
}

static void refused(void) {
        World w;

        init(&w);
        CHECK_INT(world_start(&w, config(true), false), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        _cleanup_free_ char *first = live_spki(&w);
        refusals = 1;
        fake_ca_hooks(w.ca)->fault = refuse_csr;
        fake_loop_run(w.loop, 80 * DAY);
        _cleanup_free_ char *second = live_spki(&w);

        CHECK_INT(refusals, 0);
        CHECK(strcmp(first, second) != 0); /* also with ReuseKey= */
        CHECK_INT(fake_ca_counts(w.ca)->orders, 2);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

/* ---- elsewhere ---- */

static Config *request(char digit, EVP_PKEY *key) {
        Config *c = config(false);
        CertificateConfig *a = &c->certificates[0];

        a->request_path = strdup("/etc/own.csr");
        memset(a->request_sha256, digit, SHA256_HEX_SIZE - 1);
        CHECK_INT(key_spki_sha256(key, a->request_spki), 0);
        return c;
}

static EVP_PKEY *new_key(World *w) {
        EVP_PKEY *key = NULL;

        CHECK_INT(key_generate(KEY_ECDSA_P256, &key), 0);
        CHECK_INT(EVP_PKEY_up_ref(key), 1);
        fake_signer_set_request(w->signer, NAME, key);
        return key;
}

static void elsewhere(void) {
        World w;

        init(&w);
        _cleanup_(key_freep) EVP_PKEY *key = new_key(&w);
        CHECK_INT(world_start(&w, request('1', key), false), 0);
        fake_loop_run(w.loop, 200 * DAY);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(fake_signer_made(w.signer), 0);
        CHECK(fake_ca_counts(w.ca)->issued >= 3);

        unsigned issued = fake_ca_counts(w.ca)->issued;
        CHECK_INT(manager_reload(w.manager, request('1', key)), 0);
        fake_loop_run(w.loop, DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, issued);
        _cleanup_(key_freep) EVP_PKEY *next = new_key(&w);
        char spki[SHA256_HEX_SIZE];
        CHECK_INT(manager_reload(w.manager, request('2', next)), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        _cleanup_free_ char *live = live_spki(&w);
        CHECK_INT(key_spki_sha256(next, spki), 0);
        CHECK_STR(live, spki);
        CHECK_INT(fake_ca_counts(w.ca)->issued, issued + 1);
        world_stop(&w);
        CHECK_INT(world_start(&w, request('2', next), false), 0);
        fake_loop_run(w.loop, DAY);
        CHECK_INT(fake_ca_counts(w.ca)->issued, issued + 1); /* it is remembered */
        world_done(&w);
}

static void back_again(void) {
        World w;

        init(&w);
        _cleanup_(key_freep) EVP_PKEY *key = new_key(&w);
        CHECK_INT(world_start(&w, request('1', key), false), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        fake_signer_forget(w.signer, NAME);
        CHECK_INT(manager_reload(w.manager, config(true)), 0);
        fake_loop_run(w.loop, SEC_PER_HOUR);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(fake_signer_made(w.signer), 1);
        world_done(&w);
}

TEST_MAIN({ "O-05 each renewal has a new key", new_each_time },
          { "O-05 with ReuseKey= all have the same", kept },
          { "O-05 a restart does not take the former chain for the new one",
            restart_in_the_middle },
          { "O-08 after a refused request the same order is finalized with another key", refused },
          { "an own request is sent as it is, and a changed one is a new order", elsewhere },
          { "without the request the signer makes a key again", back_again })
