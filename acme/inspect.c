#include "acme/inspect.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>

#include "acme/inspect-internal.h"

#define FINDINGS_MAX 200

void inspection_done(Inspection *i) {
        for (size_t k = 0; k < i->count; k++) {
                InspectedCertificate *c = &i->certificates[k];

                free(c->subject);
                free(c->issuer);
                free(c->serial);
                free(c->pin);
                free(c->key);
                free(c->signature);
        }
        for (size_t k = 0; k < i->finding_count; k++)
                free(i->findings[k].text);
        free(i->certificates);
        free(i->findings);
        free(i->root);
        string_list_done(&i->names);
        *i = (Inspection){};
}

bool inspection_is_good(const Inspection *i) {
        for (size_t k = 0; k < i->finding_count; k++)
                if (i->findings[k].fault)
                        return false;
        return true;
}

int inspection_add(Inspection *i, FindingKind kind, bool fault, const char *format, ...) {
        _cleanup_free_ char *text = NULL, *shown = NULL;
        Finding *grown;
        va_list ap;

        if (i->finding_count >= FINDINGS_MAX)
                return 0;
        va_start(ap, format);
        int r = vasprintf(&text, format, ap);
        va_end(ap);
        shown = r < 0 ? NULL : str_escape(text, STR_ESCAPE_MAX);
        grown = reallocarray(i->findings, i->finding_count + 1, sizeof *grown);
        if (grown)
                i->findings = grown;
        if (r < 0) /* then `text` is undefined */
                text = NULL;
        if (!grown || !shown)
                return -ENOMEM;
        grown[i->finding_count++] = (Finding){ kind, fault, TAKE_PTR(shown) };
        return 0;
}

/* ---- which one is the leaf ---- */

static bool matches(X509 *c, EVP_PKEY *key) {
        EVP_PKEY *public = X509_get0_pubkey(c);
        bool same = public && EVP_PKEY_eq(public, key) == 1;

        ERR_clear_error();
        return same;
}

static bool issues_another(const CertificateStack *s, X509 *c) {
        for (int k = 0; k < sk_X509_num(s); k++) {
                X509 *other = sk_X509_value(s, k);

                if (other != c &&
                    X509_NAME_cmp(X509_get_subject_name(c), X509_get_issuer_name(other)) == 0)
                        return true;
        }
        return false;
}

/* A service's first one, for that is what clients take. Of a file the one that its key is for, else the first that
 * issued none of the others and is no CA. */
static X509 *choose_leaf(const Material *m, bool served) {
        X509 *leaf = NULL;

        if (served)
                return sk_X509_value(m->certificates, 0);
        for (int k = 0; k < sk_X509_num(m->certificates); k++) {
                X509 *c = sk_X509_value(m->certificates, k);

                if (m->key && matches(c, m->key))
                        return c;
                if (!issues_another(m->certificates, c) &&
                    (!leaf || (X509_check_ca(leaf) > 0 && X509_check_ca(c) == 0)))
                        leaf = c;
        }
        return leaf ? leaf : sk_X509_value(m->certificates, 0);
}

/* ---- the file ---- */

static int without_certificate(const Material *m, Inspection *i) {
        if (m->encrypted)
                return inspection_add(
                                i, FINDING_ENCRYPTED_FILE, true,
                                "it is a PKCS#12 file with a password, or of a kind that is too old");
        if (m->unreadable > 0)
                return inspection_add(
                                i, FINDING_UNREADABLE_CERTIFICATE, true,
                                "the certificate in it cannot be read");
        return inspection_add(
                        i, FINDING_NO_CERTIFICATE, true, "%s",
                        m->request ? "it holds a certificate request and no certificate"
                        : m->key || m->key_encrypted || m->key_unreadable
                                        ? "it holds a private key and no certificate"
                                        : "there is no certificate in it");
}

static int check_file(const Material *m, X509 *leaf, Inspection *i) {
        int r = 0;

        i->has_key = m->key != NULL;
        if (m->unreadable > 0)
                r = inspection_add(
                                i, FINDING_UNREADABLE_CERTIFICATE, true,
                                "%zu of the certificates in it cannot be read", m->unreadable);
        if (r >= 0 && m->key_encrypted)
                r = inspection_add(i, FINDING_KEY_ENCRYPTED, true, "the key in it is encrypted");
        if (r >= 0 && m->key_unreadable)
                r = inspection_add(i, FINDING_KEY_UNREADABLE, true, "the key in it cannot be read");
        if (r >= 0 && m->key && !matches(leaf, m->key))
                r =
                                inspection_add(i, FINDING_KEY_MISMATCH, true,
                                               "the key in it is not that of the certificate");
        return r;
}

/* The path first, then the rest. */
static int tell_all(Inspector *i) {
        Inspection *result = i->result;
        int r = 0;

        result->certificates = calloc((size_t) sk_X509_num(i->all), sizeof *result->certificates);
        if (!result->certificates)
                return -ENOMEM;
        for (int k = 0; k < sk_X509_num(i->path) && r >= 0; k++) {
                InspectedCertificate *c = &result->certificates[result->count++];

                c->in_path = true;
                r = inspect_facts(sk_X509_value(i->path, k), c);
        }
        for (int k = 0; k < sk_X509_num(i->all) && r >= 0; k++) {
                X509 *c = sk_X509_value(i->all, k);
                bool told = false;

                for (int p = 0; p < sk_X509_num(i->path); p++)
                        told = told || sk_X509_value(i->path, p) == c;
                if (!told)
                        r = inspect_facts(c, &result->certificates[result->count++]);
        }
        return r;
}

int inspect(const InspectInput *input, Inspection *ret) {
        _cleanup_(inspection_done) Inspection result = {};
        _cleanup_(material_done) Material m = {};
        Inspector i = { .input = input, .result = &result };
        int r;

        r = material_read(input->data, &m);
        if (r < 0)
                return r;
        if (sk_X509_num(m.certificates) == 0)
                r = without_certificate(&m, &result);
        else {
                i.all = m.certificates;
                i.ordered = m.ordered;
                i.leaf = choose_leaf(&m, input->served);
                i.path = sk_X509_new_null();
                r = i.path ? check_file(&m, i.leaf, &result) : -ENOMEM;
                if (r >= 0)
                        r = inspect_path(&i);
                if (r >= 0)
                        r = tell_all(&i);
                if (r >= 0)
                        r = inspect_chain(&i);
                if (r >= 0)
                        r = inspect_leaf(&i);
                if (r >= 0)
                        r = inspect_names(&i);
                sk_X509_free(i.path);
        }
        if (r < 0)
                return r;
        *ret = result;
        result = (Inspection){};
        return 0;
}
