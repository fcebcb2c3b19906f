/* What is told of each certificate, be it good or bad: what cannot be read stays empty. */

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdio.h>

#include "acme/chain.h"
#include "acme/inspect-internal.h"

#define RSA_BITS_MIN 2048
#define EC_BITS_MIN  256

static int name_line(const X509_NAME *name, char **ret) {
        BIO *bio = BIO_new(BIO_s_mem());
        char *text;
        int r = 0;

        if (!bio)
                return -ENOMEM;
        if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) < 0 ||
            BIO_write(bio, "", 1) != 1)
                r = str_replace(ret, "");
        else {
                (void) BIO_get_mem_data(bio, &text);
                *ret = str_escape(text, STR_ESCAPE_MAX);
                r = *ret ? 0 : -ENOMEM;
        }
        (void) BIO_free(bio); /* memory only */
        return r;
}

static int subject_or_line(
                X509 *c, const X509_NAME *name, int (*common)(X509 *c, char **ret), char **ret) {
        int r = common(c, ret);

        return r == -ENOENT ? name_line(name, ret) : r;
}

int inspect_subject(X509 *c, char **ret) {
        return subject_or_line(c, X509_get_subject_name(c), certificate_subject_name, ret);
}

int inspect_issuer(X509 *c, char **ret) {
        return subject_or_line(c, X509_get_issuer_name(c), certificate_issuer_name, ret);
}

bool inspect_is_self_issued(X509 *c) {
        return X509_NAME_cmp(X509_get_subject_name(c), X509_get_issuer_name(c)) == 0;
}

/* ---- keys and signatures ---- */

static const char *curve_of(EVP_PKEY *key, char ret[static 64]) {
        static const struct {
                const char *name, *common;
        } names[] = { { "prime256v1", "P-256" },
                      { "secp384r1", "P-384" },
                      { "secp521r1", "P-521" } };
        size_t size;

        if (EVP_PKEY_get_group_name(key, ret, 64, &size) != 1)
                return "of an unnamed curve";
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (str_equal(ret, names[i].name))
                        return names[i].common;
        return ret;
}

int inspect_key_text(EVP_PKEY *key, char **ret) {
        int bits = EVP_PKEY_get_bits(key);
        char curve[64];

        switch (EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_EC:
                return str_printf(ret, "ECDSA %s", curve_of(key, curve));
        case EVP_PKEY_ED25519:
                return str_replace(ret, "Ed25519");
        case EVP_PKEY_ED448:
                return str_replace(ret, "Ed448");
        case EVP_PKEY_RSA:
                return str_printf(ret, "RSA %d bits", bits);
        default:
                return str_printf(ret, "%s %d bits", EVP_PKEY_get0_type_name(key), bits);
        }
}

FindingKind inspect_key_fault(EVP_PKEY *key) {
        int bits = EVP_PKEY_get_bits(key);
        char curve[64];

        switch (EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_RSA:
        case EVP_PKEY_RSA_PSS:
                return bits < RSA_BITS_MIN ? FINDING_WEAK_KEY : FINDING_MAX;
        case EVP_PKEY_EC:
                if (bits < EC_BITS_MIN)
                        return FINDING_WEAK_CURVE;
                return str_skip_prefix(curve_of(key, curve), "P-") ? FINDING_MAX
                                                                   : FINDING_UNUSUAL_CURVE;
        case EVP_PKEY_ED25519:
        case EVP_PKEY_ED448:
                return FINDING_MAX;
        default:
                return FINDING_WEAK_KEY; /* DSA: no client of today takes it */
        }
}

bool inspect_signature_is_weak(X509 *c) {
        int digest = NID_undef, key = NID_undef;

        if (OBJ_find_sigid_algs(X509_get_signature_nid(c), &digest, &key) != 1)
                return false;
        return digest == NID_md5 || digest == NID_sha1 || digest == NID_md4 || digest == NID_md2 ||
               digest == NID_ripemd160 || digest == NID_md5_sha1;
}

/* ---- facts ---- */

static int digest_hex(X509 *c, const EVP_MD *md, char *ret, size_t size) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        _cleanup_free_ char *hex = NULL;
        unsigned n;
        int r;

        if (X509_digest(c, md, digest, &n) != 1)
                return -EIO;
        r = hex_encode(digest, n, &hex);
        if (r >= 0)
                (void) snprintf(ret, size, "%s", hex); /* fits */
        return r;
}

static int key_facts(X509 *c, InspectedCertificate *ret) {
        EVP_PKEY *key = X509_get0_pubkey(c);
        unsigned char digest[EVP_MAX_MD_SIZE], *der = NULL;
        char base64[64];
        unsigned n;
        int size, r;

        if (!key) {
                r = str_replace(&ret->key, "unreadable");
                return r < 0 ? r : str_replace(&ret->pin, "");
        }
        r = inspect_key_text(key, &ret->key);
        if (r >= 0)
                r = key_spki_sha256(key, ret->spki_sha256);
        size = r < 0 ? -1 : i2d_PUBKEY(key, &der);
        if (size < 0)
                return r < 0 ? r : -ENOMEM;
        if (EVP_Digest(der, (size_t) size, digest, &n, EVP_sha256(), NULL) != 1)
                r = -EIO;
        OPENSSL_free(der);
        if (r < 0)
                return r;
        (void) EVP_EncodeBlock((unsigned char *) base64, digest, (int) n); /* 44 octets */
        return str_replace(&ret->pin, base64);
}

int inspect_facts(X509 *c, InspectedCertificate *ret) {
        int nid = X509_get_signature_nid(c);
        int r;

        r = name_line(X509_get_subject_name(c), &ret->subject);
        if (r >= 0)
                r = name_line(X509_get_issuer_name(c), &ret->issuer);
        if (r >= 0)
                r = certificate_serial(c, &ret->serial);
        if (r >= 0)
                r = digest_hex(c, EVP_sha256(), ret->sha256, sizeof(ret->sha256));
        if (r >= 0)
                r = digest_hex(c, EVP_sha1(), ret->sha1, sizeof(ret->sha1));
        if (r >= 0)
                r = key_facts(c, ret);
        if (r >= 0)
                r = str_replace(&ret->signature, nid == NID_undef ? "unknown" : OBJ_nid2ln(nid));
        if (r >= 0 && certificate_dates(c, &ret->not_before, &ret->not_after) < 0)
                ret->not_before = ret->not_after = 0;
        ERR_clear_error();
        return r;
}
