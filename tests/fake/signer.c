#include <stdio.h>
#include <string.h>

#include "acme/csr.h"
#include "tests/fake/helper-internal.h"

#define ELSEWHERE "elsewhere"

static void key_done(FakeKey *k) {
        free(k->certificate);
        free(k->attempt);
        (void) key_free(k->key);
}

void fake_signer_done(Helper *h) {
        for (size_t i = 0; i < h->key_count; i++)
                key_done(&h->keys[i]);
        free(h->keys);
}

/* That of a configured request is every attempt's. */
static FakeKey *find(const Helper *h, const char *certificate, const char *attempt) {
        for (size_t i = 0; i < h->key_count; i++)
                if (str_equal(h->keys[i].certificate, certificate) &&
                    (str_equal(h->keys[i].attempt, attempt) ||
                     str_equal(h->keys[i].attempt, ELSEWHERE)))
                        return &h->keys[i];
        return NULL;
}

const FakeKey *fake_signer_key_of(const Helper *h, const char *certificate, const char *spki) {
        for (size_t i = 0; i < h->key_count; i++)
                if (str_equal(h->keys[i].certificate, certificate) &&
                    strcmp(h->keys[i].spki, spki) == 0)
                        return &h->keys[i];
        return NULL;
}

static FakeKey *add(Helper *h, const char *certificate, const char *attempt, EVP_PKEY *key) {
        FakeKey *k = reallocarray(h->keys, h->key_count + 1, sizeof *k);

        if (!k)
                return NULL;
        h->keys = k;
        k = &h->keys[h->key_count];
        *k = (FakeKey){ .certificate = strdup(certificate),
                        .attempt = strdup(attempt),
                        .key = key };
        if (key_spki_sha256(k->key, k->spki) < 0)
                return NULL;
        h->key_count++;
        return k;
}

static FakeKey *make(Helper *h, const char *certificate, const char *attempt) {
        EVP_PKEY *key = NULL;

        if (key_generate(KEY_ECDSA_P256, &key) < 0)
                return NULL;
        h->made++;
        return add(h, certificate, attempt, key);
}

static FakeKey *reuse(Helper *h, const char *certificate, const char *attempt, const char *spki) {
        const FakeKey *k = spki ? fake_signer_key_of(h, certificate, spki) : NULL;

        if (!k || strcmp(spki, h->retired) == 0 || EVP_PKEY_up_ref(k->key) != 1)
                return NULL;
        return add(h, certificate, attempt, k->key);
}

void fake_signer_set_request(Helper *h, const char *certificate, EVP_PKEY *key) {
        fake_signer_forget(h, certificate);
        (void) add(h, certificate, ELSEWHERE, key);
}

const char *fake_signer_retired(const Helper *h) {
        return h->retired;
}

static void drop(Helper *h, size_t i) {
        key_done(&h->keys[i]);
        h->keys[i] = h->keys[--h->key_count];
}

void fake_signer_forget(Helper *h, const char *certificate) {
        for (size_t i = h->key_count; i-- > 0;)
                if (str_equal(h->keys[i].certificate, certificate))
                        drop(h, i);
}

size_t fake_signer_keys(const Helper *h, const char *certificate) {
        size_t n = 0;

        for (size_t i = 0; i < h->key_count; i++)
                n += str_equal(h->keys[i].certificate, certificate);
        return n;
}

unsigned fake_signer_made(const Helper *h) {
        return h->made;
}

/* ---- methods ---- */

#define NEXT_KEY "thumbprint-of-next"

static int account(Helper *h, const Json *p, Json **ret) {
        _cleanup_free_ char *thumbprint = NULL;

        *ret = json_object_new();
        (void) str_printf(&thumbprint, "thumbprint-of-%s", fake_text(p, "ca"));
        (void) json_set_string(*ret, "thumbprint", h->key_changed ? NEXT_KEY : thumbprint);
        (void) json_set_string(*ret, "pending", h->key_pending ? NEXT_KEY : NULL);
        return json_set_string(*ret, "algorithm", "ES256");
}

/* Another account key; 1: it is none of these. */
static int change_key(Helper *h, const char *method, Json **ret) {
        if (strcmp(method, "PrepareAccountKey") == 0)
                h->key_pending = true;
        else if (strcmp(method, "PromoteAccountKey") == 0)
                h->key_changed = true, h->key_pending = false;
        else if (strcmp(method, "AbandonAccountKey") == 0)
                h->key_pending = false;
        else
                return 1;
        *ret = json_object_new();
        return json_set_string(*ret, "thumbprint", NEXT_KEY);
}

static int request(Helper *h, const Json *p, Json **ret, const char **ret_error) {
        FakeKey *k = find(h, fake_text(p, "certificate"), fake_text(p, "attempt"));
        _cleanup_(string_list_done) StringList names = {};
        _cleanup_(bytes_done) Bytes der = {};
        _cleanup_free_ char *csr = NULL;
        const Json *list;
        bool create = false;

        (void) json_get_bool(p, "create", &create);
        if (!k && create)
                k = reuse(h, fake_text(p, "certificate"), fake_text(p, "attempt"),
                          fake_text(p, "reuse"));
        if (!k && create)
                k = make(h, fake_text(p, "certificate"), fake_text(p, "attempt"));
        if (!k) {
                *ret_error = "KeyMissing";
                return 1;
        }
        (void) json_get_array(p, "names", &list);
        for (size_t i = 0; i < json_count(list); i++)
                (void) string_list_add(&names, json_string_value(json_at(list, i)));
        if (csr_build(k->key, &names, &der) < 0 || base64url_encode(der.data, der.size, &csr) < 0)
                return -EIO;
        *ret = json_object_new();
        (void) json_set_string(*ret, "csr", csr);
        return json_set_string(*ret, "spki", k->spki);
}

/* As the real one, but never younger than 30 days: with the clock of the test that is not the point. */
static int prune(Helper *h, const Json *p, Json **ret) {
        const char *certificate = fake_text(p, "certificate");
        int64_t removed = 0;

        for (size_t i = h->key_count; i-- > 0;) {
                const FakeKey *k = &h->keys[i];

                if (!str_equal(k->certificate, certificate) || str_equal(k->attempt, ELSEWHERE) ||
                    str_equal(k->spki, fake_text(p, "spki")) ||
                    str_equal(k->attempt, fake_text(p, "attempt")))
                        continue;
                drop(h, i);
                removed++;
        }
        *ret = json_object_new();
        return json_set_int64(*ret, "removed", removed);
}

static Json *payload_of(const char *method, const Json *p) {
        static const char *const members[] = { "names",    "csr",     "onlyReturnExisting",
                                               "replaces", "profile", "notAfter" };
        Json *payload = json_object_new();
        _cleanup_free_ char *thumbprint = NULL;
        const Json *q = NULL;

        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
                const Json *member = json_get(p, members[i]);

                if (member)
                        (void) json_set(payload, members[i], json_copy(member));
        }
        if (strcmp(method, "SignNewAccount") == 0 && json_get_object(p, "request", &q) >= 0) {
                (void) str_printf(&thumbprint, "thumbprint-of-%s", fake_text(q, "ca"));
                (void) json_set_string(payload, "thumbprint", thumbprint);
        }
        return payload;
}

static int sign(Helper *h, const char *method, const Json *p, Json **ret, const char **ret_error) {
        _cleanup_(json_freep) Json *body = json_object_new();
        _cleanup_free_ char *text = NULL;
        const Json *q;

        if (strcmp(method, "SignFinalize") == 0 &&
            !find(h, fake_text(p, "certificate"), fake_text(p, "attempt"))) {
                *ret_error = "KeyMissing";
                return 1;
        }
        if (json_get_object(p, "request", &q) < 0)
                return -EINVAL;
        (void) json_set_string(body, "nonce", fake_text(q, "nonce"));
        (void) json_set_string(body, "url", fake_text(q, "url"));
        (void) json_set_string(body, "kid", fake_text(q, "kid"));
        (void) json_set(body, "payload", payload_of(method, p));
        if (json_to_string(body, &text) < 0)
                return -ENOMEM;
        *ret = json_object_new();
        return json_set_string(*ret, "body", text);
}

int fake_signer_handle(
                Helper *h, const char *method, const Json *p, Json **ret, const char **ret_error) {
        if (strcmp(method, "Account") == 0)
                return account(h, p, ret);
        if (change_key(h, method, ret) == 0)
                return 0;
        if (strcmp(method, "CertificateRequest") == 0)
                return request(h, p, ret, ret_error);
        if (strcmp(method, "RetireKey") == 0) {
                (void) snprintf(h->retired, sizeof h->retired, "%s", fake_text(p, "spki"));
                *ret = json_object_new();
                return 0;
        }
        if (strcmp(method, "Prune") == 0)
                return prune(h, p, ret);
        if (strcmp(method, "StandIn") == 0) {
                *ret = json_object_new();
                return json_set_string(*ret, "leaf", "");
        }
        return sign(h, method, p, ret, ret_error);
}
