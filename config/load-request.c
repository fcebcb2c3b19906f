/* A certificate request of root's own (CertificateRequest=): the key stays elsewhere, the names and the kind of key
 * are the request's. It says what the signer lets a CA sign, so it is trusted as the configuration is. */

#include <string.h>

#include "acme/csr.h"
#include "base/file.h"
#include "base/log.h"
#include "config/load.h"

#define REQUEST_FILE_MAX ((size_t) 64 * 1024)

static int refuse(const Report *report, const char *path, const char *why) {
        return report_error(report, "CertificateRequest=%s: %s", path, why);
}

static int read_request(const Report *report, const char *path, CsrInfo *ret, bool *ret_good) {
        _cleanup_free_ char *why = NULL;
        _cleanup_(bytes_done) Bytes text = {};
        const char *reason = "it is no certificate request";
        int r;

        *ret_good = false;
        r = trust_check(path, &why);
        if (r == -EPERM && why)
                return refuse(report, path, why);
        if (r >= 0)
                r = file_read(path, REQUEST_FILE_MAX, &text);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return report_error(
                                report,
                                "CertificateRequest=%s: cannot be read: %s; renewd's users must be able to "
                                "(it holds no secret: chmod 0644)",
                                path, errno_text(r));
        r = csr_parse(text.data, text.size, ret, &reason);
        if (r == -EBADMSG)
                return refuse(report, path, reason);
        *ret_good = r >= 0;
        return r;
}

/* As Names= would be written. */
static int normalize(
                const Report *report, const char *path, const StringList *from, StringList *ret) {
        for (size_t i = 0; i < from->count; i++) {
                _cleanup_free_ char *name = NULL, *shown = NULL;
                const char *fault = "is no name";
                int r = identifier_normalize(from->items[i], &name, &fault);

                if (r == -EINVAL) {
                        shown = str_escape(from->items[i], VALUE_SHOWN_MAX);
                        return report_error(
                                        report, "CertificateRequest=%s: it asks for '%s', which %s",
                                        path, shown ? shown : "", fault);
                }
                if (r >= 0 && ret->count >= NAMES_MAX)
                        return report_error(
                                        report, "CertificateRequest=%s: more than %d names", path,
                                        NAMES_MAX);
                if (r >= 0)
                        r = string_list_add(ret, name);
                if (r < 0)
                        return r;
        }
        string_list_sort_unique(ret);
        return 0;
}

static int take_names(const Report *report, const CsrInfo *csr, CertificateDraft *d) {
        CertificateConfig *c = &d->certificate;
        _cleanup_(string_list_done) StringList names = {};
        int r;

        r = normalize(report, c->request_path, &csr->names, &names);
        if (r < 0 || *report->broken)
                return r;
        if (c->names.count == 0) {
                c->names = names;
                names = (StringList){};
                return str_replace(&d->first_name, c->names.items[0]);
        }
        if (string_list_same_set(&names, &c->names))
                return 0;
        return refuse(report, c->request_path,
                      "its names are not those of Names=; leave Names= out, or make them the same");
}

int load_request(const Report *report, CertificateDraft *d) {
        CertificateConfig *c = &d->certificate;
        _cleanup_(csr_info_done) CsrInfo csr = {};
        bool good;
        int r;

        if (!c->request_path)
                return 0;
        if (d->key_type_count > 0 || d->reuse_key)
                return refuse(report, c->request_path,
                              "with KeyType= or ReuseKey=; the key is elsewhere, leave them out");
        r = read_request(report, c->request_path, &csr, &good);
        if (r < 0 || !good)
                return r;
        r = take_names(report, &csr, d);
        if (r < 0)
                return r;
        d->key_types[0] = csr.key_type;
        d->key_type_count = 1;
        memcpy(c->request_spki, csr.spki_sha256, sizeof c->request_spki);
        memcpy(c->request_sha256, csr.sha256, sizeof c->request_sha256);
        c->request = csr.der;
        csr.der = (Bytes){};
        return 0;
}
