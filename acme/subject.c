#include "acme/subject.h"

#include <openssl/err.h>
#include <string.h>

#define SUBJECT_TEXT_MAX ((size_t) 2048)

static const struct {
        const char *name;
        int nid;
        size_t max; /* characters */
} FIELDS[SUBJECT_FIELD_MAX] = {
        [SUBJECT_COUNTRY] = { "C", NID_countryName, 2 },
        [SUBJECT_STATE] = { "ST", NID_stateOrProvinceName, 128 },
        [SUBJECT_LOCALITY] = { "L", NID_localityName, 128 },
        [SUBJECT_ORGANIZATION] = { "O", NID_organizationName, 64 },
        [SUBJECT_UNIT] = { "OU", NID_organizationalUnitName, 64 },
        [SUBJECT_COMMON_NAME] = { "CN", NID_commonName, 64 },
        [SUBJECT_EMAIL] = { "emailAddress", NID_pkcs9_emailAddress, 128 },
};

const char *subject_field_to_string(SubjectField f) {
        return f >= 0 && f < SUBJECT_FIELD_MAX ? FIELDS[f].name : "unknown";
}

SubjectField subject_field_from_string(const char *text) {
        for (SubjectField f = 0; f < SUBJECT_FIELD_MAX; f++)
                if (str_equal_ignore_case(text, FIELDS[f].name))
                        return f;
        return str_equal_ignore_case(text, "E") || str_equal_ignore_case(text, "email")
                               ? SUBJECT_EMAIL
                               : SUBJECT_FIELD_INVALID;
}

void subject_done(Subject *s) {
        for (SubjectField f = 0; f < SUBJECT_FIELD_MAX; f++)
                free(s->fields[f]);
        *s = (Subject){};
}

bool subject_is_empty(const Subject *s) {
        for (SubjectField f = 0; f < SUBJECT_FIELD_MAX; f++)
                if (s->fields[f])
                        return false;
        return true;
}

bool subject_same(const Subject *a, const Subject *b) {
        for (SubjectField f = 0; f < SUBJECT_FIELD_MAX; f++)
                if (!str_equal(a->fields[f], b->fields[f]))
                        return false;
        return true;
}

int subject_copy(const Subject *s, Subject *ret) {
        int r = 0;

        for (SubjectField f = 0; f < SUBJECT_FIELD_MAX && r >= 0; f++)
                r = str_replace(&ret->fields[f], s->fields[f]);
        return r;
}

/* ---- values ---- */

static size_t count_characters(const char *text) {
        size_t n = 0;

        for (; *text; text++)
                n += ((unsigned char) *text & 0xc0) != 0x80;
        return n;
}

static bool has_controls(const char *text) {
        for (; *text; text++)
                if ((unsigned char) *text < ' ' || *text == 0x7f)
                        return true;
        return false;
}

static bool is_country(const char *text) {
        return strlen(text) == 2 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 2;
}

static bool is_mailbox(const char *text) {
        const char *at = strchr(text, '@');

        return str_is_ascii(text) && at && at > text && at[1] && !strchr(at + 1, '@') &&
               !strchr(text, ' ');
}

static const char *fault_of(SubjectField f, const char *value) {
        size_t size = strlen(value);

        if (size > SUBJECT_TEXT_MAX || !utf8_is_valid(value, size))
                return "it is no text in UTF-8";
        if (has_controls(value))
                return "there are control characters in it";
        if (f == SUBJECT_COUNTRY && !is_country(value))
                return "the country is two capital letters, as DE";
        if (f == SUBJECT_EMAIL && !is_mailbox(value))
                return "it is no e-mail address";
        if (count_characters(value) > FIELDS[f].max)
                return f == SUBJECT_STATE || f == SUBJECT_LOCALITY || f == SUBJECT_EMAIL
                                       ? "it is longer than the 128 characters that certificates allow"
                                       : "it is longer than the 64 characters that certificates allow";
        return NULL;
}

int subject_set(Subject *s, SubjectField f, const char *value, const char **ret_reason) {
        const char *fault = *value ? fault_of(f, value) : NULL;

        assert(f >= 0 && f < SUBJECT_FIELD_MAX);
        if (fault) {
                *ret_reason = fault;
                return -EINVAL;
        }
        return str_replace(&s->fields[f], *value ? value : NULL);
}

/* One "KEY=value" of *p, up to an unescaped comma; advances *p behind that. */
static int parse_pair(const char **p, char *buffer, Subject *s, const char **ret_reason) {
        const char *equals = strchr(*p, '=');
        char key[16] = {}, *out = buffer;
        SubjectField f;
        size_t size;

        while (**p == ' ')
                (*p)++;
        size = equals && equals >= *p ? (size_t) (equals - *p) : 0;
        if (size > 0 && size < sizeof key)
                memcpy(key, *p, size);
        f = subject_field_from_string(key);
        if (f < 0) {
                *ret_reason = "write fields as C=, ST=, L=, O=, OU=, CN= and emailAddress=, with commas between "
                              "them (a comma in a value as \\,)";
                return -EINVAL;
        }
        for (*p = equals + 1; **p && **p != ','; (*p)++) {
                if (**p == '\\' && (*p)[1])
                        (*p)++;
                *out++ = **p;
        }
        *out = 0;
        *p += **p == ',';
        return subject_set(s, f, buffer, ret_reason);
}

int subject_parse(const char *text, Subject *s, const char **ret_reason) {
        _cleanup_free_ char *buffer = NULL;
        int r = 0;

        if (strlen(text) > SUBJECT_TEXT_MAX) {
                *ret_reason = "it is too long";
                return -EINVAL;
        }
        buffer = malloc(strlen(text) + 1);
        if (!buffer)
                return -ENOMEM;
        for (const char *p = text; *p && r >= 0;)
                r = parse_pair(&p, buffer, s, ret_reason);
        return r;
}

int subject_to_name(const Subject *s, X509_NAME *name) {
        for (SubjectField f = 0; f < SUBJECT_FIELD_MAX; f++)
                if (s->fields[f] &&
                    X509_NAME_add_entry_by_NID(
                                    name, FIELDS[f].nid, MBSTRING_UTF8,
                                    (const unsigned char *) s->fields[f], -1, -1, 0) != 1) {
                        ERR_clear_error();
                        return -EINVAL;
                }
        return 0;
}
