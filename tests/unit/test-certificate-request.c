/* CertificateRequest=: a request of root's own as part of the configuration. */

#include <openssl/pem.h>
#include <sys/stat.h>

#include "acme/csr.h"
#include "tests/unit/config-tree.h"
#include "tests/unit/test.h"

static void make_der(KeyType type, const char *const *names, Bytes *ret) {
        _cleanup_(key_freep) EVP_PKEY *k = NULL;
        _cleanup_(string_list_done) StringList list = {};

        for (size_t i = 0; names[i]; i++)
                CHECK_INT(string_list_add(&list, names[i]), 0);
        REQUIRE(key_generate(type, &k) == 0);
        CHECK_INT(csr_build(k, &list, ret), 0);
}

static void write_pem(const char *file, const Bytes *der) {
        const unsigned char *p = der->data;
        X509_REQ *q = d2i_X509_REQ(NULL, &p, (long) der->size);
        BIO *bio = BIO_new(BIO_s_mem());
        char *text;

        CHECK_INT(PEM_write_bio_X509_REQ(bio, q), 1);
        long size = BIO_get_mem_data(bio, &text);
        write_sized(file, text, (size_t) size);
        BIO_free(bio);
        X509_REQ_free(q);
}

static void write_certificate(const char *lines) {
        char text[1000];

        (void) snprintf(text, sizeof text, "[Certificate]\nCertificateRequest=%s/etc/own.csr\n%s",
                        root, lines);
        write_text("etc/certificates/a.conf", text);
}

static const char *const names[] = { "B.example.org", "a.example.org", NULL };

static void names_of_it(void) {
        _cleanup_(bytes_done) Bytes der = {};
        _cleanup_(csr_info_done) CsrInfo info = {};

        make_tree();
        make_der(KEY_ECDSA_P384, names, &der);
        write_pem("etc/own.csr", &der);
        write_certificate("[Deploy web]\nService=nginx\nFile=\nFile=fullchain /c\n");
        _cleanup_(config_freep) Config *c = load();
        const CertificateConfig *a = config_certificate(c, "a");

        print_messages(c);
        REQUIRE(a && !a->broken && csr_parse(der.data, der.size, &info, NULL) == 0);
        CHECK_INT(a->names.count, 2);
        CHECK_STR(a->names.items[0], "a.example.org");
        CHECK_INT(a->key_type, KEY_ECDSA_P384);
        CHECK(a->request.size == der.size && memcmp(a->request.data, der.data, der.size) == 0);
        CHECK_STR(a->request_spki, info.spki_sha256);
        CHECK_STR(a->request_sha256, info.sha256);
        CHECK_STR(a->targets[0].probe_name, "a.example.org");
        CHECK(!a->twin && !a->reuse_key);
}

static void der_and_names(void) {
        _cleanup_(bytes_done) Bytes der = {};

        make_tree();
        make_der(KEY_ED25519, names, &der);
        write_sized("etc/own.csr", der.data, der.size);
        write_certificate("Names=a.example.org b.example.org\n");
        write_text("etc/renewd.conf", "[Defaults]\nKeyType=ecdsa-p256 rsa-2048\nReuseKey=yes\n");
        _cleanup_(config_freep) Config *c = load();

        print_messages(c);
        REQUIRE(c->certificate_count == 1); /* the defaults make no twin of it */
        CHECK(!c->certificates[0].broken && !c->certificates[0].reuse_key);
        CHECK_INT(c->certificates[0].key_type, KEY_ED25519);
}

static void changed(void) {
        _cleanup_(bytes_done) Bytes one = {}, two = {};

        make_tree();
        make_der(KEY_ECDSA_P256, names, &one);
        make_der(KEY_ECDSA_P256, names, &two);
        write_sized("etc/own.csr", one.data, one.size);
        write_certificate("");
        _cleanup_(config_freep) Config *before = load(), *same = load();
        write_sized("etc/own.csr", two.data, two.size);
        _cleanup_(config_freep) Config *after = load();
        REQUIRE(config_certificate(before, "a") && config_certificate(after, "a"));
        CHECK(certificate_same_order(
                        config_certificate(before, "a"), config_certificate(same, "a")));
        CHECK(!certificate_same_order(
                        config_certificate(before, "a"), config_certificate(after, "a")));
}

static void mistakes(void) {
        static const struct {
                const char *lines, *message;
        } cases[] = {
                { "Names=a.example.org\n",
                  "CertificateRequest=/etc/own.csr: its names are not those of Names=; leave Names= out, or make them "
                  "the same" },
                { "KeyType=rsa-2048\n",
                  "CertificateRequest=/etc/own.csr: with KeyType= or ReuseKey=; the key is elsewhere, leave them out" },
                { "ReuseKey=yes\n",
                  "CertificateRequest=/etc/own.csr: with KeyType= or ReuseKey=; the key is elsewhere, leave them out" },
                { "[Deploy t]\nFile=cert /c\nFile=key /k\n",
                  "/etc/certificates/a.conf:5: [Deploy t]: File=key: the key of a CertificateRequest= is elsewhere and "
                  "cannot be installed; remove the line" },
                { "[Deploy t]\nFile=combined /k\n",
                  "/etc/certificates/a.conf:4: [Deploy t]: File=combined: the key of a CertificateRequest= is elsewhere "
                  "and cannot be installed; remove the line" },
                { "[Deploy nginx]\n",
                  "/etc/certificates/a.conf:3: [Deploy nginx]: File=key: the key of a CertificateRequest= is elsewhere "
                  "and cannot be installed; empty the profile's files with a line 'File=' and write those that are "
                  "wanted" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(bytes_done) Bytes der = {};

                make_tree();
                make_der(KEY_ECDSA_P256, names, &der);
                write_pem("etc/own.csr", &der);
                write_certificate(cases[i].lines);
                _cleanup_(config_freep) Config *c = load();
                check_one_message(c, true, "a", cases[i].message);
        }
}

static void bad_files(void) {
        _cleanup_(bytes_done) Bytes der = {};
        char path[400];

        make_tree();
        write_certificate("");
        _cleanup_(config_freep) Config *missing = load();
        check_one_message(
                        missing, true, "a",
                        "CertificateRequest=/etc/own.csr: cannot be read: No such file or directory (ENOENT); renewd's users must "
                        "be able to (it holds no secret: chmod 0644)");
        write_text("etc/own.csr", "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n");
        _cleanup_(config_freep) Config *other = load();
        check_one_message(
                        other, true, "a",
                        "CertificateRequest=/etc/own.csr: it is no certificate request in PEM or DER");

        make_der(KEY_ECDSA_P256, names, &der);
        ((unsigned char *) der.data)[der.size - 1] ^= 1;
        write_sized("etc/own.csr", der.data, der.size);
        _cleanup_(config_freep) Config *forged = load();
        check_one_message(
                        forged, true, "a",
                        "CertificateRequest=/etc/own.csr: its signature does not hold");

        (void) snprintf(path, sizeof path, "%s/etc/own.csr", root);
        CHECK_INT(chmod(path, 0666), 0);
        _cleanup_(config_freep) Config *open_to_all = load();
        CHECK_INT(open_to_all->message_count, 1);
        CHECK(strstr(message_at(open_to_all, 0), "may be written by everybody"));
}

TEST_MAIN({ "the names and the kind of key are those of the request", names_of_it },
          { "DER is as good as PEM, and Names= may be said as well", der_and_names },
          { "a changed request is another order", changed },
          { "R2.8.4 what does not go with it has a message", mistakes },
          { "a request that cannot be trusted or read breaks the certificate", bad_files })
