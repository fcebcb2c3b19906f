#include "probe/trust.h"

#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "probe/probe.h"

DEFINE_CLEANUP(BIO *, BIO_free)
DEFINE_CLEANUP(X509 *, X509_free)
DEFINE_CLEANUP(X509_STORE *, X509_STORE_free)
DEFINE_CLEANUP(X509_STORE_CTX *, X509_STORE_CTX_free)

static STACK_OF(X509) * read_rest(BIO *bio) {
        STACK_OF(X509) *rest = sk_X509_new_null();

        for (size_t i = 0; rest && i < PROBE_CHAIN_MAX; i++) {
                X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

                if (!x)
                        break;
                if (sk_X509_push(rest, x) <= 0) {
                        X509_free(x);
                        break;
                }
        }
        return rest;
}

static bool verify(X509 *leaf, STACK_OF(X509) * rest, int64_t now) {
        _cleanup_(X509_STORE_freep) X509_STORE *store = X509_STORE_new();
        _cleanup_(X509_STORE_CTX_freep) X509_STORE_CTX *ctx = X509_STORE_CTX_new();

        if (!store || !ctx || X509_STORE_set_default_paths(store) != 1 ||
            X509_STORE_CTX_init(ctx, store, leaf, rest) != 1)
                return false;
        X509_STORE_CTX_set_time(ctx, 0, (time_t) now);
        return X509_verify_cert(ctx) == 1;
}

bool probe_is_trusted(const char *chain_pem, int64_t now) {
        _cleanup_(BIO_freep) BIO *bio = chain_pem ? BIO_new_mem_buf(chain_pem, -1) : NULL;
        _cleanup_(X509_freep) X509 *leaf = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
        STACK_OF(X509) * rest;
        bool trusted;

        if (!leaf)
                return false;
        rest = read_rest(bio);
        trusted = rest && verify(leaf, rest, now);
        sk_X509_pop_free(rest, X509_free);
        return trusted;
}
