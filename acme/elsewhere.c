#include "acme/elsewhere.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "acme/chain.h"

#define RSA_BITS_MIN    2048
#define EC_BITS_MIN     224
#define CLOCK_SLACK_SEC ((int64_t) SEC_PER_HOUR)

bool names_cover(const StringList *names, const char *name) {
        const char *dot = strchr(name, '.');

        if (string_list_contains(names, name))
                return true;
        if (!dot || dot == name || name[0] == '*')
                return false;
        for (size_t i = 0; i < names->count; i++) {
                const char *rest = str_skip_prefix(names->items[i], "*");

                if (rest && str_equal(rest, dot))
                        return true;
        }
        return false;
}

static int reject(char **ret_why, const char *why) {
        int r = str_replace(ret_why, why);

        return r < 0 ? r : -EKEYREJECTED;
}

/* All of them, so that one more request to the CA is enough. */
static int check_names(const ElsewhereExpectation *e, const CertInfo *info, char **ret_why) {
        _cleanup_(bytes_done) Bytes missing = {}, there = {};
        int r = 0;

        for (size_t i = 0; i < e->names->count && r >= 0; i++) {
                const char *name = e->names->items[i];

                if (names_cover(&info->names, name) ||
                    (e->optional_names && string_list_contains(e->optional_names, name)))
                        continue;
                r = bytes_printf(&missing, "%s'%s'", missing.size ? ", " : "", name);
        }
        for (size_t i = 0; i < info->names.count && i < 10 && r >= 0; i++)
                r = bytes_printf(&there, "%s%s", i > 0 ? ", " : "", info->names.items[i]);
        if (r < 0 || missing.size == 0)
                return r;
        r = str_printf(ret_why,
                       "it lacks %s, which Names= asks for (it is for %s); ask the CA for a certificate with all names, "
                       "or take the name out of Names=",
                       bytes_text(&missing), there.size ? bytes_text(&there) : "no name at all");
        return r < 0 ? r : -EKEYREJECTED;
}

static int check_strength(X509 *c, bool is_leaf, char **ret_why) {
        EVP_PKEY *key = X509_get0_pubkey(c);
        int digest = NID_undef, bits = key ? EVP_PKEY_get_bits(key) : 0;
        _cleanup_free_ char *text = NULL;
        int r;

        (void) X509_get_signature_info(c, &digest, NULL, NULL, NULL); /* unknown: NID_undef */
        ERR_clear_error();
        if (key && EVP_PKEY_is_a(key, "RSA") && bits < RSA_BITS_MIN)
                r = str_printf(&text, "its RSA key has %d bits; services refuse less than %d", bits,
                               RSA_BITS_MIN);
        else if (key && EVP_PKEY_is_a(key, "EC") && bits < EC_BITS_MIN)
                r = str_printf(&text, "its key has %d bits, which services refuse", bits);
        else if (digest == NID_sha1 || digest == NID_md5)
                r = str_printf(&text, "it is signed with %s, which services and clients refuse",
                               digest == NID_sha1 ? "SHA-1" : "MD5");
        else
                return 0;
        if (r >= 0)
                r = str_printf(ret_why, "%s%s; ask the CA for another one",
                               is_leaf ? "" : "an intermediate certificate: ", text);
        return r < 0 ? r : -EKEYREJECTED;
}

static int check_all_strength(const void *pem, size_t size, char **ret_why) {
        _cleanup_(certificate_stack_freep) CertificateStack *s = NULL;
        int r;

        r = chain_load(pem, size, &s, NULL);
        for (int i = 0; r >= 0 && i < sk_X509_num(s); i++)
                r = check_strength(sk_X509_value(s, i), i == 0, ret_why);
        return r;
}

/* The words of chain_check() as they are; with a next step where there is one that helps. */
static int explain(const char *reason, char **ret_why) {
        static const struct {
                const char *part, *next;
        } steps[] = {
                { "another key",
                  "; give its key with --key FILE, or ask the CA again with the request "
                  "that 'renewctl csr' prints" },
                { "expired", "; ask the CA for a new one" },
                { "about to expire", "; ask the CA for a new one" },
                { "not valid yet", "; look at the clock of this machine, or wait" },
                { "that of a CA", "; a server's own certificate is wanted (--cert)" },
                { "serverAuth", "; ask the CA for one for a web server" },
        };
        const char *next = "";
        int r;

        for (size_t i = 0; i < ELEMENTSOF(steps) && !*next; i++)
                if (strstr(reason, steps[i].part))
                        next = steps[i].next;
        r = str_printf(ret_why, "%s%s", reason, next);
        return r < 0 ? r : -EKEYREJECTED;
}

int elsewhere_check(
                const void *pem,
                size_t size,
                const ElsewhereExpectation *e,
                CertInfo *ret_info,
                char **ret_why) {
        CertExpectation expectation = {
                .spki_sha256 = e->spki_sha256,
                .now = e->now,
                .skew_sec = CLOCK_SLACK_SEC,
        };
        _cleanup_(certinfo_done) CertInfo info = {};
        const char *reason = NULL;
        int r;

        r = certinfo_parse(pem, size, &info, &reason);
        if (r >= 0)
                r = chain_check(pem, size, &expectation, &reason);
        if (r == -EKEYREJECTED || r == -EBADMSG)
                return explain(reason ? reason : "it cannot be read", ret_why);
        if (r >= 0)
                r = check_names(e, &info, ret_why);
        if (r >= 0)
                r = check_all_strength(pem, size, ret_why);
        if (r >= 0 && e->family != KEY_FAMILY_ANY && key_family(info.key_type) != e->family)
                r = reject(ret_why,
                           "its key is not of the kind that this one of two certificates has "
                           "(KeyType=); import it for the other one");
        if (r < 0)
                return r;
        *ret_info = info;
        info = (CertInfo){};
        return 0;
}
