#include <string.h>

#include "acme/certinfo.h"
#include "tests/fake/helper-internal.h"

void fake_installer_done(Helper *h) {
        for (size_t i = 0; i < h->target_count; i++) {
                FakeTarget *t = h->targets[i];

                free(t->certificate);
                free(t->name);
                free(t->row);
                free(t->files);
                free(t->loaded);
                free(t->loading);
                free(t);
        }
        for (size_t i = 0; i < h->live_count; i++) {
                free(h->live[i].certificate);
                free(h->live[i].leaf);
        }
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

void fake_target_delete_files(FakeTarget *t) {
        free(t->files);
        t->files = NULL;
}

void fake_target_start(FakeTarget *t) {
        t->stopped = false;
        (void) str_replace(&t->loaded, t->files);
}

const char *fake_target_served(Helper *h, FakeTarget *t) {
        if (t->loading && loop_boot_usec(h->loop) >= t->loads_at) {
                free(t->loaded);
                t->loaded = TAKE_PTR(t->loading);
        }
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

int fake_installer_handle(
                Helper *h, const char *method, const Json *p, Json **ret, const char **ret_error) {
        const char *certificate = fake_text(p, "certificate"), *leaf = fake_text(p, "leaf");
        FakeTarget *t;

        if (strcmp(method, "Publish") == 0)
                return publish(h, p, ret, ret_error);
        t = fake_installer_target(h, certificate, fake_text(p, "target"));
        if (strcmp(method, "Deploy") == 0)
                return deploy(h, t, leaf, ret, ret_error);
        if (strcmp(method, "Verified") == 0 && str_equal(t->row, leaf))
                t->verified = t->activated = true;
        return row(t, NULL, NULL, t->activated, false, ret);
}
