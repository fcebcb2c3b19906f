/* The chain: from the leaf to its issuers as far as they are there, by signature and not by name alone; then what a client
 * that knows the roots only would make of it, and what lies about besides. */

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "acme/inspect-internal.h"

/* ---- the way from the leaf ---- */

static bool has_signed(X509 *issuer, X509 *c) {
        EVP_PKEY *key = X509_get0_pubkey(issuer);
        bool signed_it = key && X509_verify(c, key) == 1;

        ERR_clear_error();
        return signed_it;
}

static bool is_named_issuer(X509 *issuer, X509 *c) {
        return X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(c)) == 0;
}

static int index_of(const CertificateStack *s, X509 *c) {
        for (int k = 0; k < sk_X509_num(s); k++)
                if (sk_X509_value(s, k) == c)
                        return k;
        return -1;
}

/* One that is on the way already is not taken again, nor its double. */
static X509 *find_issuer(const Inspector *i, X509 *c, bool *ret_named) {
        for (int k = 0; k < sk_X509_num(i->all); k++) {
                X509 *candidate = sk_X509_value(i->all, k);

                if (candidate == c || index_of(i->path, candidate) >= 0 ||
                    !is_named_issuer(candidate, c))
                        continue;
                *ret_named = true;
                if (has_signed(candidate, c))
                        return candidate;
        }
        return NULL;
}

int inspect_path(Inspector *i) {
        X509 *c = i->leaf;

        for (;;) {
                _cleanup_free_ char *name = NULL;
                bool named = false;
                X509 *issuer;
                int r;

                if (sk_X509_push(i->path, c) <= 0)
                        return -ENOMEM;
                if (inspect_is_self_issued(c))
                        return 0;
                issuer = find_issuer(i, c, &named);
                if (!issuer && named) {
                        r = inspect_issuer(c, &name);
                        return r < 0 ? r
                                     : inspection_add(i->result, FINDING_BAD_SIGNATURE, true,
                                                      "a certificate of '%s' is there, but its key did not sign what names "
                                                      "it as issuer",
                                                      name);
                }
                if (!issuer)
                        return 0;
                c = issuer;
        }
}

/* ---- order, and what does not belong to it ---- */

static bool is_double(const Inspector *i, int at) {
        for (int k = 0; k < at; k++)
                if (X509_cmp(sk_X509_value(i->all, k), sk_X509_value(i->all, at)) == 0)
                        return true;
        return false;
}

/* Of the issuer that is missed: told of already. */
static bool is_namesake(const Inspector *i, X509 *c) {
        X509 *last = sk_X509_value(i->path, sk_X509_num(i->path) - 1);

        return !inspect_is_self_issued(last) && is_named_issuer(c, last);
}

static int check_besides(Inspector *i) {
        int r = 0;

        for (int k = 0; k < sk_X509_num(i->all) && r >= 0; k++) {
                X509 *c = sk_X509_value(i->all, k);
                _cleanup_free_ char *name = NULL;

                if (index_of(i->path, c) >= 0 || is_namesake(i, c))
                        continue;
                r = inspect_subject(c, &name);
                if (r >= 0 && is_double(i, k))
                        r =
                                        inspection_add(i->result, FINDING_DUPLICATE_CERTIFICATE,
                                                       true, "'%s' is there twice", name);
                else if (r >= 0)
                        r = inspection_add(
                                        i->result, FINDING_UNRELATED_CERTIFICATE, true,
                                        "'%s' is there, which is not of its chain", name);
        }
        return r;
}

/* The places of the path among all, upwards or downwards? */
static int check_order(Inspector *i) {
        int count = sk_X509_num(i->path), up = 0, down = 0;

        if (!i->ordered || count < 2)
                return 0;
        for (int k = 1; k < count; k++) {
                int before = index_of(i->all, sk_X509_value(i->path, k - 1));
                int at = index_of(i->all, sk_X509_value(i->path, k));

                up += at > before;
                down += at < before;
        }
        if (down == 0)
                return 0;
        if (up == 0)
                return inspection_add(
                                i->result, FINDING_REVERSED_CHAIN, true,
                                "the chain stands there in reverse, the leaf last");
        return inspection_add(i->result, FINDING_WRONG_ORDER, true, "the chain is not in order");
}

/* ---- the issuers ---- */

static int check_issuer(Inspector *i, X509 *c) {
        EVP_PKEY *key = X509_get0_pubkey(c);
        _cleanup_free_ char *name = NULL, *text = NULL;
        FindingKind fault = key ? inspect_key_fault(key) : FINDING_WEAK_KEY;
        int64_t from, until;
        int r;

        r = inspect_subject(c, &name);
        if (r >= 0 && certificate_dates(c, &from, &until) >= 0 &&
            (i->input->now >= until || i->input->now < from))
                r = inspection_add(
                                i->result, FINDING_EXPIRED_ISSUER, true,
                                "the certificate of its issuer '%s' %s", name,
                                i->input->now >= until ? "has expired" : "is not valid yet");
        if (r >= 0 && (fault == FINDING_WEAK_KEY || fault == FINDING_WEAK_CURVE)) {
                r = key ? inspect_key_text(key, &text) : str_replace(&text, "unreadable");
                if (r >= 0)
                        r = inspection_add(
                                        i->result, FINDING_WEAK_ISSUER, true,
                                        "the key of its issuer '%s' is %s", name, text);
        }
        /* A root is trusted for what it is, not for its signature. */
        if (r >= 0 && !inspect_is_self_issued(c) && inspect_signature_is_weak(c))
                r =
                                inspection_add(i->result, FINDING_WEAK_ISSUER, true,
                                               "the certificate of its issuer '%s' is signed by %s",
                                               name, OBJ_nid2ln(X509_get_signature_nid(c)));
        return r;
}

static int check_issuers(Inspector *i) {
        int last = sk_X509_num(i->path) - 1, r = 0;

        for (int k = 1; k <= last && r >= 0; k++)
                r = check_issuer(i, sk_X509_value(i->path, k));
        if (r >= 0 && last > 0 && inspect_is_self_issued(sk_X509_value(i->path, last)))
                r =
                                inspection_add(i->result, FINDING_ROOT_IN_CHAIN, false,
                                               "the root is there as well");
        return r;
}

/* ---- who signed it ---- */

static void store_free(X509_STORE **s) {
        X509_STORE_free(*s);
}

static void context_free(X509_STORE_CTX **c) {
        X509_STORE_CTX_free(*c);
}

static int load_roots(const Bytes *pem, X509_STORE *store) {
        BIO *bio =
                        BIO_new_mem_buf(pem && pem->size > 0 ? pem->data : (const uint8_t *) "",
                                        pem ? (int) pem->size : 0);
        X509 *c;
        int r = bio ? 0 : -ENOMEM;

        while (r >= 0 && (c = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
                r = X509_STORE_add_cert(store, c) == 1 ? 0 : -ENOMEM;
                X509_free(c);
        }
        (void) BIO_free(bio); /* memory only */
        ERR_clear_error();
        return r;
}

/* Dates, names and strength are told of by themselves. */
static int verify(const Inspector *i, X509_STORE *store, int *ret_error, X509 **ret_root) {
        _cleanup_(context_free) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
        const CertificateStack *chain;

        if (!ctx || X509_STORE_CTX_init(ctx, store, i->leaf, i->path) != 1)
                return -ENOMEM;
        X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
        X509_VERIFY_PARAM_set_auth_level(param, 0);
        if (X509_VERIFY_PARAM_set_flags(
                            param, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_IGNORE_CRITICAL) != 1)
                return -ENOMEM;
        *ret_error = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
        chain = X509_STORE_CTX_get0_chain(ctx);
        if (*ret_error == X509_V_OK && sk_X509_num(chain) > 0) {
                *ret_root = sk_X509_value(chain, sk_X509_num(chain) - 1);
                if (X509_up_ref(*ret_root) != 1)
                        return -ENOMEM;
        }
        ERR_clear_error();
        return 0;
}

static bool is_local(const Inspector *i, X509 *root) {
        _cleanup_(material_done) Material m = {};

        if (!i->input->local_roots || material_read(i->input->local_roots, &m) < 0)
                return false;
        for (int k = 0; k < sk_X509_num(m.certificates); k++)
                if (X509_cmp(sk_X509_value(m.certificates, k), root) == 0)
                        return true;
        return false;
}

static bool has_issuer_address(X509 *c) {
        AUTHORITY_INFO_ACCESS *aia = X509_get_ext_d2i(c, NID_info_access, NULL, NULL);
        bool has = false;

        for (int k = 0; k < sk_ACCESS_DESCRIPTION_num(aia); k++)
                has = has ||
                      OBJ_obj2nid(sk_ACCESS_DESCRIPTION_value(aia, k)->method) == NID_ad_ca_issuers;
        AUTHORITY_INFO_ACCESS_free(aia);
        ERR_clear_error();
        return has;
}

static bool has_bad_signature(const Inspection *i) {
        for (size_t k = 0; k < i->finding_count; k++)
                if (i->findings[k].kind == FINDING_BAD_SIGNATURE)
                        return true;
        return false;
}

/* No root that is trusted: the chain ends at one that is not, or nowhere. */
static int untrusted(Inspector *i) {
        X509 *last = sk_X509_value(i->path, sk_X509_num(i->path) - 1);
        _cleanup_free_ char *name = NULL;
        int r;

        if (inspect_is_self_issued(i->leaf) && has_signed(i->leaf, i->leaf)) {
                i->result->signer = SIGNER_SELF;
                return inspection_add(
                                i->result, FINDING_SELF_SIGNED, true,
                                "it is self-signed: nobody vouches for it");
        }
        if (has_bad_signature(i->result)) /* that is why */
                return 0;
        r = inspect_issuer(last, &name);
        if (r < 0)
                return r;
        if (inspect_is_self_issued(last) || (last != i->leaf && !has_issuer_address(last))) {
                i->result->signer = SIGNER_PRIVATE_CA;
                return inspection_add(
                                i->result, FINDING_PRIVATE_CA, true,
                                "it is signed by the private CA '%s', which is not trusted here",
                                name);
        }
        return inspection_add(
                        i->result, FINDING_MISSING_INTERMEDIATE, true,
                        "the certificate of its issuer '%s' is neither there nor a trusted root: an intermediate is missing, or it "
                        "is of a private CA",
                        name);
}

static bool is_no_root(int error) {
        return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
               error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
               error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
               error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
               error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
               error == X509_V_ERR_CERT_UNTRUSTED;
}

static int trusted(Inspector *i, X509 *root) {
        i->result->signer = is_local(i, root) ? SIGNER_PRIVATE_CA : SIGNER_PUBLIC_CA;
        if (X509_cmp(root, i->leaf) == 0) {
                i->result->signer = SIGNER_SELF;
                return inspection_add(
                                i->result, FINDING_SELF_SIGNED, false,
                                "it is self-signed, and trusted here");
        }
        return inspect_subject(root, &i->result->root);
}

static int check_signer(Inspector *i) {
        _cleanup_(store_free) X509_STORE *store = X509_STORE_new();
        int error = 0, r;
        X509 *root = NULL;

        r = store ? load_roots(i->input->roots, store) : -ENOMEM;
        if (r >= 0)
                r = verify(i, store, &error, &root);
        if (r >= 0 && root)
                r = trusted(i, root);
        else if (r >= 0 && (is_no_root(error) || has_bad_signature(i->result)))
                r = untrusted(i);
        else if (r >= 0)
                r = inspection_add(
                                i->result, FINDING_CHAIN_INVALID, true,
                                "the chain is not valid: %s", X509_verify_cert_error_string(error));
        X509_free(root);
        return r;
}

int inspect_chain(Inspector *i) {
        int r;

        r = check_signer(i);
        if (r >= 0)
                r = check_order(i);
        if (r >= 0)
                r = check_besides(i);
        if (r >= 0)
                r = check_issuers(i);
        return r;
}
