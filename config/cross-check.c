/* What only shows when values are seen together. */

#include <stdlib.h>
#include <string.h>

#include "acme/url.h"
#include "base/address.h"
#include "config/load.h"

/* Is there a way for this kind of name among those that are configured? With Challenge= unset DNS= is one for
 * wildcards, and what the machine answers itself is for the rest. */
static bool has_way(const CertificateConfig *c, bool by_dns) {
        for (size_t i = 0; i < c->challenge_count; i++)
                if (challenge_is_dns(c->challenges[i]) == by_dns)
                        return true;
        return c->challenge_count == 0 && (!by_dns || c->dns_name);
}

/* RFC 8555 §7.1.3: a wildcard is shown only by DNS; RFC 8738 §7: an address never is (L-10). */
static int check_challenge(const Report *report, const CertificateConfig *c, const char *name) {
        if (name[0] == '*' && !has_way(c, true))
                return report_error(
                                report,
                                "%s: Names=%s: a wildcard can only be shown by dns-01; set DNS=NAME%s",
                                c->path, name,
                                c->challenge_count > 0 ? " and Challenge=dns-01" : "");
        if (identifier_is_ip(name) && !has_way(c, false))
                return report_error(
                                report,
                                "%s: Names=%s: an IP address cannot be shown by dns-01; set "
                                "Challenge=http-01",
                                c->path, name);
        return 0;
}

/* Somebody must write the records. */
static int check_provider(const Report *report, const CertificateConfig *c) {
        for (size_t i = 0; i < c->challenge_count; i++) {
                ChallengeType type = c->challenges[i];

                if (c->dns_name || (type != CHALLENGE_DNS_01 && type != CHALLENGE_DNS_ACCOUNT_01))
                        continue;
                return report_error(
                                report,
                                "%s: Challenge=%s needs a DNS provider; set DNS=NAME of a file below dns/",
                                c->path, challenge_type_to_string(type));
        }
        return 0;
}

/* Boulder refuses an order with a name that a wildcard of the same order covers (H-03). */
static int check_covered(const Report *report, const CertificateConfig *c, const char *name) {
        const char *dot = strchr(name, '.');
        _cleanup_free_ char *wildcard = NULL;
        int r;

        if (!dot || name[0] == '*' || identifier_is_ip(name))
                return 0;
        r = str_printf(&wildcard, "*%s", dot);
        if (r < 0 || !string_list_contains(&c->names, wildcard))
                return r;
        return report_error(
                        report,
                        "%s: Names=%s: already covered by '%s' in the same certificate; leave it out",
                        c->path, name, wildcard);
}

/* A name without a dot means something only to a CA of one's own, and such a CA is one that has its
 * own trust file. */
static int check_single_label(const Report *report, const CertificateConfig *c, const char *name) {
        const CaConfig *ca = config_ca(report->config, c->ca);

        if (strchr(name, '.') || identifier_is_ip(name) || !ca || ca->bundle)
                return 0;
        return report_error(
                        report,
                        "%s: Names=%s: not a full name; no public CA takes it (a CA of your own with "
                        "Bundle= may)",
                        c->path, name);
}

static int check_profile(const Report *report, const CertificateConfig *c) {
        if (!c->profile || !c->require_profile)
                return 0;
        return report_error(
                        report,
                        "%s: both Profile=%s and RequireProfile=%s are set; leave one of them out",
                        c->path, c->profile, c->require_profile);
}

/* Whoever runs a CA for private addresses has its own trust file or has it nearby. */
static bool is_own_ca(const CaConfig *ca) {
        _cleanup_free_ char *host = NULL;

        return ca->bundle || ca->allow_private || url_host(ca->directory, &host) < 0 ||
               host_is_private(host) || (identifier_is_ip(host) && !address_text_is_public(host));
}

/* N-05: no public CA may issue for these, so an order would only cost an attempt. */
static int check_address(const Report *report, const CertificateConfig *c, const char *name) {
        const CaConfig *ca = config_ca(report->config, c->ca);

        if (!ca || !identifier_is_ip(name) || address_text_is_public(name) || is_own_ca(ca))
                return 0;
        return report_error(
                        report,
                        "%s: Names=%s: a private, loopback, link-local or documentation address, for which no "
                        "public CA issues; leave it out, or use a CA of your own (with Bundle=)",
                        c->path, name);
}

static int check_labels(const Report *report, const CertificateConfig *c, const char *name) {
        const CaConfig *ca = config_ca(report->config, c->ca);
        int64_t labels = 1;

        if (!ca || ca->max_labels == 0 || identifier_is_ip(name))
                return 0;
        for (const char *p = name; *p; p++)
                labels += *p == '.';
        if (labels <= ca->max_labels)
                return 0;
        return report_error(
                        report, "%s: Names=%s: has %lld labels; CA '%s' takes at most %lld",
                        c->path, name, (long long) labels, ca->name, (long long) ca->max_labels);
}

/* H-03: said here, not by the CA after an order was spent. */
static int check_max_names(const Report *report, const CertificateConfig *c, const char *name) {
        const CaConfig *ca = config_ca(report->config, name);

        if (!ca || ca->max_names <= 0 || c->names.count <= (size_t) ca->max_names)
                return 0;
        return report_error(
                        report,
                        "%s: Names=: %zu names, but CA '%s' puts at most %lld into one certificate "
                        "(MaxNames=); make two certificates of it",
                        c->path, c->names.count, ca->name, (long long) ca->max_names);
}

static int check_counts(const Report *report, const CertificateConfig *c) {
        int r = check_max_names(report, c, c->ca);

        for (size_t i = 0; i < c->fallback_cas.count && r >= 0; i++)
                r = check_max_names(report, c, c->fallback_cas.items[i]);
        return r;
}

int check_certificate(const Report *report, const CertificateConfig *c) {
        int r = check_profile(report, c);

        if (c->elsewhere) /* whoever issues it has rules of its own */
                return r;
        if (r >= 0)
                r = check_counts(report, c);
        if (r >= 0)
                r = check_provider(report, c);
        for (size_t i = 0; i < c->names.count && r >= 0; i++) {
                const char *name = c->names.items[i];

                r = check_challenge(report, c, name);
                if (r >= 0)
                        r = check_covered(report, c, name);
                if (r >= 0)
                        r = check_single_label(report, c, name);
                if (r >= 0)
                        r = check_address(report, c, name);
                if (r >= 0)
                        r = check_labels(report, c, name);
        }
        return r;
}

typedef struct Destination {
        const char *path; /* borrows all */
        const TargetConfig *target;
        CertificateConfig *certificate;
        size_t order; /* as configured: the earlier one keeps the path */
} Destination;

static int compare_destinations(const void *a, const void *b) {
        const Destination *x = a, *y = b;
        int order = strcmp(x->path, y->path);

        if (order != 0)
                return order;
        return x->order < y->order ? -1 : x->order > y->order;
}

static size_t collect(Config *c, Destination *ret) {
        size_t n = 0;

        for (size_t i = 0; i < c->certificate_count; i++) {
                CertificateConfig *cert = &c->certificates[i];

                for (size_t t = 0; t < cert->target_count; t++)
                        for (size_t f = 0; f < cert->targets[t].file_count; f++, n++)
                                if (ret)
                                        ret[n] = (Destination){
                                                .path = cert->targets[t].files[f].path,
                                                .target = &cert->targets[t],
                                                .certificate = cert,
                                                .order = n,
                                        };
        }
        return n;
}

/* Twins have theirs in common. */
static bool is_same_section(const Destination *a, const Destination *b) {
        return str_equal(a->certificate->path, b->certificate->path) &&
               str_equal(a->target->name, b->target->name);
}

/* Two that write one path would replace each other's file for ever. */
int check_destinations(Config *c) {
        size_t n = collect(c, NULL);
        _cleanup_free_ Destination *all = calloc(n + 1, sizeof *all);
        int r = 0;

        if (!all)
                return -ENOMEM;
        (void) collect(c, all);
        qsort(all, n, sizeof *all, compare_destinations);
        for (size_t i = 1, first = 0; i < n && r >= 0; i++) {
                Report report = {
                        .config = c,
                        .certificate = all[i].certificate->name,
                        .broken = &all[i].certificate->broken,
                };

                if (strcmp(all[i].path, all[first].path) != 0) {
                        first = i;
                        continue;
                }
                if (is_same_section(&all[i], &all[first]))
                        continue; /* check_target() said it */
                r = report_error(
                                &report,
                                "%s: [Deploy %s]: File= '%s' already belongs to [Deploy %s] of certificate "
                                "'%s'; choose another path",
                                all[i].certificate->path, all[i].target->name, all[i].path,
                                all[first].target->name, all[first].certificate->name);
        }
        return r;
}
