/* Java's own keystore, read to see what is in it; keytool writes it. Big-endian numbers, strings with a length of two
 * octets, and at the end SHA-1 over password, a phrase and all before it. The key is masked with a stream of SHA-1
 * (JDK: sun.security.provider.JavaKeyStore and KeyProtector). */

#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <string.h>

#include "acme/key.h"
#include "hooks/keystore.h"

#define MAGIC       0xfeedfeedU
#define VERSION     2
#define TAG_KEY     1
#define PHRASE      "Mighty Aphrodite"
#define CHAIN_MAX   CHAIN_MAX_CERTIFICATES
#define DIGEST_SIZE ((size_t) SHA_DIGEST_LENGTH)

typedef struct Reader {
        const uint8_t *at;
        size_t left;
        bool failed; /* ran over the end */
} Reader;

static const uint8_t *take(Reader *r, size_t size) {
        const uint8_t *at = r->at;

        if (r->failed || size > r->left) {
                r->failed = true;
                return NULL;
        }
        r->at += size;
        r->left -= size;
        return at;
}

static uint32_t number(Reader *r, size_t size) {
        const uint8_t *at = take(r, size);
        uint32_t value = 0;

        for (size_t i = 0; at && i < size; i++)
                value = value << 8 | at[i];
        return value;
}

bool jks_looks_so(const Bytes *octets) {
        Reader r = { octets->data, octets->size, false };

        return number(&r, 4) == MAGIC;
}

/* UTF-16, high octet first; passwords are ASCII. */
static int wide_password(const char *password, Bytes *ret) {
        int r = 0;

        for (const char *p = password; *p && r >= 0; p++)
                r = bytes_append(ret, (const char[]){ 0, *p }, 2);
        return r;
}

/* SHA-1 over the parts in turn. */
static int digest(const Bytes *const parts[], size_t count, uint8_t ret[DIGEST_SIZE]) {
        EVP_MD_CTX *c = EVP_MD_CTX_new();
        bool good = c && EVP_DigestInit_ex(c, EVP_sha1(), NULL) == 1;

        for (size_t i = 0; good && i < count; i++)
                good = EVP_DigestUpdate(c, parts[i]->data, parts[i]->size) == 1;
        good = good && EVP_DigestFinal_ex(c, ret, NULL) == 1;
        EVP_MD_CTX_free(c);
        return good ? 0 : -EIO;
}

static int check_integrity(const Bytes *octets, const Bytes *password) {
        const Bytes phrase = { .data = (uint8_t *) PHRASE, .size = strlen(PHRASE) };
        Bytes content = *octets; /* borrows */
        const Bytes *const parts[] = { password, &phrase, &content };
        uint8_t expected[DIGEST_SIZE];
        int r;

        if (octets->size < DIGEST_SIZE)
                return -EBADMSG;
        content.size -= DIGEST_SIZE;
        r = digest(parts, ELEMENTSOF(parts), expected);
        if (r < 0)
                return r;
        return memcmp(expected, octets->data + content.size, DIGEST_SIZE) == 0 ? 0 : -EBADMSG;
}

/* salt, masked key, check sum */
static int unmask(const uint8_t *data, size_t size, const Bytes *password, Bytes *ret) {
        uint8_t stream[DIGEST_SIZE], sum[DIGEST_SIZE];
        Bytes last = { .data = stream, .size = DIGEST_SIZE };
        const Bytes *const link[] = { password, &last }, *const whole[] = { password, ret };
        size_t plain = size > 2 * DIGEST_SIZE ? size - 2 * DIGEST_SIZE : 0;
        int r = plain > 0 ? 0 : -EBADMSG;

        if (r >= 0)
                memcpy(stream, data, DIGEST_SIZE);
        for (size_t i = 0; i < plain && r >= 0; i++) {
                if (i % DIGEST_SIZE == 0)
                        r = digest(link, ELEMENTSOF(link), stream);
                if (r >= 0)
                        r =
                                        bytes_append(ret,
                                                     &(uint8_t){ data[DIGEST_SIZE + i] ^
                                                                 stream[i % DIGEST_SIZE] },
                                                     1);
        }
        if (r >= 0)
                r = digest(whole, ELEMENTSOF(whole), sum);
        explicit_bzero(stream, sizeof stream);
        if (r < 0)
                return r;
        return memcmp(sum, data + DIGEST_SIZE + plain, DIGEST_SIZE) == 0 ? 0 : -EBADMSG;
}

/* EncryptedPrivateKeyInfo with Sun's own algorithm. */
static int read_key(Reader *in, const Bytes *password, EVP_PKEY **ret) {
        size_t size = number(in, 4);
        const uint8_t *at = take(in, size);
        _cleanup_(bytes_done) Bytes plain = { .secret = true };
        const ASN1_OCTET_STRING *masked;
        const unsigned char *p = at;
        X509_SIG *sealed;
        int r;

        sealed = at ? d2i_X509_SIG(NULL, &p, (long) size) : NULL;
        if (!sealed)
                return -EBADMSG;
        X509_SIG_get0(sealed, NULL, &masked);
        r = unmask(ASN1_STRING_get0_data(masked), (size_t) ASN1_STRING_length(masked), password,
                   &plain);
        X509_SIG_free(sealed);
        if (r < 0)
                return r;
        p = plain.data;
        *ret = d2i_AutoPrivateKey(NULL, &p, (long) plain.size);
        return *ret ? 0 : -EBADMSG;
}

static int read_certificate(Reader *in, CertificateStack *chain) {
        const uint8_t *at;
        size_t size;
        X509 *c;

        (void) take(in, number(in, 2)); /* "X.509" */
        size = number(in, 4);
        at = take(in, size);
        c = at ? d2i_X509(NULL, &at, (long) size) : NULL;
        if (!c)
                return -EBADMSG;
        if (sk_X509_push(chain, c) > 0)
                return 0;
        X509_free(c);
        return -ENOMEM;
}

static int read_entry(Reader *in, const Bytes *password, Keystore *k) {
        size_t size = number(in, 2);
        const uint8_t *alias = take(in, size);
        uint32_t count;
        int r;

        (void) take(in, 8); /* when it was made */
        k->alias = alias ? strndup((const char *) alias, size) : NULL;
        k->chain = sk_X509_new_null();
        if (!k->alias || !k->chain)
                return alias ? -ENOMEM : -EBADMSG;
        r = read_key(in, password, &k->key);
        if (r < 0)
                return r;
        count = number(in, 4);
        if (in->failed || count == 0 || count > CHAIN_MAX)
                return -EBADMSG;
        for (uint32_t i = 0; i < count && r >= 0; i++)
                r = read_certificate(in, k->chain);
        return r;
}

int jks_read(const Bytes *octets, const char *password, Keystore *ret) {
        _cleanup_(bytes_done) Bytes wide = { .secret = true };
        _cleanup_(keystore_done) Keystore k = { .format = FILE_FORMAT_JKS };
        Reader in = { octets->data, octets->size, false };
        int r;

        r = wide_password(password, &wide);
        if (r >= 0)
                r = check_integrity(octets, &wide);
        if (r >= 0 && (number(&in, 4) != MAGIC || number(&in, 4) != VERSION ||
                       number(&in, 4) != 1 || number(&in, 4) != TAG_KEY))
                r = -EBADMSG;
        if (r >= 0)
                r = read_entry(&in, &wide, &k);
        if (r < 0)
                return r;
        *ret = k;
        k = (Keystore){};
        return 0;
}
