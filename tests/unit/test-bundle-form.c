/* The forms of a file, read back by the programs that people read them with: openssl and keytool. */

#include <sched.h>
#include <sys/mount.h>
#include <time.h>

#include "base/file.h"
#include "hooks/keystore.h"
#include "hooks/keytool.h"
#include "tests/unit/deploy-bench.h"
#include "tests/unit/test-chain.h"
#include "tests/unit/test.h"

#define FILE_PATH "etc/a.crt"

/* One file, and the whole output of a command about it ("%s" is its path). */
static void set_file(Bench *b, FileContent content, FileForm form) {
        bench_init(b);
        bench_set_file(b, 0, content, FILE_PATH, 0600);
        b->files[0].form = form;
        b->target.file_count = 1;
}

static const char *output_of(Bench *b, const char *format) {
        static char output[64 * 1024];
        char command[1024];
        size_t size;
        FILE *pipe;

        (void) snprintf(command, sizeof command, "exec 2>&1; ");
        for (const char *p = format; *p; p++) {
                size_t used = strlen(command);

                if (p[0] == '@')
                        (void) snprintf(command + used, sizeof command - used, "'%s'",
                                        test_path(&b->live, FILE_PATH));
                else
                        (void) snprintf(command + used, sizeof command - used, "%c", *p);
        }
        pipe = popen(command, "r");
        size = pipe ? fread(output, 1, sizeof output - 1, pipe) : 0;
        output[size] = 0;
        if (!pipe || pclose(pipe) != 0) {
                printf("# '%s' fails: %s\n", command, output);
                CHECK(!"the command succeeds");
        }
        return output;
}

static unsigned count(const char *text, const char *word) {
        unsigned n = 0;

        for (const char *p = text; (p = strstr(p, word)); p += strlen(word))
                n++;
        return n;
}

/* Deploys, and again: what is in place is left alone, though it would be written otherwise each time. */
static bool deploys_once(Bench *b) {
        ino_t inode;

        if (bench_deploy(b) < 0 || b->row.step) {
                printf("# %s: %s\n", b->row.step ? b->row.step : b->error,
                       b->row.error ? b->row.error : "");
                return false;
        }
        inode = bench_stat(b, FILE_PATH).st_ino;
        return b->row.in_place && bench_verify(b) >= 0 && b->row.state == ROW_VERIFIED &&
               bench_inspect(b) >= 0 && b->row.in_place && bench_deploy(b) >= 0 &&
               inode == bench_stat(b, FILE_PATH).st_ino;
}

static char password[] = "secret-word", tomcat[] = "tomcat", other[] = "another";

static void der_and_traditional(void) {
        static const struct {
                FileContent content;
                FileForm form;
                const char *command, *expected;
        } cases[] = {
                { FILE_KEY,
                  { .format = FILE_FORMAT_DER },
                  "openssl pkey -inform DER -in @ -noout -text",
                  "P-256" },
                { FILE_KEY,
                  { .format = FILE_FORMAT_DER, .traditional = true },
                  "openssl ec -inform DER -in @ -noout -text",
                  "P-256" },
                { FILE_CERT,
                  { .format = FILE_FORMAT_DER },
                  "openssl x509 -inform DER -in @ -noout -text",
                  "DNS:a.example.org" },
                { FILE_KEY, { .traditional = true }, "cat @", "-----BEGIN EC PRIVATE KEY-----" },
                { FILE_COMBINED,
                  { .traditional = true },
                  "openssl x509 -in @ -noout -text",
                  "DNS:a.example.org" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(bench_done) Bench b;

                set_file(&b, cases[i].content, cases[i].form);
                REQUIRE(deploys_once(&b));
                CHECK(strstr(output_of(&b, cases[i].command), cases[i].expected));
        }
}

static void orders_of_pem(void) {
        static const char *const orders[] = { "cert,chain,key", "cert,key,chain",
                                              "key,cert,chain" };
        static const char keys[] = "grep BEGIN @ | tr -d '\\n'";
        static const char *const expected[] = { "CPK", "CKP", "KCP" };

        for (size_t i = 0; i < ELEMENTSOF(orders); i++) {
                _cleanup_(bench_done) Bench b;
                const char *text;

                set_file(&b, file_content_from_string(orders[i]), (FileForm){});
                REQUIRE(deploys_once(&b));
                text = output_of(&b, keys);
                CHECK_INT(count(text, "BEGIN"), 3);
                CHECK_INT(strstr(text, "PRIVATE") - text,
                          (long) (strchr(expected[i], 'K') - expected[i]) * 27 + 11);
        }
}

static void pkcs12(bool legacy) {
        _cleanup_(bench_done) Bench b;
        const char *text;

        set_file(&b, FILE_COMBINED,
                 (FileForm){ .format = FILE_FORMAT_PKCS12,
                             .legacy = legacy,
                             .alias = tomcat,
                             .password_text = password });
        REQUIRE(deploys_once(&b));
        text = output_of(&b, "openssl pkcs12 -in @ -passin pass:secret-word -nodes -info");
        CHECK_INT(count(text, "BEGIN CERTIFICATE"), 2);
        CHECK_INT(count(text, "BEGIN PRIVATE KEY"), 1);
        CHECK(strstr(text, "friendlyName: tomcat"));
        CHECK(strstr(text, legacy ? "MAC: sha1" : "MAC: sha256"));
        CHECK_INT(count(text, legacy ? "pbeWithSHA1And3-KeyTripleDES-CBC" : "AES-256-CBC"), 2);
        CHECK_INT(count(text, "RC2"), 0);
        CHECK(strstr(output_of(&b, "keytool -list -keystore @ -storepass secret-word"), "tomcat,"));
}

static void pkcs12_modern(void) {
        pkcs12(false);
}

static void pkcs12_legacy(void) {
        pkcs12(true);
}

static void keystore_drift(void) {
        _cleanup_(bench_done) Bench b;
        static char before[64 * 1024];
        FileForm form = { .format = FILE_FORMAT_PKCS12, .password_text = password };

        set_file(&b, FILE_COMBINED, form);
        REQUIRE(deploys_once(&b));
        b.files[0].form.alias = tomcat;
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
        b.files[0].form = form;
        b.files[0].form.legacy = true;
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
        b.files[0].form = form;
        b.files[0].form.password_text = other;
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
        b.files[0].form = form;
        b.files[0].content = file_content_from_string("key,cert");
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
        b.files[0].content = FILE_COMBINED;
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(b.row.in_place);
        memcpy(before, "x", 2);
        REQUIRE(test_write(&b.live, FILE_PATH, "no keystore", 0600) >= 0);
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
        REQUIRE(deploys_once(&b));
        REQUIRE(test_issue_live(&b.live, NAME) >= 0); /* another key */
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
        REQUIRE(deploys_once(&b));
}

static void jks(void) {
        _cleanup_(bench_done) Bench b;
        const char *text;

        set_file(&b, FILE_COMBINED,
                 (FileForm){ .format = FILE_FORMAT_JKS,
                             .alias = tomcat,
                             .password_text = password });
        REQUIRE(deploys_once(&b));
        text = output_of(&b, "keytool -list -v -keystore @ -storepass secret-word");
        CHECK(strstr(text, "Keystore type: JKS"));
        CHECK(strstr(text, "Alias name: tomcat"));
        CHECK(strstr(text, "PrivateKeyEntry"));
        CHECK(strstr(text, "Certificate chain length: 2"));
        CHECK(!test_exists(&b.live, "state/installer/stage/" NAME "/nginx"));
        REQUIRE(test_issue_live(&b.live, NAME) >= 0);
        REQUIRE(bench_inspect(&b) >= 0);
        CHECK(!b.row.in_place);
        b.files[0].form.alias = NULL;
        REQUIRE(deploys_once(&b));
        CHECK(strstr(output_of(&b, "keytool -list -keystore @ -storepass secret-word"), "1,"));
}

static void damaged_jks(void) {
        _cleanup_(bytes_done) Bytes octets = {};
        _cleanup_(bench_done) Bench b;

        set_file(&b, FILE_COMBINED,
                 (FileForm){ .format = FILE_FORMAT_JKS, .password_text = password });
        REQUIRE(deploys_once(&b));
        REQUIRE(file_read(test_path(&b.live, FILE_PATH), 65536, &octets) >= 0);
        for (size_t i = 0; i < octets.size; i += 7) {
                _cleanup_(keystore_done) Keystore k = {};
                Bytes cut = { .data = octets.data, .size = i };

                octets.data[i] ^= 0x55;
                CHECK(keystore_read(&octets, password, &k) < 0);
                octets.data[i] ^= 0x55;
                CHECK(keystore_read(&cut, password, &k) < 0);
        }
}

static void without_keytool(void) {
        static const char *const nowhere[] = { "/nonexistent/keytool", NULL };

        CHECK(!keytool_path(nowhere));
        CHECK(keytool_path(keytool_paths));
}

/* In a mount namespace of this process: its keytool is a thing that nobody can run. */
static void missing_keytool_is_said(void) {
        _cleanup_free_ char *real = realpath(keytool_path(keytool_paths), NULL);
        _cleanup_(bench_done) Bench b;

        set_file(&b, FILE_COMBINED,
                 (FileForm){ .format = FILE_FORMAT_JKS, .password_text = password });
        if (geteuid() != 0) {
                printf("skip this case -- needs root\n");
                return;
        }
        REQUIRE(real && unshare(CLONE_NEWNS) == 0);
        REQUIRE(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
        REQUIRE(mount("/dev/null", real, NULL, MS_BIND, NULL) == 0);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "stage");
        CHECK(b.row.error && strstr(b.row.error, "install a Java runtime, or use format=pkcs12"));
        CHECK(!test_exists(&b.live, FILE_PATH));
}

static void password_of_a_credential(void) {
        _cleanup_(bench_done) Bench b;
        char config[400];

        set_file(&b, FILE_COMBINED, (FileForm){ .format = FILE_FORMAT_PKCS12, .password = tomcat });
        (void) snprintf(config, sizeof config, "%s/config", b.live.root);
        b.live.paths.config = config;
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
        CHECK(b.row.error && strstr(b.row.error, "config/credentials/tomcat") &&
              strstr(b.row.error, "put it there"));
        CHECK(!test_exists(&b.live, FILE_PATH));
        REQUIRE(mkdir(config, 0755) == 0 &&
                mkdir(test_path(&b.live, "config/credentials"), 0700) == 0);
        REQUIRE(test_write(&b.live, "config/credentials/tomcat", "secret-word\n", 0600) >= 0);
        REQUIRE(deploys_once(&b));
        CHECK(strstr(output_of(&b, "openssl pkcs12 -in @ -passin pass:secret-word -nodes"),
                     "BEGIN PRIVATE KEY"));
        REQUIRE(test_write(&b.live, "config/credentials/tomcat", "\n", 0600) >= 0);
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.error && strstr(b.row.error, "there is no password in"));
}

static void keystore_comes_back(void) {
        _cleanup_(bench_done) Bench b;
        Bytes before = {}, after = {};

        set_file(&b, FILE_COMBINED,
                 (FileForm){ .format = FILE_FORMAT_PKCS12, .password_text = password });
        REQUIRE(deploys_once(&b));
        REQUIRE(file_read(test_path(&b.live, FILE_PATH), 65536, &before) >= 0);
        REQUIRE(test_issue_live(&b.live, NAME) >= 0);
        bench_set_program(&b, &b.target.check, "check", "#!/bin/sh\nexit 1\n");
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK(b.row.rolled_back);
        REQUIRE(file_read(test_path(&b.live, FILE_PATH), 65536, &after) >= 0);
        CHECK(before.size == after.size && memcmp(before.data, after.data, after.size) == 0);
        bytes_done(&before);
        bytes_done(&after);
}

/* Bundle= of the CA has it, as for a CA of one's own. */
static void root_is_found(void) {
        _cleanup_(bytes_done) Bytes pem = {};
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_(string_list_done) StringList names = {}, files = {};
        _cleanup_(bundle_done) Bundle b = {};
        _cleanup_(bytes_done) Bytes text = {};
        TestChainSpec spec = { .names = &names,
                               .not_before = time(NULL),
                               .not_after = time(NULL) + 3600,
                               .intermediates = 1,
                               .with_root = true };
        TestLive live;
        const char *root;

        test_live_init(&live);
        CHECK(string_list_add(&names, "a.example.org") >= 0);
        REQUIRE(key_generate(KEY_ECDSA_P256, &key) >= 0);
        REQUIRE(test_chain_make(&spec, key, &pem) >= 0);
        REQUIRE(chain_split(pem.data, pem.size, &b.cert, &b.chain, &b.fullchain, NULL) >= 0);
        root = strstr(strstr(strstr(bytes_text(&pem), "-----BEGIN") + 1, "-----BEGIN") + 1,
                      "-----BEGIN");
        REQUIRE(root && test_write(&live, "ca.pem", root, 0644) >= 0);
        CHECK(string_list_add(&files, test_path(&live, "ca.pem")) >= 0);
        CHECK_INT(bundle_find_root(&b, &files), 0);
        CHECK_STR(bytes_text(&b.root), root);
        CHECK_INT(bundle_content(&b, file_content_from_string("fullchain,root"), &text), 0);
        CHECK_STR(bytes_text(&text), bytes_text(&pem));
}

static void root_is_found_or_named(void) {
        _cleanup_(bench_done) Bench b;

        set_file(&b, file_content_from_string("fullchain,root"), (FileForm){});
        REQUIRE(bench_deploy(&b) >= 0);
        CHECK_STR(b.row.step, "place");
        CHECK(b.row.error && strstr(b.row.error, "the root of this chain is neither in"));
        CHECK(!test_exists(&b.live, FILE_PATH));
}

TEST_MAIN({ "S6.1: DER and traditional keys read back", der_and_traditional },
          { "S6.1: PEM in each order", orders_of_pem },
          { "S6.1: PKCS#12, AES-256 and SHA-256", pkcs12_modern },
          { "S6.1: PKCS#12 for old readers, triple DES and SHA-1, no RC2", pkcs12_legacy },
          { "a keystore is compared by what is in it", keystore_drift },
          { "S6.1: JKS by keytool", jks },
          { "a damaged JKS is no keystore", damaged_jks },
          { "keytool is looked for", without_keytool },
          { "S6.1: the password is a credential's first line", password_of_a_credential },
          { "R1.34: a refused keystore gives way to the former one", keystore_comes_back },
          { "S6.1: the root of the CA's own bundle is appended", root_is_found },
          { "S6.1: a root that is not found is said", root_is_found_or_named },
          { "a missing keytool is said, and what else would do", missing_keytool_is_said })
