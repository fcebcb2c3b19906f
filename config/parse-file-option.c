/* The options of File=, and what goes together. */

#include <string.h>

#include "config/value.h"

#define ALIAS_MAX        100
#define PASSWORD_MAX     128
#define JKS_PASSWORD_MIN 6 /* keytool takes no shorter one */
#define ACL_MAX          16

static bool text_is_printable(const char *text) {
        for (const char *p = text; *p; p++)
                if ((unsigned char) *p < ' ' || (unsigned char) *p >= 0x7f)
                        return false;
        return true;
}

static int parse_format(const char *value, FileConfig *f, char **ret_reason) {
        f->form.format = file_format_from_string(value);
        if (f->form.format < 0)
                return value_refuse(
                                ret_reason, "format=%s: there are pem, der, pkcs12 and jks", value);
        return 0;
}

static int parse_choice(
                const char *name,
                const char *value,
                const char *no,
                const char *yes,
                bool *ret,
                char **ret_reason) {
        if (!str_equal(value, no) && !str_equal(value, yes))
                return value_refuse(
                                ret_reason, "%s=%s: write %s=%s or %s=%s", name, value, name, no,
                                name, yes);
        *ret = str_equal(value, yes);
        return 0;
}

static int parse_key(const char *value, FileConfig *f, char **ret_reason) {
        return parse_choice("key", value, "pkcs8", "traditional", &f->form.traditional, ret_reason);
}

static int parse_encoding(const char *value, FileConfig *f, char **ret_reason) {
        return parse_choice("encoding", value, "modern", "legacy", &f->form.legacy, ret_reason);
}

static int parse_symlink(const char *value, FileConfig *f, char **ret_reason) {
        return parse_choice("symlink", value, "refuse", "keep", &f->keep_link, ret_reason);
}

static int parse_alias(const char *value, FileConfig *f, char **ret_reason) {
        if (!*value || strlen(value) > ALIAS_MAX || !text_is_printable(value))
                return value_refuse(
                                ret_reason, "alias=: 1 to %d printable ASCII characters",
                                ALIAS_MAX);
        return str_replace(&f->form.alias, value);
}

static int parse_password(const char *value, FileConfig *f, char **ret_reason) {
        if (!config_item_name_is_valid(value))
                return value_refuse(
                                ret_reason,
                                "password=%s: not the name of a file below credentials/ (letters, "
                                "digits and '._@-'); the password itself stands in that file",
                                value);
        return str_replace(&f->form.password, value);
}

static int parse_password_text(const char *value, FileConfig *f, char **ret_reason) {
        if (strlen(value) > PASSWORD_MAX || !text_is_printable(value))
                return value_refuse(
                                ret_reason, "password-text=: at most %d printable ASCII characters",
                                PASSWORD_MAX);
        return str_replace(&f->form.password_text, value);
}

/* "u:mumble:r" as "u:mumble:r-". Nobody executes a certificate, and the entries of owner, group and others are the
 * mode's. */
static int parse_acl_entry(const char *text, FileConfig *f, char **ret_reason) {
        _cleanup_free_ char *copy = strdup(text), *entry = NULL;
        char *name = copy ? strchr(copy, ':') : NULL, *bits = name ? strchr(name + 1, ':') : NULL;

        if (!copy)
                return -ENOMEM;
        if (bits) {
                *name++ = '\0';
                *bits++ = '\0';
        }
        if (!bits ||
            (!str_equal(copy, "u") && !str_equal(copy, "user") && !str_equal(copy, "g") &&
             !str_equal(copy, "group")) ||
            !user_name_is_valid(name, strlen(name)) || !*bits || bits[strspn(bits, "rw-")])
                return value_refuse(
                                ret_reason, "acl=%s: write u:USER:r or g:GROUP:r (or rw)", text);
        if (f->acl.count >= ACL_MAX)
                return value_refuse(ret_reason, "more than %d of acl=", ACL_MAX);
        int r =
                        str_printf(&entry, "%c:%s:%s%s", copy[0], name,
                                   strchr(bits, 'r') ? "r" : "-", strchr(bits, 'w') ? "w" : "-");
        return r < 0 ? r : string_list_add(&f->acl, entry);
}

int parse_file_option(const char *word, FileConfig *f, char **ret_reason) {
        static const struct {
                const char *name;
                int (*parse)(const char *value, FileConfig *f, char **ret_reason);
        } options[] = {
                { "format=", parse_format },     { "key=", parse_key },
                { "alias=", parse_alias },       { "password=", parse_password },
                { "encoding=", parse_encoding }, { "password-text=", parse_password_text },
                { "symlink=", parse_symlink },   { "acl=", parse_acl_entry },
        };

        for (size_t i = 0; i < ELEMENTSOF(options); i++) {
                const char *value = str_skip_prefix(word, options[i].name);

                if (value)
                        return options[i].parse(value, f, ret_reason);
        }
        return value_refuse(
                        ret_reason,
                        "'%s' is no option; there are format= key= alias= password= password-text= "
                        "encoding= symlink= acl=",
                        word);
}

/* ---- together ---- */

static int check_keystore(const FileConfig *f, char **ret_reason) {
        const FileForm *form = &f->form;
        const char *name = file_format_to_string(form->format);

        if (!file_content_holds(f->content, FILE_KEY) || !file_content_holds(f->content, FILE_CERT))
                return value_refuse(
                                ret_reason,
                                "format=%s holds the key and its certificate: write combined",
                                name);
        if (!form->password == !form->password_text)
                return value_refuse(
                                ret_reason,
                                "format=%s needs %s password=NAME (a file below credentials/) %s",
                                name, form->password ? "one of" : "a password:",
                                form->password ? "and password-text=, not both"
                                               : "or, if everybody knows it, password-text=TEXT");
        if (form->traditional)
                return value_refuse(ret_reason, "key=traditional: format=%s has one form", name);
        if (form->format != FILE_FORMAT_JKS)
                return 0;
        if (form->legacy)
                return value_refuse(ret_reason, "encoding=legacy is for format=pkcs12");
        if (form->password_text && strlen(form->password_text) < JKS_PASSWORD_MIN)
                return value_refuse(
                                ret_reason, "format=jks needs a password of at least %d characters",
                                JKS_PASSWORD_MIN);
        return 0;
}

int check_file_form(const FileConfig *f, char **ret_reason) {
        const FileForm *form = &f->form;

        if (f->leave_rights && f->acl.count > 0)
                return value_refuse(
                                ret_reason, "with mode '-' no rights are set: leave acl= out, or "
                                            "write a mode");
        if (file_format_is_keystore(form->format))
                return check_keystore(f, ret_reason);
        if (form->alias || form->password || form->password_text || form->legacy)
                return value_refuse(
                                ret_reason, "%s is for format=pkcs12",
                                form->alias                             ? "alias="
                                : form->password || form->password_text ? "a password"
                                                                        : "encoding=");
        if (form->traditional && !file_content_holds_key(f->content))
                return value_refuse(ret_reason, "key=traditional: there is no key in this file");
        if (form->format == FILE_FORMAT_DER && file_content_part(f->content, 1) > 0)
                return value_refuse(
                                ret_reason, "format=der holds one thing: write key or cert, one "
                                            "file for each");
        if (form->format == FILE_FORMAT_DER && f->content == FILE_CHAIN)
                return value_refuse(ret_reason, "format=der holds one certificate: write cert");
        return 0;
}
