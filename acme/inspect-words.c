/* Kinds of findings and the next step of each, and which of them count at which level. */

#include <string.h>

#include "acme/inspect.h"

/* What a pin vouches for: who made the certificate, and for whom. */
#define BY_PIN 1u
/* What strict clients ask for besides a trusted chain; a service with less works. */
#define ALL_ONLY 2u

static const struct {
        const char *name;
        unsigned flags;
        const char *next;
} kinds[FINDING_MAX] = {
        [FINDING_NO_CERTIFICATE] = { "no-certificate", 0,
                                     "name a file in PEM, DER or PKCS#12 that holds a certificate" },
        [FINDING_ENCRYPTED_FILE] = { "encrypted-file", 0,
                                     "unpack it with its password: openssl pkcs12 -in FILE -out FILE.pem -nokeys" },
        [FINDING_UNREADABLE_CERTIFICATE] = { "unreadable-certificate", 0,
                                             "it was cut off or changed on its way: fetch it again" },
        [FINDING_KEY_ENCRYPTED] = { "key-encrypted", 0,
                                    "services start without a person: openssl pkey -in FILE -out KEY writes it without "
                                    "password; keep that file 0600" },
        [FINDING_KEY_UNREADABLE] = { "key-unreadable", 0,
                                     "it was cut off or changed: fetch it again, or make another one" },
        [FINDING_KEY_MISMATCH] = { "key-mismatch", 0,
                                   "find the key that the request was made with, or have a certificate issued for this one" },
        [FINDING_EXPIRED] = { "expired", 0, "renew it, and have the service load the new one" },
        [FINDING_NOT_YET_VALID] = { "not-yet-valid", 0,
                                    "check the clock of this machine; else wait until it begins" },
        [FINDING_BAD_DATES] = { "bad-dates", 0, "have it issued again: it can never be valid" },
        [FINDING_EXPIRES_SOON] = { "expires-soon", 0, "renew it now" },
        [FINDING_LONG_LIFETIME] = { "long-lifetime", ALL_ONLY,
                                    "have it issued for 398 days at most" },
        [FINDING_WRONG_NAME] = { "wrong-name", BY_PIN,
                                 "use one of its names, or have it issued for this name, too" },
        [FINDING_NO_SAN] = { "no-san", BY_PIN, "have it issued with its names as subjectAltName" },
        [FINDING_CN_ONLY] = { "cn-only", BY_PIN,
                              "clients do not look at the CN any more: have it issued with the name as subjectAltName" },
        [FINDING_CN_NOT_IN_SAN] = { "cn-not-in-san", ALL_ONLY,
                                    "have it issued with that name as subjectAltName, too" },
        [FINDING_IP_AS_NAME] = { "ip-as-name", BY_PIN,
                                 "have it issued with subjectAltName=IP:ADDRESS instead of DNS:" },
        [FINDING_BAD_NAME] = { "bad-name", BY_PIN, "have it issued without what is no host name" },
        [FINDING_BAD_WILDCARD] = { "bad-wildcard", BY_PIN,
                                   "a '*' stands for the whole first label of a name that has at least two more" },
        [FINDING_WEAK_KEY] = { "weak-key", 0,
                               "make an RSA key of 2048 bits or more, or ECDSA P-256, and have it certified" },
        [FINDING_WEAK_CURVE] = { "weak-curve", 0,
                                 "make a key on P-256 or P-384, and have it certified" },
        [FINDING_UNUSUAL_CURVE] = { "unusual-curve", ALL_ONLY,
                                    "make a key on P-256 or P-384: browsers know no other" },
        [FINDING_WEAK_SIGNATURE] = { "weak-signature", 0,
                                     "have it issued again: CAs sign with SHA-256 since 2016" },
        [FINDING_IS_CA] = { "is-ca", BY_PIN,
                            "use it to sign, and a certificate signed by it for the service" },
        [FINDING_NOT_FOR_SERVERS] = { "not-for-servers", BY_PIN,
                                      "have it issued with the extended key usage serverAuth" },
        [FINDING_KEY_USAGE] = { "key-usage", BY_PIN,
                                "have it issued with the key usage digitalSignature" },
        [FINDING_OLD_VERSION] = { "old-version", BY_PIN, "have it issued as X.509 version 3" },
        [FINDING_BAD_SERIAL] = { "bad-serial", ALL_ONLY,
                                 "have it issued with a positive serial number of at most 20 octets" },
        [FINDING_BAD_EXTENSIONS] = { "bad-extensions", 0,
                                     "have it issued again: its extensions contradict the standard" },
        [FINDING_CRITICAL_EXTENSION] = { "critical-extension", 0,
                                         "have it issued without: a client must refuse what it does not understand" },
        [FINDING_MUST_STAPLE] = { "must-staple", 0,
                                  "the service must staple OCSP answers; if its CA gives none, have it issued without" },
        [FINDING_SELF_SIGNED] = { "self-signed", BY_PIN,
                                  "have it issued by a CA, for example: renewctl add NAME" },
        [FINDING_PRIVATE_CA] = { "private-ca", BY_PIN,
                                 "install the CA's root where clients look (here: /usr/local/share/ca-certificates and "
                                 "update-ca-certificates), or take a public CA" },
        [FINDING_MISSING_INTERMEDIATE] = { "missing-intermediate", BY_PIN,
                                           "put the issuer's certificate behind the leaf (the full chain of the CA), and have "
                                           "the service load it" },
        [FINDING_REVERSED_CHAIN] = { "reversed-chain", 0,
                                     "turn it round: the leaf first, then each issuer" },
        [FINDING_WRONG_ORDER] = { "wrong-order", 0, "put the leaf first, then each one's issuer" },
        [FINDING_UNRELATED_CERTIFICATE] = { "unrelated-certificate", ALL_ONLY,
                                            "take it out of the file" },
        [FINDING_DUPLICATE_CERTIFICATE] = { "duplicate-certificate", ALL_ONLY,
                                            "take one of them out of the file" },
        [FINDING_ROOT_IN_CHAIN] = { "root-in-chain", ALL_ONLY,
                                    "it may be left out: clients have it or do not trust it" },
        [FINDING_BAD_SIGNATURE] = { "bad-signature", 0,
                                    "it was changed, or the issuer has another key by now: fetch the chain "
                                    "that belongs to it" },
        [FINDING_EXPIRED_ISSUER] = { "expired-issuer", BY_PIN,
                                     "fetch the present certificate of this issuer from the CA" },
        [FINDING_WEAK_ISSUER] = { "weak-issuer", BY_PIN,
                                  "take a chain of the CA whose keys and signatures are of today" },
        [FINDING_CHAIN_INVALID] = { "chain-invalid", BY_PIN,
                                    "have it issued by a CA that may issue it" },
        [FINDING_PIN_MISMATCH] = { "pin-mismatch", 0,
                                   "if the service was given another key, remove its line from the file of pins; else "
                                   "somebody may be in between" },
        [FINDING_NOT_PINNED] = { "not-pinned", 0,
                                 "compare the pin with that which the service's owner tells you, and give it "
                                 "as --pin" },
};

const char *finding_to_string(FindingKind k) {
        return kinds[k].name;
}

const char *finding_next_step(FindingKind k) {
        return kinds[k].next;
}

const char *inspect_signer_to_string(InspectSigner s) {
        static const char *const names[SIGNER_MAX] = {
                [SIGNER_UNKNOWN] = "unknown",
                [SIGNER_SELF] = "self",
                [SIGNER_PRIVATE_CA] = "private-ca",
                [SIGNER_PUBLIC_CA] = "public-ca",
        };

        return names[s];
}

/* ---- levels ---- */

InspectLevel inspect_level_from_string(const char *text) {
        static const char *const names[LEVEL_MAX] = {
                [LEVEL_DISABLED] = "disabled",
                [LEVEL_BASIC] = "basic",
                [LEVEL_RECOMMENDED] = "recommended",
                [LEVEL_STRICT] = "strict",
        };

        for (int i = 0; i < LEVEL_MAX; i++)
                if (str_equal(text, names[i]))
                        return (InspectLevel) i;
        return LEVEL_INVALID;
}

/* Hexadecimal without its colons, in lower case; base64 has neither. */
static bool same_hex(const char *text, const char *hex) {
        for (; *text; text++) {
                char c = *text >= 'A' && *text <= 'F' ? (char) (*text - 'A' + 'a') : *text;

                if (c == ':')
                        continue;
                if (c != *hex)
                        return false;
                hex++;
        }
        return *hex == '\0';
}

bool inspection_matches_pin(const Inspection *i, const char *pin) {
        const char *base64 = str_skip_prefix(pin, "sha256//"); /* as curl writes it */

        if (i->count == 0)
                return false;
        return str_equal(base64 ? base64 : pin, i->certificates[0].pin) ||
               same_hex(pin, i->certificates[0].sha256) ||
               same_hex(pin, i->certificates[0].spki_sha256);
}

int inspection_judge(Inspection *i, InspectLevel level, InspectPin pin) {
        bool pins = level == LEVEL_BASIC || level == LEVEL_RECOMMENDED;
        bool needs_pin = false;

        if (level == LEVEL_ALL || i->count == 0)
                return 0;
        for (size_t k = 0; k < i->finding_count; k++) {
                Finding *f = &i->findings[k];
                unsigned flags = kinds[f->kind].flags;

                needs_pin = needs_pin || (f->fault && (flags & BY_PIN));
                if (level == LEVEL_DISABLED || (flags & ALL_ONLY) || (pins && (flags & BY_PIN)))
                        f->fault = false;
        }
        if (!pins || !needs_pin || pin == PIN_SAME)
                return 0;
        if (pin == PIN_OTHER)
                return inspection_add(
                                i, FINDING_PIN_MISMATCH, true,
                                "no trusted CA vouches for it, and its key is not the one that was pinned");
        return inspection_add(
                        i, FINDING_NOT_PINNED, true,
                        "no trusted CA vouches for it, and it is not pinned; its pin is %s",
                        i->certificates[0].pin);
}
