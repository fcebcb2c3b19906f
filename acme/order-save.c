/* The durable form of an order, and the way back. What is loaded was written by this program, but a
 * file can be damaged or edited: it passes the same gates as what a CA sends. A loaded order enters at
 * ORDER whatever its state was: the server is the truth (I-01). */

#include <string.h>

#include "acme/order-effects.h"
#include "acme/order-internal.h"
#include "acme/url.h"

#define SHOWN_MAX 1024 /* entries of a journal */

static int save_shown(const OrderMachine *m, Json *to) {
        Json *list = json_array_new();
        int r;

        if (!list)
                return -ENOMEM;
        for (size_t i = 0; i < m->shown_count; i++) {
                const OrderShown *s = &m->shown[i];
                _cleanup_(json_freep) Json *j = json_object_new();

                r = j ? json_set_string(j, "type", challenge_type_to_string(s->type)) : -ENOMEM;
                if (r >= 0)
                        r = json_set_string(j, "identifier", s->identifier);
                if (r >= 0)
                        r = json_set_string(j, "token", s->token);
                if (r >= 0)
                        r = json_append(list, TAKE_PTR(j));
                if (r < 0) {
                        json_free(list);
                        return r;
                }
        }
        return json_set(to, "presented", list);
}

static int save_csr(const OrderMachine *m, Json *to) {
        _cleanup_free_ char *text = NULL;
        int r;

        if (m->csr.size == 0)
                return 0;
        r = base64url_encode(m->csr.data, m->csr.size, &text);
        return r < 0 ? r : json_set_string(to, "csr", text);
}

static int save_number(Json *to, const char *key, int64_t value) {
        return value == 0 ? 0 : json_set_int64(to, key, value);
}

int order_machine_save(const OrderMachine *m, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        if (!j)
                return -ENOMEM;
        r = json_set_string(j, "state", order_state_to_string(m->state));
        if (r >= 0 && m->url)
                r = json_set_string(j, "url", m->url);
        if (r >= 0 && m->finalize)
                r = json_set_string(j, "finalize", m->finalize);
        if (r >= 0 && m->wish.profile)
                r = json_set_string(j, "profile", m->wish.profile);
        if (r >= 0 && m->wish.replaces) /* H-05 */
                r = json_set_string(j, "replaces", m->wish.replaces);
        if (r >= 0)
                r = save_number(j, "created", m->created);
        if (r >= 0)
                r = save_number(j, "expires", m->expires);
        if (r >= 0)
                r = save_number(j, "processing_since", m->processing_since);
        if (r >= 0)
                r = save_number(j, "finalize_sent", m->finalize_sent);
        if (r >= 0 && m->csr_refused)
                r = json_set_bool(j, "csr_refused", true);
        if (r >= 0)
                r = save_csr(m, j);
        if (r >= 0)
                r = save_shown(m, j);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}

/* An absent member leaves *ret as it is. */
static int load_number(const Json *j, const char *key, int64_t max, int64_t *ret) {
        int64_t value;
        int r = json_get_int64(j, key, &value);

        if (r == -ENOENT)
                return 0;
        if (r < 0 || value < 0 || value > max)
                return -EBADMSG;
        *ret = value;
        return 0;
}

static int load_url(const OrderMachine *m, const Json *j, const char *key, char **ret) {
        const char *url;
        int r = json_get_string(j, key, &url);

        if (r == -ENOENT)
                return 0;
        if (r < 0 || url_check(url, &m->origins) < 0)
                return -EBADMSG;
        return str_replace(ret, url);
}

static int load_csr(OrderMachine *m, const Json *j) {
        const char *text;
        int r = json_get_string(j, "csr", &text);

        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;
        r = base64url_decode(text, strlen(text), &m->csr);
        return r < 0 && r != -ENOMEM ? -EBADMSG : r;
}

static int load_shown(OrderMachine *m, const Json *j) {
        const Json *list = NULL;
        int r = json_get_array(j, "presented", &list);

        if (r == -ENOENT)
                return 0;
        if (r < 0 || json_count(list) > SHOWN_MAX)
                return -EBADMSG;
        for (size_t i = 0; i < json_count(list); i++) {
                const char *type, *identifier, *token;
                const Json *entry = json_at(list, i);

                if (json_get_string(entry, "type", &type) < 0 ||
                    json_get_string(entry, "identifier", &identifier) < 0 ||
                    json_get_string(entry, "token", &token) < 0 || !token_is_valid(token) ||
                    challenge_type_from_string(type) == CHALLENGE_TYPE_MAX)
                        return -EBADMSG;
                r = journal_load(m, challenge_type_from_string(type), identifier, token);
                if (r < 0)
                        return r;
        }
        return 0;
}

int order_machine_load(const OrderSpec *spec, const Json *saved, OrderMachine **ret) {
        _cleanup_(order_machine_freep) OrderMachine *m = NULL;
        int64_t sent = 0;
        int r;

        if (!json_is_object(saved))
                return -EBADMSG;
        r = order_machine_new(spec, &m);
        if (r < 0)
                return r;
        r = load_url(m, saved, "url", &m->url);
        if (r >= 0)
                r = load_url(m, saved, "finalize", &m->finalize);
        if (r >= 0)
                r = load_number(saved, "created", INT64_MAX, &m->created);
        if (r >= 0)
                r = load_number(saved, "expires", INT64_MAX, &m->expires);
        if (r >= 0)
                r = load_number(saved, "processing_since", INT64_MAX, &m->processing_since);
        if (r >= 0)
                r = load_number(saved, "finalize_sent", 1000, &sent);
        if (r >= 0)
                r = load_csr(m, saved);
        if (r >= 0)
                r = load_shown(m, saved);
        if (r < 0)
                return r;
        m->finalize_sent = (unsigned) sent;
        (void) json_get_bool(saved, "csr_refused", &m->csr_refused); /* absent: it was not */
        if (m->url)
                order_set_state(m, ORDER_ORDER);
        *ret = TAKE_PTR(m);
        return 0;
}
