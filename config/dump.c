/* --dump-config: the effective configuration in its own syntax, every value as it holds. */

#include <string.h>

#include "config/load.h"
#include "config/service.h"
#include "config/table.h"

/* '%' and "${" are specifiers in [Deploy]; what is written must read back. */
static int append_doubled(const char *text, Bytes *ret) {
        int r = 0;

        for (const char *p = text; *p && r >= 0; p++) {
                bool special = *p == '%' || (p[0] == '$' && p[1] == '{');

                r = bytes_append(ret, p, 1);
                if (r >= 0 && special)
                        r = bytes_append(ret, p, 1);
        }
        return r;
}

static int dump_section(ConfigKind kind, const char *section, const void *object, Bytes *ret) {
        bool specifiers = str_equal(section, "Deploy");

        for (size_t i = 0; i < config_key_count; i++) {
                const ConfigKey *k = &config_keys[i];
                const char *base = object;
                _cleanup_(bytes_done) Bytes line = {};
                int r;

                if (!(k->kinds & (unsigned) kind) || !str_equal(k->section, section))
                        continue;
                r = k->type->format(k->key, base + k->field, base + k->second, &line);
                if (r >= 0)
                        r = specifiers ? append_doubled(bytes_text(&line), ret)
                                       : bytes_append_string(ret, bytes_text(&line));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What holds without being said is left out. */
int config_describe_target(const TargetConfig *t, Bytes *ret) {
        _cleanup_(target_config_done) TargetConfig standard = {};
        int r = section_init(CONFIG_SERVICE, "Deploy", &standard);

        for (size_t i = 0; i < config_key_count && r >= 0; i++) {
                const ConfigKey *k = &config_keys[i];
                const char *base = (const char *) t, *usual = (const char *) &standard;
                _cleanup_(bytes_done) Bytes said = {}, unsaid = {};

                if (!(k->kinds & CONFIG_SERVICE) || !str_equal(k->section, "Deploy"))
                        continue;
                r = k->type->format(k->key, base + k->field, base + k->second, &said);
                if (r >= 0)
                        r = k->type->format(k->key, usual + k->field, usual + k->second, &unsaid);
                if (r >= 0 && !str_equal(bytes_text(&said), bytes_text(&unsaid)))
                        r = bytes_append_string(ret, bytes_text(&said));
        }
        return r;
}

static int dump_main(const Config *c, Bytes *ret) {
        static const char *const sections[] = { "Account", "Defaults", "HTTP", "TLS" };
        int r;

        r = bytes_append_string(ret, "# renewd.conf\n");
        for (size_t i = 0; i < ELEMENTSOF(sections) && r >= 0; i++) {
                r = bytes_printf(ret, "[%s]\n", sections[i]);
                if (r >= 0)
                        r = dump_section(CONFIG_MAIN, sections[i], c, ret);
        }
        return r;
}

static int dump_ca(const CaConfig *ca, Bytes *ret) {
        char yes[] = "yes", no[] = "no";
        CaDraft d = { .ca = *ca, .agree = ca->terms_agreed ? yes : no }; /* borrows */
        int r;

        r = bytes_printf(ret, "\n# ca/%s.conf\n[CA]\n", ca->name);
        return r < 0 ? r : dump_section(CONFIG_CA, "CA", &d, ret);
}

static int dump_certificate(const CertificateConfig *c, Bytes *ret) {
        char yes[] = "yes", no[] = "no";
        CertificateDraft d = {
                .certificate = *c, /* borrows */
                .reuse_key = c->reuse_key ? yes : no,
                .strict_names = c->strict_names ? yes : no,
                .preflight = c->preflight ? yes : no,
                .rehearse = c->rehearse == REHEARSE_AUTO  ? NULL
                            : c->rehearse == REHEARSE_YES ? yes
                                                          : no,
        };
        int r;

        if (c->request_path)
                d.reuse_key = NULL;
        else if (c->key_type >= 0)
                d.key_types[d.key_type_count++] = c->key_type;
        r = bytes_printf(
                        ret, "\n# certificates/%s.conf%s%s%s\n[Certificate]\n", c->name,
                        c->twin_of ? ", twin of " : "", c->twin_of ? c->twin_of : "",
                        c->broken ? " (has an error)" : "");
        if (r >= 0)
                r = dump_section(CONFIG_CERTIFICATE, "Certificate", &d, ret);
        for (size_t i = 0; i < c->target_count && r >= 0; i++) {
                r = bytes_printf(ret, "[Deploy %s]\n", c->targets[i].name);
                if (r >= 0)
                        r = dump_section(CONFIG_CERTIFICATE, "Deploy", &c->targets[i], ret);
        }
        return r;
}

/* Each provider once, though every certificate that names it has its own copy. */
static int dump_dns(const Config *c, size_t i, Bytes *ret) {
        const DnsConfig *d = c->certificates[i].dns;
        int r;

        for (size_t k = 0; d && k < i; k++)
                if (c->certificates[k].dns && str_equal(c->certificates[k].dns->name, d->name))
                        d = NULL;
        if (!d)
                return 0;
        r = bytes_printf(ret, "\n# dns/%s.conf\n[DNS]\n", d->name);
        return r < 0 ? r : dump_section(CONFIG_DNS, "DNS", d, ret);
}

int config_dump(const Config *c, Bytes *ret) {
        int r;

        r = dump_main(c, ret);
        for (size_t i = 0; i < c->ca_count && r >= 0; i++)
                r = dump_ca(&c->cas[i], ret);
        for (size_t i = 0; i < c->certificate_count && r >= 0; i++)
                r = dump_dns(c, i, ret);
        for (size_t i = 0; i < c->certificate_count && r >= 0; i++)
                r = dump_certificate(&c->certificates[i], ret);
        for (size_t i = 0; i < c->watch_count && r >= 0; i++) {
                r = bytes_printf(ret, "\n# watch/%s.conf\n[Watch]\n", c->watches[i].name);
                if (r >= 0)
                        r = dump_section(CONFIG_WATCH, "Watch", &c->watches[i], ret);
        }
        return r;
}
