/* KeyType=A B: what one file with two key types becomes (O-05, H-10). */

#include "tests/unit/config-tree.h"
#include "tests/unit/test.h"

#define TWINS                                                                      \
        "[Certificate]\nNames=b.example.org a.example.org\n"                       \
        "KeyType=ecdsa-p256 rsa-2048\nReuseKey=yes\nRenewBefore=20d\n"             \
        "[Deploy web]\nService=nginx\nFile=\nFile=key /e/k\nFile=fullchain /e/c\n" \
        "File=key:rsa-2048 /r/%n.k\nFile=fullchain:rsa-2048 /r/c root:root 0640\n" \
        "[Deploy mail]\nFile=combined /m\n"                                        \
        "[Deploy old]\nFile=combined:rsa-2048 /o\n"                                \
        "[Deploy tell]\nHook=/bin/true\n"

static void two(void) {
        make_tree();
        write_text("etc/certificates/a.conf", TWINS);
        write_text("etc/certificates/a-b.conf", "[Certificate]\nNames=c.example.org\n");
        _cleanup_(config_freep) Config *c = load();
        const CertificateConfig *one = config_certificate(c, "a"),
                                *other = config_certificate(c, "a.rsa-2048");

        print_messages(c);
        CHECK_INT(c->message_count, 0);
        REQUIRE(c->certificate_count == 3 && one && other);
        CHECK_STR(c->certificates[1].name, "a-b"); /* sorted all the same */
        CHECK_INT(one->key_type, KEY_ECDSA_P256);
        CHECK_INT(other->key_type, KEY_RSA_2048);
        CHECK(string_list_same_set(&one->names, &other->names));
        CHECK_STR(one->twin, "a.rsa-2048");
        CHECK_STR(other->twin, "a");
        CHECK(!one->twin_of);
        CHECK_STR(other->twin_of, "a");
        CHECK_STR(other->path, one->path);
        CHECK_STR(other->ca, "letsencrypt");
        CHECK(other->reuse_key);
        CHECK_INT(other->renew_before_sec, 20 * SEC_PER_DAY);
        CHECK(!certificate_same_order(one, other));
        CHECK(!c->certificates[1].twin);
}

static void files(void) {
        make_tree();
        write_text("etc/certificates/a.conf", TWINS);
        _cleanup_(config_freep) Config *c = load();
        const CertificateConfig *one = config_certificate(c, "a"),
                                *other = config_certificate(c, "a.rsa-2048");
        const TargetConfig *t;

        REQUIRE(one && other);
        CHECK_INT(one->target_count, 3); /* web, mail, tell */
        CHECK(!certificate_target(one, "old"));
        t = certificate_target(one, "web");
        REQUIRE(t && t->file_count == 2);
        CHECK_STR(t->files[0].path, "/e/k");
        CHECK_STR(t->files[1].path, "/e/c");
        CHECK_STR(t->probe_name, "b.example.org");
        CHECK_INT(t->probe_family, KEY_FAMILY_ECDSA);
        CHECK_INT(t->twin_files.count, 2);
        CHECK_STR(t->twin_files.items[0], "/r/a.k");

        CHECK_INT(other->target_count, 3); /* web, old, tell */
        CHECK(!certificate_target(other, "mail"));
        t = certificate_target(other, "web");
        REQUIRE(t && t->file_count == 2);
        CHECK_STR(t->files[0].path, "/r/a.k"); /* %n is the file's name for both */
        CHECK_INT(t->files[0].mode, 0600);
        CHECK_INT(t->files[1].mode, 0640);
        CHECK_INT(t->probe_family, KEY_FAMILY_RSA);
        CHECK_STR(t->probe_name, "b.example.org");
        CHECK_STR(t->reload, "nginx.service");
        CHECK_STR(t->twin_files.items[1], "/e/c");
}

static void alone(void) {
        make_tree();
        write_text("etc/certificates/a.conf", TWINS);
        _cleanup_(config_freep) Config *c = load_only("a.rsa-2048");
        _cleanup_(config_freep) Config *none = load_only("a.rsa-4096");

        CHECK(config_certificate(c, "a.rsa-2048"));
        CHECK(config_certificate(c, "a"));
        CHECK(!config_certificate(none, "a.rsa-4096"));
}

static void one_type(void) {
        make_tree();
        write_text("etc/certificates/a.conf",
                   "[Certificate]\nNames=a.example.org\nKeyType=rsa-3072\n"
                   "[Deploy web]\nFile=key:rsa-3072 /k\nFile=cert /c\n");
        _cleanup_(config_freep) Config *c = load();
        const CertificateConfig *one = config_certificate(c, "a");

        print_messages(c);
        REQUIRE(one && one->target_count == 1 && c->certificate_count == 1);
        CHECK(!one->twin && !one->broken);
        CHECK_INT(one->targets[0].file_count, 2);
        CHECK_INT(one->targets[0].probe_family, KEY_FAMILY_ANY);
}

static void by_default(void) {
        make_tree();
        write_text("etc/renewd.conf", "[Defaults]\nKeyType=rsa-4096 ed25519\nReuseKey=yes\n");
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example.org\n");
        write_text("etc/certificates/b.conf",
                   "[Certificate]\nNames=b.example.org\nKeyType=ecdsa-p384\nReuseKey=no\n");
        _cleanup_(config_freep) Config *c = load();

        CHECK_INT(c->certificate_count, 3);
        REQUIRE(config_certificate(c, "a.ed25519"));
        CHECK(config_certificate(c, "a.ed25519")->reuse_key);
        CHECK_INT(config_certificate(c, "a")->key_type, KEY_RSA_4096);
        CHECK(!config_certificate(c, "b")->reuse_key);
}

/* What dumping says, loads as the same. */
static void dumped(void) {
        _cleanup_(bytes_done) Bytes text = {};

        make_tree();
        write_text("etc/certificates/a.conf", TWINS);
        _cleanup_(config_freep) Config *c = load();
        CHECK_INT(config_dump(c, &text), 0);
        CHECK(strstr(bytes_text(&text), "# certificates/a.rsa-2048.conf, twin of a\n"));
        CHECK(strstr(bytes_text(&text), "KeyType=rsa-2048\nReuseKey=yes\n"));
        CHECK(strstr(bytes_text(&text), "File=key /r/a.k root:root 0600\n"));
}

static void mistakes(void) {
        static const struct {
                const char *lines, *message;
        } cases[] = {
                { "KeyType=rsa-2048 rsa-4096",
                  "/etc/certificates/a.conf:3: KeyType=rsa-2048 rsa-4096: two of one family; a service has one place "
                  "for each of RSA, ECDSA and Ed25519" },
                { "KeyType=rsa-2048 ed25519 ecdsa-p256",
                  "/etc/certificates/a.conf:3: KeyType=rsa-2048 ed25519 ecdsa-p256: more than 2 key types" },
                { "[Deploy t]\nFile=cert /c\nFile=key:rsa-2048 /a",
                  "/etc/certificates/a.conf:5: [Deploy t]: File=key:rsa-2048: KeyType= of this certificate has no "
                  "rsa-2048" },
                { "[Deploy t]\nFile=key:dsa /a",
                  "/etc/certificates/a.conf:4: File=key:dsa /a: 'dsa' is not a key type; write for example "
                  "key:rsa-2048" },
                { "KeyType=ecdsa-p256 rsa-2048\n[Deploy t]\nFile=key /a\nFile=key:rsa-2048 /a",
                  "/etc/certificates/a.conf:4: [Deploy t]: File= names '/a' twice" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[500];

                make_tree();
                (void) snprintf(text, sizeof text, "[Certificate]\nNames=a.example.org\n%s\n",
                                cases[i].lines);
                write_text("etc/certificates/a.conf", text);
                _cleanup_(config_freep) Config *c = load();
                check_one_message(c, true, "a", cases[i].message);
                for (size_t k = 0; k < c->certificate_count; k++)
                        CHECK(c->certificates[k].broken);
        }
}

static void taken_name(void) {
        make_tree();
        write_text("etc/certificates/a.conf", TWINS);
        write_text("etc/certificates/a.rsa-2048.conf", "[Certificate]\nNames=c.example.org\n");
        _cleanup_(config_freep) Config *c = load();
        const CertificateConfig *own = config_certificate(c, "a.rsa-2048");

        CHECK_INT(c->message_count, 1);
        CHECK_INT(c->certificate_count, 2);
        REQUIRE(own && config_certificate(c, "a"));
        CHECK(config_certificate(c, "a")->broken);
        CHECK(!own->broken);
        CHECK_STR(own->names.items[0], "c.example.org");
}

static void shared_path(void) {
        make_tree();
        write_text("etc/certificates/a.conf",
                   "[Certificate]\nNames=a.example.org\nKeyType=ecdsa-p256 rsa-2048\n"
                   "[Deploy x]\nFile=key /same\n[Deploy y]\nFile=key:rsa-2048 /same\n");
        _cleanup_(config_freep) Config *c = load();

        CHECK_INT(c->message_count, 1);
        CHECK(config_certificate(c, "a.rsa-2048")->broken);
}

TEST_MAIN({ "H-10 two key types make two certificates", two },
          { "each target has the files of its key type, and is asked by it", files },
          { "a twin is found by its own name", alone },
          { "one key type makes no twin", one_type },
          { "[Defaults] may say two, a certificate one", by_default },
          { "twins are dumped as they hold", dumped },
          { "R2.8.4 mistakes have file and line, and break both", mistakes },
          { "a twin takes no name that is taken", taken_name },
          { "twins cannot share a path", shared_path })
