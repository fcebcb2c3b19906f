/* Stand-ins as the signer makes them. */

#include <openssl/x509v3.h>
#include <string.h>

#include "acme/certinfo.h"
#include "acme/stand-in.h"
#include "base/file.h"
#include "signer/keystore.h"
#include "signer/service.h"
#include "signer/stand-in.h"
#include "tests/unit/signer-bench.h"
#include "tests/unit/test.h"

#define NOW ((int64_t) 1798761600)

static void configure(const char *more) {
        _cleanup_free_ char *file = NULL;

        set_up();
        CHECK_INT(str_printf(&file,
                             "[Certificate]\nNames=www.c.example 9.9.9.9\nKeyType=rsa-2048\n%s[Deploy x]\n"
                             "File=combined /x\nStandIn=yes\n",
                             more),
                  0);
        write_config("certificates/c.conf", file);
}

/* The file, "" if there is none; static storage. */
static const char *stored(const char *name) {
        static char content[65536];
        _cleanup_(bytes_done) Bytes text = {};
        char path[400];

        (void) snprintf(path, sizeof path, "%s/signer/stand-ins/%s.pem", state, name);
        content[0] = '\0';
        if (file_read(path, sizeof content - 1, &text) >= 0)
                (void) snprintf(content, sizeof content, "%s", bytes_text(&text));
        return content;
}

static void facts(const char *name, CertInfo *ret) {
        const char *pem = strstr(stored(name), "-----BEGIN CERTIFICATE-----");

        *ret = (CertInfo){};
        CHECK(pem && certinfo_parse(pem, strlen(pem), ret, NULL) >= 0);
        CHECK(pem && stand_in_is(pem, strlen(pem)));
}

static char *asked(const char *more) {
        _cleanup_free_ char *copy = strdup(more);

        return answer("StandIn", text("{\"certificate\":\"c\"%s}", copy), "leaf");
}

static void made(void) {
        _cleanup_(certinfo_done) CertInfo info = {};
        _cleanup_(key_freep) EVP_PKEY *key = NULL;

        configure("");
        _cleanup_free_ char *first = asked(""), *again = asked("");
        CHECK_STR(again, first);
        facts("c", &info);
        CHECK_STR(info.leaf_sha256, first);
        CHECK_STR(info.subject, "O = renewd stand-in, CN = www.c.example");
        CHECK_INT(info.names.count, 2);
        CHECK_INT(info.key_type, KEY_RSA_2048);
        CHECK(info.not_after - info.not_before <= 31 * (int64_t) SEC_PER_DAY);
        const char *pem = stored("c");
        CHECK_INT(key_from_pem(pem, strlen(pem), &key), 0);
        CHECK_INT(chain_matches_key(
                                  strstr(pem, "-----BEGIN C"), strlen(strstr(pem, "-----BEGIN C")),
                                  key),
                  1);
        CertExpectation e = { .names = &info.names,
                              .exact_names = true,
                              .now = info.not_before + SEC_PER_DAY };
        const char *reason = NULL;
        CHECK_INT(chain_check(strstr(pem, "-----BEGIN C"), strlen(strstr(pem, "-----BEGIN C")), &e,
                              &reason),
                  0);
        _cleanup_free_ char *other = asked(text(",\"other\":\"%s\"", first));
        CHECK(strcmp(other, first) != 0);
        _cleanup_free_ char *still = asked(text(",\"other\":\"%s\"", first));
        CHECK_STR(still, other);
}

static void names(void) {
        _cleanup_(certinfo_done) CertInfo more = {}, changed = {};

        configure("");
        free(asked(",\"names\":[\"Box.example\",\"192.0.2.1\"]"));
        facts("c", &more);
        CHECK_INT(more.names.count, 4);
        _cleanup_free_ char *same = asked("");
        CHECK_STR(same, more.leaf_sha256); /* they stay */
        write_config("certificates/c.conf", "[Certificate]\nNames=d.example\nKeyType=rsa-2048\n");
        free(asked(""));
        facts("c", &changed);
        CHECK_INT(changed.names.count, 1); /* whatever they were for */
        CHECK_STR(error_of("StandIn", "{\"certificate\":\"c\",\"names\":[\"a b\"]}"),
                  "InvalidParameter");
        CHECK_STR(error_of("StandIn", "{\"certificate\":\"c\",\"other\":\"x\"}"),
                  "InvalidParameter");
        CHECK_STR(error_of("StandIn", "{\"certificate\":\"nobody\"}"), "UnknownCertificate");
        _cleanup_(varlink_reply_done) VarlinkReply stranger =
                        call_as(54321, "StandIn", "{\"certificate\":\"c\"}");
        CHECK_STR(stranger.error, "org.varlink.service.PermissionDenied");
}

static void renewed(void) {
        _cleanup_(string_list_done) StringList list = {};
        StandInWish w = { .certificate = "c", .names = &list, .type = KEY_ECDSA_P256, .now = NOW };
        StandIn first, s;

        configure("");
        CHECK_INT(string_list_add(&list, "a.example"), 0);
        _cleanup_close_ int fd = keystore_open(&paths);
        CHECK_INT(stand_in_make(fd, &w, &first), 0);
        CHECK(first.made);
        w.now += (int64_t) 19 * SEC_PER_DAY;
        CHECK_INT(stand_in_make(fd, &w, &s), 0);
        CHECK(!s.made);
        w.now += (int64_t) 2 * SEC_PER_DAY; /* less than a third is left */
        CHECK_INT(stand_in_make(fd, &w, &s), 0);
        CHECK(s.made);
        w.now = NOW - (int64_t) 30 * SEC_PER_DAY; /* the clock was wrong, and was set */
        CHECK_INT(stand_in_make(fd, &w, &s), 0);
        CHECK(s.made);
        w.type = KEY_ED25519;
        CHECK_INT(stand_in_make(fd, &w, &s), 0);
        CHECK(s.made);
        _cleanup_close_ int dir = dir_open_at(fd, "stand-ins", 0700);
        CHECK_INT(file_replace_at(dir, "c.pem", "junk", 4,
                                  (FileRights){ 0600, (uid_t) -1, (gid_t) -1 }),
                  0);
        CHECK_INT(stand_in_make(fd, &w, &s), 0);
        CHECK(s.made);
        CHECK_INT(stand_in_drop(fd, "c"), 0);
        CHECK_INT(stand_in_drop(fd, "c"), 0);
        CHECK_STR(stored("c"), "");
}

static void at_boot(void) {
        configure("");
        write_config("certificates/d.conf",
                     "[Certificate]\nNames=d.example\n[Deploy x]\nFile=combined /d\n");
        CHECK_INT(stand_ins_make(&paths), 0);
        CHECK(*stored("c"));
        CHECK(!*stored("d")); /* none is wanted */
        CHECK(!*stored("a"));
        CHECK_STR(error_of("Prune", "{\"certificate\":\"c\"}"), "");
        CHECK(*stored("c"));
        char spki[65];
        memset(spki, 'a', 64);
        spki[64] = '\0';
        CHECK_STR(error_of("Prune", text("{\"certificate\":\"c\",\"spki\":\"%s\"}", spki)), "");
        CHECK(!*stored("c")); /* the real one is live */
}

TEST_MAIN({ "a stand-in is self-signed, for servers, of the configured names and kind of key",
            made },
          { "further names are root's, and stay until the configuration changes", names },
          { "it is made anew when little time is left, or it is none", renewed },
          { "at boot they are made for those that want one, and go when the real one is live",
            at_boot })
