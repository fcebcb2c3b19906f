/* Real X.509, as small as it may be: P-256, a root, an intermediate, leaves. */

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "acme/key.h"
#include "config/config.h"
#include "tests/fake/ca-internal.h"

static int add_extension(X509 *x, X509 *issuer, int nid, const char *value) {
        X509_EXTENSION *e;
        X509V3_CTX ctx;
        int r;

        X509V3_set_ctx_nodb(&ctx);
        X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
        e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
        if (!e)
                return -EIO;
        r = X509_add_ext(x, e, -1) == 1 ? 0 : -EIO;
        X509_EXTENSION_free(e);
        return r;
}

static X509 *certificate_new(
                FakeCa *ca, EVP_PKEY *key, const char *subject, int64_t from, int64_t to) {
        X509 *x = X509_new();

        (void) X509_set_version(x, X509_VERSION_3);
        /* Every other one has the sign octet in DER (T-04). */
        ca->serial++;
        (void) ASN1_INTEGER_set_int64(
                        X509_get_serialNumber(x), 0x40000000 * (1 + ca->serial % 2) + ca->serial);
        (void) ASN1_TIME_set(X509_getm_notBefore(x), (time_t) from);
        (void) ASN1_TIME_set(X509_getm_notAfter(x), (time_t) to);
        (void) X509_set_pubkey(x, key);
        if (subject)
                (void) X509_NAME_add_entry_by_txt(
                                X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                (const unsigned char *) subject, -1, -1, 0);
        return x;
}

static X509 *authority(
                FakeCa *ca, EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key) {
        int64_t now = fake_loop_true_sec(ca->loop);
        X509 *x = certificate_new(ca, key, name, now - 86400, now + INT64_C(86400) * 3650);

        (void) X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
        (void) add_extension(x, issuer ? issuer : x, NID_basic_constraints, "critical,CA:TRUE");
        (void) add_extension(x, issuer ? issuer : x, NID_key_usage, "critical,keyCertSign,cRLSign");
        (void) add_extension(x, issuer ? issuer : x, NID_subject_key_identifier, "hash");
        (void) X509_sign(x, issuer_key, EVP_sha256());
        return x;
}

static int ca_make(FakeCa *ca) {
        if (ca->intermediate)
                return 0;
        if (key_generate(KEY_ECDSA_P256, &ca->root_key) < 0 ||
            key_generate(KEY_ECDSA_P256, &ca->key) < 0)
                return -EIO;
        ca->root = authority(ca, ca->root_key, "Fake Root", NULL, ca->root_key);
        ca->intermediate = authority(ca, ca->key, "Fake CA 1", ca->root, ca->root_key);
        return 0;
}

static int append_pem(X509 *x, Bytes *ret) {
        BIO *b = BIO_new(BIO_s_mem());
        char *data;
        long size;
        int r;

        (void) PEM_write_bio_X509(b, x);
        size = BIO_get_mem_data(b, &data);
        r = bytes_append(ret, data, (size_t) size);
        BIO_free(b);
        return r;
}

static int alternative_names(const StringList *names, Bytes *ret) {
        int r = 0;

        for (size_t i = 0; i < names->count && r >= 0; i++)
                r = bytes_printf(
                                ret, "%s%s:%s", i ? "," : "",
                                strspn(names->items[i], "0123456789.") == strlen(names->items[i])
                                                ? "IP"
                                                : "DNS",
                                names->items[i]);
        return r;
}

int fake_ca_issue(
                FakeCa *ca,
                EVP_PKEY *key,
                const StringList *names,
                int64_t not_before,
                int64_t not_after,
                Bytes *ret) {
        _cleanup_(bytes_done) Bytes san = {};
        X509 *x;
        int r;

        r = ca_make(ca);
        if (r >= 0)
                r = alternative_names(names, &san);
        if (r < 0)
                return r;
        x = certificate_new(ca, key, NULL, not_before, not_after);
        (void) X509_set_issuer_name(x, X509_get_subject_name(ca->intermediate));
        (void) add_extension(x, ca->intermediate, NID_subject_alt_name, bytes_text(&san));
        (void) add_extension(x, ca->intermediate, NID_ext_key_usage, "serverAuth");
        (void) add_extension(x, ca->intermediate, NID_authority_key_identifier, "keyid");
        r = X509_sign(x, ca->key, EVP_sha256()) > 0 ? 0 : -EIO;
        if (r >= 0)
                r = append_pem(x, ret);
        if (r >= 0)
                r = append_pem(ca->intermediate, ret);
        X509_free(x);
        return r;
}
