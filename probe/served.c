/* The facts of what was served. A leaf that is no good certificate is still a leaf that clients get:
 * what cannot be read of it stays empty, its digest is always there. */

#include "probe/served.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "acme/certinfo.h"
#include "base/bytes.h"

static int read_digest(X509 *leaf, ProbeResult *ret) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        _cleanup_free_ char *hex = NULL;
        unsigned size;
        int r;

        if (X509_digest(leaf, EVP_sha256(), digest, &size) != 1)
                return -EIO;
        r = hex_encode(digest, size, &hex);
        if (r < 0)
                return r;
        assert(strlen(hex) + 1 == sizeof(ret->leaf_sha256));
        memcpy(ret->leaf_sha256, hex, sizeof(ret->leaf_sha256));
        return 0;
}

/* Appends; what does not fit any more is left out. */
static int append_pem(X509 *certificate, Bytes *ret) {
        BIO *bio = BIO_new(BIO_s_mem());
        char *text;
        int r = -EIO;

        if (!bio)
                return -ENOMEM;
        if (PEM_write_bio_X509(bio, certificate) == 1) {
                long size = BIO_get_mem_data(bio, &text);
                r = bytes_append(ret, text, (size_t) size);
        }
        (void) BIO_free(bio); /* memory only */
        return r == -E2BIG ? 0 : r;
}

static int read_words(const Bytes *leaf_pem, ProbeResult *ret) {
        _cleanup_(certinfo_done) CertInfo info = {};
        int r;

        r = certinfo_parse(leaf_pem->data, leaf_pem->size, &info, NULL);
        if (r < 0 && r != -EBADMSG)
                return r;
        ret->not_after = info.not_after;
        ret->subject = info.subject ? TAKE_PTR(info.subject) : strdup("");
        ret->issuer = info.issuer ? TAKE_PTR(info.issuer) : strdup("");
        ret->serial = info.serial ? TAKE_PTR(info.serial) : strdup("");
        return ret->subject && ret->issuer && ret->serial ? 0 : -ENOMEM;
}

int probe_served(X509 *leaf, const ServedChain *chain, ProbeResult *ret) {
        _cleanup_(bytes_done) Bytes pem = {};
        int r;

        ret->outcome = PROBE_SERVED;
        ret->chain_count = (size_t) MAX(sk_X509_num(chain), 1);
        r = read_digest(leaf, ret);
        if (r >= 0)
                r = append_pem(leaf, &pem);
        if (r >= 0)
                r = read_words(&pem, ret);
        for (int i = 1; r >= 0 && i < MIN(sk_X509_num(chain), PROBE_CHAIN_MAX); i++)
                r = append_pem(sk_X509_value(chain, i), &pem);
        ERR_clear_error();
        if (r < 0)
                return r;
        ret->chain_pem = bytes_take_text(&pem);
        return ret->chain_pem ? 0 : -ENOMEM;
}
