/* The leaf's names: all of them told, and what is wrong with them. */

#include <arpa/inet.h>
#include <ctype.h>
#include <openssl/err.h>
#include <string.h>

#include "acme/inspect-internal.h"

#define NAMES_SHOWN_MAX 1000

static bool is_address(const char *text) {
        uint8_t address[sizeof(struct in6_addr)];

        return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

/* Labels of letters, digits, '-' and '_', two of them at least; "localhost" is one as well. */
static bool is_host_name(const char *text) {
        size_t label = 0, size = strlen(text);

        if (size == 0 || size > 253)
                return false;
        for (const char *p = text; *p; p++) {
                if (*p == '.' && (label == 0 || !p[1]))
                        return false;
                if (*p != '.' && !isalnum((unsigned char) *p) && *p != '-' && *p != '_')
                        return false;
                label = *p == '.' ? 0 : label + 1;
                if (label > 63)
                        return false;
        }
        return true;
}

/* A DNS name as it stands there. */
static int check_dns(Inspector *i, const char *name, const char *shown) {
        const char *rest = str_skip_prefix(name, "*.");

        if (is_address(name))
                return inspection_add(
                                i->result, FINDING_IP_AS_NAME, true,
                                "the address %s stands there as a DNS name, where clients do not look",
                                shown);
        if (strchr(name, '*') && (!rest || !is_host_name(rest) || !strchr(rest, '.')))
                return inspection_add(
                                i->result, FINDING_BAD_WILDCARD, true,
                                "'%s' is no wildcard that clients accept", shown);
        if (!rest && !is_host_name(name))
                return inspection_add(
                                i->result, FINDING_BAD_NAME, true, "'%s' is no host name", shown);
        return 0;
}

static int add_dns(Inspector *i, const ASN1_STRING *s) {
        const char *text = (const char *) ASN1_STRING_get0_data(s);
        size_t size = (size_t) ASN1_STRING_length(s);
        _cleanup_free_ char *name = NULL, *shown = NULL;
        int r;

        if (memchr(text, '\0', size))
                return inspection_add(
                                i->result, FINDING_BAD_NAME, true,
                                "a name has a NUL octet in it, which is an old attack");
        name = strndup(text, size);
        shown = name ? str_escape(name, 256) : NULL;
        if (!shown)
                return -ENOMEM;
        r = string_list_add(&i->result->names, shown);
        return r < 0 ? r : check_dns(i, name, shown);
}

static int add_address(Inspector *i, const ASN1_OCTET_STRING *s) {
        int size = ASN1_STRING_length(s);
        char text[INET6_ADDRSTRLEN];

        if (size != 4 && size != 16)
                return inspection_add(
                                i->result, FINDING_BAD_NAME, true, "an address has %d octets",
                                size);
        if (!inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(s), text,
                       sizeof(text)))
                return 0;
        return string_list_add(&i->result->names, text);
}

static int read_san(Inspector *i, const GENERAL_NAMES *san) {
        int r = 0;

        for (int k = 0; k < sk_GENERAL_NAME_num(san) && k < NAMES_SHOWN_MAX && r >= 0; k++) {
                const GENERAL_NAME *n = sk_GENERAL_NAME_value(san, k);

                if (n->type == GEN_DNS)
                        r = add_dns(i, n->d.dNSName);
                else if (n->type == GEN_IPADD)
                        r = add_address(i, n->d.iPAddress);
        }
        return r;
}

/* ---- the common name ---- */

/* Only one that could be meant as a host: "Test CA" is none. */
static bool is_meant_as_host(const char *cn) {
        const char *rest = str_skip_prefix(cn, "*.");

        return is_address(cn) ||
               (is_host_name(rest ? rest : cn) && (strchr(cn, '.') || str_equal(cn, "localhost")));
}

static bool is_listed(const StringList *names, const char *cn) {
        for (size_t i = 0; i < names->count; i++)
                if (str_equal_ignore_case(names->items[i], cn))
                        return true;
        return false;
}

static int check_common_name(Inspector *i) {
        _cleanup_free_ char *cn = NULL;
        int r;

        r = certificate_subject_name(i->leaf, &cn);
        if (r < 0 && r != -ENOENT)
                return r;
        bool host = cn && is_meant_as_host(cn);
        if (i->result->names.count == 0 && host)
                return inspection_add(
                                i->result, FINDING_CN_ONLY, true,
                                "the %s '%s' stands only in its CN, it has no subjectAltName",
                                is_address(cn) ? "address" : "name", cn);
        if (i->result->names.count == 0)
                return inspection_add(
                                i->result, FINDING_NO_SAN, true,
                                "it is for no name: it has no subjectAltName");
        if (host && !is_listed(&i->result->names, cn))
                return inspection_add(
                                i->result, FINDING_CN_NOT_IN_SAN, false,
                                "its CN '%s' is not among its names, so it is not for it", cn);
        return 0;
}

static int check_wanted_name(Inspector *i) {
        const char *name = i->input->name;
        _cleanup_free_ char *shown = NULL;

        if (!name ||
            X509_check_host(i->leaf, name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1 ||
            X509_check_ip_asc(i->leaf, name, 0) == 1)
                return 0;
        shown = str_escape(name, 256);
        return shown ? inspection_add(i->result, FINDING_WRONG_NAME, true, "it is not for '%s'",
                                      shown)
                     : -ENOMEM;
}

int inspect_names(Inspector *i) {
        int critical, r = 0;
        GENERAL_NAMES *san = X509_get_ext_d2i(i->leaf, NID_subject_alt_name, &critical, NULL);

        if (san)
                r = read_san(i, san);
        else if (critical != -1)
                r =
                                inspection_add(i->result, FINDING_BAD_EXTENSIONS, true,
                                               "its names cannot be read");
        GENERAL_NAMES_free(san);
        if (r >= 0)
                r = check_common_name(i);
        if (r >= 0)
                r = check_wanted_name(i);
        ERR_clear_error();
        return r;
}
