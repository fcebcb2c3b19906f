/* Renewal information. What the CA says is a wish: it is obeyed where it can be meant, and everything else is
 * as if the CA had said nothing. */

#include "acme/renewal-info.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "acme/chain.h"
#include "acme/timestamp.h"
#include "acme/url.h"

#define FAR_PAST_SEC ((int64_t) SEC_PER_DAY) /* before notBefore; see is_far_off() */
#define NEW_SHARE    10 /* of the lifetime: so long a certificate is new (T-08) */

/* ---- which certificate ---- */

static int join_parts(const ASN1_OCTET_STRING *key, const void *serial, size_t size, char **ret) {
        _cleanup_free_ char *first = NULL, *second = NULL;
        int r;

        r = base64url_encode(ASN1_STRING_get0_data(key), (size_t) ASN1_STRING_length(key), &first);
        if (r >= 0)
                r = base64url_encode(serial, size, &second);
        if (r < 0)
                return r;
        return strlen(first) + strlen(second) + 1 > CERT_ID_MAX
                               ? -ENOENT
                               : str_printf(ret, "%s.%s", first, second);
}

/* The content octets of DER's INTEGER: with the sign octet that OpenSSL's value does not have. */
int certificate_cert_id(X509 *c, char **ret) {
        const ASN1_OCTET_STRING *key = X509_get0_authority_key_id(c);
        unsigned char *der = NULL;
        const unsigned char *p;
        int r = -ENOENT, tag, class;
        long length;

        if (!key || ASN1_STRING_length(key) <= 0)
                return -ENOENT;
        int size = i2d_ASN1_INTEGER(X509_get0_serialNumber(c), &der);
        if (size <= 0) {
                ERR_clear_error();
                return -ENOENT;
        }
        p = der;
        if (!(ASN1_get_object(&p, &length, &tag, &class, size) & 0x80) && length > 0)
                r = join_parts(key, p, (size_t) length, ret);
        OPENSSL_free(der);
        return r;
}

int cert_id_of_chain(const void *pem, size_t size, char **ret) {
        _cleanup_(certificate_stack_freep) CertificateStack *s = NULL;
        int r;

        r = chain_load(pem, size, &s, NULL);
        return r < 0 ? r : certificate_cert_id(sk_X509_value(s, 0), ret);
}

bool cert_id_is_valid(const char *text) {
        size_t size = strnlen(text, CERT_ID_MAX + 1);
        const char *dot = strchr(text, '.');

        if (size > CERT_ID_MAX || !dot || dot == text || !dot[1])
                return false;
        return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
                               size &&
               !strchr(dot + 1, '.');
}

/* ---- what the CA says ---- */

void renewal_info_done(RenewalInfo *i) {
        free(i->explanation);
        *i = (RenewalInfo){};
}

static int refuse(const char **ret_reason, const char *reason) {
        if (ret_reason)
                *ret_reason = reason;
        return -EBADMSG;
}

static bool take_time(const Json *window, const char *key, int64_t *ret) {
        const char *text;

        return json_get_string(window, key, &text) >= 0 && rfc3339_parse(text, ret) >= 0;
}

int renewal_info_parse(const Json *j, RenewalInfo *ret, const char **ret_reason) {
        const char *explanation;
        const Json *window;
        RenewalInfo i = {};

        if (!json_is_object(j) || json_get_object(j, "suggestedWindow", &window) < 0)
                return refuse(ret_reason, "it names no window");
        if (!take_time(window, "start", &i.start) || !take_time(window, "end", &i.end))
                return refuse(ret_reason, "its window lacks a time");
        if (i.end <= i.start)
                return refuse(ret_reason, "its window ends before it begins");
        if (json_get_string(j, "explanationURL", &explanation) >= 0 && *explanation) {
                i.explanation = str_escape(explanation, URL_MAX);
                if (!i.explanation)
                        return -ENOMEM;
        }
        *ret = i;
        return 0;
}

/* ---- the instant ---- */

/* A revocation is a window shortly before now; of a certificate that is younger than this, and that its CA does not
 * date back, also one before notBefore. What is further away is nonsense (T-18, T-19). */
static bool is_far_off(const RenewalChoice *c) {
        int64_t earliest;

        if (c->start > c->not_after)
                return true;
        if (__builtin_sub_overflow(c->not_before, FAR_PAST_SEC, &earliest))
                return false;
        return c->end < earliest;
}

/* Uniform in [start, end). The span of two 64-bit times fits into 64 bits without a sign. */
static int64_t draw(int64_t start, int64_t end, uint64_t random) {
        uint64_t span = (uint64_t) end - (uint64_t) start;
        int64_t at = (int64_t) ((uint64_t) start + random % span);

        return at != 0 ? at : 1;
}

/* T-08: a window that is open already when the certificate has just come is stale, or as wide as the lifetime. */
static int64_t begin_of_use(const RenewalChoice *c) {
        int64_t rest = (c->not_after - c->not_before) / NEW_SHARE;

        if (c->installed == 0 || c->now >= c->installed + rest)
                return c->start;
        return MAX(c->start, c->now + rest);
}

int64_t renewal_choose(const RenewalChoice *c, bool *ret_recalled) {
        int64_t from;

        *ret_recalled = false;
        if (c->end <= c->start || c->not_after <= c->not_before || is_far_off(c))
                return 0;
        if (c->end <= c->now) {
                *ret_recalled = true;
                return draw(c->start, c->end, c->random);
        }
        from = begin_of_use(c);
        return from < c->end ? draw(from, c->end, c->random) : 0;
}
