#pragma once

/* The configuration as every program reads it alike: one table of section, key, parser, default and
 * help (config/table.c) over base/conf-file. Const after load.
 *
 *   CONFIG/renewd.conf(.d/)               [Account] [Defaults] [HTTP] [TLS]
 *   CONFIG/certificates/NAME.conf(.d/)    [Certificate] [Deploy TARGET]…
 *   CONFIG|DATA/ca/NAME.conf(.d/)         [CA]
 *   CONFIG|DATA/services/NAME.conf(.d/)   [Service] [Deploy]
 *   CONFIG|DATA/dns/NAME.conf(.d/)        [DNS]
 *   CONFIG/watch/NAME.conf(.d/)           [Watch]
 */

#include "config/ca-config.h"
#include "config/certificate-config.h"
#include "config/paths.h"
#include "config/watch-config.h"

/* What a person must know about the configuration. An error makes its certificate (or, with
 * certificate NULL, the whole configuration) broken; a warning does not. */
typedef struct ConfigMessage {
        bool error;
        char *certificate; /* NULL: not of one certificate */
        char *text; /* "/etc/renewd/certificates/a.conf:3: KeyType=rsa-1024: … use one of …" */
} ConfigMessage;

typedef struct Config {
        /* [Account] */
        char *email; /* "mailto:" is added where it is sent; NULL: none */
        bool agree_to_terms;
        char *proxy; /* http://HOST:PORT; NULL: none */
        /* [HTTP] */
        StringList http_listen; /* unix socket paths or ADDRESS:PORT on loopback; besides inherited sockets */
        char *challenge_directory; /* NULL: none; for web servers that map it by alias */
        bool redirect_to_https;
        /* [TLS] */
        StringList tls_listen; /* as http_listen, for tls-alpn-01 */
        /* [Defaults] apply to certificates that do not say otherwise; kept only for --dump-config */
        char *default_ca;
        StringList default_fallback_cas;
        KeyType default_key_types[KEY_TYPES_MAX];
        size_t default_key_type_count;
        bool default_reuse_key;
        bool default_strict_names;
        ChallengeType default_challenges[CHALLENGE_TYPE_MAX];
        size_t default_challenge_count;
        bool default_preflight;
        char *default_rehearse; /* "yes", "no"; NULL: by lifetime */
        char *default_profile, *default_require_profile, *default_preferred_chain;
        int64_t default_lifetime_sec;
        StringList default_challenge_hook;
        char *default_dns;

        CaConfig *cas;
        size_t ca_count;
        CertificateConfig *certificates; /* sorted by name */
        size_t certificate_count;
        WatchConfig *watches; /* sorted by name; those without an error */
        size_t watch_count;
        ConfigMessage *messages;
        size_t message_count;
        bool broken; /* renewd.conf itself has an error */
} Config;

/* Reads everything; what is wrong becomes messages. Twins stand beside each other as two certificates, NAME and
 * NAME.TYPE. Negative only when nothing could be read at all (-ENOMEM, unreadable directory). `only`: name of the one
 * certificate to read (with its twin), NULL for all. */
int config_load(const Paths *paths, const char *only, Config **ret);
Config *config_free(Config *c);
DEFINE_CLEANUP(Config *, config_free)

const CertificateConfig *config_certificate(const Config *c, const char *name);
const CaConfig *config_ca(const Config *c, const char *name);

/* Names of the service profiles there are (CONFIG and DATA), sorted; appended. */
int config_service_names(const Paths *paths, StringList *ret);

/* Effective configuration in its own syntax (--dump-config); appended. */
int config_dump(const Config *c, Bytes *ret);

/* The reference of all keys for the manual page: one entry per table row; appended, as roff. */
int config_reference_man(Bytes *ret);
