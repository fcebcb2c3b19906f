#include <stdio.h>

#include "ctl/inspect.h"
#include "ctl/when.h"

static const char *const signer_words[SIGNER_MAX] = {
        [SIGNER_UNKNOWN] = "unknown: its issuer is not at hand",
        [SIGNER_SELF] = "itself",
        [SIGNER_PRIVATE_CA] = "a private CA",
        [SIGNER_PUBLIC_CA] = "a public CA",
};

/* ---- for a person ---- */

static int line(Bytes *out, const char *label, const char *text) {
        return bytes_printf(out, "%13s: %s\n", label, text);
}

static int print_names(Bytes *out, const StringList *names) {
        int r = names->count > 0 ? bytes_printf(out, "%13s:", "names") : 0;

        for (size_t i = 0; i < names->count && r >= 0; i++)
                r = bytes_printf(out, " %s", names->items[i]);
        return r < 0 || names->count == 0 ? r : bytes_append_string(out, "\n");
}

static int print_facts(Bytes *out, const Inspection *i, int64_t now) {
        const InspectedCertificate *c = &i->certificates[0];
        char from[WHEN_SIZE], until[WHEN_SIZE];
        int r;

        r = line(out, "subject", c->subject);
        if (r >= 0)
                r = print_names(out, &i->names);
        if (r >= 0)
                r = bytes_printf(
                                out, "%13s: %s%s%s\n", "signed by", signer_words[i->signer],
                                i->root ? ", " : "", i->root ? i->root : "");
        if (r >= 0)
                r = line(out, "valid from", when_format(c->not_before, now, from));
        if (r >= 0)
                r = line(out, "valid until", when_format(c->not_after, now, until));
        if (r >= 0)
                r = line(out, "key", c->key);
        if (r >= 0)
                r = line(out, "signature", c->signature);
        if (r >= 0)
                r = line(out, "serial", c->serial);
        if (r >= 0)
                r = line(out, "SHA-256", c->sha256);
        if (r >= 0)
                r = line(out, "SHA-1", c->sha1);
        return r < 0 ? r : line(out, "pin", c->pin);
}

static int print_chain(Bytes *out, const Inspection *i, int64_t now) {
        int r;

        r = bytes_append_string(out, "\nChain:\n");
        for (size_t k = 0; k < i->count && r >= 0; k++) {
                const InspectedCertificate *c = &i->certificates[k];
                char until[WHEN_SIZE];

                r = bytes_printf(
                                out, "  %zu  %s%s\n     issued by %s\n     %s, until %s\n", k,
                                c->subject, c->in_path ? "" : "  (not of this chain)", c->issuer,
                                c->key, when_format_short(c->not_after, now, until));
        }
        return r;
}

static int print_findings(Bytes *out, const Inspection *i, bool faults) {
        int r = 0;

        for (size_t k = 0; k < i->finding_count && r >= 0; k++) {
                const Finding *f = &i->findings[k];

                if (f->fault == faults)
                        r = bytes_printf(
                                        out, "\n%s: %s (%s)\n  %s\n", faults ? "wrong" : "note",
                                        f->text, finding_to_string(f->kind),
                                        finding_next_step(f->kind));
        }
        return r;
}

int inspect_print(const InspectSource *source, const Inspection *i, int64_t now) {
        _cleanup_free_ char *label = str_escape(source->label, STR_ESCAPE_MAX);
        _cleanup_(bytes_done) Bytes out = {};
        int r;

        r = label ? line(&out, "certificate", label) : -ENOMEM;
        if (r >= 0 && source->note)
                r = line(&out, "note", source->note);
        if (r >= 0 && i->count > 0)
                r = print_facts(&out, i, now);
        if (r >= 0 && i->count > 1)
                r = print_chain(&out, i, now);
        if (r >= 0)
                r = print_findings(&out, i, true);
        if (r >= 0)
                r = print_findings(&out, i, false);
        if (r >= 0 && inspection_is_good(i))
                r = bytes_append_string(&out, "\nNothing is wrong with it.\n");
        if (r >= 0)
                (void) fputs(bytes_text(&out), stdout);
        return r;
}

/* ---- for a program ---- */

static int certificate_json(const InspectedCertificate *c, Json **ret) {
        const struct {
                const char *key, *value;
        } texts[] = {
                { "subject", c->subject }, { "issuer", c->issuer },       { "serial", c->serial },
                { "sha256", c->sha256 },   { "sha1", c->sha1 },           { "pin", c->pin },
                { "key", c->key },         { "signature", c->signature },
        };
        _cleanup_(json_freep) Json *j = json_object_new();
        int r = j ? 0 : -ENOMEM;

        for (size_t k = 0; k < ELEMENTSOF(texts) && r >= 0; k++)
                r = json_set_string(j, texts[k].key, texts[k].value);
        if (r >= 0)
                r = json_set_int64(j, "not_before", c->not_before);
        if (r >= 0)
                r = json_set_int64(j, "not_after", c->not_after);
        if (r >= 0)
                r = json_set_bool(j, "in_chain", c->in_path);
        if (r >= 0)
                *ret = TAKE_PTR(j);
        return r;
}

static int finding_json(const Finding *f, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? json_set_string(j, "kind", finding_to_string(f->kind)) : -ENOMEM;
        if (r >= 0)
                r = json_set_bool(j, "wrong", f->fault);
        if (r >= 0)
                r = json_set_string(j, "text", f->text);
        if (r >= 0)
                r = json_set_string(j, "next", finding_next_step(f->kind));
        if (r >= 0)
                *ret = TAKE_PTR(j);
        return r;
}

static int lists_json(const Inspection *i, Json *certificates, Json *findings) {
        int r = certificates && findings ? 0 : -ENOMEM;
        Json *j = NULL;

        for (size_t k = 0; k < i->count && r >= 0; k++) {
                r = certificate_json(&i->certificates[k], &j);
                if (r >= 0)
                        r = json_append(certificates, j);
        }
        for (size_t k = 0; k < i->finding_count && r >= 0; k++) {
                r = finding_json(&i->findings[k], &j);
                if (r >= 0)
                        r = json_append(findings, j);
        }
        return r;
}

int inspect_json(Ctl *ctl, const InspectSource *source, const Inspection *i, int64_t now) {
        _cleanup_(json_freep) Json *certificates = json_array_new(), *findings = json_array_new();
        _cleanup_free_ char *label = str_escape(source->label, STR_ESCAPE_MAX);
        int64_t left = i->count > 0 ? i->certificates[0].not_after - now : 0;
        int r;

        r = lists_json(i, certificates, findings);
        if (r >= 0)
                r = json_set_string(ctl->answer, "source", label);
        if (r >= 0)
                r = json_set_string(ctl->answer, "signer", inspect_signer_to_string(i->signer));
        if (r >= 0)
                r = json_set_string(ctl->answer, "root", i->root);
        if (r >= 0)
                r = json_set_int64(ctl->answer, "days_left", left / SEC_PER_DAY);
        if (r >= 0)
                r = json_set_bool(ctl->answer, "has_key", i->has_key);
        if (r >= 0)
                r = json_set_bool(ctl->answer, "ok", inspection_is_good(i));
        if (r >= 0)
                r = json_set_strings(ctl->answer, "names", &i->names);
        if (r >= 0)
                r = json_set(ctl->answer, "certificates", TAKE_PTR(certificates));
        return r < 0 ? r : json_set(ctl->answer, "findings", TAKE_PTR(findings));
}
