/* PEM, read by hand: OpenSSL's reader skips what it does not know, while here a block of any other
 * kind (a private key, above all) makes the whole text invalid. Text between blocks, CRLF, blank
 * lines and a missing final newline are tolerated (P-02). */

#include <openssl/err.h>
#include <string.h>

#include "acme/chain.h"

#define BEGIN             "-----BEGIN "
#define BEGIN_CERTIFICATE "-----BEGIN CERTIFICATE-----"
#define END_CERTIFICATE   "-----END CERTIFICATE-----"

int chain_refuse(const char **ret_reason, const char *reason) {
        if (ret_reason)
                *ret_reason = reason;
        return -EBADMSG;
}

void certificate_stack_free(CertificateStack *s) {
        sk_X509_pop_free(s, X509_free);
}

static bool is_space(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Base64 to DER; appended. */
static int decode_body(const char *text, size_t size, Bytes *ret) {
        _cleanup_free_ char *packed = malloc(size + 1);
        _cleanup_free_ unsigned char *der = malloc(size + 1);
        size_t n = 0, padding = 0;

        if (!packed || !der)
                return -ENOMEM;
        for (size_t i = 0; i < size; i++)
                if (!is_space(text[i]))
                        packed[n++] = text[i];
        packed[n] = 0;
        while (padding < 2 && n > padding && packed[n - 1 - padding] == '=')
                padding++;
        if (n == 0 || n % 4 != 0 ||
            strspn(packed, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                           "0123456789+/") != n - padding)
                return -EBADMSG;
        int decoded = EVP_DecodeBlock(der, (const unsigned char *) packed, (int) n);
        if (decoded < 0)
                return -EBADMSG;
        return bytes_append(ret, der, (size_t) decoded - padding);
}

static int decode_certificate(const char *text, size_t size, X509 **ret) {
        _cleanup_(bytes_done) Bytes der = {};
        int r;

        r = decode_body(text, size, &der);
        if (r < 0)
                return r;
        const unsigned char *p = der.data;
        X509 *c = d2i_X509(NULL, &p, (long) der.size);
        if (!c || p != der.data + der.size) {
                X509_free(c);
                ERR_clear_error();
                return -EBADMSG;
        }
        *ret = c;
        return 0;
}

/* Reads the block at *p and advances *p behind it. */
static int read_block(
                const char **p, const char *end, CertificateStack *s, const char **ret_reason) {
        size_t left = (size_t) (end - *p);
        X509 *c = NULL;
        int r;

        if (left < strlen(BEGIN_CERTIFICATE) ||
            memcmp(*p, BEGIN_CERTIFICATE, strlen(BEGIN_CERTIFICATE)) != 0)
                return chain_refuse(ret_reason, "it holds something else than certificates");
        const char *body = *p + strlen(BEGIN_CERTIFICATE);
        const char *close = memmem(
                        body, (size_t) (end - body), END_CERTIFICATE, strlen(END_CERTIFICATE));
        if (!close)
                return chain_refuse(ret_reason, "a certificate in it has no end");
        if (sk_X509_num(s) >= CHAIN_MAX_CERTIFICATES)
                return chain_refuse(ret_reason, "it holds too many certificates");
        r = decode_certificate(body, (size_t) (close - body), &c);
        if (r == -EBADMSG)
                return chain_refuse(ret_reason, "a certificate in it cannot be decoded");
        if (r < 0)
                return r;
        if (sk_X509_push(s, c) <= 0) {
                X509_free(c);
                return -ENOMEM;
        }
        *p = close + strlen(END_CERTIFICATE);
        return 0;
}

int pem_read_certificates(
                const void *pem, size_t size, CertificateStack **ret, const char **ret_reason) {
        _cleanup_(certificate_stack_freep) CertificateStack *s = NULL;
        int r;

        if (size > CHAIN_MAX_SIZE)
                return chain_refuse(ret_reason, "it is too large");
        s = sk_X509_new_null();
        if (!s)
                return -ENOMEM;

        const char *end = (const char *) pem + size;
        for (const char *p = pem; p < end;) {
                p = memmem(p, (size_t) (end - p), BEGIN, strlen(BEGIN));
                if (!p)
                        break;
                r = read_block(&p, end, s, ret_reason);
                if (r < 0)
                        return r;
        }
        if (sk_X509_num(s) == 0)
                return chain_refuse(ret_reason, "there is no certificate in it");
        *ret = TAKE_PTR(s);
        return 0;
}
