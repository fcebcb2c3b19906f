/* An order after a crash, and what is saved for it. */

#include "tests/unit/order-driver.h"

static const char one[] = "a.example.org";

static void crash_everywhere(void) {
        for (unsigned stop = 1; stop < 200; stop++) {
                const char *url = NULL;
                bool ended;
                Driver d;

                driver_init(&d, "a.example.org b.example.org *.example.org");
                d.pending_polls = 1;
                driver_new(&d);
                d.stop_after = stop;
                driver_run(&d, ORDER_EVENT_START);
                ended = d.done;
                if (d.saved)
                        (void) json_get_string(d.saved, "url", &url);
                if (!ended) {
                        bool had_url = url != NULL;

                        driver_restart(&d);
                        driver_check_end(&d, true);
                        CHECK_INT(d.calls[CALL_NEW_ORDER], had_url ? 1 : 2);
                }
                driver_done(&d);
                if (ended)
                        return;
        }
        CHECK(!"the order ends");
}

static void resume_by_status(void) {
        static const struct {
                const char *status;
                unsigned posts, csrs;
        } rows[] = {
                { "ready", 4, 1 },      /* order, finalize, order, certificate */
                { "processing", 3, 0 }, /* order, order, certificate */
                { "valid", 2, 0 },
        };

        static const char saved[] =
                        "{\"url\":\"https://ca.test/o/1\",\"presented\":[{\"type\":\"dns-01\","
                        "\"identifier\":\"a.example.org\",\"token\":\"leftover-0123456789abcdef\"}]}";

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Driver d;

                driver_init(&d, one);
                CHECK(json_parse(saved, strlen(saved), &d.saved) >= 0);
                d.initially_ready = true;
                d.finalized = i > 0;
                d.processing_polls = i == 1 ? 2 : i == 2 ? 0 : 1;
                driver_restart(&d);
                driver_check_end(&d, true);
                CHECK_INT(d.posts, rows[i].posts);
                CHECK_INT(d.csrs, rows[i].csrs);
                CHECK_INT(d.removes, 1); /* the leftover */
                CHECK_INT(d.calls[CALL_NEW_ORDER], 0);
                driver_done(&d);
        }
}

static void resume_with_csr(void) {
        static const char saved[] =
                        "{\"url\":\"https://ca.test/o/1\",\"csr\":\"AAEC\",\"finalize_sent\":1}";
        Driver d;

        driver_init(&d, one);
        CHECK(json_parse(saved, strlen(saved), &d.saved) >= 0);
        d.initially_ready = true;
        driver_restart(&d);
        driver_check_end(&d, true);
        CHECK_INT(d.csrs, 0);
        CHECK_STR(d.csr_sent, "AAEC");
        driver_done(&d);
}

static void resume_presents_again(void) {
        Driver d;

        driver_init(&d, one);
        driver_new(&d);
        d.stop_after = 5; /* shown, answer lost */
        driver_run(&d, ORDER_EVENT_START);
        CHECK_INT(d.presents, 1);
        free(d.shown[0]);
        d.shown[0] = NULL; /* the responder forgot it too */
        d.challenges[0] =
                        CHALLENGE_DNS_01; /* another preference by now: what is under way goes on */
        driver_restart(&d);
        driver_check_end(&d, true);
        CHECK_INT(d.presents, 2);
        CHECK_INT(d.removes, 1);
        driver_done(&d);
}

static void save_round_trip(void) {
        static const char saved[] =
                        "{\"state\":\"order\",\"url\":\"https://ca.test/o/1\",\"finalize\":\"https://ca.test/f\","
                        "\"created\":1800000000,\"expires\":1800086400,\"processing_since\":1800000100,"
                        "\"finalize_sent\":2,\"csr\":\"AAEC\",\"presented\":[{\"type\":\"tls-alpn-01\","
                        "\"identifier\":\"a.example.org\",\"token\":\"leftover-0123456789abcdef\"}]}";
        _cleanup_(order_machine_freep) OrderMachine *m = NULL;
        _cleanup_(json_freep) Json *j = NULL, *again = NULL;
        _cleanup_free_ char *text = NULL;
        OrderSpec spec;
        Driver d;

        driver_init(&d, one);
        driver_spec(&d, &spec);
        CHECK(json_parse(saved, strlen(saved), &j) >= 0);
        CHECK(order_machine_load(&spec, j, &m) >= 0);
        driver_done(&d);
        REQUIRE(m);
        CHECK(order_machine_save(m, &again) >= 0);
        CHECK(json_to_string(again, &text) >= 0);
        CHECK_STR(text, saved);
}

/* Leftovers go as soon as it is known what the order needs, not only at its end. */
static void leftovers_go_early(void) {
        static const char saved[] =
                        "{\"url\":\"https://ca.test/o/1\",\"presented\":[{\"type\":\"dns-01\","
                        "\"identifier\":\"a.example.org\",\"token\":\"leftover-0123456789abcdef\"}]}";
        Driver d;

        driver_init(&d, one);
        CHECK(json_parse(saved, strlen(saved), &d.saved) >= 0);
        d.pending_polls = 1;
        driver_load(&d);
        d.stop_after = 7;
        driver_run(&d,
                   ORDER_EVENT_RESUME); /* order, authorization, SAVE, PRESENT, challenge, REMOVE, WAIT */
        CHECK_INT(d.removes, 1);
        CHECK_INT(d.presents, 1);
        CHECK_INT(d.calls[CALL_ORDER], 1);
        driver_done(&d);
}

static void bad_saves(void) {
        static const char *const texts[] = {
                "[]",
                "{\"url\":7}",
                "{\"url\":\"http://ca.test/o/1\"}",
                "{\"url\":\"https://evil.test/o/1\"}",
                "{\"url\":\"https://ca.test/o/1\",\"csr\":\"A=\"}",
                "{\"url\":\"https://ca.test/o/1\",\"expires\":-1}",
                "{\"url\":\"https://ca.test/o/1\",\"expires\":\"x\"}",
                "{\"url\":\"https://ca.test/o/1\",\"finalize_sent\":4294967297}",
                "{\"url\":\"https://ca.test/o/1\",\"presented\":[{}]}",
                "{\"url\":\"https://ca.test/o/1\",\"presented\":[{\"type\":\"dns-01\",\"identifier\":\"a\",\"token\":\"../../etc\"}]}",
                "{\"url\":\"https://ca.test/o/1\",\"presented\":[{\"type\":\"x\",\"identifier\":\"a\",\"token\":\"leftover-0123456789abcdef\"}]}",
        };
        OrderSpec spec;
        Driver d;

        driver_init(&d, one);
        driver_spec(&d, &spec);
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(json_freep) Json *j = NULL;
                OrderMachine *m = NULL;

                REQUIRE(json_parse(texts[i], strlen(texts[i]), &j) >= 0);
                CHECK_INT(order_machine_load(&spec, j, &m), -EBADMSG);
        }
        driver_done(&d);
}

TEST_MAIN({ "a crash at any effect needs no second newOrder once saved (I-01, H-05, Y-06)",
            crash_everywhere },
          { "a resumed order follows the CA's status and sweeps leftovers (I-01, J-13)",
            resume_by_status },
          { "a resumed ready order finalizes with the saved bytes (I-02)", resume_with_csr },
          { "a resumed pending order is presented again (J-13)", resume_presents_again },
          { "what is saved is loaded", save_round_trip },
          { "leftovers are removed before the order is polled (J-13)", leftovers_go_early },
          { "a damaged save is refused (Y-04)", bad_saves })
