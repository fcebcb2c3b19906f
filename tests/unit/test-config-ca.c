/* What is configured of CAs: order and limits, trust, proxies, where is rehearsed. */

#include "config/config.h"
#include "tests/unit/config-tree.h"
#include "tests/unit/test.h"

static void test_cas(void) {
        make_tree();
        write_text("lib/ca/second.conf", "[CA]\nDirectory=https://second.example/dir\nMaxNames=2\n"
                                         "Limit=duplicates 5/7d\nLimit=failures 4/1h\n"
                                         "Limit=failures 5/2h\nCaaIdentity=Second.example\n");
        write_text("etc/renewd.conf", "[Defaults]\nCA=letsencrypt second\n");
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example.org\n");
        write_text("etc/certificates/b.conf", "[Certificate]\nNames=b.example.org\nCA=second\n");
        write_text("etc/certificates/c.conf",
                   "[Certificate]\nNames=a.example.org\nOptionalNames=c.example.org b.example.org\n");
        _cleanup_(config_freep) Config *c = load();
        const CaConfig *ca = config_ca(c, "second");
        REQUIRE(c->certificate_count == 3 && ca);
        CHECK_STR(c->certificates[0].ca, "letsencrypt");
        REQUIRE(c->certificates[0].fallback_cas.count == 1);
        CHECK_STR(c->certificates[0].fallback_cas.items[0], "second");
        CHECK(certificate_has_ca(&c->certificates[0], "second"));
        CHECK(!certificate_has_ca(&c->certificates[1], "letsencrypt"));
        CHECK_INT(c->certificates[1].fallback_cas.count, 0);
        CHECK_INT(ca->max_names, 2);
        CHECK_INT(config_ca(c, "letsencrypt")->max_names, 100);
        CHECK_INT(ca->limits[CA_LIMIT_DUPLICATES].count, 5);
        CHECK_INT(ca->limits[CA_LIMIT_DUPLICATES].period_sec, 7 * 86400);
        CHECK_INT(ca->limits[CA_LIMIT_FAILURES].period_sec, 7200);
        CHECK_STR(ca->caa_identities.items[0], "second.example");
        CHECK_INT(c->certificates[2].names.count, 3);
        CHECK_INT(c->certificates[2].optional_names.count, 2);
        check_one_message(
                        c, true, "c",
                        "/etc/certificates/c.conf: Names=: 3 names, but CA 'second' puts at most 2 "
                        "into one certificate (MaxNames=); make two certificates of it");
}

static const char test_root_pem[] =
                "-----BEGIN CERTIFICATE-----\n"
                "MIIBfzCCASWgAwIBAgIUIxm3FKhfObi+2pfsq8vSxAcZbUcwCgYIKoZIzj0EAwIw\n"
                "FDESMBAGA1UEAwwJdGVzdCByb290MCAXDTI2MTEyMTExMTYxNFoYDzIxMjYxMDI4\n"
                "MTExNjE0WjAUMRIwEAYDVQQDDAl0ZXN0IHJvb3QwWTATBgcqhkjOPQIBBggqhkjO\n"
                "PQMBBwNCAARpMiUXe3NzSJmNqZv+D0PlJCW8NAOyTp+8zFRcQ/AAN1I50L49X7on\n"
                "ZctC9UtzkTPaZxbMSZIxuVRC7Ddp2DDCo1MwUTAdBgNVHQ4EFgQU0q3jHWv4LjKz\n"
                "x7agxi5Stlls/WowHwYDVR0jBBgwFoAU0q3jHWv4LjKzx7agxi5Stlls/WowDwYD\n"
                "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAsdfQskL9uM9jtStHatPG\n"
                "zs+Yn6hvMQkFd0qOp13n7fICIAhbNV/fuSV15LdAILmxcIJgNFarkev9Xx9C0GQU\n"
                "2VEN\n"
                "-----END CERTIFICATE-----\n";

static void check_bundle_case(const char *pem, const char *why) {
        char ca[600], expected[1200];

        make_tree();
        (void) snprintf(ca, sizeof ca,
                        "[CA]\nDirectory=https://own.example/dir\nBundle=%s/etc/own.pem\n", root);
        write_text("etc/ca/own.conf", ca);
        if (pem)
                write_text("etc/own.pem", pem);
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example.org\nCA=own\n");
        write_text("etc/certificates/b.conf", "[Certificate]\nNames=b.example.org\n");
        _cleanup_(config_freep) Config *c = load();
        (void) snprintf(expected, sizeof expected,
                        "CA 'own' cannot be used: Bundle=/etc/own.pem: %s", why ? why : "");
        if (why)
                check_one_message(c, true, "a", expected);
        else
                CHECK_INT(c->message_count, 0);
        CHECK_INT(config_certificate(c, "a")->broken, why != NULL);
        CHECK_INT(config_ca(c, "own") == NULL, why != NULL);
        CHECK(!config_certificate(c, "b")->broken);
}

static void test_bundle(void) {
        check_bundle_case(test_root_pem, NULL);
        check_bundle_case(
                        NULL,
                        "cannot be read: No such file or directory (ENOENT); it must be readable by the "
                        "engine's user '" RENEWD_ENGINE_USER "'");
        check_bundle_case("", "holds no certificate; it must hold certificates in PEM");
        check_bundle_case("hello\n", "holds no certificate; it must hold certificates in PEM");
        check_bundle_case(
                        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                        "is damaged; it must hold certificates in PEM");
}

/* N-05: what is one's own CA may name private addresses. */
static void test_private_addresses(void) {
        static const char *const own[] = {
                "Directory=https://own.example/dir\nAllowPrivateAddresses=yes\n",
                "Directory=https://10.0.0.1/dir\n",
                "Directory=https://[fd00::1]/dir\n",
                "Directory=https://localhost:14000/dir\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(own); i++) {
                _cleanup_free_ char *text = NULL;

                make_tree();
                CHECK_INT(str_printf(&text, "[CA]\n%s", own[i]), 0);
                write_text("etc/ca/own.conf", text);
                write_text("etc/certificates/a.conf",
                           "[Certificate]\nNames=10.1.2.3 ::1\nCA=own\n");
                write_text("etc/certificates/b.conf",
                           "[Certificate]\nNames=8.8.8.8 2606:4700::1111\n");
                _cleanup_(config_freep) Config *c = load();
                print_messages(c);
                CHECK_INT(c->message_count, 0);
        }
}

static void test_proxies(void) {
        make_tree();
        write_text("etc/renewd.conf", "[Account]\nProxy=http://proxy.example.org:3128\n");
        write_text("etc/ca/own.conf", "[CA]\nDirectory=https://own.example/dir\n");
        write_text("etc/ca/near.conf", "[CA]\nDirectory=https://near.example/dir\nProxy=\n");
        write_text("etc/ca/far.conf",
                   "[CA]\nDirectory=https://far.example/dir\nProxy=http://[fd00::1]:8080\n");
        write_text("etc/certificates/a.conf",
                   "[Certificate]\nNames=a.example.org\nCA=own near far\n");
        _cleanup_(config_freep) Config *c = load();
        print_messages(c);
        CHECK_INT(c->message_count, 0);
        CHECK_STR(config_ca(c, "own")->proxy, "http://proxy.example.org:3128");
        CHECK(!config_ca(c, "near")->proxy);
        CHECK_STR(config_ca(c, "far")->proxy, "http://[fd00::1]:8080");
}

static void test_bad_proxies(void) {
        static const char *const bad[] = {
                "proxy.example.org:3128",
                "https://proxy.example.org:3128",
                "http://proxy.example.org",
                "http://proxy.example.org:3128/",
                "http://:3128",
                "http://a_b c:1",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_free_ char *text = NULL, *expected = NULL;

                make_tree();
                CHECK_INT(str_printf(&text, "[Account]\nProxy=%s\n", bad[i]), 0);
                CHECK_INT(str_printf(&expected,
                                     "/etc/renewd.conf:2: Proxy=%s: not a proxy; write http://HOST:PORT, without a path",
                                     bad[i]),
                          0);
                write_text("etc/renewd.conf", text);
                _cleanup_(config_freep) Config *c = load();
                check_one_message(c, true, NULL, expected);
        }
        make_tree();
        write_text("etc/renewd.conf", "[Account]\nProxy=http://me:secret@proxy.example.org:3128\n");
        _cleanup_(config_freep) Config *c = load();
        CHECK_INT(c->message_count, 1);
        CHECK(strstr(c->messages[0].text, "wants a password cannot be used"));
}

static void test_unused_ca(void) {
        make_tree();
        write_text("etc/ca/own.conf", "[CA]\nDirectory=http://own.example/dir\n");
        write_text("etc/certificates/b.conf", "[Certificate]\nNames=b.example.org\n");
        _cleanup_(config_freep) Config *c = load();
        check_one_message(
                        c, false, NULL,
                        "CA 'own' cannot be used: /etc/ca/own.conf:2: Directory=http://own.example/dir: not a URL; write "
                        "https://HOST/PATH");
        CHECK(!c->broken);
}

/* Where a renewal is rehearsed; what cannot be is warned of and breaks nothing. */
static void test_rehearsals(void) {
        make_tree();
        write_text("etc/renewd.conf", "[Defaults]\nRehearse=no\nCA=letsencrypt\n");
        write_text("etc/ca/letsencrypt.conf.d/x.conf", "[CA]\nStaging=trial\n");
        write_text("etc/ca/trial.conf", "[CA]\nDirectory=https://trial.example/d\nStaging=trial\n");
        write_text("etc/ca/own.conf", "[CA]\nDirectory=https://own.example/d\nStaging=nowhere\n");
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example.org\nRehearse=yes\n");
        write_text("etc/certificates/b.conf",
                   "[Certificate]\nNames=b.example.org\nKeyType=ecdsa-p256 rsa-2048\n");
        write_text("etc/certificates/c.conf",
                   "[Certificate]\nNames=c.example.org\nCA=own\nRehearse=yes\n");
        _cleanup_(config_freep) Config *c = load();
        print_messages(c);
        REQUIRE(c->certificate_count == 4 && c->message_count == 3);
        CHECK(strstr(c->messages[0].text, "CA 'own': Staging=nowhere: there is no such CA"));
        CHECK(strstr(c->messages[1].text, "CA 'trial': Staging=trial: is this CA itself"));
        CHECK(strstr(c->messages[2].text,
                     "Rehearse=yes: nothing is rehearsed, as CA 'own' has no Staging="));
        CHECK(!c->messages[0].error && !c->messages[1].error && !c->messages[2].error);
        CHECK_STR(c->certificates[0].staging, "trial");
        CHECK_INT(c->certificates[0].rehearse, REHEARSE_YES);
        CHECK(certificate_rehearses_at(&c->certificates[0], "trial"));
        CHECK(!certificate_has_ca(&c->certificates[0], "trial"));
        CHECK_STR(c->certificates[1].staging, "trial");
        CHECK_INT(c->certificates[1].rehearse, REHEARSE_NO);
        CHECK_STR(c->certificates[2].twin_of, "b"); /* takes the same way as its twin */
        CHECK(!c->certificates[2].staging && !c->certificates[3].staging);
        CHECK(!certificate_rehearses_at(&c->certificates[3], NULL));
}

TEST_MAIN({ "CA-03 H-03 LE-07: CAs in their order, and what each allows", test_cas },
          { "N-05: private addresses are for CAs of one's own", test_private_addresses },
          { "R1.12: a CA whose trust file cannot be used fails closed", test_bundle },
          { "A-19: a proxy for all CAs, or for one", test_proxies },
          { "A-19: what is no proxy says what would be", test_bad_proxies },
          { "a bad CA that nobody uses is a warning", test_unused_ca },
          { "where renewals are rehearsed", test_rehearsals })
