/* Endpoints whose certificates are somebody else's affair. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "acme/key.h"
#include "base/file.h"
#include "base/log.h"
#include "base/message-id.h"
#include "daemon/watch.h"
#include "tests/fake/helper-internal.h"
#include "tests/fake/prober.h"
#include "tests/fake/store.h"
#include "tests/unit/test-chain.h"
#include "tests/unit/test.h"

#define START INT64_C(1800000000)
#define SITE  "www.example.org"

static char host[] = "x|web", watch_name[] = "www", server_name[] = SITE;

static ProbeConfig probe = { .host = host, .port = 443 };
static unsigned wrong_events, well_events;

typedef struct Bench {
        Loop *loop;
        Store *store;
        Helper *signer, *installer;
        Prober *prober;
        Slots *handshakes;
        Engine engine;
        WatchConfig watch;
        Config config;
        Watches *watches;
        FakeTarget *service;
        Bytes chain;
        char directory[256], bundle[300];
        unsigned changes;
} Bench;

static void on_changed(void *userdata) {
        ((Bench *) userdata)->changes++;
}

static void count_events(int level, const char *message, const LogFields *fields) {
        (void) level;
        if (getenv("VERBOSE"))
                (void) fprintf(stderr, "# %s\n", message);
        if (fields && str_equal(fields->message_id, MESSAGE_SERVED_WRONG))
                wrong_events++;
        if (fields && str_equal(fields->message_id, MESSAGE_SERVED_WELL))
                well_events++;
}

/* The service gets another certificate; its root comes last, and the bundle is all of it. */
static void serve(Bench *b, const char *name, int64_t until, unsigned intermediates, bool trusted) {
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_close_ int fd = dir_open(b->directory);
        const char *root, *next;

        (void) string_list_add(&names, name);
        bytes_done(&b->chain);
        CHECK_INT(key_generate(KEY_ECDSA_P256, &key), 0);
        CHECK_INT(test_chain_make(&(TestChainSpec){ .names = &names,
                                                    .not_before = START - SEC_PER_DAY,
                                                    .not_after = until,
                                                    .intermediates = intermediates,
                                                    .with_root = true },
                                  key, &b->chain),
                  0);
        for (root = next = bytes_text(&b->chain); next; next = strstr(next + 1, "-----BEGIN "))
                root = next;
        if (trusted)
                CHECK_INT(file_replace_at(fd, "roots.pem", root, strlen(root),
                                          (FileRights){ .mode = 0644,
                                                        .uid = (uid_t) -1,
                                                        .gid = (gid_t) -1 }),
                          0);
        b->chain.data[root - (const char *) b->chain.data] = '\0';
        b->chain.size = (size_t) (root - (const char *) b->chain.data);
        fake_prober_set_chain(b->prober, bytes_text(&b->chain));
        (void) str_replace(&b->service->loaded, "leaf");
}

static void begin(Bench *b) {
        WatchesOwner owner = {
                .engine = &b->engine,
                .prober = b->handshakes,
                .changed = on_changed,
                .userdata = b,
        };

        CHECK_INT(watches_new(&owner, &b->watches), 0);
        CHECK_INT(watches_configure(b->watches, &b->config), 0);
}

static void init(Bench *b, Validation validation) {
        wrong_events = well_events = 0;
        log_set_sink(count_events);
        *b = (Bench){ .loop = fake_loop_new(1, START) };
        b->store = fake_store_new(b->loop);
        b->signer = fake_signer_new(b->loop);
        b->installer = fake_installer_new(b->loop, b->signer, b->store);
        b->prober = fake_prober_new(b->loop, b->installer);
        CHECK_INT(slots_new(b->loop, 1, &b->handshakes), 0);
        b->engine = (Engine){ .loop = b->loop, .store = b->store, .prober = b->prober };
        (void) snprintf(b->directory, sizeof b->directory, "%s", test_directory());
        (void) snprintf(b->bundle, sizeof b->bundle, "%s/roots.pem", b->directory);
        b->watch = (WatchConfig){
                .name = watch_name,
                .probes = &probe,
                .probe_count = 1,
                .server_name = server_name,
                .validation = validation,
                .bundle = b->bundle,
                .every_sec = SEC_PER_HOUR,
        };
        b->config = (Config){ .watches = &b->watch, .watch_count = 1 };
        b->service = fake_installer_target(b->installer, "x", "web");
        serve(b, "other.example", START + 90 * SEC_PER_DAY, 1, true); /* makes the bundle */
}

static void done(Bench *b) {
        b->watches = watches_free(b->watches);
        (void) slots_free(b->handshakes);
        (void) fake_prober_free(b->prober);
        (void) fake_helper_free(b->installer);
        (void) fake_helper_free(b->signer);
        (void) fake_store_free(b->store);
        (void) fake_loop_free(b->loop);
        bytes_done(&b->chain);
        log_set_sink(NULL);
}

/* The member `key` of what is shown of the one endpoint; static. */
static const char *shown(const Bench *b, const char *key) {
        static char text[600];
        _cleanup_(json_freep) Json *list = NULL;
        const char *value = "";

        CHECK_INT(watches_json(b->watches, &list), 0);
        CHECK_INT((int64_t) json_count(list), 1);
        (void) json_get_string(json_at(list, 0), key, &value);
        (void) snprintf(text, sizeof text, "%s", value);
        return text;
}

static void hour(Bench *b) {
        fake_loop_run(b->loop, SEC_PER_HOUR + 60);
}

static void good_is_shown(void) {
        Bench b;

        init(&b, VALIDATION_STRICT);
        serve(&b, SITE, START + 90 * SEC_PER_DAY, 1, true);
        begin(&b);
        CHECK_STR(shown(&b, "state"), "unknown");
        fake_loop_run(b.loop, 60);
        CHECK_STR(shown(&b, "state"), "good");
        CHECK_STR(shown(&b, "name"), "www");
        CHECK(watches_are_good(b.watches));
        CHECK(b.changes > 0);
        CHECK_INT(wrong_events + well_events, 0);
        done(&b);
}

static void wrong_is_told_once(void) {
        _cleanup_(string_list_done) StringList problems = {};
        Bench b;

        init(&b, VALIDATION_STRICT);
        begin(&b);
        hour(&b);
        hour(&b);
        CHECK_STR(shown(&b, "state"), "wrong");
        CHECK(strstr(shown(&b, "message"), SITE)); /* it is for another name */
        CHECK_INT(wrong_events, 1);
        CHECK(!watches_are_good(b.watches));
        CHECK_INT(watches_problems(b.watches, &problems), 0);
        CHECK(problems.count == 1 && strstr(problems.items[0], "watch www"));
        serve(&b, SITE, START + 90 * SEC_PER_DAY, 1, true);
        hour(&b);
        CHECK_STR(shown(&b, "state"), "good");
        CHECK_INT(well_events, 1);
        done(&b);
}

static void unknown_ca_and_expiry(void) {
        Bench b;

        init(&b, VALIDATION_STRICT);
        serve(&b, SITE, START + 90 * SEC_PER_DAY, 1, false);
        begin(&b);
        hour(&b);
        CHECK_STR(shown(&b, "state"), "wrong");
        serve(&b, SITE, START + 3 * SEC_PER_HOUR, 1, true);
        hour(&b);
        CHECK_STR(shown(&b, "state"), "good");
        hour(&b);
        hour(&b);
        CHECK_STR(shown(&b, "state"), "wrong");
        CHECK(strstr(shown(&b, "message"), "expired"));
        done(&b);
}

static void basic_pins_the_first_sight(void) {
        char pin[100];
        Bench b;

        init(&b, VALIDATION_BASIC);
        serve(&b, SITE, START + 90 * SEC_PER_DAY, 0, false);
        begin(&b);
        hour(&b);
        CHECK_STR(shown(&b, "state"), "good");
        (void) snprintf(pin, sizeof pin, "%s", shown(&b, "pin"));
        CHECK(strlen(pin) == 44);
        b.watches = watches_free(b.watches); /* a restart */
        begin(&b);
        serve(&b, SITE, START + 90 * SEC_PER_DAY, 0, false);
        hour(&b);
        CHECK_STR(shown(&b, "state"), "wrong");
        CHECK_INT(watches_forget_pins(b.watches, "nobody"), -ENOENT);
        CHECK_INT(watches_forget_pins(b.watches, "www"), 0);
        fake_loop_run(b.loop, 60);
        CHECK_STR(shown(&b, "state"), "good");
        CHECK(strcmp(shown(&b, "pin"), pin) != 0);
        done(&b);
}

static void recommended_wants_a_pin(void) {
        char pin[100];
        Bench b;

        init(&b, VALIDATION_RECOMMENDED);
        serve(&b, SITE, START + 90 * SEC_PER_DAY, 0, false);
        begin(&b);
        hour(&b);
        CHECK_STR(shown(&b, "state"), "wrong");
        (void) snprintf(pin, sizeof pin, "%s", shown(&b, "pin"));
        b.watch.pin = pin;
        b.watches = watches_free(b.watches);
        begin(&b);
        hour(&b);
        CHECK_STR(shown(&b, "state"), "good");
        serve(&b, SITE, START + 90 * SEC_PER_DAY, 0, false);
        hour(&b);
        CHECK_STR(shown(&b, "state"), "wrong");
        done(&b);
}

static void disabled_only_shows(void) {
        Bench b;

        init(&b, VALIDATION_DISABLED);
        begin(&b);
        hour(&b);
        CHECK_STR(shown(&b, "state"), "good");
        CHECK_INT(wrong_events, 0);
        done(&b);
}

static void silence_is_no_fault(void) {
        Bench b;

        init(&b, VALIDATION_STRICT);
        b.service->stopped = true;
        begin(&b);
        hour(&b);
        CHECK_STR(shown(&b, "state"), "unreachable");
        CHECK(watches_are_good(b.watches));
        CHECK_INT(wrong_events, 0);
        done(&b);
}

static void other_configuration(void) {
        WatchConfig same, other;
        Config next;
        unsigned asked;
        Bench b;

        init(&b, VALIDATION_STRICT);
        begin(&b);
        hour(&b);
        asked = fake_prober_count(b.prober);
        same = b.watch;
        next = (Config){ .watches = &same, .watch_count = 1 };
        CHECK_INT(watches_configure(b.watches, &next), 0);
        fake_loop_run(b.loop, 60);
        CHECK_INT(fake_prober_count(b.prober), asked); /* nothing has changed */
        CHECK_STR(shown(&b, "state"), "wrong");
        other = b.watch;
        other.validation = VALIDATION_DISABLED;
        next = (Config){ .watches = &other, .watch_count = 1 };
        CHECK_INT(watches_configure(b.watches, &next), 0);
        fake_loop_run(b.loop, 60);
        CHECK_STR(shown(&b, "state"), "good");
        next = (Config){};
        CHECK_INT(watches_configure(b.watches, &next), 0);
        CHECK(watches_are_good(b.watches));
        done(&b);
}

TEST_MAIN({ "S3.5: a good certificate is shown", good_is_shown },
          { "S3.5: a wrong one is told once, and once when it is well again", wrong_is_told_once },
          { "S3.5: an unknown CA, and the end of its life", unknown_ca_and_expiry },
          { "S3.5: basic pins the key of the first sight, over a restart",
            basic_pins_the_first_sight },
          { "S3.5: recommended wants a person's pin", recommended_wants_a_pin },
          { "S3.5: disabled asks nothing", disabled_only_shows },
          { "who does not answer has no wrong certificate", silence_is_no_fault },
          { "another configuration: the same goes on, the rest is looked at anew",
            other_configuration }, )
