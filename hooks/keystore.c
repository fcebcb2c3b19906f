#include "hooks/keystore.h"

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <string.h>

#include "acme/key.h"

#define ITERATIONS     10000
#define JKS_ALIAS_NONE "1" /* what keytool calls an entry without a name */

void keystore_done(Keystore *k) {
        k->key = key_free(k->key);
        certificate_stack_free(k->chain);
        free(k->alias);
        *k = (Keystore){};
}

static void pkcs12_freep(PKCS12 **p) {
        PKCS12_free(*p);
}

static void certificate_freep(X509 **c) {
        X509_free(*c);
}

/* ---- write ---- */

static int move_all(CertificateStack *from, CertificateStack *to) {
        while (sk_X509_num(from) > 0) {
                X509 *c = sk_X509_shift(from);

                if (sk_X509_push(to, c) <= 0) {
                        X509_free(c);
                        return -ENOMEM;
                }
        }
        return 0;
}

static int add_certificates(const Bytes *pem, CertificateStack *to) {
        _cleanup_(certificate_stack_freep) CertificateStack *more = NULL;
        int r;

        if (pem->size == 0)
                return 0;
        r = pem_read_certificates(pem->data, pem->size, &more, NULL);
        return r < 0 ? r : move_all(more, to);
}

/* The leaf, and what stands behind it. */
static int load_certificates(
                const Bundle *b, FileContent content, X509 **ret_leaf, CertificateStack *others) {
        int r = add_certificates(&b->cert, others);

        if (r >= 0)
                *ret_leaf = sk_X509_shift(others);
        if (r >= 0 && file_content_holds(content, FILE_CHAIN))
                r = add_certificates(&b->chain, others);
        if (r < 0 || !file_content_holds(content, FILE_ROOT) || bundle_root_is_leaf(b))
                return r;
        return b->root.size == 0 ? -ENODATA : add_certificates(&b->root, others);
}

/* The MAC is set apart: the library's default for it is another one in each version. */
static PKCS12 *encrypt(
                EVP_PKEY *key,
                X509 *leaf,
                CertificateStack *others,
                const FileForm *form,
                const char *password) {
        int cipher = form->legacy ? NID_pbe_WithSHA1And3_Key_TripleDES_CBC : NID_aes_256_cbc;
        _cleanup_(pkcs12_freep) PKCS12 *p = PKCS12_create_ex(
                        password, form->alias, key, leaf, others, cipher, cipher, ITERATIONS, -1, 0,
                        NULL, NULL);

        if (!p || PKCS12_set_mac(p, password, -1, NULL, 0, ITERATIONS,
                                 form->legacy ? EVP_sha1() : EVP_sha256()) != 1)
                return NULL;
        return TAKE_PTR(p);
}

int keystore_write(
                const Bundle *b,
                FileContent content,
                const FileForm *form,
                const char *password,
                Bytes *ret) {
        _cleanup_(certificate_stack_freep) CertificateStack *others = sk_X509_new_null();
        _cleanup_(certificate_freep) X509 *leaf = NULL;
        _cleanup_(pkcs12_freep) PKCS12 *p = NULL;
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        unsigned char *der = NULL;
        int r, n;

        assert(ret->secret);
        if (b->key.size == 0)
                return -ENOKEY;
        r = others ? key_from_pem(b->key.data, b->key.size, &key) : -ENOMEM;
        if (r >= 0)
                r = load_certificates(b, content, &leaf, others);
        if (r < 0)
                return r;
        p = encrypt(key, leaf, others, form, password);
        n = p ? i2d_PKCS12(p, &der) : -1;
        ERR_clear_error();
        if (n <= 0)
                return -EIO;
        r = bytes_append(ret, der, (size_t) n);
        OPENSSL_clear_free(der, (size_t) n);
        return r;
}

/* ---- read ---- */

static bool has_legacy_mac(const PKCS12 *p) {
        const ASN1_OBJECT *object = NULL;
        const X509_ALGOR *algorithm = NULL;

        PKCS12_get0_mac(NULL, &algorithm, NULL, NULL, p);
        if (!algorithm)
                return false;
        X509_ALGOR_get0(&object, NULL, NULL, algorithm);
        return OBJ_obj2nid(object) == NID_sha1;
}

static int take_alias(X509 *leaf, char **ret) {
        int size = 0;
        const unsigned char *alias = X509_alias_get0(leaf, &size);

        if (!alias || size <= 0)
                return 0;
        *ret = strndup((const char *) alias, (size_t) size);
        return *ret ? 0 : -ENOMEM;
}

static int pkcs12_read(const Bytes *octets, const char *password, Keystore *ret) {
        _cleanup_(keystore_done) Keystore k = { .format = FILE_FORMAT_PKCS12 };
        _cleanup_(certificate_freep) X509 *leaf = NULL;
        _cleanup_(pkcs12_freep) PKCS12 *p = NULL;
        const unsigned char *at = octets->data;
        int r;

        p = d2i_PKCS12(NULL, &at, (long) octets->size);
        if (!p || PKCS12_parse(p, password, &k.key, &leaf, &k.chain) != 1 || !k.key || !leaf)
                return -EBADMSG;
        k.legacy = has_legacy_mac(p);
        r = take_alias(leaf, &k.alias);
        if (r < 0)
                return r;
        if (!k.chain)
                k.chain = sk_X509_new_null();
        if (!k.chain || sk_X509_unshift(k.chain, leaf) <= 0)
                return -ENOMEM;
        leaf = NULL; /* the chain has it */
        *ret = k;
        k = (Keystore){};
        return 0;
}

int keystore_read(const Bytes *octets, const char *password, Keystore *ret) {
        int r;

        if (octets->size == 0)
                return -EBADMSG;
        r = jks_looks_so(octets) ? jks_read(octets, password, ret)
                                 : pkcs12_read(octets, password, ret);
        ERR_clear_error();
        return r;
}

/* ---- compare ---- */

static bool chain_has(const CertificateStack *s, X509 *c) {
        for (int i = 0; i < sk_X509_num(s); i++)
                if (X509_cmp(sk_X509_value(s, i), c) == 0)
                        return true;
        return false;
}

/* Behind the leaf the order is the reader's own business. */
static bool same_chain(const CertificateStack *a, const CertificateStack *b) {
        if (sk_X509_num(a) != sk_X509_num(b) || sk_X509_num(a) == 0 ||
            X509_cmp(sk_X509_value(a, 0), sk_X509_value(b, 0)) != 0)
                return false;
        for (int i = 1; i < sk_X509_num(a); i++)
                if (!chain_has(b, sk_X509_value(a, i)))
                        return false;
        return true;
}

/* A JKS knows small letters only. */
static bool same_alias(const Keystore *there, const char *wanted) {
        if (there->format == FILE_FORMAT_JKS)
                return str_equal_ignore_case(there->alias, wanted ? wanted : JKS_ALIAS_NONE);
        return str_equal(there->alias, wanted);
}

bool keystore_same(
                const Bytes *there,
                const Bytes *wanted,
                const FileForm *form,
                const char *password) {
        _cleanup_(keystore_done) Keystore a = {}, b = {};

        if (keystore_read(there, password, &a) < 0 || keystore_read(wanted, password, &b) < 0)
                return false;
        return a.format == form->format && a.legacy == form->legacy &&
               same_alias(&a, form->alias) && EVP_PKEY_eq(a.key, b.key) == 1 &&
               same_chain(a.chain, b.chain);
}
