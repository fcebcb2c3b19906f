/* The checks before anything is installed (P-04, R2.4.11). They say what is wrong with a
 * certificate for its purpose here; whether a root is trusted is nobody's business on this side
 * (P-12). */

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "acme/chain.h"

static int reject(const char **ret_reason, const char *reason) {
        if (ret_reason)
                *ret_reason = reason;
        return -EKEYREJECTED;
}

static int check_key(X509 *leaf, const char *spki_sha256, const char **ret_reason) {
        char spki[SHA256_HEX_SIZE];
        EVP_PKEY *public = X509_get0_pubkey(leaf);
        int r;

        if (!public)
                return reject(ret_reason, "the certificate's public key cannot be read");
        r = key_spki_sha256(public, spki);
        if (r < 0)
                return r;
        if (!str_equal(spki, spki_sha256))
                return reject(ret_reason, "the certificate is for another key than ours");
        return 0;
}

static int check_names(X509 *leaf, const CertExpectation *e, const char **ret_reason) {
        _cleanup_(string_list_done) StringList names = {};
        int r;

        r = certificate_names(leaf, &names);
        if (r == -EBADMSG)
                return reject(ret_reason, "the certificate's names cannot be read");
        if (r < 0)
                return r;
        for (size_t i = 0; i < e->names->count; i++)
                if (!string_list_contains(&names, e->names->items[i]))
                        return reject(ret_reason,
                                      "the certificate lacks a name that was asked for");
        if (e->exact_names && !string_list_same_set(&names, e->names))
                return reject(ret_reason, "the certificate has names that were not asked for");
        return 0;
}

static int check_dates(X509 *leaf, const CertExpectation *e, const char **ret_reason) {
        int64_t not_before, not_after;

        if (certificate_dates(leaf, &not_before, &not_after) < 0)
                return reject(ret_reason, "the certificate's dates cannot be read");
        if (not_after <= not_before)
                return reject(ret_reason, "the certificate ends before it begins");
        if (not_before > e->now + e->skew_sec)
                return reject(ret_reason, "the certificate is not valid yet");
        if (not_after <= e->now)
                return reject(ret_reason, "the certificate has expired");
        int64_t reserve = MIN((int64_t) SEC_PER_HOUR, (not_after - not_before) / 10);
        if (not_after <= e->now + reserve)
                return reject(ret_reason, "the certificate is about to expire");
        return 0;
}

static int check_purpose(X509 *leaf, const char **ret_reason) {
        uint32_t flags = X509_get_extension_flags(leaf);

        if (flags & EXFLAG_INVALID)
                return reject(ret_reason, "the certificate's extensions cannot be read");
        if (flags & EXFLAG_CA)
                return reject(ret_reason, "the certificate is that of a CA");
        if ((flags & EXFLAG_XKUSAGE) &&
            !(X509_get_extended_key_usage(leaf) & (XKU_SSL_SERVER | XKU_ANYEKU)))
                return reject(ret_reason, "the certificate is not for servers (no serverAuth)");
        return 0;
}

static int check_signatures(const CertificateStack *s, const char **ret_reason) {
        for (int i = 0; i + 1 < sk_X509_num(s); i++) {
                EVP_PKEY *issuer = X509_get0_pubkey(sk_X509_value(s, i + 1));
                if (!issuer || X509_verify(sk_X509_value(s, i), issuer) != 1) {
                        ERR_clear_error();
                        return reject(ret_reason, "a certificate is not signed by the next one");
                }
        }
        return 0;
}

int chain_check(const void *pem, size_t size, const CertExpectation *e, const char **ret_reason) {
        _cleanup_(certificate_stack_freep) CertificateStack *s = NULL;
        int r;

        r = chain_load(pem, size, &s, ret_reason);
        if (r == -EBADMSG)
                return -EKEYREJECTED; /* with chain_load()'s reason */
        if (r < 0)
                return r;
        X509 *leaf = sk_X509_value(s, 0);
        if (e->spki_sha256)
                r = check_key(leaf, e->spki_sha256, ret_reason);
        if (r >= 0)
                r = check_purpose(leaf, ret_reason);
        if (r >= 0 && e->names)
                r = check_names(leaf, e, ret_reason);
        if (r >= 0)
                r = check_dates(leaf, e, ret_reason);
        if (r >= 0)
                r = check_signatures(s, ret_reason);
        return r;
}

int chain_extra_names(const void *pem, size_t size, const StringList *asked, StringList *ret) {
        _cleanup_(certificate_stack_freep) CertificateStack *s = NULL;
        _cleanup_(string_list_done) StringList names = {};
        int r;

        r = chain_load(pem, size, &s, NULL);
        if (r >= 0)
                r = certificate_names(sk_X509_value(s, 0), &names);
        for (size_t i = 0; i < names.count && r >= 0; i++)
                if (!string_list_contains(asked, names.items[i]))
                        r = string_list_add(ret, names.items[i]);
        return r;
}

int chain_matches_key(const void *pem, size_t size, EVP_PKEY *k) {
        _cleanup_(certificate_stack_freep) CertificateStack *s = NULL;
        int r;

        r = chain_load(pem, size, &s, NULL);
        if (r < 0)
                return r;
        EVP_PKEY *public = X509_get0_pubkey(sk_X509_value(s, 0));
        bool matches = public && EVP_PKEY_eq(public, k) == 1;
        ERR_clear_error();
        return matches;
}
