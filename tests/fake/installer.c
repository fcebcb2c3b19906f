#include <string.h>

#include "acme/certinfo.h"
#include "tests/fake/helper-internal.h"

static void proof_free(FakeProof *s);

void fake_installer_done(Helper *h) {
        for (size_t i = 0; i < h->target_count; i++) {
                FakeTarget *t = h->targets[i];

                free(t->certificate);
                free(t->name);
                free(t->row);
                free(t->files);
                free(t->loaded);
                free(t->loading);
                free(t->old);
                free(t);
        }
        for (size_t i = 0; i < h->live_count; i++) {
                free(h->live[i].certificate);
                free(h->live[i].leaf);
        }
        for (size_t i = 0; i < h->proof_count; i++)
                proof_free(&h->proofs[i]);
        free(h->proofs);
        free(h->targets);
        free(h->live);
}

FakeTarget *fake_installer_target(Helper *h, const char *certificate, const char *target) {
        FakeTarget *t;

        for (size_t i = 0; i < h->target_count; i++)
                if (str_equal(h->targets[i]->certificate, certificate) &&
                    str_equal(h->targets[i]->name, target))
                        return h->targets[i];
        t = calloc(1, sizeof *t);
        *t = (FakeTarget){ .certificate = strdup(certificate), .name = strdup(target) };
        h->targets = reallocarray(h->targets, h->target_count + 1, sizeof t);
        h->targets[h->target_count++] = t;
        return t;
}

static FakeLive *live_of(Helper *h, const char *certificate) {
        for (size_t i = 0; i < h->live_count; i++)
                if (str_equal(h->live[i].certificate, certificate))
                        return &h->live[i];
        return NULL;
}

const char *fake_installer_live(Helper *h, const char *certificate) {
        FakeLive *l = live_of(h, certificate);

        return l ? l->leaf : NULL;
}

bool fake_installer_mismatched(const Helper *h) {
        return h->mismatched;
}

void fake_installer_on_deploy(Helper *h, fake_deploy_fn fn, void *userdata) {
        h->on_deploy = fn;
        h->on_deploy_data = userdata;
}

void fake_target_delete_files(FakeTarget *t) {
        free(t->files);
        t->files = NULL;
}

void fake_target_start(FakeTarget *t) {
        t->stopped = false;
        (void) str_replace(&t->loaded, t->files);
}

const char *fake_target_served(Helper *h, FakeTarget *t) {
        usec_t now = loop_boot_usec(h->loop);

        if (t->loading && now >= t->loads_at) {
                free(t->old);
                t->old = t->loaded;
                t->loaded = TAKE_PTR(t->loading);
        }
        if (t->old && now < t->loads_at + (usec_t) t->linger_sec * USEC_PER_SEC &&
            t->accepted++ % 2 > 0)
                return t->old;
        if (t->stopped && t->by_socket)
                fake_target_start(t);
        return t->stopped ? NULL : t->loaded;
}

/* ---- methods ---- */

static int publish(Helper *h, const Json *p, Json **ret, const char **ret_error) {
        const char *certificate = fake_text(p, "certificate"), *leaf = fake_text(p, "leaf");
        const char *pem = fake_store_chain(h->store, certificate);
        CertInfo info = {};
        FakeLive *l = live_of(h, certificate);
        bool ours;

        if (!pem || certinfo_parse(pem, strlen(pem), &info, NULL) < 0 ||
            !str_equal(info.leaf_sha256, leaf)) {
                certinfo_done(&info);
                *ret_error = "NotLive";
                return 1;
        }
        ours = fake_signer_key_of(h->signer, certificate, info.spki_sha256);
        certinfo_done(&info);
        if (!ours &&
            !(l && str_equal(l->leaf, leaf))) { /* what is live already has its key beside it */
                *ret_error = "Mismatch";
                return 1;
        }
        if (!l) {
                h->live = reallocarray(h->live, h->live_count + 1, sizeof *l);
                l = &h->live[h->live_count++];
                *l = (FakeLive){ .certificate = strdup(certificate) };
        }
        (void) str_replace(&l->leaf, leaf);
        *ret = json_object_new();
        return json_set_string(*ret, "version", leaf);
}

static int row(const FakeTarget *t,
               const char *step,
               const char *error,
               bool activated,
               bool rolled_back,
               Json **ret) {
        Json *j = json_object_new();

        (void) json_set_string(j, "state", !t->row ? "none" : t->verified ? "verified" : "open");
        (void) json_set_string(j, "leaf", t->row);
        (void) json_set_bool(j, "in_place", t->files && str_equal(t->files, t->row));
        (void) json_set_bool(j, "proved", t->proved);
        (void) json_set_string(j, "unit", t->stopped ? "inactive" : "active");
        (void) json_set_bool(j, "activated", activated);
        (void) json_set_string(j, "step", step);
        (void) json_set_string(j, "error", error);
        (void) json_set_bool(j, "rolled_back", rolled_back);
        *ret = json_object_new();
        return json_set(*ret, "row", j);
}

static int deploy(Helper *h, FakeTarget *t, const char *leaf, Json **ret, const char **ret_error) {
        t->deploys++;
        if (h->on_deploy)
                h->on_deploy(t, h->on_deploy_data);
        if (!str_equal(fake_installer_live(h, t->certificate), leaf)) {
                *ret_error = "NotLive";
                return 1;
        }
        (void) str_replace(&t->row, leaf);
        t->verified = t->activated = false;
        if (t->check_refuses)
                return row(t, "check", "syntax error in line 1", false, true, ret);
        if (!str_equal(t->files, leaf))
                t->swaps++;
        (void) str_replace(&t->files, leaf);
        if (t->twin && !t->twin->files)
                return row(t, "twin", "'/etc/b' of certificate 'b' is not there yet", false, false,
                           ret);
        if (t->stopped)
                return row(t, NULL, NULL, false, false, ret);
        if (t->reload_fails)
                return row(t, "reload", "job failed", false, false, ret);
        (void) fake_target_served(h, t);
        (void) str_replace(&t->loading, leaf);
        t->loads_at = loop_boot_usec(h->loop) + (usec_t) t->slow_sec * USEC_PER_SEC;
        t->activated = true;
        return row(t, NULL, NULL, true, false, ret);
}

static int restored(FakeTarget *t, Json **ret, const char **ret_error) {
        Json *list;

        if (t->busy > 0) {
                t->busy--;
                *ret_error = "Busy";
                return 1;
        }
        if (t->restore_fails) {
                *ret_error = "Failed";
                return 1;
        }
        fake_target_delete_files(t);
        free(TAKE_PTR(t->row));
        t->restores++;
        list = json_array_new();
        (void) json_append_string(list, "it is as before");
        *ret = json_object_new();
        return json_set(*ret, "messages", list);
}

/* ---- programs ---- */

static bool same_proof(const FakeProof *s, const Json *j) {
        return str_equal(s->type, fake_text(j, "type")) &&
               str_equal(s->identifier, fake_text(j, "identifier")) &&
               str_equal(s->token, fake_text(j, "token"));
}

static void proof_free(FakeProof *s) {
        free(s->certificate);
        free(s->type);
        free(s->identifier);
        free(s->token);
        free(s->record);
        free(s->authorization);
}

static void take_proof(Helper *h, const char *certificate, const Json *j) {
        const char *record = fake_text(j, "record");

        for (size_t i = 0; i < h->proof_count; i++)
                if (same_proof(&h->proofs[i], j))
                        return;
        h->proofs = reallocarray(h->proofs, h->proof_count + 1, sizeof *h->proofs);
        h->proofs[h->proof_count++] = (FakeProof){
                .certificate = strdup(certificate),
                .type = strdup(fake_text(j, "type")),
                .identifier = strdup(fake_text(j, "identifier")),
                .token = strdup(fake_text(j, "token")),
                .record = record ? strdup(record) : NULL,
                .authorization = strdup(fake_text(j, "authorization")),
        };
}

static int answer_errors(Json *errors, Json **ret) {
        *ret = json_object_new();
        return json_set(*ret, "errors", errors);
}

static int present(Helper *h, const Json *p, Json **ret) {
        const Json *list = json_get(p, "challenges");
        Json *errors = json_array_new();

        h->presents++;
        for (size_t i = 0; i < json_count(list); i++) {
                take_proof(h, fake_text(p, "certificate"), json_at(list, i));
                (void) json_append_string(errors, h->program_error ? h->program_error : "");
        }
        return answer_errors(errors, ret);
}

static int cleanup(Helper *h, const Json *p, Json **ret) {
        const Json *list = json_get(p, "challenges");
        Json *errors = json_array_new();

        h->cleanups++;
        if (h->cleanup_error) {
                (void) json_append_string(errors, h->cleanup_error);
                return answer_errors(errors, ret);
        }
        for (size_t i = h->proof_count; i-- > 0;) {
                bool wanted = !list;

                for (size_t k = 0; list && k < json_count(list); k++)
                        wanted = wanted || same_proof(&h->proofs[i], json_at(list, k));
                if (!wanted || !str_equal(h->proofs[i].certificate, fake_text(p, "certificate")))
                        continue;
                proof_free(&h->proofs[i]);
                h->proofs[i] = h->proofs[--h->proof_count];
        }
        return answer_errors(errors, ret);
}

size_t fake_installer_proofs(const Helper *h) {
        return h->proof_count;
}

const FakeProof *fake_installer_proof(const Helper *h, size_t i) {
        return i < h->proof_count ? &h->proofs[i] : NULL;
}

void fake_installer_program(Helper *h, const char *present_error, const char *cleanup_error) {
        h->program_error = present_error;
        h->cleanup_error = cleanup_error;
}

int fake_installer_handle(
                Helper *h, const char *method, const Json *p, Json **ret, const char **ret_error) {
        const char *certificate = fake_text(p, "certificate"), *leaf = fake_text(p, "leaf");
        FakeTarget *t;

        if (strcmp(method, "Publish") == 0)
                return publish(h, p, ret, ret_error);
        if (strcmp(method, "Present") == 0)
                return present(h, p, ret);
        if (strcmp(method, "Cleanup") == 0)
                return cleanup(h, p, ret);
        t = fake_installer_target(h, certificate, fake_text(p, "target"));
        if (strcmp(method, "Deploy") == 0)
                return deploy(h, t, leaf, ret, ret_error);
        if (strcmp(method, "Mended") == 0 && t->verified && str_equal(t->row, leaf) &&
            !t->mend_fails)
                (void) str_replace(&t->files, leaf);
        if (strcmp(method, "Restored") == 0)
                return restored(t, ret, ret_error);
        if (strcmp(method, "StandIn") == 0) {
                bool live = fake_installer_live(h, certificate);

                t->stand_in = !live && !t->foreign;
                *ret = json_object_new();
                return json_set_string(
                                *ret, "state",
                                live         ? "live"
                                : t->foreign ? "other"
                                             : "placed");
        }
        if (strcmp(method, "Verified") == 0 && str_equal(t->row, leaf)) {
                t->proofs++;
                t->unproved = t->proof_fails;
                if (t->proof_fails)
                        return row(t, "prove", "it uses another one", t->activated, false, ret);
                t->verified = t->activated = t->proved = true;
        }
        return row(t, t->unproved ? "prove" : NULL, t->unproved ? "it uses another one" : NULL,
                   t->activated, false, ret);
}
