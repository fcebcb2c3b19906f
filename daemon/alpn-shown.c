/* A client asks for a server name, so there can be one certificate for each. An order that comes while another one of the
 * same name is being validated is refused here rather than left to spoil both at the CA. */

#include "daemon/alpn-shown.h"

#include <string.h>

#include "acme/alpn-certificate.h"
#include "acme/identifier.h"
#include "base/strings.h"

#define SHOWN_MAX 10000

typedef struct Item {
        char *server_name; /* owns */
        char *token;       /* owns */
        uint8_t digest[ALPN_DIGEST_SIZE];
        EVP_PKEY *key;     /* owns */
        X509 *certificate; /* owns */
} Item;

struct AlpnShown {
        Item *items; /* owns */
        size_t count;
};

static void item_done(Item *i) {
        free(i->server_name);
        free(i->token);
        key_free(i->key);
        X509_free(i->certificate);
        *i = (Item){};
}

static Item *find(const AlpnShown *s, const char *server_name) {
        for (size_t i = 0; i < s->count; i++)
                if (str_equal_ignore_case(s->items[i].server_name, server_name))
                        return &s->items[i];
        return NULL;
}

static int item_fill(Item *i, const char *identifier, const char *token, int64_t now) {
        int r;

        r = alpn_certificate_new(identifier, i->digest, now, &i->key, &i->certificate);
        return r < 0 ? r : str_replace(&i->token, token);
}

int alpn_shown_add(
                AlpnShown *s,
                const char *identifier,
                const char *token,
                const char *authorization,
                int64_t now) {
        _cleanup_(item_done) Item item = {};
        int r;

        r = identifier_server_name(identifier, &item.server_name);
        if (r >= 0)
                r = alpn_digest(authorization, item.digest);
        if (r < 0)
                return r;
        const Item *known = find(s, item.server_name);
        if (known)
                return str_equal(known->token, token) && memcmp(known->digest, item.digest,
                                                                sizeof(item.digest)) == 0
                                       ? 0
                                       : -EBUSY;
        if (s->count >= SHOWN_MAX)
                return -ENOBUFS;
        r = item_fill(&item, identifier, token, now);
        if (r < 0)
                return r;
        Item *grown = reallocarray(s->items, s->count + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        s->items = grown;
        s->items[s->count++] = item;
        item = (Item){};
        return 0;
}

void alpn_shown_remove(AlpnShown *s, const char *identifier, const char *token) {
        _cleanup_free_ char *server_name = NULL;

        if (identifier_server_name(identifier, &server_name) < 0)
                return; /* no memory: it is shown until the next start, to whom asks for it by name */
        Item *i = find(s, server_name);
        if (!i || !str_equal(i->token, token))
                return;
        item_done(i);
        *i = s->items[--s->count];
        s->items[s->count] = (Item){};
}

bool alpn_shown_find(
                const AlpnShown *s,
                const char *server_name,
                EVP_PKEY **ret_key,
                X509 **ret_certificate) {
        const Item *i = find(s, server_name);

        if (!i)
                return false;
        *ret_key = i->key;
        *ret_certificate = i->certificate;
        return true;
}

int alpn_shown_new(AlpnShown **ret) {
        *ret = calloc(1, sizeof(**ret));
        return *ret ? 0 : -ENOMEM;
}

AlpnShown *alpn_shown_free(AlpnShown *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->count; i++)
                item_done(&s->items[i]);
        free(s->items);
        free(s);
        return NULL;
}
