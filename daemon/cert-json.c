/* The shape Certificate of io.renewd.Manager. */

#include "daemon/cert-internal.h"
#include "daemon/cert-order.h"
#include "daemon/cert-rehearsal.h"
#include "daemon/cert-words.h"

static int put_targets(const Cert *c, Json *j) {
        _cleanup_(json_freep) Json *targets = json_array_new();
        int r = targets ? 0 : -ENOMEM;

        for (size_t i = 0; i < c->target_count && r >= 0; i++) {
                Json *target = NULL;

                r = target_json(c->targets[i], &target);
                if (r >= 0)
                        r = json_append(targets, target);
        }
        return r < 0 ? r : json_set(j, "targets", TAKE_PTR(targets));
}

static int put_facts(const Cert *c, Json *j) {
        const CertInfo *i = &c->info;
        bool p = c->present;
        const char *type =
                        p && i->key_type >= 0 ? key_type_to_string(i->key_type) : cert_key_type(c);
        int r;

        r = json_set_int64(j, "not_before", p ? i->not_before : 0);
        if (r >= 0)
                r = json_set_int64(j, "not_after", p ? i->not_after : 0);
        if (r >= 0)
                r = json_set_string(j, "issuer", p && i->issuer ? i->issuer : "");
        if (r >= 0)
                r = json_set_string(j, "serial", p && i->serial ? i->serial : "");
        if (r >= 0)
                r = json_set_string(j, "leaf", p ? i->leaf_sha256 : "");
        if (r >= 0)
                r = json_set_string(j, "key_type", type ? type : "");
        return r;
}

static int put_plan(const Cert *c, Json *j) {
        _cleanup_free_ char *step = NULL, *message = NULL, *why = NULL, *challenge = NULL;
        _cleanup_(json_freep) Json *plan = NULL;
        int r;

        r = cert_describe_challenges(c, &challenge);
        if (r >= 0)
                r = json_set_string(j, "challenge", challenge);
        if (r >= 0)
                r = cert_describe(c, &step);
        if (r >= 0)
                r = cert_message(c, step, &message);
        if (r >= 0)
                r = json_set_string(j, "message", message);
        if (r >= 0)
                r = json_set_int64(j, "next_renewal", cert_next_renewal(c));
        if (r >= 0)
                r = json_set_int64(j, "next_attempt", cert_next_attempt(c));
        if (r >= 0)
                r = cert_why(c, &why);
        if (r >= 0)
                r = json_set_string(j, "next_attempt_why", why);
        if (r >= 0)
                r = cert_plan_json(c, &plan);
        if (r >= 0)
                r = json_set(j, "plan", TAKE_PTR(plan));
        if (r >= 0)
                r = json_set_int64(j, "failures", record_failures(&c->record));
        if (r >= 0)
                r = json_set_string(j, "last_error", c->record.error.message);
        if (r >= 0)
                r = json_set_string(j, "step", step);
        return r;
}

static int put_renewal_info(const Cert *c, Json *j) {
        const RecordRenewal *n = &c->record.renewal;
        _cleanup_(json_freep) Json *info = NULL;
        int r;

        if (n->end == 0 || !c->present || !str_equal(n->cert_id, c->info.cert_id))
                return 0;
        info = json_object_new();
        r = info ? json_set_int64(info, "start", n->start) : -ENOMEM;
        if (r >= 0)
                r = json_set_int64(info, "end", n->end);
        if (r >= 0)
                r = json_set_int64(info, "chosen", n->chosen);
        if (r >= 0)
                r = json_set_bool(info, "recalled", n->recalled);
        if (r >= 0 && n->explanation)
                r = json_set_string(info, "explanation", n->explanation);
        return r < 0 ? r : json_set(j, "renewal_info", TAKE_PTR(info));
}

/* What orders asked for besides the names. */
static int put_wishes(const Cert *c, Json *j) {
        const RecordCurrent *now = &c->record.current;
        const char *replaces = c->machine ? order_machine_replaces(c->machine) : NULL;
        int r = 0;

        if (now->profile && str_equal(now->leaf, c->info.leaf_sha256))
                r = json_set_string(j, "profile", now->profile);
        if (r >= 0 && replaces)
                r = json_set_string(j, "replaces", replaces);
        return r;
}

static int put_rehearsal(const Cert *c, Json *j) {
        Json *rehearsal;
        int r = cert_rehearsal_json(c, &rehearsal);

        return r < 0 || !rehearsal ? r : json_set(j, "rehearsal", rehearsal);
}

int cert_json(const Cert *c, Json **ret) {
        _cleanup_(json_freep) Json *j = json_object_new();
        int r;

        r = j ? json_set_string(j, "name", c->config->name) : -ENOMEM;
        if (r >= 0)
                r = json_set_strings(j, "names", &c->config->names);
        if (r >= 0)
                r =
                                json_set_string(j, "ca",
                                                c->ca.name      ? c->ca.name
                                                : c->config->ca ? c->config->ca
                                                                : "");
        if (r >= 0)
                r = json_set_string(j, "issued_by", c->present ? c->record.current.ca : NULL);
        if (r >= 0 && c->present && c->record.current.imported)
                r = json_set_bool(j, "imported", true);
        if (r >= 0)
                r = json_set_string(j, "state", cert_state_to_string(cert_state(c)));
        if (r >= 0)
                r = json_set_string(j, "twin", c->config->twin);
        if (r >= 0)
                r = json_set_string(j, "twin_of", c->config->twin_of);
        if (r >= 0)
                r = json_set_string(j, "request", c->config->request_path);
        if (r >= 0)
                r = put_facts(c, j);
        if (r >= 0)
                r = put_plan(c, j);
        if (r >= 0)
                r = put_wishes(c, j);
        if (r >= 0)
                r = put_renewal_info(c, j);
        if (r >= 0)
                r = put_rehearsal(c, j);
        if (r >= 0)
                r = put_targets(c, j);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(j);
        return 0;
}
