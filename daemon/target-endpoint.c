#include "daemon/target-endpoint.h"

#include <string.h>

static const char *const served_names[] = {
        [SERVED_UNKNOWN] = "unknown", [SERVED_NOT_PROBED] = "not-probed",
        [SERVED_YES] = "yes",         [SERVED_FLAWED] = "flawed",
        [SERVED_OTHER] = "other",     [SERVED_UNREACHABLE] = "unreachable",
};

const char *served_to_string(TargetServed s) {
        return served_names[s];
}

static void endpoint_done(TargetEndpoint *e) {
        free(e->place);
        free(e->message);
        free(e->told);
        *e = (TargetEndpoint){};
}

void target_endpoints_done(TargetEndpoints *e) {
        for (size_t i = 0; i < e->count; i++)
                endpoint_done(&e->items[i]);
        free(e->items);
        *e = (TargetEndpoints){};
}

/* ---- what was seen ---- */

int target_endpoint_place(const ProbeConfig *p, const char *address, char **ret) {
        bool tls = p->protocol == PROBE_PROTOCOL_TLS, six = strchr(p->host, ':') != NULL;
        bool same = !address[0] || str_equal(p->host, address);

        return str_printf(
                        ret, "%s%s%s%s%s:%u%s%s", tls ? "" : probe_protocol_to_string(p->protocol),
                        tls ? "" : " ", six ? "[" : "", p->host, six ? "]" : "", p->port,
                        same ? "" : " at ", same ? "" : address);
}

/* "it serves another one, of 'CN = old', issued by 'R10'" */
static int judge_other(TargetEndpoint *e, const ProbeResult *seen, int64_t now) {
        const char *subject = seen->subject ? seen->subject : "";

        e->served = SERVED_OTHER;
        return str_printf(
                        &e->message, "it serves another one%s%s%s%s%s%s%s", *subject ? " ('" : "",
                        subject, *subject ? "'" : "",
                        *subject && seen->issuer ? ", issued by '" : "",
                        *subject && seen->issuer ? seen->issuer : "",
                        *subject ? (seen->issuer ? "')" : ")") : "",
                        seen->not_after > 0 && seen->not_after <= now ? " that has expired" : "");
}

static int judge_equal(
                TargetEndpoint *e, const ProbeResult *seen, const ServedExpectation *expected) {
        Bytes served = { .data = (uint8_t *) seen->chain_pem }; /* borrows */
        int r = 0;

        if (seen->chain_pem) {
                served.size = strlen(seen->chain_pem);
                r = chain_served_fault(
                                &served, expected->chain, expected->rules.name, expected->rules.now,
                                &e->message);
        }
        if (r < 0 && r != -EBADMSG) /* it has the right digest: it can be read */
                return r;
        e->served = r > 0 ? SERVED_FLAWED : SERVED_YES;
        return 0;
}

static int tell_faults(TargetEndpoint *e, const Inspection *i) {
        for (size_t k = 0; k < i->finding_count; k++)
                if (i->findings[k].fault) {
                        e->served = SERVED_FLAWED;
                        return str_replace(&e->message, i->findings[k].text);
                }
        e->served = SERVED_YES;
        return 0;
}

/* Whatever leaf it is: by its signer, its name, its pin. */
static int judge_by_level(
                TargetEndpoint *e, const ProbeResult *seen, const ValidationRules *rules) {
        _cleanup_(inspection_done) Inspection i = {};
        int r;

        r = validation_judge(rules, e->place, seen->chain_pem ? seen->chain_pem : "", &i);
        return r < 0 ? r : tell_faults(e, &i);
}

static int judge(TargetEndpoint *e, const ProbeResult *seen, const ServedExpectation *expected) {
        const char *detail = seen->detail && seen->detail[0] ? seen->detail : "no answer";

        if (seen->outcome != PROBE_SERVED) {
                e->served = SERVED_UNREACHABLE;
                return str_replace(&e->message, detail);
        }
        memcpy(e->leaf, seen->leaf_sha256, sizeof(e->leaf));
        e->not_after = seen->not_after;
        if (expected->rules.level != VALIDATION_LEAF)
                return judge_by_level(e, seen, &expected->rules);
        return str_equal(seen->leaf_sha256, expected->leaf)
                               ? judge_equal(e, seen, expected)
                               : judge_other(e, seen, expected->rules.now);
}

int target_endpoints_add(
                TargetEndpoints *e,
                const ProbeConfig *probe,
                const ProbeResult *results,
                size_t count,
                const ServedExpectation *expected) {
        bool reached = false;

        for (size_t i = 0; i < count; i++)
                reached = reached || results[i].outcome != PROBE_UNREACHABLE;
        for (size_t i = 0; i < count; i++) {
                bool spared = reached && results[i].outcome == PROBE_UNREACHABLE;
                TargetEndpoint *grown;
                int r;

                if (spared && str_equal(probe->host, "localhost"))
                        continue; /* a service need not listen on both */
                grown = reallocarray(e->items, e->count + 1, sizeof *grown);
                if (!grown)
                        return -ENOMEM;
                e->items = grown;
                grown += e->count++;
                *grown = (TargetEndpoint){ .spared = spared };
                r = target_endpoint_place(probe, results[i].address, &grown->place);
                if (r >= 0)
                        r = judge(grown, &results[i], expected);
                if (r < 0)
                        return r;
        }
        return 0;
}

const TargetEndpoint *target_endpoints_worst(const TargetEndpoints *e) {
        const TargetEndpoint *worst = NULL;

        for (size_t i = 0; i < e->count; i++)
                if (!e->items[i].spared && (!worst || e->items[i].served > worst->served))
                        worst = &e->items[i];
        return worst;
}

void target_endpoints_inherit(TargetEndpoints *e, TargetEndpoints *former) {
        for (size_t i = 0; i < e->count; i++)
                for (size_t k = 0; k < former->count; k++)
                        if (str_equal(e->items[i].place, former->items[k].place))
                                e->items[i].told = TAKE_PTR(former->items[k].told);
}

/* ---- shown ---- */

static int endpoint_json(const TargetEndpoint *e, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? json_set_string(j, "endpoint", e->place) : -ENOMEM;
        if (r >= 0)
                r = json_set_string(j, "state", served_names[e->served]);
        if (r >= 0 && e->leaf[0])
                r = json_set_string(j, "leaf", e->leaf);
        if (r >= 0)
                r = json_set_int64(j, "not_after", e->not_after);
        if (r >= 0)
                r = json_set_string(j, "message", e->message);
        if (r >= 0)
                *ret = TAKE_PTR(j);
        return r;
}

int target_endpoints_json(const TargetEndpoints *e, Json **ret) {
        _cleanup_(json_freep) Json *list = json_array_new();
        int r = list ? 0 : -ENOMEM;

        for (size_t i = 0; i < e->count && r >= 0; i++) {
                Json *j = NULL;

                r = endpoint_json(&e->items[i], &j);
                if (r >= 0)
                        r = json_append(list, j);
        }
        if (r >= 0)
                *ret = TAKE_PTR(list);
        return r;
}
