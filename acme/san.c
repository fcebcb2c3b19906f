/* Names in certificates are compared as decoded values: text of DNS names in lower case, octets of
 * addresses. A name with a NUL in it is another name to each reader, so it is none here. */

#include "acme/san.h"

#include <arpa/inet.h>
#include <string.h>

#include "acme/identifier.h"

#define DNS_NAME_MAX ((size_t) 255) /* 253 and "*." */

static void general_name_freep(GENERAL_NAME **n) {
        GENERAL_NAME_free(*n);
}

static void general_names_freep(GENERAL_NAMES **n) {
        GENERAL_NAMES_free(*n);
}

static int name_to_general(const char *name, GENERAL_NAME *ret) {
        unsigned char octets[16];
        size_t size = identifier_octets(name, octets);
        ASN1_STRING *value;

        if (size == 0) {
                size_t length = strnlen(name, DNS_NAME_MAX + 1);
                if (length == 0 || length > DNS_NAME_MAX)
                        return -EINVAL;
                value = ASN1_IA5STRING_new();
                if (!value || ASN1_STRING_set(value, name, (int) length) != 1) {
                        ASN1_STRING_free(value);
                        return -ENOMEM;
                }
                GENERAL_NAME_set0_value(ret, GEN_DNS, value);
                return 0;
        }
        value = ASN1_OCTET_STRING_new();
        if (!value || ASN1_STRING_set(value, octets, (int) size) != 1) {
                ASN1_STRING_free(value);
                return -ENOMEM;
        }
        GENERAL_NAME_set0_value(ret, GEN_IPADD, value);
        return 0;
}

int san_from_names(const StringList *names, GENERAL_NAMES **ret) {
        _cleanup_(general_names_freep) GENERAL_NAMES *san = GENERAL_NAMES_new();
        int r;

        if (!san)
                return -ENOMEM;
        if (names->count == 0)
                return -EINVAL;
        for (size_t i = 0; i < names->count; i++) {
                _cleanup_(general_name_freep) GENERAL_NAME *name = GENERAL_NAME_new();

                if (!name)
                        return -ENOMEM;
                r = name_to_general(names->items[i], name);
                if (r < 0)
                        return r;
                if (sk_GENERAL_NAME_push(san, name) <= 0)
                        return -ENOMEM;
                name = NULL;
        }
        *ret = TAKE_PTR(san);
        return 0;
}

static int add_dns(const ASN1_STRING *value, StringList *ret) {
        const unsigned char *data = ASN1_STRING_get0_data(value);
        size_t size = (size_t) ASN1_STRING_length(value);

        if (size == 0)
                return -EBADMSG;
        for (size_t i = 0; i < size; i++)
                if (data[i] <= ' ' || data[i] > '~')
                        return -EBADMSG; /* NUL as well */
        _cleanup_free_ char *name = strndup((const char *) data, size);
        if (!name)
                return -ENOMEM;
        for (char *p = name; *p; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char) (*p + ('a' - 'A'));
        return string_list_add(ret, name);
}

static int add_address(const ASN1_STRING *value, StringList *ret) {
        int size = ASN1_STRING_length(value);
        char text[INET6_ADDRSTRLEN];

        if (size != 4 && size != 16)
                return -EBADMSG;
        if (!inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value), text,
                       sizeof(text)))
                return -EBADMSG;
        return string_list_add(ret, text);
}

int san_to_names(const GENERAL_NAMES *san, StringList *ret) {
        int r;

        for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
                int type;
                const ASN1_STRING *value =
                                GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(san, i), &type);

                if (type == GEN_DNS)
                        r = add_dns(value, ret);
                else if (type == GEN_IPADD)
                        r = add_address(value, ret);
                else
                        continue;
                if (r < 0)
                        return r;
        }
        string_list_sort_unique(ret);
        return 0;
}
