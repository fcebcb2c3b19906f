/* Could a service run on what was saved? */

#include <openssl/x509.h>
#include <string.h>

#include "acme/certinfo.h"
#include "hooks/keystore.h"
#include "hooks/saved.h"

#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END   "-----END CERTIFICATE-----"

/* The certificates of a file that may hold its key before or behind them. */
static int certificates_of(const Bytes *content, Bytes *ret) {
        const char *at = bytes_text(content);
        int r = -EBADMSG;

        while ((at = strstr(at, BEGIN))) {
                const char *end = strstr(at, END);

                if (!end)
                        return -EBADMSG;
                r = bytes_printf(ret, "%.*s\n", (int) (end + strlen(END) - at), at);
                if (r < 0)
                        return r;
                at = end;
        }
        return r;
}

static int key_of(const Place *p, const Bytes *content, EVP_PKEY **ret) {
        _cleanup_(keystore_done) Keystore k = {};
        const unsigned char *at = content->data;
        int r;

        if (file_format_is_keystore(p->form.format)) {
                r = keystore_read(content, bytes_text(&p->password), &k);
                *ret = r < 0 ? NULL : TAKE_PTR(k.key);
                return r;
        }
        if (p->form.format != FILE_FORMAT_DER)
                return key_from_pem(content->data, content->size, ret);
        *ret = d2i_AutoPrivateKey(NULL, &at, (long) content->size);
        return *ret ? 0 : -EBADMSG;
}

/* The leaf as PEM, with what follows it where the file is text. */
static int chain_of(const Place *p, const Bytes *content, Bytes *ret) {
        _cleanup_(keystore_done) Keystore k = {};
        unsigned char *der = NULL;
        bool is_root;
        int r, n;

        if (p->form.format == FILE_FORMAT_PEM)
                return certificates_of(content, ret);
        if (p->form.format == FILE_FORMAT_DER)
                return certificate_der_to_pem(content->data, content->size, ret, &is_root);
        r = keystore_read(content, bytes_text(&p->password), &k);
        if (r < 0)
                return r;
        n = i2d_X509(sk_X509_value(k.chain, 0), &der);
        r = n < 0 ? -ENOMEM : certificate_der_to_pem(der, (size_t) n, ret, &is_root);
        OPENSSL_free(der);
        return r;
}

static int key_matches(const Saved *s, const Bytes *chain) {
        for (size_t i = 0; i < s->places.count; i++) {
                _cleanup_(key_freep) EVP_PKEY *key = NULL;
                int r;

                if (!file_content_holds_key(s->places.items[i].content))
                        continue;
                r = key_of(&s->places.items[i], &s->contents[i], &key);
                return r < 0 ? r : chain_matches_key(chain->data, chain->size, key);
        }
        return 1; /* a target without a key */
}

static bool is_good(const Saved *s, size_t i, int64_t now, const StringList *revoked) {
        _cleanup_(certinfo_done) CertInfo info = {};
        _cleanup_(bytes_done) Bytes chain = {};

        return chain_of(&s->places.items[i], &s->contents[i], &chain) >= 0 &&
               certinfo_parse(chain.data, chain.size, &info, NULL) >= 0 && info.not_after > now &&
               !string_list_contains(revoked, info.leaf_sha256) && key_matches(s, &chain) > 0;
}

bool saved_is_usable(const Saved *s, int64_t now, const StringList *revoked) {
        for (size_t i = 0; i < s->places.count; i++)
                if (!s->existed[i])
                        return false;
        for (size_t i = 0; i < s->places.count; i++)
                if (file_content_holds(s->places.items[i].content, FILE_CERT) &&
                    !is_good(s, i, now, revoked))
                        return false;
        return s->places.count > 0;
}
