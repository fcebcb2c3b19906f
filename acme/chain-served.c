/* A chain as a service sends it, seen with the eyes of a client that knows the roots only. */

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "acme/chain.h"

/* A CA may be certified more than once: what counts is its name and its key. */
static bool is_same_ca(X509 *a, X509 *b) {
        EVP_PKEY *one = X509_get0_pubkey(a), *other = X509_get0_pubkey(b);

        return X509_NAME_cmp(X509_get_subject_name(a), X509_get_subject_name(b)) == 0 && one &&
               other && EVP_PKEY_eq(one, other) == 1;
}

static int find_ca(const CertificateStack *s, X509 *c) {
        for (int i = 0; i < sk_X509_num(s); i++)
                if (is_same_ca(sk_X509_value(s, i), c))
                        return i;
        return -1;
}

static int tell_missing(X509 *c, char **ret_words) {
        _cleanup_free_ char *name = NULL;
        int r;

        r = certificate_subject_name(c, &name);
        if (r < 0 && r != -ENOENT)
                return r;
        r = str_printf(ret_words, "the chain that it sends lacks the intermediate '%s'",
                       name ? name : "?");
        return r < 0 ? r : 1;
}

/* Each intermediate that belongs to it, and each behind the one that it issued: not all clients look further. */
static int check_intermediates(
                const CertificateStack *served,
                const CertificateStack *expected,
                char **ret_words) {
        for (int i = 1; i < sk_X509_num(expected); i++) {
                int at = find_ca(served, sk_X509_value(expected, i));

                if (at < 0)
                        return tell_missing(sk_X509_value(expected, i), ret_words);
                if (at != i) {
                        int r = str_printf(ret_words, "the chain that it sends is not in order");
                        return r < 0 ? r : 1;
                }
        }
        return 0;
}

static int check_name(X509 *leaf, const char *name, char **ret_words) {
        int r;

        if (X509_check_host(leaf, name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1 ||
            X509_check_ip_asc(leaf, name, 0) == 1)
                return 0;
        r = str_printf(ret_words, "it is asked for '%s', which is no name of the certificate",
                       name);
        return r < 0 ? r : 1;
}

static int check_date(X509 *leaf, int64_t now, char **ret_words) {
        int64_t not_before, not_after;
        int r;

        if (certificate_dates(leaf, &not_before, &not_after) < 0 ||
            (now >= not_before && now < not_after))
                return 0;
        r = str_printf(ret_words, "the certificate that it serves %s",
                       now < not_before ? "is not valid yet" : "has expired");
        return r < 0 ? r : 1;
}

int chain_served_fault(
                const Bytes *served,
                const Bytes *expected,
                const char *name,
                int64_t now,
                char **ret_words) {
        _cleanup_(certificate_stack_freep) CertificateStack *s = NULL, *e = NULL;
        int r;

        r = pem_read_certificates(served->data, served->size, &s, NULL);
        if (r < 0)
                return r;
        r = check_date(sk_X509_value(s, 0), now, ret_words);
        if (r == 0 && name)
                r = check_name(sk_X509_value(s, 0), name, ret_words);
        if (r == 0 && chain_load(expected->data, expected->size, &e, NULL) >= 0)
                r = check_intermediates(s, e, ret_words);
        ERR_clear_error();
        return r;
}
