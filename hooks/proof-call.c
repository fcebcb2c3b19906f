/* One function for each contract. What they are is in the manual of each client; the words here were taken from their
 * programs:
 *
 *   native      PROGRAM present|cleanup                                    RENEWD_*
 *   certbot     PROGRAM                                                    CERTBOT_* (manual plugin)
 *   dehydrated  PROGRAM deploy_challenge|clean_challenge (DOMAIN TOKEN VALUE)...
 *   lego        PROGRAM present|cleanup FQDN. VALUE
 *   lego-raw    PROGRAM present|cleanup -- DOMAIN TOKEN KEYAUTH
 *   uacme       PROGRAM begin|done TYPE IDENT TOKEN AUTH                   UACME_*
 *   acmetool    PROGRAM challenge-dns-start|stop HOST TARGETFILE VALUE WILDCARD
 *   mod_md      PROGRAM setup|teardown DOMAIN VALUE
 *   acme.sh     shim FILE add|rm FQDN VALUE */

#include "hooks/proof-call.h"

#include <stdio.h>
#include <string.h>

#define ACMETOOL_UNSUPPORTED 42
#define RECORD_PREFIX        "_acme-challenge."

typedef struct Building {
        const ProofCall *call;
        const Proof *proof; /* the first one */
        StringList *argv, *environment;
        int error; /* the first that occurred */
} Building;

static void arg(Building *b, const char *text) {
        if (b->error >= 0)
                b->error = string_list_add(b->argv, text);
}

static void set(Building *b, const char *key, const char *value) {
        _cleanup_free_ char *text = NULL;

        if (b->error >= 0)
                b->error = str_printf(&text, "%s=%s", key, value ? value : "");
        if (b->error >= 0)
                b->error = string_list_add(b->environment, text);
}

static void set_number(Building *b, const char *key, int64_t value) {
        char text[32];

        (void) snprintf(text, sizeof text, "%lld", (long long) value);
        set(b, key, text);
}

static void set_names(Building *b, const char *key, const char *separator) {
        const StringList *names = &b->call->certificate->names;
        _cleanup_(bytes_done) Bytes text = {};

        for (size_t i = 0; i < names->count && b->error >= 0; i++)
                b->error = bytes_printf(&text, "%s%s", i ? separator : "", names->items[i]);
        set(b, key, bytes_text(&text));
}

/* These contracts put "_acme-challenge." in front themselves. Of an alias they can be told where its target has the
 * same form; else they get the name under validation, as from their own client. */
static const char *domain_of(const Proof *p) {
        const char *rest = p->record ? str_skip_prefix(p->record, RECORD_PREFIX) : NULL;

        return rest ? rest : p->identifier;
}

static const char *event(const Building *b) {
        return b->call->cleanup ? "cleanup" : "present";
}

/* ---- contracts ---- */

static void build_native(Building *b) {
        const Proof *p = b->proof;

        arg(b, event(b));
        set(b, "RENEWD_EVENT", event(b));
        set(b, "RENEWD_CERTIFICATE", b->call->certificate->name);
        set_names(b, "RENEWD_NAMES", " ");
        set(b, "RENEWD_CHALLENGE", challenge_type_to_string(p->type));
        set(b, "RENEWD_IDENTIFIER", p->identifier);
        set(b, "RENEWD_WILDCARD", p->wildcard ? "yes" : "no");
        set(b, "RENEWD_TOKEN", p->token);
        set(b, "RENEWD_AUTHORIZATION", p->authorization);
        set(b, "RENEWD_VALUE", p->value);
        if (p->record)
                set(b, "RENEWD_RECORD", p->record);
        set_number(b, "RENEWD_REMAINING", p->remaining);
        if (b->call->state)
                set(b, "RENEWD_STATE", b->call->state);
}

static void build_certbot(Building *b) {
        const Proof *p = b->proof;

        set(b, "CERTBOT_DOMAIN", domain_of(p));
        set(b, "CERTBOT_IDENTIFIER", domain_of(p));
        set(b, "CERTBOT_VALIDATION", p->value);
        set_number(b, "CERTBOT_REMAINING_CHALLENGES", p->remaining);
        set_names(b, "CERTBOT_ALL_DOMAINS", ",");
        set_names(b, "CERTBOT_ALL_IDENTIFIERS", ",");
        if (b->call->cleanup)
                set(b, "CERTBOT_AUTH_OUTPUT", p->output);
}

static void build_dehydrated(Building *b) {
        bool chain = b->call->certificate->dns->style == DNS_STYLE_DEHYDRATED_CHAIN;

        arg(b, b->call->cleanup ? "clean_challenge" : "deploy_challenge");
        for (size_t i = 0; i < b->call->count; i++) {
                arg(b, domain_of(&b->call->proofs[i]));
                arg(b, b->call->proofs[i].token);
                arg(b, b->call->proofs[i].value);
        }
        set(b, "CHALLENGETYPE", challenge_type_to_string(b->proof->type));
        set(b, "HOOK_CHAIN", chain ? "yes" : "no");
        set(b, "COMMAND", "sign_domains");
        set(b, "BASEDIR", b->call->state);
        set(b, "WELLKNOWN", "");
        set(b, "alias", b->call->certificate->name);
        set_names(b, "altnames", " ");
}

static void build_lego(Building *b) {
        _cleanup_free_ char *name = NULL;
        const Proof *p = b->proof;

        arg(b, event(b));
        if (b->error >= 0)
                b->error = str_printf(&name, "%s.", p->record);
        arg(b, name);
        arg(b, p->value);
        set(b, "EXEC_PATH", b->argv->items[0]);
}

static void build_lego_raw(Building *b) {
        const Proof *p = b->proof;

        arg(b, event(b));
        arg(b, "--");
        arg(b, domain_of(p));
        arg(b, p->token);
        arg(b, p->authorization);
        set(b, "EXEC_PATH", b->argv->items[0]);
        set(b, "EXEC_MODE", "RAW");
}

static void build_uacme(Building *b) {
        const Proof *p = b->proof;
        const struct {
                const char *key, *value;
        } facts[] = {
                { "UACME_METHOD", b->call->cleanup ? "done" : "begin" },
                { "UACME_TYPE", challenge_type_to_string(p->type) },
                { "UACME_IDENT", domain_of(p) },
                { "UACME_TOKEN", p->token },
                { "UACME_AUTH", p->value },
        };

        for (size_t i = 0; i < ELEMENTSOF(facts); i++) {
                arg(b, facts[i].value);
                set(b, facts[i].key, facts[i].value);
        }
        set(b, "UACME_CONFDIR", b->call->state);
        set(b, "UACME_VERBOSE", "0");
}

static void build_acmetool(Building *b) {
        const Proof *p = b->proof;

        arg(b, b->call->cleanup ? "challenge-dns-stop" : "challenge-dns-start");
        arg(b, domain_of(p));
        arg(b, ""); /* no target file: there is none here */
        arg(b, p->value);
        arg(b, p->wildcard ? "wildcard" : "");
        set(b, "ACME_STATE_DIR", b->call->state);
}

static void build_mod_md(Building *b) {
        arg(b, b->call->cleanup ? "teardown" : "setup");
        arg(b, domain_of(b->proof));
        arg(b, b->proof->value);
}

/* The file is shell to be sourced: the shim is the program, and the file its first argument. */
static void build_acme_sh(Building *b) {
        arg(b, b->call->cleanup ? "rm" : "add");
        arg(b, b->proof->record);
        arg(b, b->proof->value);
        set(b, "HOME", b->call->state);
        set(b, "LE_WORKING_DIR", b->call->state);
        set(b, "LE_CONFIG_HOME", b->call->state);
}

static void (*const builders[DNS_STYLE_MAX])(Building *b) = {
        [DNS_STYLE_NATIVE] = build_native,
        [DNS_STYLE_CERTBOT] = build_certbot,
        [DNS_STYLE_DEHYDRATED] = build_dehydrated,
        [DNS_STYLE_DEHYDRATED_CHAIN] = build_dehydrated,
        [DNS_STYLE_LEGO] = build_lego,
        [DNS_STYLE_LEGO_RAW] = build_lego_raw,
        [DNS_STYLE_UACME] = build_uacme,
        [DNS_STYLE_ACMETOOL] = build_acmetool,
        [DNS_STYLE_MOD_MD] = build_mod_md,
        [DNS_STYLE_ACME_SH] = build_acme_sh,
};

/* ---- the call ---- */

/* Which contracts say the whole name of the record? */
static bool says_record(DnsStyle style) {
        return style == DNS_STYLE_NATIVE || style == DNS_STYLE_LEGO || style == DNS_STYLE_ACME_SH;
}

bool proof_needs_no_cleanup(const CertificateConfig *c, const Proof *p) {
        return proof_is_dns(p) && c->dns && c->dns->style == DNS_STYLE_CERTBOT &&
               c->dns->cleanup.count == 0;
}

const StringList *proof_program(const CertificateConfig *c, const Proof *p, bool cleanup) {
        if (cleanup && proof_is_dns(p) && c->dns && c->dns->cleanup.count > 0)
                return &c->dns->cleanup;
        if (proof_is_dns(p))
                return c->dns && c->dns->program.count > 0 ? &c->dns->program : NULL;
        return c->challenge_hook.count > 0 ? &c->challenge_hook : NULL;
}

bool proof_is_declined(const CertificateConfig *c, const Proof *p, int status) {
        DnsStyle style = proof_is_dns(p) && c->dns ? c->dns->style : DNS_STYLE_NATIVE;

        if (style == DNS_STYLE_UACME)
                return status != 0;
        return (style == DNS_STYLE_NATIVE || style == DNS_STYLE_ACMETOOL) &&
               status == ACMETOOL_UNSUPPORTED;
}

static void add_program(Building *b, const StringList *program, DnsStyle style) {
        if (style == DNS_STYLE_ACME_SH) {
                _cleanup_free_ char *shim = NULL;

                if (b->error >= 0)
                        b->error = path_join(b->call->paths->data, "hooks/dns/acme-sh", &shim);
                arg(b, shim);
        }
        for (size_t i = 0; i < program->count; i++)
                arg(b, program->items[i]);
}

int proof_call_build(
                const ProofCall *c, StringList *argv, StringList *environment, char **ret_error) {
        Building b = { .call = c, .proof = c->proofs, .argv = argv, .environment = environment };
        const StringList *program = proof_program(c->certificate, c->proofs, c->cleanup);
        DnsStyle style = DNS_STYLE_NATIVE;

        if (!program) {
                (void) str_printf(
                                ret_error, "no program shows %s: set %s=",
                                challenge_type_to_string(c->proofs->type),
                                proof_is_dns(c->proofs) ? "DNS" : "ChallengeHook");
                return -EOPNOTSUPP;
        }
        if (proof_is_dns(c->proofs))
                style = c->certificate->dns->style;
        if (c->proofs->type == CHALLENGE_DNS_ACCOUNT_01 && !says_record(style)) {
                (void) str_printf(
                                ret_error,
                                "Style=%s cannot say where dns-account-01 wants its record; use "
                                "native, lego or acme.sh, or Challenge=dns-01",
                                dns_style_to_string(style));
                return -EOPNOTSUPP;
        }
        set(&b, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        set(&b, "LANG", "C");
        if (proof_is_dns(c->proofs))
                for (size_t i = 0; i < c->certificate->dns->environment.count && b.error >= 0; i++)
                        b.error = string_list_add(
                                        environment, c->certificate->dns->environment.items[i]);
        add_program(&b, program, style);
        if (b.error >= 0)
                builders[style](&b);
        return b.error;
}
