/* The configuration is read anew for each call: it is root's word on what may be done, and a connection
 * can be older than its last change. */

#include "hooks/service.h"

#include <string.h>

#include "acme/key.h"
#include "base/log.h"
#include "config/config.h"
#include "hooks/deploy-internal.h"
#include "hooks/present.h"
#include "hooks/publish.h"
#include "hooks/stand-in.h"

static const char description[] =
#include "io.renewd.Installer.varlink.inc"
                ;

/* ---- parameters ---- */

typedef struct Request {
        const InstallerService *service; /* borrows */
        VarlinkCall *call;
        Config *config; /* owns */
        const CertificateConfig *certificate;
        const TargetConfig *target;
        const char *leaf;
} Request;

static void request_done(Request *q) {
        q->config = config_free(q->config);
}

static bool is_leaf(const char *text) {
        return strlen(text) == SHA256_HEX_SIZE - 1 &&
               strspn(text, "0123456789abcdef") == SHA256_HEX_SIZE - 1;
}

/* Each finder answers the call itself when it fails: 1: go on; else what the handler returns. */

static int find_certificate(Request *q, const Json *parameters) {
        const char *name;
        int r;

        if (json_get_string(parameters, "certificate", &name) < 0)
                return varlink_invalid_parameter(q->call, "certificate");
        if (!certificate_name_is_valid(name))
                return varlink_fail(q->call, "UnknownCertificate", "this is no certificate's name");
        r = config_load(q->service->paths, name, &q->config);
        if (r < 0)
                return varlink_fail(
                                q->call, "Storage", "the configuration cannot be read: %s",
                                errno_text(r));
        q->certificate = config_certificate(q->config, name);
        if (!q->certificate)
                return varlink_fail(
                                q->call, "UnknownCertificate",
                                "'%s' is not configured: see certificates/%s.conf", name, name);
        return 1;
}

static int find_target(Request *q, const Json *parameters) {
        const char *name;
        int r = find_certificate(q, parameters);

        if (r <= 0)
                return r;
        if (json_get_string(parameters, "target", &name) < 0)
                return varlink_invalid_parameter(q->call, "target");
        q->target = certificate_target(q->certificate, name);
        /* The name becomes one of a file. */
        if (q->target && certificate_name_is_valid(q->target->name))
                return 1;
        return varlink_fail(
                        q->call, "UnknownTarget", "'%s' has no such [Deploy] section",
                        q->certificate->name);
}

static int find_leaf(Request *q, const Json *parameters) {
        if (json_get_string(parameters, "leaf", &q->leaf) < 0 || !is_leaf(q->leaf))
                return varlink_invalid_parameter(q->call, "leaf");
        return 1;
}

/* ---- answers ---- */

static int answer_row(Request *q, const Row *row) {
        _cleanup_(json_freep) Json *reply = json_object_new();
        Json *j = NULL;
        int r = reply ? row_to_json(row, &j) : -ENOMEM;

        if (r >= 0)
                r = json_set(reply, "row", j);
        return r < 0 ? r : varlink_reply(q->call, TAKE_PTR(reply));
}

static int answer_error(Request *q, int error, const char *text) {
        const char *name = error == -ESTALE         ? "NotLive"
                           : error == -EKEYREJECTED ? "Mismatch"
                           : error == -EWOULDBLOCK  ? "Busy"
                           : error == -EREMOTEIO    ? "Failed"
                                                    : "Storage";

        return varlink_fail(q->call, name, "%s", text ? text : errno_text(error));
}

static void log_row(const Request *q, const Row *row) {
        LogFields fields = { .certificate = q->certificate->name, .target = q->target->name };
        bool failed = row->step != NULL, waits = str_equal(row->step, DEPLOY_STEP_TWIN);

        log_message(failed && !waits ? LOG_WARNING : LOG_INFO, &fields, "%s: %s: %s%s%s%s%s",
                    q->certificate->name, q->target->name,
                    failed           ? row->step
                    : row->activated ? "installed"
                                     : "installed; its service does not run",
                    failed ? " failed: " : "", failed && row->error ? row->error : "",
                    row->rolled_back ? ", the former files are back" : "",
                    failed && !row->rolled_back && row->in_place ? ", the new files stay" : "");
}

/* ---- proofs ---- */

static int read_proofs(Request *q, const Json *parameters, ProofList *ret) {
        const Json *list;

        if (json_get_array(parameters, "challenges", &list) < 0 || json_count(list) > PROOFS_MAX)
                return varlink_invalid_parameter(q->call, "challenges");
        for (size_t i = 0; i < json_count(list); i++) {
                _cleanup_(proof_done) Proof p = {};
                const char *bad = NULL;
                int r = proof_parse(json_at(list, i), q->certificate, &p, &bad);

                if (r == -EINVAL)
                        return varlink_invalid_parameter(q->call, bad);
                if (r >= 0)
                        r = proof_list_add(ret, &p);
                if (r < 0)
                        return r;
        }
        return 1;
}

static int answer_list(VarlinkCall *call, const char *key, const StringList *list) {
        _cleanup_(json_freep) Json *reply = json_object_new();
        int r = reply ? json_set_strings(reply, key, list) : -ENOMEM;

        return r < 0 ? r : varlink_reply(call, TAKE_PTR(reply));
}

/* Clean-up is asked for also when the configuration has an error by now: it only takes away. */
static int refuse_broken(Request *q) {
        if (!q->certificate->broken)
                return 1;
        return varlink_fail(
                        q->call, "UnknownCertificate",
                        "the configuration of '%s' has an error that must be mended first",
                        q->certificate->name);
}

static int method_present(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q = { .service = userdata, .call = call };
        _cleanup_(proof_list_done) ProofList proofs = {};
        _cleanup_(string_list_done) StringList errors = {};
        int r = find_certificate(&q, parameters);

        if (r > 0)
                r = refuse_broken(&q);
        if (r > 0)
                r = read_proofs(&q, parameters, &proofs);
        if (r <= 0)
                return r;
        r = present_proofs(q.service->paths, q.certificate, &proofs, &errors);
        return r < 0 ? answer_error(&q, r, NULL) : answer_list(q.call, "errors", &errors);
}

static int method_cleanup(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q = { .service = userdata, .call = call };
        _cleanup_(proof_list_done) ProofList proofs = {};
        _cleanup_(string_list_done) StringList errors = {};
        bool all = !json_get(parameters, "challenges");
        int r = find_certificate(&q, parameters);

        if (r > 0 && !all)
                r = read_proofs(&q, parameters, &proofs);
        if (r <= 0)
                return r;
        r = present_cleanup(q.service->paths, q.certificate, all ? NULL : &proofs, &errors);
        return r < 0 ? answer_error(&q, r, NULL) : answer_list(q.call, "errors", &errors);
}

/* ---- methods ---- */

static int method_publish(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q = { .service = userdata, .call = call };
        _cleanup_(json_freep) Json *reply = NULL;
        _cleanup_free_ char *version = NULL, *error = NULL;
        int r = find_certificate(&q, parameters);

        if (r > 0)
                r = find_leaf(&q, parameters);
        if (r <= 0)
                return r;
        if (q.certificate->request_path)
                r = publish_without_key(
                                q.service->paths, q.certificate->name, q.leaf,
                                q.certificate->request_spki, &version, &error);
        else
                r = publish(q.service->paths, q.certificate->name, q.leaf, &version, &error);
        if (r == -ENOENT)
                r = -EKEYREJECTED; /* the chain asked for is not the one there */
        if (r < 0)
                return answer_error(&q, r, error);
        reply = json_object_new();
        r = reply ? json_set_string(reply, "version", version) : -ENOMEM;
        return r < 0 ? r : varlink_reply(call, TAKE_PTR(reply));
}

static int run_job(
                Request *q,
                int (*fn)(const DeployJob *, const char *, Row *, char **),
                Row *ret_row) {
        DeployJob job = { .paths = q->service->paths,
                          .certificate = q->certificate,
                          .target = q->target,
                          .config = q->config };
        _cleanup_free_ char *error = NULL;
        int r;

        if (q->certificate->broken)
                return varlink_fail(
                                q->call, "UnknownCertificate",
                                "the configuration of '%s' has an error: nothing is deployed until "
                                "it is mended",
                                q->certificate->name);
        r = fn(&job, q->leaf, ret_row, &error);
        return r < 0 ? answer_error(q, r, error) : 1;
}

static int method_deploy(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q = { .service = userdata, .call = call };
        _cleanup_(row_done) Row row = {};
        int r = find_target(&q, parameters);

        if (r > 0)
                r = find_leaf(&q, parameters);
        if (r > 0)
                r = run_job(&q, deploy_run, &row);
        if (r <= 0)
                return r;
        log_row(&q, &row);
        return answer_row(&q, &row);
}

/* One that only looks at the row, or mends what is there. */
static int answer_job(
                VarlinkCall *call,
                const Json *parameters,
                void *userdata,
                int (*fn)(const DeployJob *, const char *, Row *, char **)) {
        _cleanup_(request_done) Request q = { .service = userdata, .call = call };
        _cleanup_(row_done) Row row = {};
        int r = find_target(&q, parameters);

        if (r > 0)
                r = find_leaf(&q, parameters);
        if (r > 0)
                r = run_job(&q, fn, &row);
        return r <= 0 ? r : answer_row(&q, &row);
}

static int method_verified(VarlinkCall *call, const Json *parameters, void *userdata) {
        return answer_job(call, parameters, userdata, deploy_verified);
}

static int method_mended(VarlinkCall *call, const Json *parameters, void *userdata) {
        return answer_job(call, parameters, userdata, deploy_mended);
}

static int method_inspect(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q = { .service = userdata, .call = call };
        _cleanup_(row_done) Row row = {};
        _cleanup_free_ char *error = NULL;
        DeployJob job = { .paths = q.service->paths };
        int r = find_target(&q, parameters);

        if (r <= 0)
                return r;
        job.certificate = q.certificate;
        job.target = q.target;
        job.config = q.config;
        r = deploy_inspect(&job, &row, &error);
        return r < 0 ? answer_error(&q, r, error) : answer_row(&q, &row);
}

static int method_restored(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q = { .service = userdata, .call = call };
        _cleanup_(string_list_done) StringList messages = {};
        _cleanup_free_ char *error = NULL;
        DeployJob job = { .paths = q.service->paths };
        int r = find_target(&q, parameters);

        if (r > 0)
                r = refuse_broken(&q);
        if (r <= 0)
                return r;
        job.certificate = q.certificate;
        job.target = q.target;
        job.config = q.config;
        r = deploy_restored(&job, &messages, &error);
        return r < 0 ? answer_error(&q, r, error) : answer_list(call, "messages", &messages);
}

static int method_stand_in(VarlinkCall *call, const Json *parameters, void *userdata) {
        _cleanup_(request_done) Request q = { .service = userdata, .call = call };
        _cleanup_(json_freep) Json *reply = json_object_new();
        _cleanup_free_ char *error = NULL;
        StandInState state;
        DeployJob job;
        int r = find_target(&q, parameters);

        if (r > 0)
                r = refuse_broken(&q);
        if (r <= 0)
                return r;
        if (!q.target->stand_in)
                return varlink_fail(
                                call, "UnknownTarget", "'%s': [Deploy %s] has no StandIn=yes",
                                q.certificate->name, q.target->name);
        job = (DeployJob){ .paths = q.service->paths,
                           .config = q.config,
                           .certificate = q.certificate,
                           .target = q.target };
        r = stand_in_place(&job, &state, &error);
        if (r < 0)
                return answer_error(&q, r, error);
        r = reply ? json_set_string(reply, "state", stand_in_state_to_string(state)) : -ENOMEM;
        return r < 0 ? r : varlink_reply(call, TAKE_PTR(reply));
}

static const char *const publish_parameters[] = { "certificate", "leaf", NULL };
static const char *const leaf_parameters[] = { "certificate", "target", "leaf", NULL };
static const char *const target_parameters[] = { "certificate", "target", NULL };

static const char *const proof_parameters[] = { "certificate", "challenges", NULL };

static const VarlinkMethod methods[] = {
        { "Publish", 0, publish_parameters, method_publish },
        { "Deploy", 0, leaf_parameters, method_deploy },
        { "Verified", 0, leaf_parameters, method_verified },
        { "Mended", 0, leaf_parameters, method_mended },
        { "Inspect", 0, target_parameters, method_inspect },
        { "Restored", 0, target_parameters, method_restored },
        { "StandIn", 0, target_parameters, method_stand_in },
        { "Present", 0, proof_parameters, method_present },
        { "Cleanup", 0, proof_parameters, method_cleanup },
        {},
};

const VarlinkService installer_service = {
        .interface = "io.renewd.Installer",
        .description = description,
        .methods = methods,
};
