/* Profiles: what they find on a machine, how their texts are expanded, and that all that are shipped are in order. */

#include <dirent.h>

#include "base/file.h"
#include "config/service.h"
#include "tests/unit/config-tree.h"
#include "tests/unit/test.h"

static ServiceProfile *load_profile(const char *name) {
        const ServiceFor what = { .certificate = "a.example.org",
                                  .names = "a.example.org b.example.org" };
        Paths paths = { config_dir, root, root, data_dir };
        ServiceProfile *p = NULL;

        if (service_profile_load(&paths, name, &what, &p) < 0)
                return NULL;
        print_messages(p->messages);
        return p;
}

/* "@" in `format` is the directory of the case. */
static void write_with_root(const char *name, const char *format) {
        _cleanup_(bytes_done) Bytes text = {};

        for (const char *p = format; *p; p++)
                if ((*p == '@' ? bytes_append_string(&text, root) : bytes_append(&text, p, 1)) < 0)
                        abort();
        write_text(name, bytes_text(&text));
}

static void test_find(void) {
        make_dirs();
        write_text("b", "");
        write_with_root("lib/services/s.conf",
                        "[Service]\nDescription=a ${THING}\nDetect=@/b\n"
                        "Find=TOOL @/a @/b @/c\nFind=NONE @/x @/y\nFind=VERSION 2.4=@/a 2.3=@/b 2.2=@/b\n"
                        "Configure=|  tool ${TOOL} %n\nConfigure=[VERSION=2.4] new\nConfigure=[VERSION=2.3] old\nConfigure=[NONE=2.3] any\n"
                        "Configure=[HTTP]\nNote=$${x} $y %% ${NONE}\nTested=stand-in\nKeyType=rsa-2048\nReuseKey=yes\nProfile=classic\n"
                        "[Deploy]\nFile=key ${TOOL}.%n.key\nHook=${TOOL} --$${x}\n");
        _cleanup_(service_profile_freep) ServiceProfile *p = load_profile("s");
        char path[400];
        REQUIRE(p && p->messages->message_count == 0 && !p->broken);
        CHECK(service_is_here(&p->service));
        CHECK_STR(p->service.description,
                  "a ${THING}"); /* no text in which something stands for another */
        REQUIRE(p->service.configure.count == 4 && p->service.notes.count == 1);
        (void) snprintf(path, sizeof path, "  tool %s/b a.example.org", root);
        CHECK_STR(p->service.configure.items[0], path);
        CHECK_STR(p->service.configure.items[1], "old");
        CHECK_STR(p->service.configure.items[2],
                  "[NONE=2.3] any"); /* nothing was found to choose by */
        CHECK_STR(p->service.configure.items[3], "[HTTP]");
        (void) snprintf(path, sizeof path, "${x} $y %% %s/x", root);
        CHECK_STR(p->service.notes.items[0], path);
        CHECK_INT(p->service.tested, SERVICE_TESTED_STAND_IN);
        CHECK_INT(p->service.key_types[0], KEY_RSA_2048);
        CHECK_STR(p->service.reuse_key, "yes");
        CHECK_STR(p->service.profile, "classic");
        (void) snprintf(path, sizeof path, "%s/b.a.example.org.key", root);
        CHECK_STR(p->target.files[0].path, path);
        CHECK_STR(p->target.hook.items[1], "--${x}");
        CHECK(!load_profile("other"));
}

static void test_find_unit(void) {
        make_dirs();
        write_text("lib/services/s.conf",
                   "[Service]\nDetect=/nonexistent/x\nFindUnit=UNIT no-such-unit-here and-none-such.service\n"
                   "[Deploy]\nRestart=${UNIT}\n");
        _cleanup_(service_profile_freep) ServiceProfile *p = load_profile("s");
        REQUIRE(p && p->messages->message_count == 0);
        CHECK(!service_is_here(&p->service));
        CHECK_STR(p->target.restart,
                  "no-such-unit-here.service"); /* the first where there is none */
        CHECK(!p->service.variables.items[p->service.variables.count - 1].found);
}

/* A drop-in's Find= counts in the profile's own texts, and in the certificate's [Deploy]. */
static void test_override(void) {
        make_tree();
        write_text("lib/services/nginx.conf.d/x.conf", "[Deploy]\nTimeout=3s\n");
        write_text("lib/services/nginx.conf",
                   "[Service]\nDescription=x\nFind=DIR /nonexistent/a\nNote=${DIR}\n"
                   "[Deploy]\nFile=key ${DIR}/key\n");
        write_text("etc/services/nginx.conf.d/my.conf", "[Service]\nFind=DIR /srv/tls\n");
        write_text("etc/certificates/a.conf",
                   "[Certificate]\nNames=a.example.org\n[Deploy nginx]\nFile=cert ${DIR}/%n.pem\n");
        _cleanup_(service_profile_freep) ServiceProfile *p = load_profile("nginx");
        _cleanup_(config_freep) Config *c = load();
        const CertificateConfig *cert = config_certificate(c, "a");
        print_messages(c);
        REQUIRE(p && cert && !cert->broken && cert->target_count == 1);
        CHECK_STR(p->service.notes.items[0], "/srv/tls");
        CHECK_INT(p->paths.count, 3);
        CHECK_STR(cert->targets[0].files[0].path, "/srv/tls/key");
        CHECK_STR(cert->targets[0].files[1].path, "/srv/tls/a.pem");
        CHECK_INT(cert->targets[0].timeout_sec, 3);
}

static void test_challenge(void) {
        make_dirs();
        write_text("lib/services/web.conf",
                   "[Service]\nDescription=web\n[Challenge]\nSnippet=/etc/web/renewd-%n.conf\n"
                   "Line=server_name ${NAMES};\nLine=pass ${HTTP_SOCKET} ${HTTP_LISTEN};\nEnable=/usr/sbin/enable renewd\n"
                   "Disable=/usr/sbin/disable renewd\nCheck=/usr/sbin/web -t\nReload=web\nOtherwise=edit it\n");
        _cleanup_(service_profile_freep) ServiceProfile *p = load_profile("web");
        char line[400];
        REQUIRE(p && p->messages->message_count == 0);
        CHECK_STR(p->service.snippet, "/etc/web/renewd-a.example.org.conf");
        REQUIRE(p->service.lines.count == 2);
        CHECK_STR(p->service.lines.items[0], "server_name a.example.org b.example.org;");
        (void) snprintf(line, sizeof line, "pass %s/http 127.0.0.1:8402;", root);
        CHECK_STR(p->service.lines.items[1], line);
        CHECK_INT(p->service.enable.count, 2);
        CHECK_STR(p->service.challenge_reload, "web.service");
        CHECK_STR(p->service.otherwise.items[0], "edit it");
}

typedef struct Golden {
        const char *lines; /* below [Service] */
        const char *message;
} Golden;

static const Golden golden_errors[] = {
        { "Find=tool /a",
          "/lib/services/s.conf:2: Find=tool /a: write: NAME PATH... (NAME of capital letters, digits and '_'; PATH or VALUE=PATH)" },
        { "Find=TOOL",
          "/lib/services/s.conf:2: Find=TOOL: write: NAME PATH... (NAME of capital letters, digits and '_'; PATH or VALUE=PATH)" },
        { "Find=TOOL x=y",
          "/lib/services/s.conf:2: Find=TOOL x=y: not an absolute path; begin it with '/'" },
        { "FindUnit=UNIT a/b",
          "/lib/services/s.conf:2: FindUnit=UNIT a/b: not the name of a unit; write for example nginx.service" },
        { "Tested=maybe",
          "/lib/services/s.conf:2: Tested=maybe: not one of real, stand-in, documentation" },
        { "Note=${X}",
          "/lib/services/s.conf:2: Note=${X}: nothing is called ${X} here; there are: ${PROGRAMS}, ${HTTP_SOCKET}, ${HTTP_LISTEN}, ${CHALLENGES}, ${NAMES}; a '${' of its own is written '$${'" },
        { "Note=${X",
          "/lib/services/s.conf:2: Note=${X: a '${' without its '}'; one of its own is written '$${'" },
        { "Note=100%",
          "/lib/services/s.conf:2: Note=100%: a '%' that is none of %n (certificate), %t (target), %s (stage directory), %%" },
        { "Note=[X=1] a",
          "/lib/services/s.conf:2: Note=: '[X=': nothing is called X here; it needs a Find=X" },
        { "[Deploy]\nFile=key ${X}",
          "/lib/services/s.conf:3: File=key ${X}: nothing is called ${X} here; there are: ${PROGRAMS}, ${HTTP_SOCKET}, ${HTTP_LISTEN}, ${CHALLENGES}, ${NAMES}; a '${' of its own is written '$${'" },
};

static void test_golden(void) {
        for (size_t i = 0; i < ELEMENTSOF(golden_errors); i++) {
                char text[600];

                make_dirs();
                (void) snprintf(text, sizeof text, "[Service]\n%s\n", golden_errors[i].lines);
                write_text("lib/services/s.conf", text);
                _cleanup_(service_profile_freep) ServiceProfile *p = load_profile("s");
                REQUIRE(p);
                CHECK(p->broken);
                check_one_message(p->messages, true, NULL, golden_errors[i].message);
        }
}

/* ---- what is shipped ---- */

#define SHIPPED TEST_SOURCE "/hooks/services"

static bool ends_in_conf(const char *name) {
        return str_ends_with(name, ".conf");
}

static void copy_profile(const char *file) {
        _cleanup_(bytes_done) Bytes text = {};
        char from[500], to[300];

        (void) snprintf(from, sizeof from, SHIPPED "/%s", file);
        (void) snprintf(to, sizeof to, "lib/services/%s", file);
        if (file_read(from, 1 << 20, &text) < 0)
                abort();
        write_text(to, bytes_text(&text));
}

static void check_described(const char *service) {
        _cleanup_(service_profile_freep) ServiceProfile *p = load_profile(service);

        REQUIRE(p);
        CHECK_INT(p->messages->message_count, 0);
        CHECK(p->service.description && p->service.detect.count > 0);
        CHECK(p->service.tested != SERVICE_TESTED_UNSAID);
        CHECK(!p->service.snippet ||
              (p->service.lines.count > 0 && p->service.otherwise.count > 0));
}

/* As a certificate's own target, with an RSA key and with another. */
static void check_deployed(const char *service) {
        char text[400];

        (void) snprintf(text, sizeof text, "[Certificate]\nNames=a.example.org\n[Deploy %s]\n",
                        service);
        write_text("etc/certificates/a.conf", text);
        _cleanup_(config_freep) Config *c = load();
        print_messages(c);
        CHECK_INT(c->message_count, 0);
        const CertificateConfig *cert = config_certificate(c, "a");
        REQUIRE(cert && !cert->broken && cert->target_count == 1);
        CHECK_STR(cert->targets[0].service, service);
}

static void test_shipped(void) {
        DIR *dir = opendir(SHIPPED);
        size_t count = 0;

        REQUIRE(dir);
        for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
                char service[256];
                int before = test_failures;

                if (!ends_in_conf(e->d_name))
                        continue;
                (void) snprintf(service, sizeof service, "%.*s",
                                (int) (strlen(e->d_name) - strlen(".conf")), e->d_name);
                make_dirs();
                write_text("lib/ca/letsencrypt.conf", "[CA]\nDirectory=https://ca.example/dir\n");
                copy_profile(e->d_name);
                check_described(service);
                check_deployed(service);
                if (test_failures > before)
                        printf("# ^ of %s\n", e->d_name);
                count++;
        }
        (void) closedir(dir);
        CHECK(count > 0);
}

TEST_MAIN({ "S6.10: what is found, and for which version a line is", test_find },
          { "S6.10: units that are installed", test_find_unit },
          { "a drop-in's Find= counts everywhere", test_override },
          { "the file that hands challenges over", test_challenge },
          { "a mistake in a profile has its message", test_golden },
          { "S5: every shipped profile is described and without a warning", test_shipped })
