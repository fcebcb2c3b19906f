/* Which of several chains is the one that somebody prefers, told by what it ends at and not by its place or
 * length (P-08). Roots are mostly not sent: then the name is that of the last certificate's issuer, and the
 * digest, which needs a certificate, that of the last one. */

#include <string.h>

#include "acme/chain.h"

/* The same certificate, and whole: to be taken in place of the other. */
int chain_same_leaf(const void *a, size_t a_size, const void *b, size_t b_size) {
        _cleanup_(certificate_stack_freep) CertificateStack *one = NULL, *two = NULL;
        int r;

        r = chain_load(a, a_size, &one, NULL);
        if (r >= 0)
                r = chain_load(b, b_size, &two, NULL);
        if (r < 0)
                return r;
        return X509_cmp(sk_X509_value(one, 0), sk_X509_value(two, 0)) == 0;
}

static bool is_digest(const char *text) {
        return strlen(text) == SHA256_HEX_SIZE - 1 &&
               strspn(text, "0123456789abcdefABCDEF") == SHA256_HEX_SIZE - 1;
}

int chain_has_issuer(const void *pem, size_t size, const char *issuer) {
        _cleanup_(certificate_stack_freep) CertificateStack *s = NULL;
        _cleanup_free_ char *name = NULL, *shown = NULL;
        char digest[SHA256_HEX_SIZE];
        int r;

        r = chain_load_all(pem, size, &s, NULL);
        if (r < 0)
                return r;
        X509 *last = sk_X509_value(s, sk_X509_num(s) - 1);
        if (is_digest(issuer)) {
                r = certificate_digest(last, digest);
                return r < 0 ? r : str_equal_ignore_case(digest, issuer);
        }
        r = certificate_issuer_name(last, &name);
        if (r == -ENOENT)
                return 0;
        shown = r < 0 ? NULL : str_escape(issuer, STR_ESCAPE_MAX); /* as `name` is */
        if (r >= 0 && !shown)
                return -ENOMEM;
        return r < 0 ? r : str_equal(name, shown);
}
