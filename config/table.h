#pragma once

/* The one table of the configuration, and the objects that it fills. Inside this room only: the
 * table drives parsing, --dump-config and the manual page. */

#include "config/config.h"
#include "config/service.h"
#include "config/value.h"

/* Which file a key may stand in; a mask, as [Deploy] is the same in two. */
typedef enum ConfigKind {
        CONFIG_MAIN = 1 << 0,        /* renewd.conf */
        CONFIG_CERTIFICATE = 1 << 1, /* certificates/NAME.conf */
        CONFIG_CA = 1 << 2,          /* ca/NAME.conf */
        CONFIG_SERVICE = 1 << 3,     /* services/NAME.conf */
        CONFIG_DNS = 1 << 4,         /* dns/NAME.conf */
        CONFIG_WATCH = 1 << 5,       /* watch/NAME.conf */
} ConfigKind;

typedef struct ConfigKey {
        unsigned kinds;
        const char *section; /* "Deploy" takes a TARGET behind it in a certificate's file */
        const char *key;
        const ValueType *type;
        size_t field, second; /* offsets in the section's object */
        const char *standard; /* default, in the syntax of the value; NULL: unset */
        const char *help;     /* plain sentences; the manual's text */
} ConfigKey;

extern const ConfigKey config_keys[];
extern const size_t config_key_count;

/* The objects of the sections. A draft holds what only loading needs; its first member is the object
 * that remains. */
typedef struct CaDraft {
        CaConfig ca;
        char *agree;        /* AgreeToTerms=: "yes", "no", NULL: as the account says */
        bool contact_given; /* else as the account says */
        bool proxy_given;   /* the same */
} CaDraft;

typedef struct CertificateDraft {
        CertificateConfig certificate;
        char *first_name; /* of Names= as written: default ProbeName= */
        char *preflight;  /* PreFlight=: "yes", "no", NULL: as [Defaults] says */
        char *rehearse;   /* Rehearse=: the same */
        KeyType key_types[KEY_TYPES_MAX];
        size_t key_type_count;
        char *strict_names; /* as the next */
        char *reuse_key;    /* ReuseKey=: "yes", "no", NULL: as [Defaults] says */
        size_t twin_index;  /* which of the key types this one is of */
        char *first_optional;
} CertificateDraft;

/* The row, or NULL. *ret_near (may be NULL): a key of the section that differs only in case. */
const ConfigKey *config_key_find(
                ConfigKind kind, const char *section, const char *key, const char **ret_near);
bool config_section_exists(ConfigKind kind, const char *section);

/* Frees what the section's object holds. */
void ca_config_done(CaConfig *c);
void target_config_done(TargetConfig *t);
void certificate_config_done(CertificateConfig *c);
void watch_config_done(WatchConfig *w);
DnsConfig *dns_config_free(DnsConfig *d);
DEFINE_CLEANUP(DnsConfig *, dns_config_free)
