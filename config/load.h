#pragma once

/* The steps of loading. Inside this room only. */

#include "config/apply.h"
#include "config/directories.h"
#include "config/source.h"
#include "config/table.h"

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

/* Calls `load` for each NAME.conf of a kind, whether the name is one or not. */
int load_each(Loader *l, ConfigKind kind, int (*load)(Loader *l, const char *name));
int warn_of_name(Loader *l, ConfigKind kind, const char *name, const char *why);

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
/* The name is free, and one. */
int check_twin_name(
                const Loader *l, const Report *r, const CertificateConfig *first, const char *twin);
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
