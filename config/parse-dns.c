/* Value types of [DNS]. */

#include <arpa/inet.h>
#include <string.h>

#include "base/conf-file.h"
#include "config/value.h"

#define PROPAGATION_MAX_SEC ((int64_t) SEC_PER_DAY)
#define ENVIRONMENT_MAX     ((size_t) 4096)

static const char *const STYLE_NAMES[DNS_STYLE_MAX] = {
        [DNS_STYLE_NATIVE] = "native",
        [DNS_STYLE_CERTBOT] = "certbot",
        [DNS_STYLE_DEHYDRATED] = "dehydrated",
        [DNS_STYLE_DEHYDRATED_CHAIN] = "dehydrated-chain",
        [DNS_STYLE_LEGO] = "lego",
        [DNS_STYLE_LEGO_RAW] = "lego-raw",
        [DNS_STYLE_UACME] = "uacme",
        [DNS_STYLE_ACMETOOL] = "acmetool",
        [DNS_STYLE_MOD_MD] = "mod_md",
        [DNS_STYLE_ACME_SH] = "acme.sh",
};

const char *dns_style_to_string(DnsStyle s) {
        return s >= 0 && s < DNS_STYLE_MAX ? STYLE_NAMES[s] : "?";
}

DnsStyle dns_style_from_string(const char *text) {
        for (int s = 0; s < DNS_STYLE_MAX; s++)
                if (str_equal(text, STYLE_NAMES[s]))
                        return (DnsStyle) s;
        return DNS_STYLE_INVALID;
}

static int parse_style(const char *text, void *field, void *second, char **ret_reason) {
        _cleanup_(bytes_done) Bytes known = {};
        DnsStyle style = dns_style_from_string(text);

        (void) second;
        if (style >= 0) {
                *(DnsStyle *) field = style;
                return 0;
        }
        for (int s = 0; s < DNS_STYLE_MAX; s++)
                if (bytes_printf(&known, "%s%s", s > 0 ? ", " : "", STYLE_NAMES[s]) < 0)
                        return -ENOMEM;
        return value_refuse(ret_reason, "not a style; use one of %s", bytes_text(&known));
}

static int format_style(const char *key, const void *field, const void *second, Bytes *ret) {
        (void) second;
        return bytes_printf(ret, "%s=%s\n", key, dns_style_to_string(*(const DnsStyle *) field));
}

/* ---- lists of words: each is checked, and kept in the order given ---- */

typedef bool (*word_fn)(const char *word);

static int parse_words(
                const char *text,
                StringList *list,
                word_fn good,
                const char *want,
                char **ret_reason) {
        _cleanup_(string_list_done) StringList words = {};
        int r;

        if (!*text) {
                string_list_done(list);
                return 0;
        }
        r = conf_split_words(text, &words);
        if (r < 0)
                return r == -EINVAL ? value_refuse(ret_reason, "quotes do not match") : r;
        for (size_t i = 0; i < words.count; i++) {
                if (!good(words.items[i]))
                        return value_refuse(ret_reason, "%s", want);
                if (list->count >= LIST_MAX)
                        return value_refuse(ret_reason, "more than %d values", LIST_MAX);
                r = string_list_add(list, words.items[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int parse_credentials(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        return parse_words(
                        text, field, config_item_name_is_valid,
                        "not a name of a file below credentials/ (letters, digits and '._@-')",
                        ret_reason);
}

/* RENEWD_* are ours to say, and some names decide what a program loads. */
static bool is_assignment(const char *word) {
        static const char letters[] =
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
        size_t name = strspn(word, letters);

        if (name == 0 || (word[0] >= '0' && word[0] <= '9') || word[name] != '=' ||
            strlen(word) > ENVIRONMENT_MAX || str_skip_prefix(word, "RENEWD_") ||
            str_skip_prefix(word, "LD_") || str_skip_prefix(word, "CREDENTIALS_DIRECTORY="))
                return false;
        for (const char *p = word; *p; p++)
                if ((unsigned char) *p < ' ' || *p == 0x7f)
                        return false;
        return true;
}

static int parse_environment(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        return parse_words(
                        text, field, is_assignment,
                        "not NAME=VALUE (no RENEWD_..., LD_..., CREDENTIALS_DIRECTORY)",
                        ret_reason);
}

static int format_environment(const char *key, const void *field, const void *second, Bytes *ret) {
        const StringList *list = field;
        int r = 0;

        (void) second;
        for (size_t i = 0; i < list->count && r >= 0; i++) {
                r = bytes_printf(ret, "%s=\"", key);
                for (const char *p = list->items[i]; *p && r >= 0; p++)
                        r = bytes_printf(ret, "%s%c", *p == '"' || *p == '\\' ? "\\" : "", *p);
                if (r >= 0)
                        r = bytes_append_string(ret, "\"\n");
        }
        return r;
}

/* ---- addresses: "192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353" ---- */

static bool is_server(const char *word) {
        char copy[INET6_ADDRSTRLEN], address[sizeof(struct in6_addr)];
        const char *begin = word[0] == '[' ? word + 1 : word, *end, *port;
        size_t size;
        int64_t number;

        if (inet_pton(AF_INET6, word, address) == 1)
                return true;
        end = word[0] == '[' ? strchr(word, ']') : strchrnul(word, ':');
        size = end ? (size_t) (end - begin) : sizeof copy;
        if (size >= sizeof copy)
                return false;
        memcpy(copy, begin, size);
        copy[size] = 0;
        if (inet_pton(word[0] == '[' ? AF_INET6 : AF_INET, copy, address) != 1)
                return false;
        port = word[0] == '[' ? end + 1 : end;
        return !*port || (*port == ':' && str_to_int64(port + 1, 1, 65535, &number) == 0);
}

static int parse_servers(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        return parse_words(
                        text, field, is_server, "not ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT",
                        ret_reason);
}

static int parse_resolver(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        if (*text && !is_server(text))
                return value_refuse(ret_reason, "not ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT");
        return value_parse_text(text, field);
}

/* ---- the wait ---- */

static int parse_propagation(const char *text, void *field, void *second, char **ret_reason) {
        int64_t seconds;

        (void) second;
        if (conf_parse_seconds(text, &seconds) < 0 || seconds < 0 || seconds > PROPAGATION_MAX_SEC)
                return value_refuse(ret_reason, "not a span up to a day, like 5min; 0 for none");
        *(int64_t *) field = seconds;
        return 0;
}

static int format_propagation(const char *key, const void *field, const void *second, Bytes *ret) {
        (void) second;
        return bytes_printf(ret, "%s=%llds\n", key, (long long) *(const int64_t *) field);
}

static int parse_unseen(const char *text, void *field, void *second, char **ret_reason) {
        (void) second;
        if (!str_equal(text, "post") && !str_equal(text, "fail"))
                return value_refuse(ret_reason, "not post or fail");
        *(bool *) field = str_equal(text, "post");
        return 0;
}

static int format_unseen(const char *key, const void *field, const void *second, Bytes *ret) {
        (void) second;
        return bytes_printf(ret, "%s=%s\n", key, *(const bool *) field ? "post" : "fail");
}

const ValueType value_dns_style = { "STYLE", parse_style, format_style };
const ValueType value_credentials = { "NAME...", parse_credentials, value_format_lines };
const ValueType value_environment = { "NAME=VALUE...", parse_environment, format_environment };
const ValueType value_servers = { "ADDRESS...", parse_servers, value_format_lines };
const ValueType value_resolver = { "ADDRESS", parse_resolver, value_format_text };
const ValueType value_propagation = { "SPAN", parse_propagation, format_propagation };
const ValueType value_unseen = { "post|fail", parse_unseen, format_unseen };
