/* Whose configuration files are read. */

#include <sys/stat.h>

#include "config/config.h"
#include "tests/unit/config-tree.h"
#include "tests/unit/test.h"

static void set_mode(const char *name, mode_t mode) {
        char path[500];

        (void) snprintf(path, sizeof path, "%s/%s", root, name);
        if (chmod(path, mode) < 0)
                abort();
}

static void test_trust(void) {
        make_tree();
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example.org\n");
        write_text("etc/certificates/b.conf", "[Certificate]\nNames=b.example.org\n");
        set_mode("etc/certificates/a.conf", 0646);
        _cleanup_(config_freep) Config *c = load();
        REQUIRE(c->message_count >= 1);
        CHECK_STR(message_at(c, 0),
                  "/etc/certificates/a.conf: not read: '/etc/certificates/a.conf' may be written by everybody; mend it: "
                  "chmod o-w '/etc/certificates/a.conf'");
        CHECK(config_certificate(c, "a") && config_certificate(c, "a")->broken);
        CHECK(config_certificate(c, "b") && !config_certificate(c, "b")->broken);

        set_mode("etc/certificates/a.conf", 0644);
        set_mode("etc/certificates", 0777);
        _cleanup_(config_freep) Config *d = load();
        CHECK(config_certificate(d, "b") && config_certificate(d, "b")->broken);
        set_mode("etc/certificates", 0755);
        _cleanup_(config_freep) Config *e = load();
        CHECK_INT(e->message_count, 0);
}

static void test_foreign_owner(void) {
        char path[500];

        if (geteuid() != 0)
                return; /* only root can give a file away */
        make_tree();
        write_text("etc/certificates/a.conf", "[Certificate]\nNames=a.example.org\n");
        (void) snprintf(path, sizeof path, "%s/etc/certificates/a.conf", root);
        REQUIRE(chown(path, 12345, 12345) == 0);
        _cleanup_(config_freep) Config *c = load();
        CHECK(config_certificate(c, "a") && config_certificate(c, "a")->broken);
        REQUIRE(chown(path, 0, 12345) == 0);
        set_mode("etc/certificates/a.conf", 0664);
        _cleanup_(config_freep) Config *d = load();
        CHECK(config_certificate(d, "a") && config_certificate(d, "a")->broken);
        REQUIRE(chown(path, 0, 0) == 0);
        _cleanup_(config_freep) Config *e = load();
        CHECK(config_certificate(e, "a") && !config_certificate(e, "a")->broken);
}

TEST_MAIN({ "R2.8.1: a file that everybody may write is not read", test_trust },
          { "R2.8.1: owner and group matrix", test_foreign_owner })
