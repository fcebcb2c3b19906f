/* What is asked of a certificate's configuration. */

#include "config/certificate-config.h"

#include <string.h>

const TargetConfig *certificate_target(const CertificateConfig *c, const char *name) {
        for (size_t i = 0; i < c->target_count; i++)
                if (str_equal(c->targets[i].name, name))
                        return &c->targets[i];
        return NULL;
}

const char *certificate_profile(const CertificateConfig *c) {
        return c->require_profile ? c->require_profile : c->profile;
}

bool certificate_has_stand_in(const CertificateConfig *c) {
        for (size_t i = 0; i < c->target_count; i++)
                if (c->targets[i].stand_in)
                        return true;
        return false;
}

bool certificate_has_ca(const CertificateConfig *c, const char *ca) {
        return ca && (str_equal(c->ca, ca) || string_list_contains(&c->fallback_cas, ca));
}

bool certificate_rehearses_at(const CertificateConfig *c, const char *ca) {
        return ca && str_equal(c->staging, ca);
}

bool certificate_accepts_names(const CertificateConfig *c, const StringList *names) {
        for (size_t i = 0; i < names->count; i++)
                if (!string_list_contains(&c->names, names->items[i]))
                        return false;
        for (size_t i = 0; i < c->names.count; i++)
                if (!string_list_contains(names, c->names.items[i]) &&
                    !string_list_contains(&c->optional_names, c->names.items[i]))
                        return false;
        return names->count > 0;
}

bool certificate_has_challenge(const CertificateConfig *c, ChallengeType type) {
        for (size_t i = 0; i < c->challenge_count; i++)
                if (c->challenges[i] == type)
                        return true;
        return false;
}

bool certificate_same_order(const CertificateConfig *a, const CertificateConfig *b) {
        return string_list_same_set(&a->names, &b->names) &&
               string_list_same_set(&a->optional_names, &b->optional_names) &&
               str_equal(a->ca, b->ca) && string_list_same(&a->fallback_cas, &b->fallback_cas) &&
               str_equal(a->profile, b->profile) &&
               str_equal(a->require_profile, b->require_profile) &&
               str_equal(a->preferred_chain, b->preferred_chain) &&
               a->lifetime_sec == b->lifetime_sec && a->key_type == b->key_type &&
               str_equal(a->request_sha256, b->request_sha256) &&
               a->challenge_count == b->challenge_count &&
               memcmp(a->challenges, b->challenges, a->challenge_count * sizeof a->challenges[0]) ==
                               0;
}
