#pragma once

/* What the verbs of renewctl share: the options, the way to speak, and the exit statuses. */

#include "base/json.h"
#include "base/varlink.h"
#include "config/config.h"

/* Documented in renewctl(1); scripts rely on them. */
enum {
        CTL_FINE = 0,
        CTL_PROBLEM = 1,   /* degraded, an error in the configuration, or the verb failed */
        CTL_NO_DAEMON = 2, /* renewd is not running or does not answer */
        CTL_USAGE = 3,     /* wrong arguments */
        CTL_NO_RIGHT = 4,  /* needs root, or the view group */
        CTL_UNKNOWN = 5,   /* no certificate of that name */
};

#define SCHEMA_VERSION 1

typedef struct Ctl {
        Paths paths;
        bool json;
        /* of renew and add */
        bool wait;
        bool force;
        bool insist; /* --force twice */
        /* of remove */
        bool restore;
        bool now; /* renew: no restart window is waited for */
        /* of add */
        StringList services;
        const char *email; /* borrows */
        const char *ca;
        const char *key_types; /* separated by blanks, as the next */
        const char *challenges;
        const char *dns;
        bool agree_to_terms;
        bool staging;
        bool no_start;
        bool web_server_snippet;
        /* of account */
        const char *kid; /* borrows, as the others */
        const char *key_file;
        bool yes;
        bool new_key;
        /* of stand-in */
        StringList names;
        /* of csr */
        const char *subject; /* borrows, as the others */
        const char *country, *province, *locality, *organization, *unit, *common_name;
        const char *output;
        /* of import */
        const char *cert_file, *chain_file, *password_file;
        bool dry_run;
        /* of revoke */
        const char *reason;
        bool with_key;
        bool no_replace;
        /* of inspect */
        const char *starttls; /* borrows, as the others */
        const char *level;
        const char *root_store;
        const char *host_name;
        const char *pin;
        const char *pins;

        Json *answer; /* owns; with --json printed at the end; NULL after it was streamed */
} Ctl;

/* A line for the person; with --json an element of "messages". Foreign text must be escaped. */
void ctl_say(Ctl *ctl, const char *format, ...) _printf_(2, 3);

/* A sentence on standard error (with --json also the member "error"); returns `status`. */
int ctl_fail(Ctl *ctl, int status, const char *format, ...) _printf_(3, 4);
int ctl_no_memory(Ctl *ctl);

/* There is a person at a terminal. */
bool ctl_can_ask(const Ctl *ctl);
bool ctl_ask(const char *question); /* yes? */

/* Standard output is a terminal that wants colours. */
bool ctl_wants_colour(void);

/* ---- the engine ---- */

/* Connects; 0, or an exit status after having said why not. */
int ctl_connect(Ctl *ctl, unsigned timeout_sec, VarlinkClient **ret);

/* One call and its answer; takes `parameters`. 0, or an exit status after having said why. */
int ctl_call(Ctl *ctl,
             VarlinkClient *client,
             const char *method,
             Json *parameters,
             VarlinkReply *ret);

/* Says what an error reply means; returns the exit status. `name`: of the certificate, may be NULL. */
int ctl_reply_failure(Ctl *ctl, const VarlinkReply *reply, const char *name);
/* The certificate of this name, as the engine shows it; owned by *reply. 0, or an exit status. */
int ctl_show(Ctl *ctl, const char *name, VarlinkReply *reply, const Json **ret);
int ctl_answer_certificate(Ctl *ctl, const Json *certificate); /* a copy, for --json */
/* All certificates, appended to the array. 0, or an exit status. */
int ctl_list(Ctl *ctl, VarlinkClient *client, Json *ret);
int ctl_transport_failure(Ctl *ctl, int error);

/* "there is no certificate 'x'; did you mean …". */
int ctl_unknown_name(Ctl *ctl, const char *name);

/* Calls a method that tells steps, each of which is printed as it comes; takes `parameters`. Without `follow` it only
 * begins. Returns the exit status. */
int ctl_follow(Ctl *ctl, const char *method, Json *parameters, const char *name, bool follow);

/* The configuration of one certificate, which has no error; 0, or an exit status. */
int ctl_load_certificate(
                Ctl *ctl, const char *name, Config **ret_config, const CertificateConfig **ret);

/* Follows Renew with each step as it comes; returns the exit status. */
int ctl_follow_renewal(Ctl *ctl, const char *name);

/* ---- verbs: return an exit status ---- */

int verb_add(Ctl *ctl, char *names[], int count);
int verb_remove(Ctl *ctl, char *names[], int count);
int verb_status(Ctl *ctl, char *names[], int count);
int verb_dns_persist(Ctl *ctl, char *names[], int count);
int verb_show(Ctl *ctl, char *names[], int count);
int verb_why(Ctl *ctl, char *names[], int count);
int verb_plan(Ctl *ctl, char *names[], int count);
int verb_rehearse(Ctl *ctl, char *names[], int count);
int verb_renew(Ctl *ctl, char *names[], int count);
int verb_account(Ctl *ctl, char *names[], int count);
int verb_revoke(Ctl *ctl, char *names[], int count);
int verb_inspect(Ctl *ctl, char *arguments[], int count);
int verb_watch(Ctl *ctl, char *arguments[], int count);
int verb_services(Ctl *ctl, char *arguments[], int count);
int verb_csr(Ctl *ctl, char *names[], int count);
int verb_stand_in(Ctl *ctl, char *names[], int count);
int verb_import(Ctl *ctl, char *names[], int count);
int verb_check(Ctl *ctl, char *names[], int count);
int verb_version(Ctl *ctl, char *names[], int count);

/* Names of certificates as typed: one with U-labels becomes the name of its file. Appended. */
int ctl_names_typed(char *const typed[], int count, StringList *ret);

/* A name for the terminal: escaped, with its U-labels behind it; malloc'ed, NULL without memory. */
char *ctl_name_shown(const char *name);

/* File name of a certificate for its first name: "*." becomes "_wildcard.", ':' becomes '-'. malloc'ed;
 * -EINVAL if that is no certificate name. */
int certificate_name_for(const char *identifier, char **ret);
