/* What must be shown for a challenge. */

#include "acme/challenge.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/bytes.h"
#include "base/strings.h"

#define LABEL_OCTETS 10 /* of the digest: 16 characters of base32 */

int key_authorization(const char *token, const char *thumbprint, char **ret) {
        return str_printf(ret, "%s.%s", token, thumbprint);
}

int dns01_value(const char *authorization, char **ret) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        size_t size;

        if (!EVP_Q_digest(NULL, "SHA256", NULL, authorization, strlen(authorization), digest,
                          &size))
                return -EIO;
        return base64url_encode(digest, size, ret);
}

/* ---- names ---- */

int dns01_name(const char *identifier, char **ret) {
        return str_printf(ret, "_acme-challenge.%s", identifier);
}

/* Five bits at a time, most significant first; LABEL_OCTETS is a multiple of five, so nothing is left over. */
static void base32(const unsigned char *data, char *ret) {
        static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

        for (size_t bit = 0; bit < LABEL_OCTETS * 8; bit += 5) {
                unsigned pair = (unsigned) data[bit / 8] << 8;

                if (bit / 8 + 1 < LABEL_OCTETS)
                        pair |= data[bit / 8 + 1];
                *ret++ = alphabet[(pair >> (11 - bit % 8)) & 31];
        }
        *ret = 0;
}

int dns_account_label(const char *account_url, char **ret) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        char label[LABEL_OCTETS * 8 / 5 + 1];

        if (!EVP_Q_digest(NULL, "SHA256", NULL, account_url, strlen(account_url), digest, NULL))
                return -EIO;
        base32(digest, label);
        return str_printf(ret, "_%s", label);
}

int dns_account_name(const char *account_url, const char *identifier, char **ret) {
        _cleanup_free_ char *label = NULL;
        int r;

        r = dns_account_label(account_url, &label);
        return r < 0 ? r : str_printf(ret, "%s._acme-challenge.%s", label, identifier);
}

/* ---- dns-persist-01 ---- */

static const char *base_name(const char *name) {
        const char *base = str_skip_prefix(name, "*.");

        return base ? base : name;
}

int dns_persist_name(const char *name, char **ret) {
        return str_printf(ret, "_validation-persist.%s", base_name(name));
}

int dns_persist_hash(
                const char *domain, const char *thumbprint, const char *account_url, char **ret) {
        _cleanup_(bytes_done) Bytes b = {};
        unsigned char digest[EVP_MAX_MD_SIZE];
        size_t size = strlen(domain), digest_size;
        uint8_t length = (uint8_t) size;
        int r;

        if (size > UINT8_MAX)
                return -EINVAL;
        r = bytes_append(&b, &length, 1);
        if (r >= 0)
                r = bytes_printf(&b, "%s%s%s", domain, thumbprint, account_url);
        if (r < 0)
                return r;
        if (!EVP_Q_digest(NULL, "SHA256", NULL, b.data, b.size, digest, &digest_size))
                return -EIO;
        return base64url_encode(digest, digest_size, ret);
}

int dns_persist_value(const PersistFacts *f, char **ret) {
        const char *policy = f->name[0] == '*' ? "; policy=wildcard" : "";
        _cleanup_free_ char *hash = NULL;
        int r;

        if (!f->hash_prefix)
                return str_printf(ret, "%s; accounturi=%s%s", f->issuer, f->account_url, policy);
        r = dns_persist_hash(base_name(f->name), f->thumbprint, f->account_url, &hash);
        return r < 0 ? r
                     : str_printf(ret, "%s; accounturi=%ssha-256/%s%s", f->issuer, f->hash_prefix,
                                  hash, policy);
}
