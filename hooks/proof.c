#include "hooks/proof.h"

#include <string.h>

#include "acme/challenge.h"
#include "base/log.h"

#define RECORD_MAX      253
#define LABEL_MAX       63
#define THUMBPRINT_SIZE 43

void proof_done(Proof *p) {
        free(p->identifier);
        free(p->token);
        free(p->authorization);
        free(p->value);
        free(p->record);
        free(p->output);
        *p = (Proof){};
}

void proof_list_done(ProofList *l) {
        for (size_t i = 0; i < l->count; i++)
                proof_done(&l->items[i]);
        free(l->items);
        *l = (ProofList){};
}

int proof_list_add(ProofList *l, Proof *p) {
        Proof *grown = reallocarray(l->items, l->count + 1, sizeof *grown);

        if (!grown)
                return -ENOMEM;
        l->items = grown;
        grown[l->count++] = *p;
        *p = (Proof){};
        return 0;
}

void proof_list_remove(ProofList *l, size_t i) {
        proof_done(&l->items[i]);
        memmove(l->items + i, l->items + i + 1, (l->count - i - 1) * sizeof *l->items);
        l->count--;
}

Proof *proof_list_find(const ProofList *l, const Proof *like) {
        for (size_t i = 0; i < l->count; i++)
                if (l->items[i].type == like->type && str_equal(l->items[i].token, like->token) &&
                    str_equal(l->items[i].identifier, like->identifier))
                        return &l->items[i];
        return NULL;
}

bool proof_is_dns(const Proof *p) {
        return challenge_is_dns(p->type);
}

/* ---- alphabets ---- */

/* The names of the certificate, their bases, and their ancestors (RFC 9444, H-16). */
static bool is_ours(const CertificateConfig *c, const char *identifier) {
        size_t size = strlen(identifier);

        for (size_t i = 0; i < c->names.count; i++) {
                const char *base = str_skip_prefix(c->names.items[i], "*.");
                const char *name = base ? base : c->names.items[i];
                size_t length = strlen(name);

                if (str_equal(name, identifier))
                        return true;
                if (strchr(identifier, '.') && length > size + 1 &&
                    name[length - size - 1] == '.' && str_equal(name + length - size, identifier))
                        return !identifier_is_ip(name);
        }
        return false;
}

/* The name can come from a stranger's alias: letters, digits, '_', '-' and '.' only, and nothing that a program
 * could take for an option. */
static bool is_record(const char *name) {
        size_t size = strnlen(name, RECORD_MAX + 1);

        if (size == 0 || size > RECORD_MAX || name[0] == '-' ||
            strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.") != size)
                return false;
        for (const char *label = name;; label++) {
                size_t length = strcspn(label, ".");

                if (length == 0 || length > LABEL_MAX)
                        return false;
                label += length;
                if (!*label)
                        return true;
        }
}

static bool is_authorization(const char *text, const char *token) {
        const char *thumbprint = str_skip_prefix(text, token);

        return thumbprint && thumbprint[0] == '.' && str_is_base64url(thumbprint + 1) &&
               strlen(thumbprint + 1) == THUMBPRINT_SIZE;
}

/* NULL: all is well; else the member at fault. */
static const char *fault_of(const Proof *p, const CertificateConfig *c) {
        if (p->type >= CHALLENGE_TYPE_MAX || p->type == CHALLENGE_DNS_PERSIST_01)
                return "type";
        if (!p->identifier || (c && !is_ours(c, p->identifier)))
                return "identifier";
        if (!p->token || !token_is_valid(p->token))
                return "token";
        if (!p->authorization || !is_authorization(p->authorization, p->token))
                return "authorization";
        if (challenge_is_dns(p->type) && (!p->record || !is_record(p->record)))
                return "record";
        return NULL;
}

/* ---- JSON ---- */

static int read_members(const Json *j, Proof *p) {
        const char *type = "", *identifier = NULL, *token = NULL, *authorization = NULL,
                   *record = NULL;
        int r;

        (void) json_get_string(j, "type", &type); /* what is absent is found by fault_of() */
        (void) json_get_string(j, "identifier", &identifier);
        (void) json_get_string(j, "token", &token);
        (void) json_get_string(j, "authorization", &authorization);
        (void) json_get_string(j, "record", &record);
        (void) json_get_bool(j, "wildcard", &p->wildcard);
        p->type = challenge_type_from_string(type);
        r = str_replace(&p->identifier, identifier);
        if (r >= 0)
                r = str_replace(&p->token, token);
        if (r >= 0)
                r = str_replace(&p->authorization, authorization);
        if (r >= 0 && challenge_is_dns(p->type))
                r = str_replace(&p->record, record);
        return r;
}

static int set_value(Proof *p) {
        if (challenge_is_dns(p->type) || p->type == CHALLENGE_TLS_ALPN_01)
                return dns01_value(p->authorization, &p->value);
        return str_replace(&p->value, p->authorization);
}

int proof_parse(const Json *j, const CertificateConfig *c, Proof *ret, const char **ret_bad) {
        _cleanup_(proof_done) Proof p = {};
        int r;

        r = read_members(j, &p);
        if (r < 0)
                return r;
        *ret_bad = fault_of(&p, c);
        if (*ret_bad)
                return -EINVAL;
        r = set_value(&p);
        if (r < 0)
                return r;
        *ret = p;
        p = (Proof){};
        return 0;
}

int proof_to_json(const Proof *p, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? json_set_string(j, "type", challenge_type_to_string(p->type)) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "identifier", p->identifier);
        if (r >= 0)
                r = json_set_string(j, "token", p->token);
        if (r >= 0)
                r = json_set_string(j, "authorization", p->authorization);
        if (r >= 0)
                r = json_set_string(j, "record", p->record);
        if (r >= 0)
                r = json_set_string(j, "output", p->output);
        if (r >= 0)
                r = json_set_bool(j, "wildcard", p->wildcard);
        if (r >= 0)
                r = json_set_int64(j, "remaining", p->remaining);
        if (r >= 0)
                r = json_set_bool(j, "done", p->done);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

int proof_from_json(const Json *j, Proof *ret) {
        _cleanup_(proof_done) Proof p = {};
        const char *output = NULL;
        int r;

        r = read_members(j, &p);
        if (r < 0)
                return r;
        if (fault_of(&p, NULL)) /* a name may have left the configuration since */
                return -EBADMSG;
        (void) json_get_string(j, "output", &output); /* these three have good defaults */
        (void) json_get_int64(j, "remaining", &p.remaining);
        (void) json_get_bool(j, "done", &p.done);
        r = set_value(&p);
        if (r >= 0)
                r = str_replace(&p.output, output);
        if (r < 0)
                return r;
        *ret = p;
        p = (Proof){};
        return 0;
}
