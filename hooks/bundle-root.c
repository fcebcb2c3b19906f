/* The root that a chain ends at is in no chain that a CA sends: it is looked up where those are that this machine trusts,
 * by the rules of OpenSSL's own path building. */

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "acme/chain.h"
#include "hooks/bundle.h"

#define STEPS_MAX 4 /* a root signed across by an older one is no end */

static void store_freep(X509_STORE **s) {
        X509_STORE_free(*s);
}

static void context_freep(X509_STORE_CTX **c) {
        X509_STORE_CTX_free(*c);
}

static void certificate_freep(X509 **c) {
        X509_free(*c);
}

static int trust_open(const StringList *files, X509_STORE **ret) {
        _cleanup_(store_freep) X509_STORE *store = X509_STORE_new();

        if (!store)
                return -ENOMEM;
        /* What cannot be read has no root in it. */
        for (size_t i = 0; i < files->count; i++)
                (void) X509_STORE_load_file(store, files->items[i]);
        (void) X509_STORE_set_default_paths(store);
        *ret = TAKE_PTR(store);
        return 0;
}

static bool is_self_issued(X509 *c) {
        return X509_NAME_cmp(X509_get_subject_name(c), X509_get_issuer_name(c)) == 0;
}

static int append_pem(X509 *c, Bytes *ret) {
        unsigned char *der = NULL;
        bool is_root;
        int n = i2d_X509(c, &der), r;

        if (n < 0)
                return -ENOMEM;
        r = certificate_der_to_pem(der, (size_t) n, ret, &is_root);
        OPENSSL_free(der);
        return r;
}

/* Upwards from `c`, which it takes. */
static int climb(X509_STORE *store, X509 *c, Bytes *ret) {
        _cleanup_(certificate_freep) X509 *at = c;

        for (int i = 0; i < STEPS_MAX && !is_self_issued(at); i++) {
                _cleanup_(context_freep) X509_STORE_CTX *context = X509_STORE_CTX_new();
                X509 *issuer = NULL;

                if (!context || X509_STORE_CTX_init(context, store, at, NULL) != 1)
                        return -ENOMEM;
                if (X509_STORE_CTX_get1_issuer(&issuer, context, at) != 1)
                        return 0;
                X509_free(at);
                at = issuer;
        }
        return is_self_issued(at) ? append_pem(at, ret) : 0;
}

int bundle_find_root(Bundle *b, const StringList *files) {
        _cleanup_(certificate_stack_freep) CertificateStack *chain = NULL;
        _cleanup_(store_freep) X509_STORE *store = NULL;
        int r;

        bytes_done(&b->root);
        r = pem_read_certificates(b->fullchain.data, b->fullchain.size, &chain, NULL);
        if (r >= 0)
                r = trust_open(files, &store);
        if (r >= 0)
                r = climb(store, sk_X509_pop(chain), &b->root);
        ERR_clear_error();
        return r;
}
