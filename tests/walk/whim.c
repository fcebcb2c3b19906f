/* The wrong answers: lost, refused by any problem, of another kind, with a member too few or of another type, garbled,
 * too large, with odd header fields, or an answer of long ago. */

#include <stdio.h>
#include <string.h>

#include "tests/walk/walk.h"

#define KEPT 16

struct Whim {
        World *w;
        uint32_t per_million;
        char *kept[KEPT]; /* bodies of earlier answers */
        size_t kept_count;
        unsigned count;
        bool asked_for_days;
};

static uint32_t upto(Whim *h, uint32_t n) {
        return fake_random(h->w->loop) % (n + 1);
}

#define ONE_OF(h, list) ((list)[upto((h), (uint32_t) ELEMENTSOF(list) - 1)])

/* ---- bodies ---- */

static void set_text(HttpReply *reply, const char *text) {
        bytes_done(&reply->body);
        (void) bytes_append_string(&reply->body, text);
}

static void keep(Whim *h, const HttpReply *reply) {
        size_t i = h->kept_count++ % KEPT;

        free(h->kept[i]);
        h->kept[i] = strndup(
                        reply->body.data ? (const char *) reply->body.data : "", reply->body.size);
}

static void old_answer(Whim *h, HttpReply *reply) {
        if (h->kept_count > 0)
                set_text(reply, h->kept[upto(h, (uint32_t) MIN(h->kept_count, (size_t) KEPT) - 1)]);
}

static void refuse(Whim *h, HttpReply *reply) {
        static const char *const types[] = {
                "accountDoesNotExist",
                "alreadyReplaced",
                "alreadyRevoked",
                "badCSR",
                "badNonce",
                "badPublicKey",
                "badSignatureAlgorithm",
                "caa",
                "compound",
                "connection",
                "dns",
                "externalAccountRequired",
                "incorrectResponse",
                "invalidContact",
                "invalidProfile",
                "malformed",
                "orderNotReady",
                "rateLimited",
                "rejectedIdentifier",
                "serverInternal",
                "tls",
                "unauthorized",
                "unsupportedIdentifier",
                "userActionRequired",
                "agreementRequired",
                "neverHeardOf",
                "",
        };
        static const long statuses[] = { 400, 401, 403, 404, 405, 409, 410,
                                         415, 429, 500, 502, 503, 504 };
        char text[512];

        reply->status = ONE_OF(h, statuses);
        (void) snprintf(text, sizeof text,
                        "{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"a whim\\u001b[31m\","
                        "\"status\":%u,\"subproblems\":[{\"type\":\"urn:ietf:params:acme:error:%s\"}]}",
                        ONE_OF(h, types), upto(h, 999), ONE_OF(h, types));
        set_text(reply, upto(h, 4) ? text : "");
}

static void other_status(Whim *h, HttpReply *reply) {
        static const char *const states[] = {
                "pending",     "ready",   "processing", "valid",      "invalid",
                "deactivated", "expired", "revoked",    "unheard-of", "",
        };
        _cleanup_(json_freep) Json *j = NULL;
        _cleanup_free_ char *text = NULL;

        if (json_parse(reply->body.data ? (const void *) reply->body.data : "", reply->body.size,
                       &j) < 0 ||
            !json_is_object(j))
                return;
        (void) json_set_string(j, "status", ONE_OF(h, states));
        if (json_to_string(j, &text) >= 0)
                set_text(reply, text);
}

/* One member less, or of another type; which one it is, chance says. */
static void other_member(Whim *h, HttpReply *reply) {
        static const char *const members[] = {
                "status",     "identifiers", "authorizations",
                "finalize",   "certificate", "expires",
                "identifier", "challenges",  "newNonce",
                "newAccount", "newOrder",    "renewalInfo",
                "meta",       "url",         "token",
                "type",       "error",       "suggestedWindow",
        };
        const char *member = ONE_OF(h, members);
        _cleanup_(json_freep) Json *j = NULL;
        _cleanup_free_ char *text = NULL;

        if (json_parse(reply->body.data ? (const void *) reply->body.data : "", reply->body.size,
                       &j) < 0 ||
            !json_is_object(j))
                return;
        switch (upto(h, 3)) {
        case 0:
                (void) json_remove(j, member);
                break;
        case 1:
                (void) json_set_int64(j, member, 17);
                break;
        case 2:
                (void) json_set_string(
                                j, member,
                                upto(h, 1) ? "https://ca.test/order/0" : "file:///etc/passwd");
                break;
        default:
                (void) json_set(j, member, json_array_new());
                break;
        }
        if (json_to_string(j, &text) >= 0)
                set_text(reply, text);
}

static void garble(Whim *h, HttpReply *reply) {
        static const char *const texts[] = {
                "",
                "{",
                "[]",
                "null",
                "\"valid\"",
                "<html>no</html>",
                "{\"status\":\"valid\"}",
                "{\"a\":1e999}",
                "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n",
                "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n",
        };
        size_t size = reply->body.size;

        if (upto(h, 1) || size == 0) {
                set_text(reply, ONE_OF(h, texts));
                return;
        }
        for (uint32_t n = upto(h, 8); n > 0; n--)
                reply->body.data[upto(h, (uint32_t) size - 1)] = (uint8_t) upto(h, 255);
        reply->body.size = upto(h, (uint32_t) size);
}

static void enlarge(Whim *h, HttpReply *reply) {
        for (uint32_t n = upto(h, 2000); n > 0; n--)
                (void) bytes_append_string(&reply->body, "[{\"status\":\"pending\"},");
}

/* ---- header fields ---- */

static void other_field(Whim *h, HttpReply *reply) {
        static const char *const waits[] = {
                "0",        "-1",
                "1",        "60",
                "3600",     "86400",
                "31536000", "99999999999999999999",
                "soon",     "Sun, 06 Nov 1994 08:49:37 GMT",
        };
        static const char *const places[] = {
                "https://ca.test/order/0",
                "https://ca.test/account-of/77",
                "/order/1",
                "https://10.0.0.1/x",
                "file:///x",
                "",
        };
        static const char *const nonces[] = { "nonce-1", "", "not a nonce", "nonce-99999999" };
        static const char *const dates[] = { "yesterday", "Sun, 06 Nov 1994 08:49:37 GMT", "" };

        switch (upto(h, 5)) {
        case 0:
                (void) str_replace(&reply->retry_after, ONE_OF(h, waits));
                h->asked_for_days = h->asked_for_days || str_equal(reply->retry_after, "31536000");
                break;
        case 1:
                (void) str_replace(&reply->location, ONE_OF(h, places));
                break;
        case 2:
                (void) str_replace(&reply->location, NULL);
                break;
        case 3:
                (void) str_replace(&reply->replay_nonce, NULL);
                break;
        case 4:
                (void) str_replace(&reply->replay_nonce, ONE_OF(h, nonces));
                break;
        default:
                (void) str_replace(&reply->date, ONE_OF(h, dates));
                break;
        }
}

static void other_code(Whim *h, HttpReply *reply) {
        static const long codes[] = { 200, 201, 202, 204, 301, 307, 400, 404, 500 };

        reply->status = ONE_OF(h, codes);
}

/* ---- the hook ---- */

static int twist(CaRequest request, int error, HttpReply *reply, void *userdata) {
        static void (*const acts[])(Whim * h, HttpReply * reply) = {
                refuse,     refuse, other_status, other_status, other_member, other_member,
                old_answer, garble, enlarge,      other_field,  other_field,  other_code,
        };
        Whim *h = userdata;

        (void) request;
        if (error < 0 || !fake_chance(h->w->loop, h->per_million)) {
                if (error >= 0)
                        keep(h, reply);
                return error;
        }
        h->count++;
        if (upto(h, 7) == 0)
                return -ECONNRESET;
        ONE_OF(h, acts)(h, reply);
        if (upto(h, 3) == 0)
                ONE_OF(h, acts)(h, reply);
        return 0;
}

Whim *whim_new(World *w) {
        Whim *h = calloc(1, sizeof *h);

        if (!h)
                return NULL;
        h->w = w;
        fake_ca_hooks(w->ca)->twist = twist;
        fake_ca_hooks(w->ca)->userdata = h;
        return h;
}

Whim *whim_free(Whim *h) {
        if (!h)
                return NULL;
        for (size_t i = 0; i < KEPT; i++)
                free(h->kept[i]);
        free(h);
        return NULL;
}

void whim_set(Whim *h, uint32_t per_million) {
        h->per_million = per_million;
}

unsigned whim_count(const Whim *h) {
        return h->count;
}

bool whim_asked_for_days(const Whim *h) {
        return h->asked_for_days;
}
