/* Certificates that a person brings (CA=none), from the engine's side. */

#include "base/log.h"
#include "base/message-id.h"
#include "tests/fake/helper-internal.h"
#include "tests/fake/world.h"
#include "tests/unit/test-chain.h"
#include "tests/unit/test.h"

#define NAME "a.example.org"
#define DAY  ((int64_t) SEC_PER_DAY)

static const char *const one[] = { NAME };
static unsigned wanted; /* times that a person was told to bring one */

static void count(int level, const char *message, const LogFields *fields) {
        (void) level;
        (void) message;
        wanted += fields && str_equal(fields->message_id, MESSAGE_IMPORT_WANTED);
}

static Config *by_hand(void) {
        Config *c = world_config_named(one, 1);

        CHECK_INT(str_replace(&c->certificates[0].ca, CA_NONE), 0);
        c->certificates[0].elsewhere = true;
        return c;
}

static void begin(World *w, Config *config) {
        wanted = 0;
        log_set_max_level(LOG_NOTICE);
        log_set_sink(count);
        CHECK_INT(world_init(w, 1), 0);
        CHECK_INT(world_start(w, config, false), 0);
        fake_loop_run(w->loop, 10);
}

static void make(int64_t from, int64_t days, const char *name, EVP_PKEY *key, Bytes *ret) {
        _cleanup_(string_list_done) StringList names = {};
        TestChainSpec spec = {
                .names = &names,
                .not_before = from,
                .not_after = from + days * DAY,
                .intermediates = 1,
        };

        CHECK_INT(string_list_add(&names, name), 0);
        CHECK_INT(test_chain_make(&spec, key, ret), 0);
}

/* As renewctl: the signer has the key first. 0 or the error; *ret_message is malloc'ed. */
static int bring(
                World *w,
                int64_t from,
                int64_t days,
                const char *name,
                bool force,
                char **ret_message) {
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_(bytes_done) Bytes chain = {};
        ManagerImport wish = { .name = NAME, .force = force };
        char *message = NULL;

        CHECK_INT(key_generate(KEY_ECDSA_P256, &key), 0);
        make(from, days, name, key, &chain);
        fake_signer_set_request(w->signer, NAME, key);
        CHECK_INT(EVP_PKEY_up_ref(key), 1);
        wish.chain = bytes_text(&chain);
        _cleanup_(renew_watch_freep) RenewWatch *watch = NULL;
        int r = manager_import(w->manager, &wish, NULL, NULL, &watch, &message);
        if (ret_message)
                *ret_message = message;
        else
                free(message);
        return r;
}

static char *text_of(World *w, const char *member) {
        _cleanup_(json_freep) Json *j = NULL;
        const char *text = "";

        CHECK_INT(manager_certificate_json(w->manager, NAME, &j), 0);
        (void) json_get_string(j, member, &text); /* absent: "" */
        return strdup(text);
}

static void way(void) {
        World w;

        begin(&w, by_hand());
        CHECK_STR(world_state(&w, NAME), "degraded");
        _cleanup_free_ char *waits = text_of(&w, "message");
        CHECK(strstr(waits,
                     "waits for a certificate: renewctl csr " NAME ", then renewctl import " NAME));
        CHECK(!strstr(waits, "retrying"));
        fake_loop_run(w.loop, 3 * DAY);
        CHECK(wanted >= 3 && wanted <= 4); /* once a day */
        CHECK_INT(fake_ca_counts(w.ca)->orders, 0);

        CHECK_INT(bring(&w, WORLD_START + 2 * DAY, 365, NAME, false, NULL), 0);
        fake_loop_run(w.loop, 5 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK(fake_installer_live(w.installer, NAME));
        _cleanup_free_ char *says = text_of(&w, "message");
        CHECK(strstr(says, "the next one is wanted on"));
        wanted = 0;
        fake_loop_run(w.loop, 270 * DAY);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(wanted, 0);
        fake_loop_run(w.loop, 30 * DAY); /* a fifth is left */
        CHECK_STR(world_state(&w, NAME), "degraded");
        CHECK(wanted >= 5 && wanted <= 31);
        _cleanup_free_ char *next = text_of(&w, "message");
        CHECK(strstr(next, "waits for the next certificate: renewctl csr " NAME));
        CHECK(strstr(next, "is valid until"));
        fake_loop_run(w.loop, 50 * DAY);
        CHECK_STR(world_state(&w, NAME), "failing");
        fake_loop_run(w.loop, 30 * DAY);
        CHECK_STR(world_state(&w, NAME), "expired");
        CHECK_INT(fake_ca_counts(w.ca)->orders, 0);
        world_done(&w);
}

static void restarts(void) {
        World w;

        begin(&w, by_hand());
        CHECK_INT(bring(&w, WORLD_START, 365, NAME, false, NULL), 0);
        world_stop(&w); /* before anything of it was published */
        CHECK_INT(world_start(&w, by_hand(), false), 0);
        fake_loop_run(w.loop, 5 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_stop(&w);
        fake_store_put(w.store, STORE_CERTIFICATE, NAME, "{}"); /* the record: only a hint */
        CHECK_INT(world_start(&w, by_hand(), false), 0);
        fake_loop_run(w.loop, 5 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "valid");
        world_done(&w);
}

static void refusals(void) {
        _cleanup_free_ char *name = NULL, *shorter = NULL, *expired = NULL, *renew = NULL;
        RenewWatch *watch = NULL;
        World w;

        begin(&w, by_hand());
        CHECK_INT(bring(&w, WORLD_START, 365, "b.example.org", false, &name), -EINVAL);
        CHECK(strstr(name, "lacks 'a.example.org'"));
        CHECK_INT(bring(&w, WORLD_START - 400 * DAY, 365, NAME, false, &expired), -EINVAL);
        CHECK(strstr(expired, "expired"));
        CHECK_INT(bring(&w, WORLD_START, 365, "*.example.org", false, NULL), 0); /* covers it */
        fake_loop_run(w.loop, 5 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(bring(&w, WORLD_START, 300, NAME, false, &shorter), -EINVAL);
        CHECK(strstr(shorter, "valid longer") && strstr(shorter, "--force"));
        CHECK_INT(bring(&w, WORLD_START, 300, NAME, true, NULL), 0);
        CHECK_INT(manager_renew(w.manager, NAME, true, NULL, NULL, &watch, &renew), -EUCLEAN);
        CHECK(strstr(renew, "CA=none: renewctl csr"));
        world_done(&w);
}

static void bridge(void) {
        _cleanup_free_ char *message = NULL;
        unsigned orders;
        World w;

        begin(&w, world_config_named(one, 1));
        fake_loop_run(w.loop, 5 * SEC_PER_MIN);
        CHECK_STR(world_state(&w, NAME), "valid");
        orders = fake_ca_counts(w.ca)->orders;
        CHECK_INT(bring(&w, WORLD_START, 60, NAME, false, &message), -EPERM);
        CHECK(strstr(message, "--force"));
        CHECK_INT(bring(&w, WORLD_START, 60, NAME, true, NULL), 0);
        fake_loop_run(w.loop, 10 * DAY);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK_INT(fake_ca_counts(w.ca)->orders, orders);
        fake_signer_forget(w.signer, NAME);
        fake_loop_run(w.loop, 45 * DAY);
        CHECK_STR(world_state(&w, NAME), "valid");
        CHECK(fake_ca_counts(w.ca)->orders > orders); /* and then it is ordered again */
        world_done(&w);
}

TEST_MAIN({ "CA=none orders nothing, waits, and says early and once a day that another one is wanted",
            way },
          { "an import is done when its chain is saved, and is known without its record",
            restarts },
          { "what does not fit is refused with the reason", refusals },
          { "with force an ordered certificate has another one until its renewal", bridge })
