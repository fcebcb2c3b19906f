/* Value types of [Deploy]: files, commands and units. Nothing here is ever handed to a shell: a
 * command is an argument vector from the moment it is read. */

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/conf-file.h"
#include "config/table.h"

static const char *const file_content_names[FILE_CONTENT_MAX] = {
        [FILE_KEY] = "key",           [FILE_CERT] = "cert",
        [FILE_CHAIN] = "chain",       [FILE_FULLCHAIN] = "fullchain",
        [FILE_COMBINED] = "combined",
};

FileContent file_content_from_string(const char *text) {
        for (int i = 0; i < FILE_CONTENT_MAX; i++)
                if (str_equal(text, file_content_names[i]))
                        return (FileContent) i;
        return FILE_CONTENT_INVALID;
}

const char *file_content_to_string(FileContent c) {
        return c >= 0 && c < FILE_CONTENT_MAX ? file_content_names[c] : NULL;
}

void file_config_done(FileConfig *f) {
        free(f->path);
        free(f->owner);
        free(f->group);
        *f = (FileConfig){};
}

bool file_content_holds_key(FileContent c) {
        return c == FILE_KEY || c == FILE_COMBINED;
}

/* "0640": a leading zero and three more digits; anything else in its place is an owner. */
static bool looks_like_mode(const char *word) {
        return word[0] == '0' && strlen(word) >= 3 && word[strspn(word, "01234567")] == '\0';
}

static int parse_mode(const char *word, FileContent content, mode_t *ret, char **ret_reason) {
        unsigned long mode = strtoul(word, NULL, 8);

        if (!looks_like_mode(word) || mode > 0777)
                return value_refuse(ret_reason, "'%s' is not a mode; write for example 0640", word);
        if (mode & 0002)
                return value_refuse(
                                ret_reason, "mode %s lets everybody write; use for example 0644",
                                word);
        if (file_content_holds_key(content) && (mode & 0007))
                return value_refuse(
                                ret_reason,
                                "mode %s lets everybody read the private key; use 0600 or 0640",
                                word);
        *ret = (mode_t) mode;
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

static int parse_file(const StringList *words, FileConfig *f, char **ret_reason) {
        static const char usage[] =
                        "write: key|cert|chain|fullchain|combined /PATH [OWNER:GROUP] [MODE]";
        size_t next = 2;
        int r;

        if (words->count < 2 || words->count > 4)
                return value_refuse(ret_reason, "%s", usage);
        r = parse_content(words->items[0], f, usage, ret_reason);
        if (r < 0)
                return r;
        if (!path_is_normal(words->items[1], ret_reason))
                return *ret_reason ? -EINVAL : -ENOMEM;
        r = str_replace(&f->path, words->items[1]);
        if (r >= 0)
                r = file_defaults(f);
        if (r >= 0 && next < words->count &&
            (words->count == 4 || !looks_like_mode(words->items[next])))
                r = parse_owner(words->items[next++], f, ret_reason);
        if (r >= 0 && next < words->count)
                r = parse_mode(words->items[next], f->content, &f->mode, ret_reason);
        return r;
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

/* A word in a form that conf_split_words() reads back. */
static int format_word(const char *word, Bytes *ret) {
        bool plain = *word != '\0';
        int r;

        for (const char *p = word; *p; p++)
                if ((unsigned char) *p <= ' ' || strchr("\"'\\", *p))
                        plain = false;
        if (plain)
                return bytes_append_string(ret, word);
        r = bytes_append_string(ret, "\"");
        for (const char *p = word; *p && r >= 0; p++)
                if (strchr("\"\\", *p))
                        r = bytes_printf(ret, "\\%c", *p);
                else
                        r = bytes_printf(ret, (unsigned char) *p < ' ' ? "\\x%02x" : "%c", *p);
        return r < 0 ? r : bytes_append_string(ret, "\"");
}

static int format_files(const char *key, const void *field, const void *second, Bytes *ret) {
        const FileConfig *files = *(FileConfig *const *) field;
        int r;

        for (size_t i = 0; i < *(const size_t *) second; i++) {
                const FileConfig *f = &files[i];

                r = bytes_printf(
                                ret, "%s=%s%s%s ", key, file_content_to_string(f->content),
                                f->key_type < 0 ? "" : ":",
                                f->key_type < 0 ? "" : key_type_to_string(f->key_type));
                if (r >= 0)
                        r = format_word(f->path, ret);
                if (r >= 0)
                        r =
                                        bytes_printf(ret, " %s:%s %04o\n", f->owner, f->group,
                                                     (unsigned) f->mode);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int parse_command(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_(string_list_done) StringList words = {};
        int r;

        (void) second;
        r = conf_split_words(text, &words);
        if (r < 0)
                return r == -EINVAL ? value_refuse(ret_reason, "quotes do not match") : r;
        if (words.count > WORDS_MAX)
                return value_refuse(ret_reason, "more than %d words", WORDS_MAX);
        if (words.count > 0 && !path_is_normal(words.items[0], ret_reason))
                return *ret_reason ? -EINVAL : -ENOMEM;
        string_list_done(field);
        *(StringList *) field = words;
        words = (StringList){};
        return 0;
}

static int format_command(const char *key, const void *field, const void *second, Bytes *ret) {
        const StringList *words = field;
        int r = 0;

        (void) second;
        for (size_t i = 0; i < words->count && r >= 0; i++) {
                r = i > 0 ? bytes_append_string(ret, " ") : bytes_printf(ret, "%s=", key);
                if (r >= 0)
                        r = format_word(words->items[i], ret);
        }
        return r < 0 || words->count == 0 ? r : bytes_append_string(ret, "\n");
}

static bool unit_has_suffix(const char *name) {
        static const char *const suffixes[] = { ".service", ".target", ".socket", ".path",
                                                ".timer",   ".scope",  ".slice" };

        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++)
                if (str_ends_with(name, suffixes[i]))
                        return true;
        return false;
}

static int parse_unit(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_free_ char *name = NULL;
        int r;

        (void) second;
        if (!*text)
                return str_replace(field, NULL);
        if (strlen(text) > 240 || text[0] == '.' || text[0] == '-' ||
            str_ends_with(text, "@.service"))
                return value_refuse(
                                ret_reason,
                                "not the name of a unit; write for example nginx.service");
        for (const char *p = text; *p; p++)
                if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') &&
                    !(*p >= '0' && *p <= '9') && !strchr(":-_.\\@", *p))
                        return value_refuse(
                                        ret_reason,
                                        "not the name of a unit; write for example nginx.service");
        r = str_printf(&name, "%s%s", text, unit_has_suffix(text) ? "" : ".service");
        return r < 0 ? r : str_replace(field, name);
}

const ValueType value_files = { "WHAT PATH [OWNER:GROUP] [MODE]", parse_files, format_files };
const ValueType value_command = { "COMMAND", parse_command, format_command };
const ValueType value_unit = { "UNIT", parse_unit, value_format_text };
