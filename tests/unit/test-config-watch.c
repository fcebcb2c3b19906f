/* watch/NAME.conf */

#include <string.h>

#include "config/config.h"
#include "tests/unit/config-tree.h"
#include "tests/unit/test.h"

static void good_ones(void) {
        _cleanup_(bytes_done) Bytes dump = {};

        make_tree();
        write_text("etc/watch/vms.conf",
                   "[Watch]\nEndpoint=10.0.0.5:7001\nEndpoint=smtp mail.example.org:25\nServerName=vms.example.org\n"
                   "Validation=basic\nEvery=10min\n");
        write_text("etc/watch/www.conf", "[Watch]\nEndpoint=www.example.org:443\n");
        _cleanup_(config_freep) Config *c = load();
        print_messages(c);
        CHECK_INT(c->message_count, 0);
        CHECK_INT(c->watch_count, 2);
        CHECK_STR(c->watches[0].name, "vms");
        CHECK_INT(c->watches[0].probe_count, 2);
        CHECK_INT(c->watches[0].probes[1].protocol, PROBE_PROTOCOL_SMTP);
        CHECK_INT(c->watches[0].validation, VALIDATION_BASIC);
        CHECK_INT(c->watches[0].every_sec, 600);
        CHECK_INT(c->watches[1].validation, VALIDATION_STRICT);
        CHECK_INT(c->watches[1].every_sec, 3600);
        CHECK_INT(config_dump(c, &dump), 0);
        CHECK(strstr(bytes_text(&dump), "# watch/vms.conf\n[Watch]\nEndpoint=10.0.0.5:7001\n"
                                        "Endpoint=smtp mail.example.org:25\n"));
        CHECK(strstr(bytes_text(&dump), "Validation=basic\n"));
}

static void bad_one(const char *text, const char *expected) {
        make_tree();
        write_text("etc/watch/bad.conf", text);
        write_text("etc/watch/www.conf", "[Watch]\nEndpoint=www.example.org:443\n");
        _cleanup_(config_freep) Config *c = load();
        check_one_message(c, false, NULL, expected);
        CHECK(!c->broken);
        CHECK_INT(c->watch_count, 1);
}

static void bad_ones(void) {
        bad_one("[Watch]\nValidation=basic\n",
                "'bad' is not watched: /etc/watch/bad.conf: [Watch] Endpoint= is missing; write for example "
                "Endpoint=www.example.org:443");
        bad_one("[Watch]\nEndpoint=www.example.org:443\nValidation=much\n",
                "'bad' is not watched: /etc/watch/bad.conf:3: Validation=much: none of disabled, basic, recommended and strict");
        bad_one("[Watch]\nEndpoint=www.example.org\n",
                "'bad' is not watched: /etc/watch/bad.conf:2: Endpoint=www.example.org: not HOST:PORT; write for example "
                "localhost:443, [::1]:443 or smtp localhost:25");
        bad_one("[Watch]\nEndpoint=www.example.org:443\nBundle=/etc/none.pem\n",
                "'bad' is not watched: Bundle=/etc/none.pem: cannot be read: No such file or directory (ENOENT); it must "
                "be readable by the engine's user '" RENEWD_ENGINE_USER "'");
}

static void recommended_without_pin(void) {
        make_tree();
        write_text("etc/watch/a.conf",
                   "[Watch]\nEndpoint=a.example.org:443\nValidation=recommended\n");
        _cleanup_(config_freep) Config *c = load();
        CHECK_INT(c->message_count, 1);
        CHECK(strstr(c->messages[0].text, "Validation=recommended without Pin="));
        CHECK_INT(c->watch_count, 1);
}

TEST_MAIN({ "S3.5: endpoints, level, and how often", good_ones },
          { "what is wrong with one leaves that one out", bad_ones },
          { "S3.5: recommended wants a pin", recommended_without_pin }, )
