/* What is wrong with the leaf itself: dates, key, signature, purpose, form. */

#include <openssl/bn.h>
#include <openssl/err.h>
#include <time.h>

#include "acme/inspect-internal.h"

#define LIFETIME_MAX_SEC         ((int64_t) 398 * SEC_PER_DAY) /* of public CAs since 2020 */
#define LIFETIME_MAX_PRIVATE_SEC ((int64_t) 825 * SEC_PER_DAY) /* what Apple takes of any other */
#define SERIAL_MAX_BITS          160

static void date_text(int64_t at, char ret[static 32]) {
        time_t t = (time_t) at;
        struct tm tm;

        if (!gmtime_r(&t, &tm) || strftime(ret, 32, "%Y-%m-%d %H:%M UTC", &tm) == 0)
                ret[0] = '\0';
}

static int check_dates(Inspector *i) {
        int64_t from, until, now = i->input->now;
        char text[32];

        if (certificate_dates(i->leaf, &from, &until) < 0 || until <= from)
                return inspection_add(
                                i->result, FINDING_BAD_DATES, true,
                                "it ends before it begins, or its dates cannot be read");
        if (now >= until) {
                date_text(until, text);
                return inspection_add(
                                i->result, FINDING_EXPIRED, true,
                                "it has expired %lld days ago, on %s",
                                (long long) ((now - until) / SEC_PER_DAY), text);
        }
        if (now < from) {
                date_text(from, text);
                return inspection_add(
                                i->result, FINDING_NOT_YET_VALID, true, "it is not valid before %s",
                                text);
        }
        /* Later than any renewal of a kept certificate. */
        if (until - now < (until - from) / 6)
                return inspection_add(
                                i->result, FINDING_EXPIRES_SOON, false, "it expires in %lld hours",
                                (long long) ((until - now) / SEC_PER_HOUR));
        return 0;
}

static int check_lifetime(Inspector *i) {
        bool public = i->result->signer == SIGNER_PUBLIC_CA;
        int64_t from, until;

        if (certificate_dates(i->leaf, &from, &until) < 0 || until - from <= LIFETIME_MAX_SEC)
                return 0;
        return inspection_add(
                        i->result, FINDING_LONG_LIFETIME,
                        public || until - from > LIFETIME_MAX_PRIVATE_SEC,
                        "it is valid for %lld days; clients refuse more than %d of a public CA, some more than %d of any",
                        (long long) ((until - from) / SEC_PER_DAY),
                        (int) (LIFETIME_MAX_SEC / SEC_PER_DAY),
                        (int) (LIFETIME_MAX_PRIVATE_SEC / SEC_PER_DAY));
}

static int check_key(Inspector *i) {
        EVP_PKEY *key = X509_get0_pubkey(i->leaf);
        _cleanup_free_ char *text = NULL;
        FindingKind kind;
        int r;

        if (!key)
                return inspection_add(
                                i->result, FINDING_WEAK_KEY, true, "its public key cannot be read");
        kind = inspect_key_fault(key);
        if (kind == FINDING_MAX)
                return 0;
        r = inspect_key_text(key, &text);
        return r < 0 ? r
                     : inspection_add(i->result, kind, true, "its key is %s, which %s", text,
                                      kind == FINDING_UNUSUAL_CURVE ? "many clients do not know"
                                                                    : "is too weak");
}

/* That of a self-signed one convinces nobody anyway, but clients look at it all the same. */
static int check_signature(Inspector *i) {
        if (!inspect_signature_is_weak(i->leaf))
                return 0;
        return inspection_add(
                        i->result, FINDING_WEAK_SIGNATURE, true,
                        "it is signed by %s, which can be forged",
                        OBJ_nid2ln(X509_get_signature_nid(i->leaf)));
}

static int check_purpose(Inspector *i, uint32_t flags) {
        uint32_t usage = X509_get_key_usage(i->leaf);
        int r = 0;

        if (flags & EXFLAG_CA)
                r = inspection_add(
                                i->result, FINDING_IS_CA, true,
                                "it is the certificate of a CA: whoever has the service's key can sign others");
        if (r >= 0 && (flags & EXFLAG_XKUSAGE) &&
            !(X509_get_extended_key_usage(i->leaf) & (XKU_SSL_SERVER | XKU_ANYEKU)))
                r = inspection_add(
                                i->result, FINDING_NOT_FOR_SERVERS, true,
                                "it is not for servers: its extended key usage lacks serverAuth");
        if (r >= 0 && (flags & EXFLAG_KUSAGE) && !(flags & EXFLAG_CA) &&
            !(usage & (KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT)))
                r = inspection_add(
                                i->result, FINDING_KEY_USAGE, true,
                                "its key usage lacks digitalSignature, which TLS of today needs");
        return r;
}

static int check_serial(Inspector *i) {
        const ASN1_INTEGER *serial = X509_get0_serialNumber(i->leaf);
        BIGNUM *n = ASN1_INTEGER_to_BN(serial, NULL);
        const char *fault = NULL;

        if (!n)
                return -ENOMEM;
        if (BN_is_zero(n))
                fault = "0";
        else if (BN_is_negative(n))
                fault = "negative";
        else if (BN_num_bits(n) > SERIAL_MAX_BITS)
                fault = "longer than 20 octets";
        BN_free(n);
        return fault ? inspection_add(i->result, FINDING_BAD_SERIAL, true,
                                      "its serial number is %s", fault)
                     : 0;
}

static int check_form(Inspector *i, uint32_t flags) {
        int r = 0;

        if (X509_get_version(i->leaf) != X509_VERSION_3)
                r =
                                inspection_add(i->result, FINDING_OLD_VERSION, true,
                                               "it is of X.509 version %ld, without extensions",
                                               X509_get_version(i->leaf) + 1);
        if (r >= 0)
                r = check_serial(i);
        if (r >= 0 && (flags & EXFLAG_INVALID))
                r = inspection_add(
                                i->result, FINDING_BAD_EXTENSIONS, true,
                                "its extensions cannot be read or contradict each other");
        else if (r >= 0 && (flags & EXFLAG_CRITICAL))
                r = inspection_add(
                                i->result, FINDING_CRITICAL_EXTENSION, true,
                                "it has a critical extension that clients do not know");
        if (r >= 0 && X509_get_ext_by_NID(i->leaf, NID_tlsfeature, -1) >= 0)
                r =
                                inspection_add(i->result, FINDING_MUST_STAPLE, false,
                                               "it asks for stapled OCSP answers");
        return r;
}

int inspect_leaf(Inspector *i) {
        uint32_t flags = X509_get_extension_flags(i->leaf);
        int r;

        r = check_dates(i);
        if (r >= 0)
                r = check_lifetime(i);
        if (r >= 0)
                r = check_key(i);
        if (r >= 0)
                r = check_signature(i);
        if (r >= 0)
                r = check_purpose(i, flags);
        if (r >= 0)
                r = check_form(i, flags);
        ERR_clear_error();
        return r;
}
