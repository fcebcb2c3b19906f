/* Chains in order. A CA should send leaf, then each issuer in turn; some send a root besides, or
 * the right certificates in another order (P-03). Both are mended here, once, for everybody who
 * reads one. */

#include "acme/chain.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* By names, key identifiers and key usage; signatures are chain_check()'s. */
static bool is_issued_by(X509 *c, X509 *issuer) {
        return X509_check_issued(issuer, c) == X509_V_OK;
}

static bool is_self_issued(X509 *c) {
        return X509_NAME_cmp(X509_get_subject_name(c), X509_get_issuer_name(c)) == 0;
}

static bool is_in_order(const CertificateStack *s) {
        for (int i = 0; i + 1 < sk_X509_num(s); i++)
                if (!is_issued_by(sk_X509_value(s, i), sk_X509_value(s, i + 1)))
                        return false;
        return true;
}

/* Index of the one certificate that issued none of the others; -1 if there is not exactly one. */
static int find_leaf(const CertificateStack *s) {
        int leaf = -1;

        for (int i = 0; i < sk_X509_num(s); i++) {
                bool issues = false;
                for (int j = 0; j < sk_X509_num(s) && !issues; j++)
                        issues = j != i && is_issued_by(sk_X509_value(s, j), sk_X509_value(s, i));
                if (issues)
                        continue;
                if (leaf >= 0)
                        return -1;
                leaf = i;
        }
        return leaf;
}

/* Moves the certificate at `from` of `s` to the end of `to`. */
static int move_certificate(CertificateStack *s, int from, CertificateStack *to) {
        if (sk_X509_push(to, sk_X509_value(s, from)) <= 0)
                return -ENOMEM;
        (void) sk_X509_delete(s, from); /* it is in `to` now */
        return 0;
}

static int find_issuer(const CertificateStack *s, X509 *c) {
        for (int i = 0; i < sk_X509_num(s); i++)
                if (is_issued_by(c, sk_X509_value(s, i)))
                        return i;
        return -1;
}

/* Empties `s` into *ret, each certificate followed by its issuer. */
static int put_in_order(CertificateStack *s, CertificateStack **ret, const char **ret_reason) {
        _cleanup_(certificate_stack_freep) CertificateStack *sorted = sk_X509_new_null();
        int r;

        if (!sorted)
                return -ENOMEM;
        for (int next = find_leaf(s); next >= 0;
             next = find_issuer(s, sk_X509_value(sorted, sk_X509_num(sorted) - 1))) {
                r = move_certificate(s, next, sorted);
                if (r < 0)
                        return r;
        }
        if (sk_X509_num(s) > 0)
                return chain_refuse(ret_reason, "its certificates do not make one chain");
        *ret = TAKE_PTR(sorted);
        return 0;
}

static void drop_root(CertificateStack *s) {
        int last = sk_X509_num(s) - 1;

        if (last > 0 && is_self_issued(sk_X509_value(s, last)))
                X509_free(sk_X509_pop(s));
}

int chain_load_all(const void *pem, size_t size, CertificateStack **ret, const char **ret_reason) {
        _cleanup_(certificate_stack_freep) CertificateStack *s = NULL, *sorted = NULL;
        int r;

        r = pem_read_certificates(pem, size, &s, ret_reason);
        if (r < 0)
                return r;
        if (is_in_order(s))
                sorted = TAKE_PTR(s);
        else {
                r = put_in_order(s, &sorted, ret_reason);
                ERR_clear_error();
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(sorted);
        return 0;
}

int chain_load(const void *pem, size_t size, CertificateStack **ret, const char **ret_reason) {
        int r;

        r = chain_load_all(pem, size, ret, ret_reason);
        if (r >= 0)
                drop_root(*ret);
        return r;
}

/* ---- split ---- */

static void bio_freep(BIO **b) {
        (void) BIO_free(*b); /* memory only */
}

int certificate_to_pem(X509 *c, Bytes *ret) {
        _cleanup_(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
        char *text;

        if (!bio || PEM_write_bio_X509(bio, c) != 1)
                return -ENOMEM;
        long size = BIO_get_mem_data(bio, &text);
        return size > 0 ? bytes_append(ret, text, (size_t) size) : -EIO;
}

/* Either may be NULL. */
static int put_in_both(X509 *c, Bytes *first, Bytes *second) {
        int r = first ? certificate_to_pem(c, first) : 0;

        return r >= 0 && second ? certificate_to_pem(c, second) : r;
}

int certificate_der_to_pem(const void *der, size_t size, Bytes *ret, bool *ret_is_root) {
        const unsigned char *p = der;
        X509 *c = d2i_X509(NULL, &p, (long) size);
        int r = -EBADMSG;

        if (c && p == (const unsigned char *) der + size)
                r = certificate_to_pem(c, ret);
        if (r >= 0)
                *ret_is_root = is_self_issued(c);
        X509_free(c);
        ERR_clear_error();
        return r;
}

int chain_split(const void *pem,
                size_t size,
                Bytes *ret_leaf,
                Bytes *ret_chain,
                Bytes *ret_fullchain,
                const char **ret_reason) {
        _cleanup_(certificate_stack_freep) CertificateStack *s = NULL;
        int r;

        r = chain_load(pem, size, &s, ret_reason);
        if (r < 0)
                return r;
        for (int i = 0; i < sk_X509_num(s); i++) {
                r = put_in_both(sk_X509_value(s, i), i == 0 ? ret_leaf : ret_chain, ret_fullchain);
                if (r < 0)
                        return r;
        }
        return 0;
}

int chain_leaf_der(const void *pem, size_t size, Bytes *ret) {
        _cleanup_(certificate_stack_freep) CertificateStack *s = NULL;
        const char *reason;
        unsigned char *der = NULL;
        int r, n;

        r = chain_load(pem, size, &s, &reason);
        if (r < 0)
                return r;
        n = i2d_X509(sk_X509_value(s, 0), &der);
        if (n < 0)
                return -ENOMEM;
        r = bytes_append(ret, der, (size_t) n);
        OPENSSL_free(der);
        return r;
}
