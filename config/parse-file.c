/* File=WHAT PATH [OWNER:GROUP] [MODE] [OPTION...] */

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/conf-file.h"
#include "config/value.h"

void file_config_done(FileConfig *f) {
        free(f->path);
        free(f->owner);
        free(f->group);
        file_form_done(&f->form);
        string_list_done(&f->acl);
        *f = (FileConfig){};
}

/* "0640": a leading zero and three more digits; anything else in its place is an owner. */
static bool looks_like_mode(const char *word) {
        return word[0] == '0' && strlen(word) >= 3 && word[strspn(word, "01234567")] == '\0';
}

static int parse_mode(const char *word, FileConfig *f, char **ret_reason) {
        unsigned long mode = strtoul(word, NULL, 8);

        f->leave_rights = str_equal(word, "-");
        if (f->leave_rights)
                return 0;
        if (!looks_like_mode(word) || mode > 0777)
                return value_refuse(
                                ret_reason,
                                "'%s' is not a mode; write for example 0640, or '-' where the file "
                                "system has no rights to set",
                                word);
        if (mode & 0002)
                return value_refuse(
                                ret_reason, "mode %s lets everybody write; use for example 0644",
                                word);
        if (file_content_holds_key(f->content) && (mode & 0007))
                return value_refuse(
                                ret_reason,
                                "mode %s lets everybody read the private key; use 0600 or 0640",
                                word);
        f->mode = (mode_t) mode;
        return 0;
}

bool user_name_is_valid(const char *name, size_t size) {
        if (size == 0 || size > 64 || name[0] == '-')
                return false;
        for (size_t i = 0; i < size; i++)
                if ((unsigned char) name[i] <= ' ' || (unsigned char) name[i] >= 0x7f ||
                    strchr(":/\\\"'", name[i]))
                        return false;
        return true;
}

/* "user:" and "user" mean the user's own group. It is looked up here so that whoever installs needs
 * no rule of its own; a user that does not exist yet gets the group of its name. */
static int own_group(const char *user, char **ret) {
        struct passwd *found;

        if (str_equal(user, FILE_OWNER_DIRECTORY))
                return str_replace(ret, user);
        if (user[strspn(user, "0123456789")] == '\0')
                found = getpwuid((uid_t) strtoul(user, NULL, 10));
        else
                found = getpwnam(user);
        if (!found)
                return str_replace(ret, user);
        return str_printf(ret, "%u", (unsigned) found->pw_gid);
}

static int parse_owner(const char *word, FileConfig *f, char **ret_reason) {
        const char *colon = strchrnul(word, ':');
        const char *group = *colon ? colon + 1 : "";

        if (!user_name_is_valid(word, (size_t) (colon - word)) ||
            (*group && !user_name_is_valid(group, strlen(group))))
                return value_refuse(ret_reason, "'%s' is not OWNER:GROUP", word);
        free(f->owner);
        f->owner = strndup(word, (size_t) (colon - word));
        if (!f->owner)
                return -ENOMEM;
        return *group ? str_replace(&f->group, group) : own_group(f->owner, &f->group);
}

static int file_defaults(FileConfig *f) {
        int r;

        f->mode = file_content_holds_key(f->content) ? 0600 : 0644;
        r = str_replace(&f->owner, "root");
        return r < 0 ? r : str_replace(&f->group, "root");
}

/* "key", "key:rsa-2048" */
static int parse_content(const char *word, FileConfig *f, const char *usage, char **ret_reason) {
        const char *colon = strchr(word, ':');
        _cleanup_free_ char *content = NULL;

        content = colon ? strndup(word, (size_t) (colon - word)) : strdup(word);
        if (!content)
                return -ENOMEM;
        f->content = file_content_from_string(content);
        if (f->content < 0)
                return value_refuse(ret_reason, "'%s' is not a kind of file; %s", word, usage);
        f->key_type = colon ? key_type_from_string(colon + 1) : KEY_TYPE_INVALID;
        if (colon && f->key_type < 0)
                return value_refuse(
                                ret_reason, "'%s' is not a key type; write for example %s:rsa-2048",
                                colon + 1, content);
        return 0;
}

/* [OWNER:GROUP] [MODE] */
static int parse_rights(const StringList *words, FileConfig *f, char **ret_reason) {
        size_t next = 0;
        int r = 0;

        if (words->count == 2 || (words->count == 1 && !looks_like_mode(words->items[0]) &&
                                  !str_equal(words->items[0], "-")))
                r = parse_owner(words->items[next++], f, ret_reason);
        if (r >= 0 && next < words->count)
                r = parse_mode(words->items[next], f, ret_reason);
        return r;
}

/* All behind the path: rights first, then options, which have a '='. */
static int parse_rest(
                const StringList *words, FileConfig *f, const char *usage, char **ret_reason) {
        _cleanup_(string_list_done) StringList rights = {};
        size_t i = 2;
        int r = 0;

        for (; r >= 0 && i < words->count && !strchr(words->items[i], '='); i++)
                r = string_list_add(&rights, words->items[i]);
        if (rights.count > 2)
                return value_refuse(ret_reason, "%s", usage);
        if (r >= 0)
                r = parse_rights(&rights, f, ret_reason);
        for (; r >= 0 && i < words->count; i++)
                r = parse_file_option(words->items[i], f, ret_reason);
        return r < 0 ? r : check_file_form(f, ret_reason);
}

static int parse_file(const StringList *words, FileConfig *f, char **ret_reason) {
        static const char usage[] = "write: key|cert|chain|root|fullchain|combined /PATH "
                                    "[OWNER:GROUP] [MODE] [OPTION=VALUE...], or parts in an order "
                                    "of yours as in cert,chain,key";
        int r;

        if (words->count < 2)
                return value_refuse(ret_reason, "%s", usage);
        r = parse_content(words->items[0], f, usage, ret_reason);
        if (r < 0)
                return r;
        if (!path_is_normal(words->items[1], ret_reason))
                return *ret_reason ? -EINVAL : -ENOMEM;
        r = str_replace(&f->path, words->items[1]);
        if (r >= 0)
                r = file_defaults(f);
        return r < 0 ? r : parse_rest(words, f, usage, ret_reason);
}

static void clear_files(FileConfig **files, size_t *count) {
        for (size_t i = 0; i < *count; i++)
                file_config_done(&(*files)[i]);
        free(*files);
        *files = NULL;
        *count = 0;
}

static int parse_files(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_(string_list_done) StringList words = {};
        _cleanup_(file_config_done) FileConfig parsed = {};
        FileConfig **files = field, *grown;
        size_t *count = second;
        int r;

        if (!*text) {
                clear_files(files, count);
                return 0;
        }
        r = conf_split_words(text, &words);
        if (r < 0)
                return r == -EINVAL ? value_refuse(ret_reason, "quotes do not match") : r;
        r = parse_file(&words, &parsed, ret_reason);
        if (r < 0)
                return r;
        if (*count >= FILES_MAX)
                return value_refuse(ret_reason, "more than %d files", FILES_MAX);
        grown = reallocarray(*files, *count + 1, sizeof **files);
        if (!grown)
                return -ENOMEM;
        *files = grown;
        grown[(*count)++] = parsed;
        parsed = (FileConfig){};
        return 0;
}

/* " name=value" as one word. */
static int format_option(const char *name, const char *value, Bytes *ret) {
        _cleanup_free_ char *word = NULL;
        int r;

        if (!value)
                return 0;
        r = str_printf(&word, "%s=%s", name, value);
        if (r >= 0)
                r = bytes_append_string(ret, " ");
        return r < 0 ? r : value_format_word(word, ret);
}

static int format_options(const FileConfig *f, Bytes *ret) {
        const FileForm *form = &f->form;
        const struct {
                const char *name, *value;
        } options[] = {
                { "format",
                  form->format == FILE_FORMAT_PEM ? NULL : file_format_to_string(form->format) },
                { "key", form->traditional ? "traditional" : NULL },
                { "alias", form->alias },
                { "password", form->password },
                { "password-text", form->password_text },
                { "encoding", form->legacy ? "legacy" : NULL },
                { "symlink", f->keep_link ? "keep" : NULL },
        };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(options); i++)
                r = format_option(options[i].name, options[i].value, ret);
        for (size_t i = 0; r >= 0 && i < f->acl.count; i++)
                r = format_option("acl", f->acl.items[i], ret);
        return r;
}

static int format_file(const char *key, const FileConfig *f, Bytes *ret) {
        _cleanup_free_ char *content = NULL;
        int r;

        r = file_content_to_string(f->content, &content);
        if (r >= 0)
                r = bytes_printf(
                                ret, "%s=%s%s%s ", key, content, f->key_type < 0 ? "" : ":",
                                f->key_type < 0 ? "" : key_type_to_string(f->key_type));
        if (r >= 0)
                r = value_format_word(f->path, ret);
        if (r >= 0)
                r = bytes_printf(ret, " %s:%s ", f->owner, f->group);
        if (r >= 0)
                r = f->leave_rights ? bytes_append_string(ret, "-")
                                    : bytes_printf(ret, "%04o", (unsigned) f->mode);
        if (r >= 0)
                r = format_options(f, ret);
        return r < 0 ? r : bytes_append_string(ret, "\n");
}

static int format_files(const char *key, const void *field, const void *second, Bytes *ret) {
        const FileConfig *files = *(FileConfig *const *) field;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < *(const size_t *) second; i++)
                r = format_file(key, &files[i], ret);
        return r;
}

const ValueType value_files = { "WHAT PATH [OWNER:GROUP] [MODE] [OPTION=VALUE...]", parse_files,
                                format_files };
