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

#include "acme/identifier.h"
#include "acme/key.h"
#include "acme/object.h"
#include "base/calendar.h"
#include "base/probe-protocol.h"
#include "base/strings.h"
#include "config/paths.h"

#define CERTIFICATE_NAME_MAX 100
#define NAMES_MAX            100 /* of one certificate (H-03) */
#define KEY_TYPES_MAX        2   /* of KeyType=: twins */
#define CERTIFICATE_CAS_MAX  4   /* CA= of one certificate */

/* What a person must know about the configuration. An error makes its certificate (or, with
 * certificate NULL, the whole configuration) broken; a warning does not. */
typedef struct ConfigMessage {
        bool error;
        char *certificate; /* NULL: not of one certificate */
        char *text; /* "/etc/renewd/certificates/a.conf:3: KeyType=rsa-1024: … use one of …" */
} ConfigMessage;

/* What a CA publishes about its limits (LE-07); the count per account is OrderBudget=. */
typedef enum CaLimitKind {
        CA_LIMIT_DUPLICATES, /* certificates of one exact set of names */
        CA_LIMIT_FAILURES,   /* failed validations of one name */
        CA_LIMIT_MAX,
} CaLimitKind;
const char *ca_limit_to_string(CaLimitKind k);

typedef struct CaLimit {
        int64_t count; /* 0: no limit */
        int64_t period_sec;
} CaLimit;

typedef struct CaConfig {
        char *name;      /* file name without .conf */
        char *directory; /* URL */
        char *bundle;    /* PEM file that replaces the system's trust store; NULL: the system's */
        StringList origins;       /* of the directory, and what Origins= allows besides */
        KeyType account_key_type; /* of an account key that is made (C-01) */
        int64_t max_orders;       /* in flight (S-07) */
        int64_t order_budget;     /* new orders per 3 h; 0: no limit */
        int64_t max_labels;       /* of a name; 0: no limit (H-03) */
        CaLimit limits[CA_LIMIT_MAX];
        int64_t max_names;         /* of one certificate (H-03) */
        StringList caa_identities; /* what CAA records call it, if its directory does not say */
        bool allow_private; /* private addresses though the directory's host is public */
        bool terms_agreed;  /* AgreeToTerms= of [Account], or of this CA */
        bool renewal_info;  /* ask it when to renew, if it says (T-03) */
        bool replaces;      /* tell it which certificate an order replaces (T-15) */
        StringList contact; /* Contact=, or Email= of [Account]; "mailto:" is added where it is sent */
        char *external_account; /* credential below credentials/eab/; the CA's name unless told otherwise */
        char *proxy;            /* http://HOST:PORT; NULL: none */
        char *staging;          /* the CA definition to rehearse at; NULL: none */
} CaConfig;

/* What stands in a file: its parts in their order, a hexadecimal digit each. */
typedef int FileContent;
enum {
        FILE_KEY = 0x1,
        FILE_CERT = 0x2,
        FILE_CHAIN = 0x3, /* the intermediates */
        FILE_ROOT = 0x4,
        FILE_FULLCHAIN = 0x23,
        FILE_COMBINED = 0x123,
        FILE_CONTENT_INVALID = -EINVAL,
};
#define FILE_PARTS_MAX 4

/* "fullchain", "key,cert,chain" … Invalid: no such part, or one of them twice. */
FileContent file_content_from_string(const char *text);
int file_content_to_string(FileContent c, char **ret);
FileContent file_content_part(FileContent c, size_t i); /* 0: there are not so many */
bool file_content_holds(FileContent c, FileContent part);
bool file_content_holds_key(FileContent c);

typedef enum FileFormat {
        FILE_FORMAT_PEM,
        FILE_FORMAT_DER,
        FILE_FORMAT_PKCS12,
        FILE_FORMAT_JKS,
        FILE_FORMAT_MAX,
        FILE_FORMAT_INVALID = -EINVAL,
} FileFormat;
FileFormat file_format_from_string(const char *text);
const char *file_format_to_string(FileFormat f);
bool file_format_is_keystore(FileFormat f);

/* How the parts are written; all zero is PEM. */
typedef struct FileForm {
        FileFormat format;
        bool traditional;    /* the key as PKCS#1 or SEC1, not PKCS#8 */
        bool legacy;         /* PKCS#12 as old programs read it */
        char *alias;         /* of the entry of a keystore; NULL: none */
        char *password;      /* of a keystore: a file of CONFIG/credentials; NULL */
        char *password_text; /* a well-known one; NULL. One of the two, with a keystore */
} FileForm;
void file_form_done(FileForm *f);
int file_form_copy(const FileForm *f, FileForm *ret);
bool file_form_same(const FileForm *a, const FileForm *b);

#define FILE_OWNER_DIRECTORY "directory" /* as owner or group: that of the directory */

typedef struct FileConfig {
        FileContent content;
        KeyType key_type; /* while loading: "key:rsa-2048"; KEY_TYPE_INVALID: not said */
        char *path;       /* absolute, specifiers expanded */
        char *owner;      /* user name or number, or FILE_OWNER_DIRECTORY */
        char *group;
        mode_t mode;
        bool leave_rights; /* MODE "-": neither chown nor chmod */
        bool keep_link;    /* a symbolic link at the place is followed */
        bool staged;       /* below the stage directory: written for the commands of one deploy */
        FileForm form;
        StringList acl; /* "u:NAME:r-", "g:NAME:rw", besides owner, group and mode */
} FileConfig;

/* Where a service shows its certificate, and what is spoken there before. */
typedef struct ProbeConfig {
        ProbeProtocol protocol;
        char *host; /* name or literal address without brackets */
        uint16_t port;
} ProbeConfig;

bool probe_configs_same(const ProbeConfig *a, size_t a_count, const ProbeConfig *b, size_t b_count);

/* When a service may be interrupted. */
typedef struct RestartWindow {
        char *text;       /* owns both; as configured: "Sun 03:00 /2h" */
        char *begin_text; /* "Sun 03:00" */
        Calendar begin;
        int64_t length_sec;
} RestartWindow;

/* What a probe is satisfied with (Validation=). */
typedef enum Validation {
        VALIDATION_LEAF,        /* the installed leaf, with all that clients need */
        VALIDATION_DISABLED,    /* any */
        VALIDATION_BASIC,       /* one of a trusted CA, or the key that was seen first */
        VALIDATION_RECOMMENDED, /* one of a trusted CA, or the key of Pin= */
        VALIDATION_STRICT,      /* one of a trusted CA for the right name */
        VALIDATION_MAX,
} Validation;
const char *validation_to_string(Validation v); /* NULL: it is the default */

/* One place where a certificate is installed: a profile's [Deploy] overlaid by the certificate's
 * [Deploy TARGET]. */
typedef struct TargetConfig {
        char *name;    /* TARGET */
        char *service; /* profile; NULL if none */
        FileConfig *files;
        size_t file_count;
        StringList twin_files; /* paths of the twin's files here */
        StringList check;      /* argv of the service's own check; empty: none */
        char *reload;          /* unit to reload (or try-restart); NULL */
        char *restart;         /* unit to try-restart; NULL */
        char *unit;            /* of the service, where neither reload nor restart names it; NULL */
        int signal_number;     /* to the main process of `unit`; 0: none */
        StringList command;    /* argv; told before a reload, or in its place; empty: none */
        char *command_user;    /* whose rights the command has; NULL: root's */
        StringList fallback_command; /* argv; told where there is no such unit; empty: none */
        StringList hook;             /* argv of the hook program; empty: none */
        StringList setup;            /* argv of the set-up program; empty: none */
        StringList options;          /* "NAME=VALUE", told to all programs */
        StringList prove;            /* argv; must succeed besides the handshakes; empty: none */
        int64_t timeout_sec;         /* of each program and job; default 90 */
        int64_t memory_max;          /* octets, of each program and what it starts */
        int64_t tasks_max;
        bool stand_in;   /* it gets a self-signed certificate while there is no real one */
        char *take_over; /* "no": not what somebody else renews; "yes", NULL: whatever is there */
        ProbeConfig *probes; /* where the service shows its certificate */
        size_t probe_count;
        Validation validation;
        char *pin;        /* of Validation=basic and recommended; NULL: none */
        char *probe_name; /* SNI; default the certificate's first name; NULL for an IP address */
        KeyFamily probe_family; /* a twin is asked for by its kind of key; else any */
        RestartWindow *windows; /* none: at any time */
        size_t window_count;
        int64_t deadline_sec; /* before the former certificate expires windows end to hold; 0: by lifetime */
        bool canary;          /* the certificate's other targets wait for it */
        char *group;          /* of targets that are deployed one at a time; NULL: none */
} TargetConfig;

/* Whose contract a program that writes DNS records was made for. */
typedef enum DnsStyle {
        DNS_STYLE_NATIVE,
        DNS_STYLE_CERTBOT,
        DNS_STYLE_DEHYDRATED,
        DNS_STYLE_DEHYDRATED_CHAIN,
        DNS_STYLE_LEGO,
        DNS_STYLE_LEGO_RAW,
        DNS_STYLE_UACME,
        DNS_STYLE_ACMETOOL,
        DNS_STYLE_MOD_MD,
        DNS_STYLE_ACME_SH,
        DNS_STYLE_MAX,
        DNS_STYLE_INVALID = -EINVAL,
} DnsStyle;
const char *dns_style_to_string(DnsStyle s);
DnsStyle dns_style_from_string(const char *text);

/* A DNS provider: the program that writes records, and how it is seen that they are served. */
typedef struct DnsConfig {
        char *name;         /* file name without .conf */
        StringList program; /* argv; for acme.sh the file of its dnsapi */
        StringList cleanup; /* argv of the program that takes records away; empty: the same one */
        DnsStyle style;
        StringList credentials;  /* files of CONFIG/credentials handed to the program */
        StringList environment;  /* "KEY=value" for the program */
        int64_t timeout_sec;     /* of each run of the program */
        int64_t propagation_sec; /* how long the servers are looked at; 0: not at all */
        bool post_unseen;   /* the challenge is posted though not all servers serve the value */
        StringList servers; /* asked instead of the zone's own; ADDRESS or ADDRESS:PORT */
        char *resolver;     /* asked for zones and aliases; NULL: the system's */
} DnsConfig;

/* An endpoint whose certificate is somebody else's affair, and looked at all the same. */
typedef struct WatchConfig {
        char *name;          /* file name without .conf */
        ProbeConfig *probes; /* at least one */
        size_t probe_count;
        char *server_name;     /* NULL: the host of each */
        Validation validation; /* what is asked of it */
        char *pin;             /* of its key; NULL: none */
        char *bundle;          /* PEM file of the roots that count; NULL: the system's */
        int64_t every_sec;
} WatchConfig;

/* Whether a renewal is rehearsed some days before (Rehearse=). */
typedef enum Rehearse {
        REHEARSE_AUTO, /* if the lifetime is long enough */
        REHEARSE_YES,
        REHEARSE_NO,
} Rehearse;

typedef struct CertificateConfig {
        char *name;       /* file name without .conf: [a-z0-9][a-z0-9._-]*, "_wildcard." for "*." */
        char *path;       /* of the file, for messages */
        StringList names; /* A-labels, lower case, sorted, unique; the optional ones included */
        StringList optional_names; /* of these: may be left out of an order that they make fail */
        char *ca;                  /* name of a CaConfig that exists, unless broken or elsewhere */
        bool elsewhere;            /* CA=none: nothing is ordered, certificates are imported */
        char *first_name;          /* of Names= as written; that of a common name */
        StringList fallback_cas; /* names of those that are asked when the one before fails (CA-03) */
        KeyType key_type;        /* KEY_TYPE_INVALID: that of a request, and none of ours */
        bool reuse_key;
        char *twin;         /* name of the other certificate of KeyType=A B; NULL: none */
        char *twin_of;      /* of the second of them: name of the first; NULL */
        char *request_path; /* CertificateRequest=; NULL: the signer makes key and request */
        Bytes request;      /* its DER */
        char request_sha256[SHA256_HEX_SIZE]; /* of the DER; "" without a request */
        char request_spki[SHA256_HEX_SIZE];   /* of its public key */
        int64_t renew_before_sec;             /* 0: by lifetime */
        char *profile, *require_profile;      /* preferred, required (U-02); at most one is set */
        char *preferred_chain; /* common name or SHA-256; NULL: the CA's default (P-08) */
        int64_t lifetime_sec;  /* asked for; 0: the CA's default (H-04) */
        ChallengeType challenges[CHALLENGE_TYPE_MAX];
        bool preflight; /* the names are looked at before an order */
        Rehearse rehearse;
        char *staging; /* name of the CaConfig that its first CA is rehearsed at; NULL: none */
        size_t challenge_count;    /* 0: what the machine can do (J-03) */
        StringList challenge_hook; /* argv; run beside our own answer to http-01; empty: none */
        char *dns_name;            /* of DNS=; NULL: none */
        DnsConfig *dns;            /* owns; NULL: none, or its file has an error */
        TargetConfig *targets;
        size_t target_count;
        bool broken; /* has an error message: nothing new is ordered or deployed */
} CertificateConfig;

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

/* Reads everything; what is wrong becomes messages. Twins stand beside each other as two certificates, NAME and NAME.TYPE. Negative only when nothing could be read at all
 * (-ENOMEM, unreadable directory). `only`: name of the one certificate to read (with its twin), NULL
 * for all. */
int config_load(const Paths *paths, const char *only, Config **ret);
Config *config_free(Config *c);
DEFINE_CLEANUP(Config *, config_free)

const CertificateConfig *config_certificate(const Config *c, const char *name);
const CaConfig *config_ca(const Config *c, const char *name);
bool certificate_has_stand_in(const CertificateConfig *c); /* at any target */
bool certificate_has_challenge(const CertificateConfig *c, ChallengeType type);
const TargetConfig *certificate_target(const CertificateConfig *c, const char *name);

/* The profile that is asked for, preferred or required; NULL: none. */
const char *certificate_profile(const CertificateConfig *c);

/* Is `ca` one of its CAs? */
bool certificate_has_ca(const CertificateConfig *c, const char *ca);

/* CA=none: certificates come from elsewhere. */
#define CA_NONE "none"

/* How the id of a key begins that was made for a request to a CA without ACME; it may take its time. */
#define ATTEMPT_OF_REQUEST "manual-"

/* How the id of a rehearsal's attempt begins: its key is of no use for any other CA, and does not stay. */
#define ATTEMPT_OF_REHEARSAL "rehearsal-"

/* Is `ca` the one where its renewal is rehearsed, and none of its own? */
bool certificate_rehearses_at(const CertificateConfig *c, const char *ca);

/* Some of its names, and all that are not optional? */
bool certificate_accepts_names(const CertificateConfig *c, const StringList *names);

/* Same order would be placed: names, CAs, key type, request, challenges, profile, chain, lifetime. */
bool certificate_same_order(const CertificateConfig *a, const CertificateConfig *b);

bool certificate_name_is_valid(const char *name);

/* Checks and folds one identifier of a certificate: DNS name (U-labels become A-labels; "*." leftmost), or IP address.
 * ret: malloc'ed canonical text. -EINVAL with *ret_reason (static): H-02, H-03. */
int identifier_normalize(const char *text, char **ret, const char **ret_reason);

/* Names of the service profiles there are (CONFIG and DATA), sorted; appended. */
int config_service_names(const Paths *paths, StringList *ret);

/* Effective configuration in its own syntax (--dump-config); appended. */
int config_dump(const Config *c, Bytes *ret);

/* The reference of all keys for the manual page: one entry per table row; appended, as roff. */
int config_reference_man(Bytes *ret);
