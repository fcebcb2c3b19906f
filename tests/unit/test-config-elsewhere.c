/* What the configuration says of certificates that are not ordered. */

#include "tests/unit/config-tree.h"
#include "tests/unit/test.h"

static const char *only_error(const Config *c) {
        CHECK_INT(c->message_count, 1);
        return c->message_count > 0 ? c->messages[0].text : "";
}

static void none(void) {
        make_tree();
        write_text("etc/certificates/a.conf",
                   "[Certificate]\nNames=www.a.example *.a.example 10.0.0.1 box\nCA=none\nKeyType=rsa-2048\n"
                   "[Deploy x]\nFile=combined /x\n");
        _cleanup_(config_freep) Config *c = load();
        const CertificateConfig *a = config_certificate(c, "a");

        print_messages(c);
        CHECK_INT(c->message_count, 0); /* whose names may be what only a CA of one's own takes */
        REQUIRE(a);
        CHECK(a->elsewhere && !a->broken);
        CHECK_STR(a->first_name, "www.a.example");
        CHECK_INT(a->key_type, KEY_RSA_2048);
        CHECK(!config_ca(c, a->ca));
        CHECK(!a->staging);
}

static void of_defaults(void) {
        _cleanup_(bytes_done) Bytes dump = {};

        make_tree();
        write_text("etc/renewd.conf", "[Defaults]\nCA=none\n");
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example\n");
        write_text("etc/certificates/b.conf", "[Certificate]\nNames=b.example\nCA=letsencrypt\n");
        _cleanup_(config_freep) Config *c = load();

        print_messages(c);
        CHECK(config_certificate(c, "a")->elsewhere);
        CHECK(!config_certificate(c, "b")->elsewhere);
        CHECK(!certificate_same_order(config_certificate(c, "a"), config_certificate(c, "b")));
        CHECK_INT(config_dump(c, &dump), 0);
        CHECK(strstr(bytes_text(&dump), "CA=none\n"));
}

static void mistakes(void) {
        make_tree();
        write_text("etc/certificates/a.conf",
                   "[Certificate]\nNames=a.example\nCA=none letsencrypt\n");
        _cleanup_(config_freep) Config *both = load();
        CHECK(strstr(only_error(both), "stands alone"));
        CHECK(config_certificate(both, "a")->broken);

        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example\nCA=none\n");
        write_text("etc/ca/none.conf", "[CA]\nDirectory=https://ca.example/\n");
        _cleanup_(config_freep) Config *named = load();
        CHECK(strstr(only_error(named), "ca/none.conf another name"));
}

static void stand_ins(void) {
        make_tree();
        write_text("lib/services/web.conf", "[Deploy]\nFile=combined /w\nStandIn=yes\n");
        write_text("etc/certificates/a.conf",
                   "[Certificate]\nNames=a.example\n[Deploy web]\n[Deploy y]\nFile=combined /y\n");
        write_text("etc/certificates/b.conf",
                   "[Certificate]\nNames=b.example\n[Deploy web]\nFile=\nFile=combined /b\nStandIn=no\n");
        _cleanup_(config_freep) Config *c = load();
        const CertificateConfig *a = config_certificate(c, "a"), *b = config_certificate(c, "b");

        print_messages(c);
        REQUIRE(a && b && a->target_count == 2);
        CHECK(certificate_target(a, "web")->stand_in);
        CHECK(!certificate_target(a, "y")->stand_in);
        CHECK(certificate_has_stand_in(a));
        CHECK(!certificate_has_stand_in(b));
}

TEST_MAIN({ "CA=none: a certificate without a CA, and without a CA's rules", none },
          { "the defaults may say so, too", of_defaults },
          { "CA=none stands alone, and is no file of ca/", mistakes },
          { "StandIn= is the profile's word, and the certificate's", stand_ins })
