#pragma once

/* The steps of loading. Inside this room only. */

#include "config/table.h"

/* ---- messages ---- */

/* Where messages of a piece of configuration go, and whom its errors break. */
typedef struct Report {
        Config *config;          /* takes the messages */
        const char *certificate; /* NULL: not of one */
        bool *broken;            /* set by an error; may be NULL */
} Report;

int report_error(const Report *r, const char *format, ...) _printf_(2, 3);
int report_warning(const Report *r, const char *format, ...) _printf_(2, 3);

/* ---- sources ---- */

typedef struct SourceItem {
        char *path;
        unsigned line;
        char *section;
        char *key; /* NULL: section header */
        char *value;
} SourceItem;

/* All items of one configuration file and its drop-ins, in order. */
typedef struct Source {
        SourceItem *items;
        size_t count;
        char *path;   /* of the main file; NULL: there is none, or it is masked */
        bool refused; /* a file was there but was not read: it said why */
} Source;

void source_done(Source *s);

/* Reads the files; what cannot be trusted or read is reported as an error (R2.8.1). */
int source_read(const Report *r, const char *const dirs[], const char *name, Source *ret);

/* 0, or -EPERM with *ret_why: the file or a directory above it may be changed by others. */
int trust_check(const char *path, char **ret_why);

/* ---- items to objects ---- */

typedef struct Specifiers {
        const char *certificate;           /* %n */
        const char *target;                /* %t */
        const char *stage;                 /* %s */
        const ServiceVariables *variables; /* ${NAME}; NULL: none */
        const char *names;                 /* ${NAMES}; NULL: not known */
} Specifiers;

/* Gives the section's object its defaults. */
int section_init(ConfigKind kind, const char *section, void *object);

/* Applies the items of `header` ("Deploy nginx") with the rows of `section` ("Deploy"). */
int section_apply(
                const Report *r,
                const Source *s,
                ConfigKind kind,
                const char *header,
                const char *section,
                const Specifiers *specifiers,
                void *object);

/* Applies one item by its row. `specifiers` NULL: the value is taken as it is. */
int item_apply(const Report *report,
               const SourceItem *item,
               const ConfigKey *k,
               const Specifiers *specifiers,
               void *object);

/* %n, %t, ${NAME} and what stands for a '%' or '${' of its own, malloc'ed. -EINVAL with a reason. */
int specifiers_expand(
                const char *text, const Specifiers *specifiers, char **ret, char **ret_reason);

/* Warns of sections and keys that the table does not have. */
int source_check_known(const Report *r, const Source *s, ConfigKind kind);

/* The target name of a header "Deploy TARGET", or NULL. */
const char *deploy_target_of(const char *section);

/* ---- kinds ---- */

/* A CA file that has an error, kept aside: it breaks the certificates that use it, not the rest. */
typedef struct BrokenCa {
        char *name;
        Config *messages; /* owns; only its messages are used */
        bool used;
} BrokenCa;

typedef struct Loader {
        const Paths *paths;
        Config *config;
        BrokenCa *broken_cas;
        size_t broken_ca_count;
} Loader;

void loader_done(Loader *l);

int load_cas(Loader *l);
int load_certificates(Loader *l, const char *only);
int load_watches(Loader *l);
int load_certificate(Loader *l, const char *name);

/* Fills the certificate's targets from its [Deploy …] sections. */
int load_targets(Loader *l, const Report *r, const Source *s, CertificateDraft *d);

/* The profile `name`: its [Service] and [Challenge] into *s, its [Deploy] into *t. `specifiers` gets the profile's
 * variables, which *s owns. */
int load_service(
                const Paths *paths,
                const Report *r,
                const char *name,
                Specifiers *specifiers,
                Source *source,
                ServiceConfig *s,
                TargetConfig *t);

/* CertificateRequest=, if there is one: the request, its names and kind of key. */
int load_request(const Report *r, CertificateDraft *d);

/* ---- twins ---- */

int twin_name(const char *first, KeyType second_type, char **ret);
/* The name without the key type of a twin; NULL if it cannot be a twin's. */
int twin_base_name(const char *name, char **ret);
/* The name is free, and one. `dir`: of certificates/. */
int check_twin_name(
                const Report *r, const char *dir, const CertificateConfig *first, const char *twin);
/* Leaves the target the files of this certificate's key type. *ret_belongs: it has some, or has none at all. */
int select_files(
                const Report *r,
                const Source *s,
                const SourceItem *at,
                const CertificateDraft *d,
                TargetConfig *t,
                bool *ret_belongs);

/* The provider that the certificate names; what is wrong with its file breaks the certificate. */
int load_dns(Loader *l, const Report *r, CertificateConfig *c);

/* What a file alone cannot show: wildcards and challenges, one path for two certificates. */
int check_certificate(const Report *r, const CertificateConfig *c);
int check_destinations(Config *c);

/* The trust file of a CA: there, readable, trusted and with a certificate in it (R1.12). */
int check_bundle(const Report *r, const char *bundle);

/* Names of NAME.conf in the directories, sorted and unique; wrong entries are reported. */
int config_list(const Report *r, const char *const dirs[], StringList *ret);

int config_directories(const Paths *p, const char *sub, bool shipped, char *ret[3]);
void directories_done(char *dirs[3]);
#define _cleanup_directories_ __attribute__((cleanup(directories_cleanup)))
static inline void directories_cleanup(char *(*dirs)[3]) {
        directories_done(*dirs);
}
