/* The records of dns-persist-01, for a person to write once: they are never written or removed from here (L-08). */

#include "acme/challenge.h"
#include "daemon/cert-internal.h"

/* The names under which the CA knows itself: for this purpose, else those for CAA (L-07). One is enough. */
static const char *issuer_of(const Directory *d) {
        if (d->issuer_names.count > 0)
                return d->issuer_names.items[0];
        return d->caa_identities.count > 0 ? d->caa_identities.items[0] : NULL;
}

static int add_record(const PersistFacts *f, StringList *ret) {
        _cleanup_free_ char *name = NULL, *value = NULL, *record = NULL;
        int r;

        r = dns_persist_name(f->name, &name);
        if (r >= 0)
                r = dns_persist_value(f, &value);
        if (r >= 0)
                r = str_printf(&record, "%s. IN TXT \"%s\"", name, value);
        if (r < 0 || string_list_contains(ret, record))
                return r;
        return string_list_add(ret, record);
}

int cert_persist_records(const Cert *c, StringList *ret) {
        const Directory *d = c->ca.session ? session_directory(c->ca.session) : NULL;
        PersistFacts f = {};
        int r = 0;

        if (!d || !session_account(c->ca.session) || !session_thumbprint(c->ca.session))
                return -ENODATA;
        f = (PersistFacts){
                .issuer = issuer_of(d),
                .account_url = session_account(c->ca.session),
                .thumbprint = session_thumbprint(c->ca.session),
                .hash_prefix = d->account_hash_prefix,
        };
        if (!f.issuer)
                return -EOPNOTSUPP;
        for (size_t i = 0; i < c->config->names.count && r >= 0; i++) {
                f.name = c->config->names.items[i];
                if (!identifier_is_ip(f.name))
                        r = add_record(&f, ret);
        }
        return r;
}
