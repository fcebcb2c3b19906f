/* The chain. The default one is fetched first. A CA that sends a lone certificate as DER names its issuer,
 * which is fetched in turn (P-06). Other chains for the same leaf are looked at only when one is preferred,
 * and no further than the first that matches; whatever goes wrong with them, there is the default one (P-07). */

#include <string.h>
#include <strings.h>

#include "acme/certinfo.h"
#include "acme/link.h"
#include "acme/order-effects.h"
#include "acme/order-internal.h"
#include "acme/order-reply.h"
#include "acme/order-steps.h"
#include "acme/url.h"

void order_download_done(OrderDownload *d) {
        free(d->url);
        bytes_done(&d->pem);
        string_list_done(&d->alternates);
        *d = (OrderDownload){};
}

static int download_from(OrderMachine *m, const char *url) {
        OrderDownload *d = &m->download;
        int r;

        r = str_replace(&d->url, url);
        return r < 0 ? r : order_queue_call(m, &m->pending, CALL_CERTIFICATE, d->url);
}

int order_download(OrderMachine *m, const char *url) {
        order_download_done(&m->download);
        m->polls = 0;
        m->waiting_for = STATUS_UNKNOWN;
        m->waited_sec = 0;
        order_set_state(m, ORDER_DOWNLOAD);
        return download_from(m, url);
}

int order_on_download_timer(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        (void) row;
        (void) e;
        return order_queue_call(m, &m->pending, CALL_CERTIFICATE, m->download.url);
}

/* ---- alternates ---- */

static int finish(OrderMachine *m) {
        order_download_done(&m->download);
        order_set_state(m, ORDER_DONE);
        return order_queue(m, &(OrderEffect){ .kind = EFFECT_DONE });
}

static int next_alternate(OrderMachine *m) {
        OrderDownload *d = &m->download;
        int r;

        bytes_done(&d->pem);
        d->hops = 0;
        d->alternate = true;
        if (d->next < MIN(d->alternates.count, (size_t) ALTERNATES_MAX))
                return download_from(m, d->alternates.items[d->next++]);
        r = order_queue_tell(
                        m,
                        "the CA offers no chain of '%s' (PreferredChain=), taking its default one",
                        m->preferred_chain);
        return r < 0 ? r : finish(m);
}

/* All of d->pem has come. */
static int chain_complete(OrderMachine *m) {
        OrderDownload *d = &m->download;
        int r = 0;

        if (m->preferred_chain) {
                r = chain_has_issuer(d->pem.data, d->pem.size, m->preferred_chain);
                if (r > 0 && d->alternate)
                        r = chain_same_leaf(d->pem.data, d->pem.size, m->chain.data, m->chain.size);
                if (r == -ENOMEM)
                        return r;
        }
        bool wanted = r > 0 || !m->preferred_chain;
        if (!d->alternate || wanted) {
                bytes_done(&m->chain);
                r = bytes_append(&m->chain, d->pem.data, d->pem.size);
                if (r < 0)
                        return r;
        }
        return wanted ? finish(m) : next_alternate(m);
}

/* Targets of a relation in the answer to d->url that may be asked; appended. -EACCES: there are only such that may
 * not. */
static int take_links(
                const OrderMachine *m, const OrderEvent *e, const char *rel, StringList *ret) {
        _cleanup_(string_list_done) StringList all = {};
        bool refused = false;

        for (size_t i = 0; e->links && i < e->links->count; i++) {
                int r = link_targets(e->links->items[i], rel, m->download.url, &all);

                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < all.count; i++) {
                int r;

                if (str_equal(all.items[i], m->download.url) ||
                    string_list_contains(ret, all.items[i]))
                        continue;
                if (url_check(all.items[i], &m->origins) < 0) {
                        refused = true;
                        continue;
                }
                r = string_list_add(ret, all.items[i]);
                if (r < 0)
                        return r;
        }
        return refused && ret->count == 0 ? -EACCES : 0;
}

/* ---- one answer ---- */

/* 1: the request is to be repeated, and waits; 0: no longer (P-01). */
static int download_wait(OrderMachine *m, const OrderEvent *e) {
        int64_t delay = order_poll_delay(m, e);
        int r;

        if (m->waited_sec >= DOWNLOAD_MAX_SEC)
                return 0;
        m->waited_sec += order_cap_delay(m, delay);
        r = order_queue_wait(m, &m->pending, delay);
        return r < 0 ? r : 1;
}

static int download_failed(OrderMachine *m, const Reply *reply, const OrderEvent *e) {
        int r;

        if (m->download.alternate)
                return next_alternate(m);
        if (reply->kind != REPLY_LOST && e->status != 429 &&
            (e->status == 404 || e->status >= 500)) {
                r = download_wait(m, e);
                if (r != 0)
                        return r < 0 ? r : 0;
                return order_fail_problem(
                                m, CLASS_LATER, PLACE_CERTIFICATE, &reply->problem, NULL,
                                e->retry_after_sec);
        }
        return order_setback(m, &m->pending, &m->patience, reply, e);
}

static int download_useless(OrderMachine *m, const OrderEvent *e) {
        const char *useless = "the CA sent an empty certificate chain, or one that is too large";
        int r;

        if (m->download.alternate)
                return next_alternate(m);
        r = download_wait(m, e);
        if (r != 0)
                return r < 0 ? r : 0;
        return order_fail(m, CLASS_LATER, PLACE_CERTIFICATE, NULL, useless);
}

/* By its words, or by its looks: media types are odd at some CAs. */
static bool is_der(const OrderEvent *e) {
        const char *type = e->content_type ? e->content_type : "";

        if (strncasecmp(type, "application/pkix-cert", strlen("application/pkix-cert")) == 0)
                return !memmem(e->body, e->size, "-----BEGIN ", strlen("-----BEGIN "));
        return *(const unsigned char *) e->body == 0x30;
}

/* One certificate has come alone: its issuer is next, unless nobody names it, or it is the end. */
static int take_der(OrderMachine *m, const OrderEvent *e) {
        _cleanup_(string_list_done) StringList up = {};
        OrderDownload *d = &m->download;
        bool root = false;
        int r;

        r = certificate_der_to_pem(e->body, e->size, &d->pem, &root);
        if (r == -EBADMSG)
                return download_useless(m, e);
        if (r >= 0)
                r = take_links(m, e, "up", &up);
        if (r == -EACCES)
                return order_fail(
                                m, CLASS_LATER, PLACE_CERTIFICATE, NULL,
                                "the issuer's certificate is at a host that the CA's configuration "
                                "does not allow (Origins=)");
        if (r < 0)
                return r;
        if (root || up.count == 0 || d->hops >= ISSUER_HOPS_MAX)
                return chain_complete(m);
        d->hops++;
        m->waited_sec = 0;
        return download_from(m, up.items[0]);
}

int order_on_certificate(OrderMachine *m, OrderRow *row, const OrderEvent *e) {
        _cleanup_(reply_done) Reply reply = {};
        OrderDownload *d = &m->download;
        int r;

        (void) row;
        r = reply_read(m, e, PLACE_CERTIFICATE, &reply);
        if (r < 0)
                return r;
        if (reply.kind != REPLY_GOOD)
                return download_failed(m, &reply, e);
        if (!e->body || e->size == 0 || e->size + d->pem.size > CHAIN_MAX_SIZE)
                return download_useless(m, e);
        m->patience = (Patience){};
        if (m->preferred_chain && !d->alternate && d->hops == 0) {
                r = take_links(m, e, "alternate", &d->alternates);
                if (r < 0 && r != -EACCES)
                        return r;
        }
        if (is_der(e))
                return take_der(m, e);
        r = bytes_append(&d->pem, e->body, e->size);
        return r < 0 ? r : chain_complete(m);
}
