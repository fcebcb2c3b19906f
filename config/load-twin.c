/* KeyType=A B: one file makes two certificates, twins, each with its own order, record and live directory. The second
 * is read from the same source once more, so that whatever a certificate can be told holds for both; messages
 * that both meet are told once. A file of a target belongs to one of them. */

#include <string.h>
#include <unistd.h>

#include "config/load.h"

/* ---- names ---- */

int twin_name(const char *first, KeyType second_type, char **ret) {
        return str_printf(ret, "%s.%s", first, key_type_to_string(second_type));
}

int twin_base_name(const char *name, char **ret) {
        const char *dot = strrchr(name, '.');

        *ret = NULL;
        /* No key type has a dot in it. */
        if (!dot || dot == name || key_type_from_string(dot + 1) < 0)
                return 0;
        *ret = strndup(name, (size_t) (dot - name));
        return *ret ? 0 : -ENOMEM;
}

int check_twin_name(
                const Loader *l,
                const Report *report,
                const CertificateConfig *first,
                const char *twin) {
        _cleanup_free_ char *path = NULL;
        int r;

        if (!certificate_name_is_valid(twin))
                return report_error(
                                report,
                                "%s: KeyType=: '%s' is too long a name; shorten that of this file",
                                first->path, twin);
        r = config_path(l->paths, CONFIG_CERTIFICATE, twin, &path);
        if (r < 0 || access(path, F_OK) < 0)
                return r;
        return report_error(
                        report,
                        "%s: KeyType= makes a certificate '%s', but there is %s; remove one of them",
                        first->path, twin, path);
}

/* ---- files of a target ---- */

/* "cert,chain:rsa-2048": is it this file's? */
static bool says(const char *value, const FileConfig *f) {
        size_t size = strcspn(value, ": \t");
        _cleanup_free_ char *what = strndup(value, size);
        const char *type = value[size] == ':' ? value + size + 1 : "";

        return what && file_content_from_string(what) == f->content &&
               (f->key_type < 0 ? !*type
                                : str_skip_prefix(type, key_type_to_string(f->key_type)) != NULL);
}

/* The line that says it last; the section's header if a profile did. */
static const SourceItem *file_item(const Source *s, const SourceItem *at, const FileConfig *f) {
        const SourceItem *found = at;

        for (size_t i = 0; i < s->count; i++) {
                const SourceItem *item = &s->items[i];

                if (item->key && str_equal(item->section, at->section) &&
                    str_equal(item->key, "File") && says(item->value, f))
                        found = item;
        }
        return found;
}

static bool has_type(const CertificateDraft *d, KeyType type) {
        for (size_t i = 0; i < d->key_type_count; i++)
                if (d->key_types[i] == type)
                        return true;
        return false;
}

static int check_file(
                const Report *report,
                const Source *s,
                const SourceItem *at,
                const CertificateDraft *d,
                const FileConfig *f) {
        const SourceItem *item = file_item(s, at, f);
        _cleanup_free_ char *what = NULL, *word = NULL;
        int r;

        r = file_content_to_string(f->content, &what);
        if (r >= 0)
                r = str_printf(&word, "%s%s%s", what, f->key_type < 0 ? "" : ":",
                               f->key_type < 0 ? "" : key_type_to_string(f->key_type));
        if (r < 0)
                return r;
        if (f->key_type >= 0 && !has_type(d, f->key_type))
                return report_error(
                                report,
                                "%s:%u: [%s]: File=%s: KeyType= of this certificate has no %s",
                                item->path, item->line, at->section, word,
                                key_type_to_string(f->key_type));
        if (d->certificate.request_path && file_content_holds_key(f->content))
                return report_error(
                                report,
                                "%s:%u: [%s]: File=%s: the key of a CertificateRequest= is elsewhere and "
                                "cannot be installed%s",
                                item->path, item->line, at->section, word,
                                item == at ? "; empty the profile's files with a line 'File=' and write "
                                             "those that are wanted"
                                           : "; remove the line");
        return 0;
}

static void drop_file(TargetConfig *t, size_t i) {
        file_config_done(&t->files[i]);
        for (t->file_count--; i < t->file_count; i++)
                t->files[i] = t->files[i + 1];
}

int select_files(
                const Report *report,
                const Source *s,
                const SourceItem *at,
                const CertificateDraft *d,
                TargetConfig *t,
                bool *ret_belongs) {
        bool any = t->file_count > 0;
        int r;

        for (size_t i = 0; i < t->file_count;) {
                FileConfig *f = &t->files[i];
                KeyType type = f->key_type < 0 ? d->key_types[0] : f->key_type;

                r = check_file(report, s, at, d, f);
                if (r >= 0 && type != d->certificate.key_type && !f->staged)
                        r = string_list_add(&t->twin_files, f->path);
                if (r < 0)
                        return r;
                f->key_type = KEY_TYPE_INVALID;
                if (type == d->certificate.key_type)
                        i++;
                else
                        drop_file(t, i);
        }
        if (d->key_type_count > 1)
                t->probe_family = key_family(d->certificate.key_type);
        *ret_belongs = !any || t->file_count > 0;
        return 0;
}
