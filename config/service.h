#pragma once

/* Service profiles: what services/NAME.conf says of a service besides its [Deploy] section, and a profile
 * read by itself, for a person who wants to know it before a certificate names it. */

#include "config/config.h"

/* Find=, FindUnit=: what "${NAME}" stands for. */
typedef struct ServiceVariable {
        char *name;
        char *value;
        bool found; /* else the value is the first choice, and nothing of the kind is on this machine */
} ServiceVariable;

typedef struct ServiceVariables {
        ServiceVariable *items; /* owns */
        size_t count;
} ServiceVariables;

const ServiceVariable *service_variable(
                const ServiceVariables *v, const char *name); /* NULL: not known */

/* Adds it, or replaces the one of this name. */
int service_variable_set(ServiceVariables *v, const char *name, const char *value, bool found);
void service_variables_done(ServiceVariables *v);

/* How the profile was proved. */
typedef enum ServiceTested {
        SERVICE_TESTED_UNSAID,
        SERVICE_TESTED_REAL,          /* with the service itself */
        SERVICE_TESTED_STAND_IN,      /* with a stand-in that has its paths, unit and contract */
        SERVICE_TESTED_DOCUMENTATION, /* written by what its makers say */
        SERVICE_TESTED_MAX,
} ServiceTested;
const char *service_tested_to_string(ServiceTested t); /* "real" …; NULL: unsaid */

/* [Service] and [Challenge]. Texts are expanded. */
typedef struct ServiceConfig {
        char *description;
        StringList detect;
        ServiceVariables variables;
        StringList configure; /* lines for the service's own configuration */
        StringList notes;
        ServiceTested tested;
        bool propose;                     /* by `renewctl add --service auto` */
        KeyType key_types[KEY_TYPES_MAX]; /* what a certificate with this target should have */
        size_t key_type_count;            /* 0: not said */
        char *reuse_key;                  /* "yes", "no", NULL: not said */
        char *profile;                    /* the CA's; NULL: not said */

        /* [Challenge]: the file that hands challenges over */
        StringList programs;    /* names of the web server's process */
        bool takes_names;       /* all requests for the names go to the file's server */
        StringList blank_pages; /* what such a server may be put before */
        char *conflict;         /* of the check's output: it is as a failure */
        char *snippet;          /* its path; NULL: this service has none */
        StringList lines;
        StringList enable, disable, challenge_check; /* argv; empty: none */
        char *challenge_reload;                      /* unit; NULL */
        StringList challenge_command; /* argv, where systemd does not run; empty: none */
        StringList otherwise;         /* what a person does where the file cannot work */
} ServiceConfig;
void service_config_done(ServiceConfig *s);

/* Something of it is on this machine (Detect=). */
bool service_is_here(const ServiceConfig *s);

#define SERVICE_HTTP_LISTEN "127.0.0.1:8402" /* ${HTTP_LISTEN} */

/* What `names` stand for where a profile is read for one certificate. */
typedef struct ServiceFor {
        const char *certificate; /* %n */
        const char *names;       /* ${NAMES}: separated by blanks */
} ServiceFor;

typedef struct ServiceProfile {
        char *name;
        StringList paths; /* the file and its drop-ins that say something */
        ServiceConfig service;
        TargetConfig target;
        Config *messages; /* owns; only its messages are used */
        bool broken;
} ServiceProfile;

/* One profile with its drop-ins. -ENOENT: there is none of this name (or it is masked). */
int service_profile_load(
                const Paths *paths, const char *name, const ServiceFor *what, ServiceProfile **ret);
ServiceProfile *service_profile_free(ServiceProfile *p);
DEFINE_CLEANUP(ServiceProfile *, service_profile_free)

/* The settings of a target that a profile may have, a line "Key=value" each, with nothing left to expand; appended. */
int config_describe_target(const TargetConfig *t, Bytes *ret);
