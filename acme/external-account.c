/* The binding is a JWS like any other, but for its key: a shared secret. HS256 is what every CA takes; a longer hash is
 * used only when the file asks for it and the key is as long as the digest (G-02: Pebble 2.10 refuses it otherwise). */

#include "acme/external-account.h"

#include <openssl/err.h>
#include <string.h>

#include "acme/jwk.h"
#include "base/strings.h"

#define KID_MAX ((size_t) 512)
#define MAC_MIN ((size_t) 8) /* octets; what is shorter is no key but a mistake */

static const struct {
        const char *name, *digest;
        size_t size; /* octets of the digest */
} ALGORITHMS[] = {
        { "HS256", "SHA256", 32 },
        { "HS384", "SHA384", 48 },
        { "HS512", "SHA512", 64 },
};

void external_account_done(ExternalAccount *e) {
        free(e->kid);
        bytes_done(&e->mac);
        *e = (ExternalAccount){};
}

/* ---- the file ---- */

static bool is_space(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void trim(const char **text, size_t *size) {
        while (*size > 0 && is_space(**text)) {
                (*text)++;
                (*size)--;
        }
        while (*size > 0 && is_space((*text)[*size - 1]))
                (*size)--;
}

int external_account_decode(const char *text, Bytes *ret) {
        _cleanup_(bytes_done) Bytes plain = { .secret = true };
        size_t size = strlen(text), padding = 0;
        int r = 0;

        trim(&text, &size);
        while (size > 0 && text[size - 1] == '=' && padding < 2) {
                size--;
                padding++;
        }
        if (size == 0 || (padding > 0 && (size + padding) % 4 != 0))
                return -EBADMSG;
        for (size_t i = 0; i < size && r >= 0; i++) {
                char c = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];

                r = bytes_append(&plain, &c, 1);
        }
        return r < 0 ? r : base64url_decode(bytes_text(&plain), plain.size, ret);
}

static int take_kid(ExternalAccount *e, const char *value, const char **ret_reason) {
        if (!*value || strlen(value) > KID_MAX || !utf8_is_valid(value, strlen(value))) {
                *ret_reason = "kid= is empty or too long";
                return -EBADMSG;
        }
        return str_replace(&e->kid, value);
}

static int take_mac(ExternalAccount *e, const char *value, const char **ret_reason) {
        int r;

        bytes_done(&e->mac);
        r = external_account_decode(value, &e->mac);
        if (r != -EBADMSG && r < 0)
                return r;
        if (r >= 0 && e->mac.size >= MAC_MIN)
                return 0;
        *ret_reason = "hmac= is not the base64url text of a key";
        return -EBADMSG;
}

static int take_algorithm(ExternalAccount *e, const char *value, const char **ret_reason) {
        for (size_t i = 0; i < ELEMENTSOF(ALGORITHMS); i++)
                if (str_equal(value, ALGORITHMS[i].name)) {
                        e->algorithm = ALGORITHMS[i].name;
                        return 0;
                }
        *ret_reason = "alg= is none of HS256, HS384 and HS512";
        return -EBADMSG;
}

static int take_line(ExternalAccount *e, const char *line, const char **ret_reason) {
        const char *value;

        if (!*line || *line == '#')
                return 0;
        value = str_skip_prefix(line, "kid=");
        if (value)
                return take_kid(e, value, ret_reason);
        value = str_skip_prefix(line, "hmac=");
        if (value)
                return take_mac(e, value, ret_reason);
        value = str_skip_prefix(line, "alg=");
        if (value)
                return take_algorithm(e, value, ret_reason);
        *ret_reason = "a line is neither kid=... nor hmac=... nor alg=...";
        return -EBADMSG;
}

static int take_text_line(
                ExternalAccount *e, const char *text, size_t size, const char **ret_reason) {
        _cleanup_(bytes_done) Bytes line = { .secret = true };
        int r;

        trim(&text, &size);
        r = bytes_append(&line, text, size);
        return r < 0 ? r : take_line(e, bytes_text(&line), ret_reason);
}

static int judge(const ExternalAccount *e, const char **ret_reason) {
        if (!e->kid || e->mac.size == 0) {
                *ret_reason = e->kid ? "hmac= is missing" : "kid= is missing";
                return -EBADMSG;
        }
        for (size_t i = 0; i < ELEMENTSOF(ALGORITHMS); i++)
                if (str_equal(e->algorithm, ALGORITHMS[i].name) && i > 0 &&
                    e->mac.size < ALGORITHMS[i].size) {
                        *ret_reason = "the key is too short for alg=; leave alg= out";
                        return -EBADMSG;
                }
        return 0;
}

int external_account_parse(
                const char *text, size_t size, ExternalAccount *ret, const char **ret_reason) {
        _cleanup_(external_account_done) ExternalAccount e = {
                .mac = { .secret = true },
                .algorithm = ALGORITHMS[0].name,
        };
        int r = 0;

        *ret_reason = "it holds a NUL octet";
        if (size > 0 && memchr(text, '\0', size))
                return -EBADMSG;
        for (size_t at = 0; at < size && r >= 0;) {
                const char *end = memchr(text + at, '\n', size - at);
                size_t length = end ? (size_t) (end - text) - at : size - at;

                r = take_text_line(&e, text + at, length, ret_reason);
                at += length + 1;
        }
        if (r >= 0)
                r = judge(&e, ret_reason);
        if (r < 0)
                return r;
        *ret = e;
        e = (ExternalAccount){};
        return 0;
}

/* ---- the binding ---- */

static int encode(const Json *j, char **ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = json_to_string(j, &text);
        return r < 0 ? r : base64url_encode(text, strlen(text), ret);
}

/* Without a nonce (G-01). */
static int encode_header(const ExternalAccount *e, const char *url, char **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? json_set_string(j, "alg", e->algorithm) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "kid", e->kid);
        if (r >= 0)
                r = json_set_string(j, "url", url);
        return r < 0 ? r : encode(j, ret);
}

static int encode_key(EVP_PKEY *account, char **ret) {
        _cleanup_(json_freep) Json *j = NULL;
        int r;

        r = jwk_build(account, &j);
        return r < 0 ? r : encode(j, ret);
}

static int sign(const ExternalAccount *e, const char *input, char **ret) {
        unsigned char mac[EVP_MAX_MD_SIZE];
        const char *digest = ALGORITHMS[0].digest;
        size_t size;

        for (size_t i = 0; i < ELEMENTSOF(ALGORITHMS); i++)
                if (str_equal(e->algorithm, ALGORITHMS[i].name))
                        digest = ALGORITHMS[i].digest;
        if (!EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, e->mac.data, e->mac.size,
                       (const unsigned char *) input, strlen(input), mac, sizeof(mac), &size)) {
                ERR_clear_error();
                return -EIO;
        }
        return base64url_encode(mac, size, ret);
}

int external_account_bind(
                const ExternalAccount *e, EVP_PKEY *account, const char *url, Json **ret) {
        _cleanup_free_ char *protected = NULL, *payload = NULL, *input = NULL, *signature = NULL;
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? encode_header(e, url, &protected) : -ENOMEM;
        if (r >= 0)
                r = encode_key(account, &payload);
        if (r >= 0)
                r = str_printf(&input, "%s.%s", protected, payload);
        if (r >= 0)
                r = sign(e, input, &signature);
        if (r >= 0)
                r = json_set_string(j, "protected", protected);
        if (r >= 0)
                r = json_set_string(j, "payload", payload);
        if (r >= 0)
                r = json_set_string(j, "signature", signature);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}
