/* Revocation (section R): only ever because a person asked, never by the daemon itself. The certificate is the one whose
 * chain the engine keeps under its name, also when it is configured no more. */

#include <stdio.h>

#include "base/log.h"
#include "daemon/manager-internal.h"

#define REASON_KEY_COMPROMISE 1

static int send_revocation(ManagerTask *t);

/* ---- the end ---- */

/* Of a certificate that is configured no more. */
static int note_in_record(Manager *m, const char *name, const char *leaf) {
        _cleanup_(json_freep) Json *old = NULL, *new = NULL;
        _cleanup_(record_done) Record record = {};
        int r;

        r = store_load(m->engine.store, STORE_CERTIFICATE, name, &old);
        if (r == -ENOMEM)
                return r;
        r = record_parse(old, &record);
        if (r >= 0)
                r = record_add_revoked(&record, leaf);
        if (r >= 0)
                r = record_build(&record, &new);
        return r < 0 ? r : store_save(m->engine.store, STORE_CERTIFICATE, name, new);
}

static void revoked(ManagerTask *t, bool already) {
        Manager *m = t->manager;
        Cert *c = manager_cert(m, t->name);
        bool replaced = c && t->replace;
        char text[160];
        int r;

        log_message(LOG_NOTICE, &(LogFields){ .certificate = t->name, .ca = t->ca },
                    "%s: the certificate is revoked%s", t->name,
                    replaced ? ", another one is ordered" : "");
        r = c ? cert_revoked(c, t->sha256, t->replace) : note_in_record(m, t->name, t->sha256);
        if (r < 0)
                log_error("%s: the revocation is not recorded: %s", t->name, errno_text(r));
        (void) snprintf(text, sizeof text, "the certificate %s revoked%s",
                        already ? "was already" : "is", replaced ? "; another one is ordered" : "");
        manager_task_end(t, true, text);
}

static void failed(ManagerTask *t, const Failure *f) {
        bool refused = f->problem.type == PROBLEM_UNAUTHORIZED && !t->with_key;
        _cleanup_free_ char *message = NULL;

        if (str_printf(&message, "%s%s", f->message ? f->message : "it failed",
                       refused ? "; with the certificate's own key it may be done: renewctl revoke "
                                 "--with-key"
                               : "") < 0)
                message = NULL;
        manager_task_end(t, false, message);
}

/* ---- the request ---- */

static int judge(const ManagerTask *t, const SessionReply *reply, Failure *f) {
        if (reply->error < 0)
                return failure_set(
                                f, CLASS_UNREACHABLE, PLACE_REVOKE, "%s: %s",
                                reply->signer_failed ? "the signer refuses"
                                                     : "the CA cannot be reached",
                                reply->message ? reply->message : errno_text(reply->error));
        if (reply->status >= 200 && reply->status <= 299)
                return 0;
        (void) t;
        return failure_from_answer(
                        f, PLACE_REVOKE, reply->status, reply->body, reply->size,
                        reply->retry_after_sec);
}

/* some CAs take few reasons, or none. */
static bool try_without_reason(ManagerTask *t, const Failure *f) {
        if (f->problem.type != PROBLEM_BAD_REVOCATION_REASON || t->reason == 0)
                return false;
        t->reason = 0;
        t->call = session_call_free(t->call);
        return send_revocation(t) >= 0;
}

static void on_answer(const SessionReply *reply, void *userdata) {
        _cleanup_(failure_done) Failure f = {};
        ManagerTask *t = userdata;
        int r;

        r = judge(t, reply, &f);
        if (r < 0)
                manager_task_end(t, false, errno_text(r));
        else if (!f.message)
                revoked(t, false);
        else if (f.problem.type == PROBLEM_ALREADY_REVOKED) /* */
                revoked(t, true);
        else if (!try_without_reason(t, &f))
                failed(t, &f);
}

static int send_revocation(ManagerTask *t) {
        SessionRequest request = {
                .kind = SESSION_REVOKE,
                .owner = t,
                .certificate = t->name,
                .leaf = t->leaf.data,
                .leaf_size = t->leaf.size,
                .reason = t->reason,
                .with_key = t->with_key,
        };

        return session_send(t->session, &request, on_answer, t, &t->call);
}

static void on_ready(const Failure *failure, void *userdata) {
        ManagerTask *t = userdata;
        int r;

        t->wait = session_wait_free(t->wait);
        if (failure) {
                failed(t, failure);
                return;
        }
        r = send_revocation(t);
        if (r < 0)
                manager_task_end(
                                t, false,
                                r == -EAGAIN ? "the CA does not offer revocation" : errno_text(r));
}

/* ---- the beginning ---- */

/* The CA that issued it; -ENOENT: there is no such certificate. malloc'ed. */
static int issuing_ca(const Manager *m, const char *name, char **ret) {
        const Cert *c = manager_cert(m, name);
        _cleanup_(record_done) Record record = {};
        _cleanup_(json_freep) Json *j = NULL;
        int r;

        if (c)
                return cert_issuing_ca(c) ? str_replace(ret, cert_issuing_ca(c)) : -ENOENT;
        r = store_load(m->engine.store, STORE_CERTIFICATE, name, &j);
        if (r >= 0)
                r = record_parse(j, &record);
        if (r < 0)
                return r;
        return record.current.ca ? str_replace(ret, record.current.ca) : -ENOENT;
}

static int load_leaf(ManagerTask *t) {
        _cleanup_(bytes_done) Bytes pem = { .limit = CHAIN_MAX_SIZE };
        _cleanup_(certinfo_done) CertInfo info = {};
        int r;

        r = store_load_chain(t->manager->engine.store, t->name, &pem);
        if (r >= 0)
                r = certinfo_parse(pem.data, pem.size, &info, NULL);
        if (r >= 0)
                r = chain_leaf_der(pem.data, pem.size, &t->leaf);
        if (r >= 0)
                (void) snprintf(t->sha256, sizeof t->sha256, "%s", info.leaf_sha256);
        return r;
}

static int task_fill(ManagerTask *t, const ManagerRevokeWish *wish) {
        int r;

        t->reason = wish->reason;
        t->with_key = wish->with_key;
        t->replace = wish->replace || wish->reason == REASON_KEY_COMPROMISE;
        r = str_replace(&t->name, wish->name);
        return r < 0 ? r : load_leaf(t);
}

int manager_revoke(
                Manager *m,
                const ManagerRevokeWish *wish,
                manager_task_fn fn,
                void *userdata,
                ManagerTask **ret) {
        _cleanup_free_ char *name = NULL;
        ManagerCa *ca = NULL;
        ManagerTask *t;
        int r;

        r = issuing_ca(m, wish->name, &name);
        if (r >= 0)
                r = manager_ca_open(m, name, &ca);
        if (r >= 0)
                r = manager_task_new(m, name, fn, userdata, &t);
        if (r < 0)
                return r;
        t->session = ca->session;
        r = task_fill(t, wish);
        if (r >= 0) /* with the certificate's key no account is needed */
                r = wish->with_key ? session_prepare_directory(t->session, on_ready, t, &t->wait)
                                   : session_prepare(t->session, false, on_ready, t, &t->wait);
        if (r < 0) {
                manager_task_free(t);
                return r;
        }
        *ret = t;
        return 0;
}
