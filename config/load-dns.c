/* dns/NAME.conf, read for each certificate that names it: an error breaks those certificates and nothing else. */

#include "config/load.h"

static int list_providers(Loader *l, Bytes *ret) {
        _cleanup_(string_list_done) StringList names = {};
        Report report = { .config = l->config };
        int r = config_list(&report, l->paths, CONFIG_DNS, &names);

        for (size_t i = 0; i < names.count && r >= 0; i++) {
                _cleanup_free_ char *shown = str_escape(names.items[i], VALUE_SHOWN_MAX);

                r = shown ? bytes_printf(ret, "%s%s", i > 0 ? ", " : "", shown) : -ENOMEM;
        }
        return r == -ENOMEM ? r : 0; /* the list is only help */
}

static int report_missing(Loader *l, const Report *report, const CertificateConfig *c) {
        _cleanup_(bytes_done) Bytes known = {};
        int r = list_providers(l, &known);

        if (r < 0)
                return r;
        return report_error(
                        report, "%s: DNS=%s: there is no dns/%s.conf; there are: %s", c->path,
                        c->dns_name, c->dns_name, known.size ? bytes_text(&known) : "none");
}

static int read_dns(const Report *report, const Source *s, DnsConfig *d) {
        int r = section_read(report, s, CONFIG_DNS, "DNS", d);

        if (r < 0 || d->program.count > 0 || *report->broken)
                return r;
        return report_error(
                        report,
                        "%s: [DNS] Program= is missing; write the program that sets the records",
                        s->path);
}

int load_dns(Loader *l, const Report *report, CertificateConfig *c) {
        _cleanup_(dns_config_freep) DnsConfig *d = NULL;
        _cleanup_(source_done) Source s = {};
        int r;

        if (!c->dns_name)
                return 0;
        d = calloc(1, sizeof *d);
        if (!d)
                return -ENOMEM;
        r = source_read(report, l->paths, CONFIG_DNS, c->dns_name, &s);
        if (r < 0)
                return r;
        if (!s.path)
                return s.refused ? 0 : report_missing(l, report, c);
        r = read_dns(report, &s, d);
        if (r >= 0)
                r = str_replace(&d->name, c->dns_name);
        if (r >= 0)
                c->dns = TAKE_PTR(d);
        return r;
}
