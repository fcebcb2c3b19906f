/* From a pile of certificates to the chain of one server: which is the server's, who signed it, who signed that one, and is
 * anybody missing? The authority information access of a certificate names an address for its issuer; that is told to the
 * person, and never fetched. */

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "acme/elsewhere.h"
#include "acme/pile-internal.h"

void pile_chain_done(PileChain *c) {
        bytes_done(&c->pem);
}

static int reject(char **ret_why, const char *why) {
        int r = str_replace(ret_why, why);

        return r < 0 ? r : -EKEYREJECTED;
}

static bool is_root(X509 *c) {
        return X509_NAME_cmp(X509_get_subject_name(c), X509_get_issuer_name(c)) == 0;
}

static bool is_signed_by(X509 *c, X509 *issuer) {
        EVP_PKEY *key = X509_get0_pubkey(issuer);
        bool yes = c != issuer && key && X509_check_issued(issuer, c) == X509_V_OK &&
                   X509_verify(c, key) == 1;

        ERR_clear_error();
        return yes;
}

static bool is_of_authority(const Pile *p, X509 *c) {
        if (X509_get_extension_flags(c) & EXFLAG_CA)
                return true;
        for (int i = 0; i < sk_X509_num(p->certificates); i++)
                if (is_signed_by(sk_X509_value(p->certificates, i), c))
                        return true;
        return false;
}

/* ---- the server's own ---- */

static int find_by_key(const Pile *p, X509 **ret, char **ret_why) {
        for (int i = 0; i < sk_X509_num(p->certificates); i++) {
                X509 *c = sk_X509_value(p->certificates, i);
                EVP_PKEY *key = X509_get0_pubkey(c);

                if (!key || EVP_PKEY_eq(key, p->key) != 1)
                        continue;
                *ret = c;
                ERR_clear_error();
                return 0;
        }
        ERR_clear_error();
        return reject(ret_why,
                      "none of the certificates belongs to the key that was given; give the "
                      "key that the certificate was asked for with");
}

static bool covers(X509 *c, const StringList *names) {
        _cleanup_(string_list_done) StringList there = {};

        if (certificate_names(c, &there) < 0)
                return false;
        for (size_t i = 0; i < names->count; i++)
                if (!names_cover(&there, names->items[i]))
                        return false;
        return true;
}

static int find_by_names(const Pile *p, const StringList *names, X509 **ret, char **ret_why) {
        X509 *first = NULL, *covering = NULL;
        int count = 0, fitting = 0;

        for (int i = 0; i < sk_X509_num(p->certificates); i++) {
                X509 *c = sk_X509_value(p->certificates, i);

                if (is_of_authority(p, c))
                        continue;
                count++;
                first = first ? first : c;
                if (!covers(c, names))
                        continue;
                fitting++;
                covering = c;
        }
        if (count == 0)
                return reject(ret_why,
                              "there are certificates of CAs only, none of a server; give the "
                              "server's own with --cert");
        if (count > 1 && fitting != 1)
                return reject(ret_why,
                              "there are several certificates of servers, and it is not clear which "
                              "one is meant; give the file of that one alone with --cert");
        *ret = count == 1 ? first : covering;
        return 0;
}

/* ---- who signed it ---- */

/* Of several (the same CA may be signed by two others) one that is valid, and the longest. */
static X509 *find_issuer(const Pile *p, X509 *c, int64_t now) {
        X509 *best = NULL;
        int64_t best_until = INT64_MIN;

        for (int i = 0; i < sk_X509_num(p->certificates); i++) {
                X509 *one = sk_X509_value(p->certificates, i);
                int64_t from, until;

                if (!is_signed_by(c, one) || certificate_dates(one, &from, &until) < 0)
                        continue;
                if (from > now || until <= now)
                        until -= INT64_C(1)
                                 << 40; /* better than none: the reason is told elsewhere */
                if (best && until <= best_until)
                        continue;
                best = one;
                best_until = until;
        }
        return best;
}

/* Is its issuer one of the roots that everybody has? */
static bool has_known_issuer(X509 *c) {
        X509_STORE *store = X509_STORE_new();
        X509_STORE_CTX *context = X509_STORE_CTX_new();
        X509 *issuer = NULL;
        bool known = store && context && X509_STORE_set_default_paths(store) == 1 &&
                     X509_STORE_CTX_init(context, store, NULL, NULL) == 1 &&
                     X509_STORE_CTX_get1_issuer(&issuer, context, c) == 1 &&
                     is_signed_by(c, issuer);

        X509_free(issuer);
        X509_STORE_CTX_free(context);
        X509_STORE_free(store);
        ERR_clear_error();
        return known;
}

/* Where the CA says that its own certificate is, escaped; NULL: it does not say. */
static char *issuer_address(X509 *c) {
        AUTHORITY_INFO_ACCESS *list = X509_get_ext_d2i(c, NID_info_access, NULL, NULL);
        char *address = NULL;

        for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(list) && !address; i++) {
                const ACCESS_DESCRIPTION *d = sk_ACCESS_DESCRIPTION_value(list, i);

                if (OBJ_obj2nid(d->method) == NID_ad_ca_issuers && d->location->type == GEN_URI) {
                        const ASN1_STRING *uri = d->location->d.uniformResourceIdentifier;
                        _cleanup_free_ char *text =
                                        strndup((const char *) ASN1_STRING_get0_data(uri),
                                                (size_t) ASN1_STRING_length(uri));

                        address = text ? str_escape(text, STR_ESCAPE_MAX) : NULL;
                }
        }
        AUTHORITY_INFO_ACCESS_free(list);
        ERR_clear_error();
        return address;
}

static int tell_missing(X509 *last, bool is_leaf, char **ret_why) {
        _cleanup_free_ char *issuer = NULL, *address = issuer_address(last);
        int r;

        r = certificate_issuer_name(last, &issuer);
        if (r < 0 && r != -ENOENT)
                return r;
        r = str_printf(ret_why,
                       "the chain is not complete: the certificate of the CA '%s', which signed the %s, is missing; "
                       "give it with --chain FILE%s%s%s",
                       issuer ? issuer : "(without a name)",
                       is_leaf ? "server's certificate" : "last one that was given",
                       address ? " (the CA has it at " : "", address ? address : "",
                       address ? ")" : "");
        return r < 0 ? r : -EKEYREJECTED;
}

/* ---- the chain ---- */

static size_t count_roots(const Pile *p, X509 *leaf) {
        size_t n = 0;

        for (int i = 0; i < sk_X509_num(p->certificates); i++)
                n += sk_X509_value(p->certificates, i) != leaf &&
                     is_root(sk_X509_value(p->certificates, i));
        return n;
}

static int follow(const Pile *p, X509 *leaf, int64_t now, PileChain *ret, char **ret_why) {
        size_t count = 0;
        X509 *c = leaf;
        int r;

        for (;;) {
                X509 *issuer;

                r = certificate_to_pem(c, &ret->pem);
                if (r < 0)
                        return r;
                if (++count > CHAIN_MAX_CERTIFICATES)
                        return reject(ret_why, "the chain is longer than any client follows");
                issuer = is_root(c) ? NULL : find_issuer(p, c, now);
                if (is_root(c) || (issuer && is_root(issuer)))
                        break;
                if (!issuer && !has_known_issuer(c))
                        return tell_missing(c, c == leaf, ret_why);
                if (!issuer)
                        break;
                c = issuer;
        }
        ret->unneeded = pile_count(p) - count - count_roots(p, leaf);
        return 0;
}

int pile_make_chain(
                const Pile *p,
                const StringList *names,
                int64_t now,
                PileChain *ret,
                char **ret_why) {
        _cleanup_(pile_chain_done) PileChain chain = {};
        X509 *leaf = NULL;
        int r;

        if (pile_count(p) == 0)
                return reject(ret_why, "there is no certificate in what was given");
        r = p->key ? find_by_key(p, &leaf, ret_why) : find_by_names(p, names, &leaf, ret_why);
        if (r >= 0)
                r = follow(p, leaf, now, &chain, ret_why);
        if (r < 0)
                return r;
        *ret = chain;
        chain = (PileChain){};
        return 0;
}
