/* Programs run for real, as children: what is journaled before, kept after, and cleaned up whatever happened. */

#include <fcntl.h>
#include <sys/stat.h>

#include "hooks/present.h"
#include "tests/fake/unit.h"
#include "tests/unit/test.h"

#define THUMBPRINT "7Yxe6c_3bAa6kiaK1G-BZmi9EeNsUmlcbdnrtLeuK4E"

static char root[300], state[330], config[330], program[330], log_path[330];
static Paths paths;
static CertificateConfig certificate;
static DnsConfig dns;

/* A hook that writes what it is told to `log`, then does `body`. */
static void hook(const char *body) {
        FILE *f = fopen(program, "we");

        if (!f)
                exit(99);
        (void) fprintf(f, "#!/bin/sh\nL=%s\n%s\n", log_path, body);
        if (fclose(f) != 0 || chmod(program, 0755) < 0)
                exit(99);
}

static void begin(DnsStyle style, const char *body) {
        fake_units_reset();
        fake_units.running = false;
        (void) snprintf(root, sizeof root, "%s", test_directory());
        (void) snprintf(state, sizeof state, "%s/state", root);
        (void) snprintf(config, sizeof config, "%s/config", root);
        (void) snprintf(program, sizeof program, "%s/hook", root);
        (void) snprintf(log_path, sizeof log_path, "%s/log", root);
        paths = (Paths){ config, state, root, root };
        dns = (DnsConfig){ .name = (char *) "p", .style = style, .timeout_sec = 5 };
        certificate = (CertificateConfig){ .name = (char *) "example.org", .dns = &dns };
        CHECK_INT(string_list_add(&certificate.names, "*.example.org"), 0);
        CHECK_INT(string_list_add(&certificate.names, "example.org"), 0);
        CHECK_INT(string_list_add(&dns.program, program), 0);
        if (style == DNS_STYLE_CERTBOT)
                CHECK_INT(string_list_add(&dns.cleanup, program), 0);
        hook(body);
}

static void end(void) {
        string_list_done(&certificate.names);
        string_list_done(&dns.program);
        string_list_done(&dns.cleanup);
        string_list_done(&dns.credentials);
}

static ProofList proofs(size_t count) {
        ProofList l = {};

        for (size_t i = 0; i < count; i++) {
                _cleanup_(json_freep) Json *j = NULL;
                _cleanup_free_ char *text = NULL;
                const char *bad = NULL;
                Proof p = {};

                CHECK(str_printf(&text,
                                 "{\"type\":\"dns-01\",\"identifier\":\"example.org\",\"token\":"
                                 "\"token-%zu-aaaaaaaaaaaaaaaaaaaa\",\"authorization\":"
                                 "\"token-%zu-aaaaaaaaaaaaaaaaaaaa." THUMBPRINT
                                 "\",\"record\":\"_acme-challenge.example.org\"}",
                                 i, i) >= 0);
                CHECK_INT(json_parse(text, strlen(text), &j), 0);
                CHECK_INT(proof_parse(j, &certificate, &p, &bad), 0);
                CHECK_INT(proof_list_add(&l, &p), 0);
        }
        return l;
}

static char *logged(void) {
        static char text[4096];
        FILE *f = fopen(log_path, "re");
        size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;

        text[n] = 0;
        if (f)
                (void) fclose(f);
        return text;
}

static bool journal_is_there(void) {
        char path[500];

        (void) snprintf(path, sizeof path, "%s/installer/challenges/example.org/shown.json", state);
        return access(path, F_OK) == 0;
}

/* "" when all went well, else the first words. */
static const char *present(const ProofList *l) {
        static char words[600];
        _cleanup_(string_list_done) StringList errors = {};

        CHECK_INT(present_proofs(&paths, &certificate, l, &errors), 0);
        CHECK_INT(errors.count, l->count);
        words[0] = 0;
        for (size_t i = 0; i < errors.count && !words[0]; i++)
                (void) snprintf(words, sizeof words, "%s", errors.items[i]);
        return words;
}

static size_t cleanup(const ProofList *which) {
        _cleanup_(string_list_done) StringList errors = {};

        CHECK_INT(present_cleanup(&paths, &certificate, which, &errors), 0);
        return errors.count;
}

static void twice(void) {
        begin(DNS_STYLE_NATIVE, "echo $1 $RENEWD_TOKEN $RENEWD_REMAINING >> $L");
        _cleanup_(proof_list_done) ProofList l = proofs(2);

        CHECK_STR(present(&l), "");
        CHECK_STR(present(&l), "");
        CHECK_STR(logged(),
                  "present token-0-aaaaaaaaaaaaaaaaaaaa 1\npresent token-1-aaaaaaaaaaaaaaaaaaaa 0\n");
        CHECK(journal_is_there());
        CHECK_INT(cleanup(&l), 0);
        CHECK(!journal_is_there());
        CHECK_INT(cleanup(&l), 0);
        CHECK(strstr(logged(), "cleanup token-1-aaaaaaaaaaaaaaaaaaaa 0\n"));
        end();
}

static void output_is_kept(void) {
        begin(DNS_STYLE_CERTBOT,
              "if [ -n \"${CERTBOT_AUTH_OUTPUT+x}\" ]; then echo \"clean $CERTBOT_AUTH_OUTPUT\" >> $L; "
              "else echo; echo ' id 42 '; echo noise >&2; fi");
        _cleanup_(proof_list_done) ProofList l = proofs(1);

        CHECK_STR(present(&l), "");
        CHECK_INT(cleanup(NULL), 0);
        CHECK_STR(logged(), "clean id 42\n");
        end();
}

static void no_cleanup_hook(void) {
        begin(DNS_STYLE_CERTBOT, "echo ran >> $L");
        _cleanup_(proof_list_done) ProofList l = proofs(1);

        string_list_done(&dns.cleanup);
        CHECK_STR(present(&l), "");
        CHECK_INT(cleanup(NULL), 0);
        CHECK_STR(logged(), "ran\n"); /* never the first hook again: it would add */
        CHECK(!journal_is_there());
        end();
}

static void failure(void) {
        begin(DNS_STYLE_NATIVE,
              "[ $1 = cleanup ] && { echo gone >> $L; exit 0; }\necho no zone >&2; exit 3");
        _cleanup_(proof_list_done) ProofList l = proofs(1);

        CHECK(strstr(present(&l), "/hook' exited with 3: no zone"));
        CHECK(journal_is_there()); /* it may have done half of it */
        CHECK_INT(cleanup(&l), 0);
        CHECK_STR(logged(), "gone\n");
        CHECK(!journal_is_there());
        end();
}

static void declined(void) {
        begin(DNS_STYLE_UACME, "echo $1 >> $L; exit 1");
        _cleanup_(proof_list_done) ProofList l = proofs(1);

        CHECK(present(&l)[0]);
        CHECK(!journal_is_there());
        CHECK_INT(cleanup(NULL), 0);
        CHECK_STR(logged(), "begin\n");
        end();
}

static void cleanup_fails(void) {
        begin(DNS_STYLE_NATIVE, "[ $1 = present ] || [ -e $L.mended ] || exit 1; echo $1 >> $L");
        _cleanup_(proof_list_done) ProofList l = proofs(2);
        char mended[400];

        CHECK_STR(present(&l), "");
        CHECK_INT(cleanup(NULL), 2);
        CHECK(journal_is_there());
        (void) snprintf(mended, sizeof mended, "%s.mended", log_path);
        CHECK(close(open(mended, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) == 0);
        CHECK_INT(cleanup(NULL), 0);
        CHECK(!journal_is_there());
        CHECK_STR(logged(), "present\npresent\ncleanup\ncleanup\n");
        end();
}

static void chain(void) {
        begin(DNS_STYLE_DEHYDRATED_CHAIN, "echo $1 $# >> $L");
        _cleanup_(proof_list_done) ProofList l = proofs(3);

        CHECK_STR(present(&l), "");
        CHECK_INT(cleanup(&l), 0);
        CHECK_STR(logged(), "deploy_challenge 10\nclean_challenge 10\n");
        end();
}

static void some(void) {
        begin(DNS_STYLE_NATIVE, "echo $1 $RENEWD_TOKEN >> $L");
        _cleanup_(proof_list_done) ProofList l = proofs(2), one = proofs(1);

        CHECK_STR(present(&l), "");
        CHECK_INT(cleanup(&one), 0);
        CHECK(journal_is_there());
        CHECK(!strstr(logged(), "cleanup token-1"));
        CHECK_INT(cleanup(NULL), 0);
        CHECK(!journal_is_there());
        end();
}

static void credentials(void) {
        begin(DNS_STYLE_NATIVE, "cat $CREDENTIALS_DIRECTORY/tsig >> $L; env >> $L");
        _cleanup_(proof_list_done) ProofList l = proofs(1);
        char path[400];
        FILE *f;

        CHECK_INT(string_list_add(&dns.credentials, "tsig"), 0);
        (void) mkdir(config, 0755);
        (void) snprintf(path, sizeof path, "%s/credentials", config);
        CHECK(mkdir(path, 0700) == 0);
        (void) snprintf(path, sizeof path, "%s/credentials/tsig", config);
        f = fopen(path, "we");
        REQUIRE(f);
        (void) fputs("the secret\n", f);
        CHECK(fclose(f) == 0);
        (void) setenv("RENEWD_STRANGER", "x", 1);
        CHECK_STR(present(&l), "");
        CHECK(strstr(logged(), "the secret\n"));
        CHECK(!strstr(logged(), "RENEWD_STRANGER")); /* R1.16: built from nothing */
        end();
}

static void no_credential(void) {
        begin(DNS_STYLE_NATIVE, "echo $1 >> $L");
        _cleanup_(proof_list_done) ProofList l = proofs(1);
        char words[600];

        CHECK_INT(string_list_add(&dns.credentials, "missing"), 0);
        (void) snprintf(words, sizeof words,
                        "there is no credential 'missing': put it into %s/credentials/missing, "
                        "owner root, mode 0600",
                        config);
        CHECK_STR(present(&l), words);
        CHECK_STR(logged(), "");
        end();
}

static void unconfigured(void) {
        begin(DNS_STYLE_NATIVE, "echo $1 >> $L");
        _cleanup_(proof_list_done) ProofList l = proofs(1);

        CHECK_STR(present(&l), "");
        certificate.dns = NULL;
        certificate.broken = true;
        CHECK_INT(cleanup(NULL), 1);
        CHECK(journal_is_there());
        certificate.broken = false;
        CHECK_INT(cleanup(NULL), 0);
        CHECK(!journal_is_there());
        CHECK_STR(logged(), "present\n");
        end();
}

TEST_MAIN({ "what is shown already is not shown a second time, nor cleaned up twice", twice },
          { "S7.1 CERTBOT_AUTH_OUTPUT is the first hook's standard output, stripped",
            output_is_kept },
          { "S7.1 without CleanupProgram= nothing is run to clean up", no_cleanup_hook },
          { "a program that fails says why, and is cleaned up after", failure },
          { "S7.5 a non-zero begin declines: nothing to clean up", declined },
          { "J-13 a clean-up that failed stays in the journal for the next", cleanup_fails },
          { "S7.2 HOOK_CHAIN: one call for all, also to clean up", chain },
          { "J-13 what is not named stays until nothing shall be shown", some },
          { "credentials reach the program, strangers' variables do not", credentials },
          { "a credential that is missing is named, with its place", no_credential },
          { "J-13 a program that left the configuration", unconfigured })
